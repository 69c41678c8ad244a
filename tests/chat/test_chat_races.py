"""Many at once: numbers without gaps, one row per client_id, one chat per pair, sockets in order."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from marketplace.blueprints.chat.ports import MessageView, Window
from marketplace.blueprints.chat.wiring import Chats
from marketplace.database.errors import ResourceBusy
from marketplace.extensions import db
from marketplace.kernel.identity import Principal
from marketplace.models import Chat, ChatMember, Message
from marketplace.testing import Factory


def person(user_id: int) -> Principal:
    return Principal(user_id=user_id, session_id=1, verified=True)


class Pair:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self.services = app.extensions["marketplace"].get(Chats)
        with app.app_context():
            make = Factory()
            performer, user = make.performer(), make.user()
            chat = make.chat(user, performer)
            self.chat_id, self.performer_id = chat.id, performer.id
            self.customer, self.performer = person(user.id), person(performer.user_id)
            self.newcomer = person(make.user().id)
            self.second_chat_id = make.chat(user).id

    def at_once(self, *calls: Callable[[], Any]) -> list[Any]:
        """Run all in threads that begin together."""
        start = threading.Barrier(len(calls))

        def run(call: Callable[[], Any]) -> Any:
            start.wait(20)
            with self.app.app_context():
                return call()

        with ThreadPoolExecutor(len(calls)) as pool:
            return [future.result(60) for future in [pool.submit(run, call) for call in calls]]


@pytest.fixture
def pair(committed: Flask) -> Pair:
    return Pair(committed)


def test_200_messages_of_20_at_once_have_the_numbers_1_to_200(pair: Pair) -> None:
    def sender(number: int) -> Callable[[], list[int]]:
        caller = pair.customer if number % 2 else pair.performer

        def send_once(turn: int) -> int:
            client_id = str(uuid4())
            while True:  # as a client does: twenty who queue on a busy machine may be too many for the lock
                try:
                    sent = pair.services.messages.send(caller, pair.chat_id, client_id, f"{number}/{turn}")
                except ResourceBusy:
                    continue
                return sent.message.seq

        return lambda: [send_once(turn) for turn in range(10)]

    acked = pair.at_once(*(sender(number) for number in range(20)))
    assert sorted(seq for seqs in acked for seq in seqs) == list(range(1, 201))
    assert all(seqs == sorted(seqs) for seqs in acked)
    with pair.app.app_context():
        rows = db.session.execute(
            select(Message.seq, Message.created_at)
            .where(Message.chat_id == pair.chat_id)
            .order_by(Message.seq)
        ).all()
        assert [row.seq for row in rows] == list(range(1, 201))
        assert [row.created_at for row in rows] == sorted(row.created_at for row in rows)


@pytest.mark.parametrize("client_id", ["0f6e5a1c-7d0e-4d8e-9a3b-2f1c5f0b7a11", "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_20_of_one_client_id_are_one_row_and_19_duplicates(pair: Pair, client_id: str) -> None:
    def send() -> Any:
        return pair.services.messages.send(pair.customer, pair.chat_id, client_id, "Once")

    acks = pair.at_once(*[send] * 20)
    assert sorted(ack.duplicate for ack in acks) == [False] + [True] * 19
    assert {(ack.message.id, ack.message.seq) for ack in acks} == {(acks[0].message.id, 1)}
    with pair.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Message)) == 1


def test_one_client_id_in_two_chats_at_once_is_one_message_and_no_gap(pair: Pair) -> None:
    for _ in range(5):
        client_id = str(uuid4())

        def send_to(chat_id: int, client_id: Any = client_id) -> Callable[[], Any]:
            return lambda: pair.services.messages.send(pair.customer, chat_id, client_id, "Once")

        acks = pair.at_once(*[send_to(pair.chat_id), send_to(pair.second_chat_id)] * 4)
        assert sorted(ack.duplicate for ack in acks) == [False] + [True] * 7
        assert len({ack.message.id for ack in acks}) == 1
    with pair.app.app_context():
        for chat_id in (pair.chat_id, pair.second_chat_id):
            seqs = db.session.scalars(select(Message.seq).where(Message.chat_id == chat_id)).all()
            last = db.session.scalar(select(Chat.last_seq).where(Chat.id == chat_id))
            assert sorted(seqs) == list(range(1, last + 1))


def test_a_chat_opened_20_times_at_once_is_one(pair: Pair) -> None:
    def open_chat() -> Any:
        return pair.services.chats.open_with_performer(pair.newcomer, pair.performer_id)

    opened = pair.at_once(*[open_chat] * 20)
    assert sorted(created for _, created in opened) == [False] * 19 + [True]
    assert len({view.id for view, _ in opened}) == 1
    with pair.app.app_context():
        members = select(func.count()).select_from(ChatMember).where(ChatMember.chat_id == opened[0][0].id)
        assert db.session.scalar(members) == 2


def test_marks_moved_at_once_end_at_the_highest(pair: Pair) -> None:
    with pair.app.app_context():
        for _ in range(20):
            pair.services.messages.send(pair.customer, pair.chat_id, str(uuid4()), "x")

    def reader(seq: int) -> Callable[[], Any]:
        return lambda: pair.services.chats.mark_read(pair.performer, pair.chat_id, seq)

    pair.at_once(*(reader(seq) for seq in (20, *range(1, 20))))
    with pair.app.app_context():
        marks = pair.services.chats.mark_read(pair.performer, pair.chat_id, 0)
    assert (marks.read_seq, marks.delivered_seq) == (20, 20)


def test_senders_and_workers_publish_every_message_once_and_in_order(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    done = threading.Event()

    def note(user_id: int, message: MessageView) -> None:
        if user_id == pair.customer.user_id:
            sent.append(message.seq)

    # Whoever sends publishes at once, too.
    monkeypatch.setattr("marketplace.blueprints.chat.handlers._send", note)

    def write() -> None:
        try:
            for _ in range(60):
                pair.services.messages.send(pair.customer, pair.chat_id, str(uuid4()), "x")
        finally:
            done.set()

    def publish() -> None:
        while not done.is_set():
            pair.services.messages.publish_pending(pair.chat_id, note)
        pair.services.messages.publish_pending(pair.chat_id, note)

    pair.at_once(write, publish, publish, publish)
    assert sent == list(range(1, 61))


def test_who_sends_does_not_wait_for_who_publishes(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(
        "marketplace.blueprints.chat.handlers._send", lambda _user_id, message: sent.append(message.seq)
    )
    lock = select(func.pg_advisory_xact_lock(func.hashtextextended(f"chat.publish:{pair.chat_id}", 0)))
    with pair.app.app_context():
        with db.engine.begin() as another:
            another.execute(lock)
            pair.services.messages.send(pair.customer, pair.chat_id, str(uuid4()), "x")
            assert sent == []
        pair.services.messages.send(pair.customer, pair.chat_id, str(uuid4()), "x")
    assert sent == [1, 1, 2, 2]


def test_what_a_crash_interrupts_is_sent_again_from_there(pair: Pair) -> None:
    with pair.app.app_context():
        for _ in range(3):
            pair.services.messages.send(pair.customer, pair.chat_id, str(uuid4()), "x")
        # As if their sender had ended before it published them.
        db.session.execute(update(Chat).values(published_seq=0))
        db.session.commit()
        sent: list[int] = []

        def crash(_user_id: int, message: MessageView) -> None:
            sent.append(message.seq)
            if message.seq == 2:
                raise ConnectionError

        with pytest.raises(ConnectionError):
            pair.services.messages.publish_pending(pair.chat_id, crash)
        again: list[int] = []
        pair.services.messages.publish_pending(
            pair.chat_id, lambda _user_id, message: again.append(message.seq)
        )
    assert sent[-1] == 2
    assert again == [1, 1, 2, 2, 3, 3]


def test_reading_beside_writers_never_sees_a_gap(pair: Pair) -> None:
    done = threading.Event()

    def write() -> None:
        for _ in range(40):
            pair.services.messages.send(pair.customer, pair.chat_id, str(uuid4()), "x")

    def write_all() -> None:
        try:
            write()
        finally:
            done.set()

    def follow() -> list[int]:
        seen: list[int] = []
        while True:
            last = done.is_set()
            window = Window(after_seq=seen[-1] if seen else 0, before_seq=None, limit=100)
            found = pair.services.messages.list(pair.performer, pair.chat_id, window)
            db.session.rollback()
            seen += [message.seq for message in found.items]
            if last and not found.items:
                return seen

    results = pair.at_once(write_all, write, follow)
    assert results[2] == list(range(1, len(results[2]) + 1))
    assert len(results[2]) >= 40
