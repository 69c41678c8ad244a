"""The namespace /chat, from its events to what the other side hears."""

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from marketplace.blueprints.chat import policies
from marketplace.blueprints.chat.policies import TYPING_SECONDS
from marketplace.extensions import db
from marketplace.models import Chat
from marketplace.realtime.setup import EXTENSION

CLOCK = "marketplace.blueprints.chat.sockets.monotonic"


def message(chat_id: int, text: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"chat_id": chat_id, "client_id": str(uuid4()), "text": text, **more}


def test_a_message_is_acked_and_reaches_every_socket_of_both_in_order(
    talk: Any, connect: Any, run_jobs: Any
) -> None:
    asking, phone, answering, stranger = (
        connect(headers) for headers in (talk.asks, talk.asks, talk.answers, talk.stranger)
    )
    acks = [asking.ask("message:send", message(talk.id, f"No. {n}")) for n in range(3)]
    assert [(ack["seq"], ack["duplicate"]) for ack in acks] == [(1, False), (2, False), (3, False)]
    heard = answering.heard("message:new")
    assert [(item["id"], item["seq"], item["text"]) for item in heard] == [
        (ack["id"], ack["seq"], f"No. {n}") for n, ack in enumerate(acks)
    ]
    assert asking.heard("message:new") == phone.heard("message:new") == heard
    assert stranger.heard() == []
    run_jobs()
    assert answering.heard() == [], "the outbox finds nothing left to do"
    assert db.session.get(Chat, talk.id, populate_existing=True).published_seq == 3


def test_what_cannot_be_pushed_at_once_is_left_to_the_outbox(
    talk: Any, connect: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, answering = connect(talk.asks), connect(talk.answers)

    def fail(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as away:
        away.setattr("marketplace.blueprints.chat.handlers._send", fail)
        ack = asking.ask("message:send", message(talk.id))
    assert ack["seq"] == 1
    assert answering.heard() == []
    run_jobs()
    assert [item["seq"] for item in answering.heard("message:new")] == [1]


def test_a_repeated_message_gives_the_first_ack_and_is_sent_once(
    talk: Any, connect: Any, run_jobs: Any, client: Any
) -> None:
    asking, answering = connect(talk.asks), connect(talk.answers)
    sent = message(talk.id)
    first = asking.ask("message:send", sent)
    again = asking.ask("message:send", {**sent, "text": "Another text"})
    assert again == {**first, "duplicate": True}
    by_rest = {"client_id": sent["client_id"], "text": "x"}
    answer = client.post(f"/api/v1/chats/{talk.id}/messages", headers=talk.asks, json=by_rest)
    assert (answer.status_code, answer.json["id"]) == (200, first["id"])
    run_jobs()
    assert len(answering.heard("message:new")) == 1


@pytest.mark.parametrize(
    ("name", "payload", "code"),
    [
        ("message:send", {"text": "x"}, "validation_failed"),
        ("message:send", {"chat_id": 10**9, "client_id": str(uuid4()), "text": "x"}, "not_found"),
        ("message:send", {"chat_id": 10**30, "client_id": str(uuid4()), "text": "x"}, "validation_failed"),
        ("message:read", {"chat_id": 10**9, "up_to_seq": 1}, "not_found"),
        ("message:delivered", {"chat_id": 1, "up_to_seq": -1}, "validation_failed"),
        ("typing", {"chat_id": 10**9}, "not_found"),
        ("sync", {"chats": {"x": 1}}, "validation_failed"),
        ("sync", {"chats": {str(n): 1 for n in range(1, 102)}}, "validation_failed"),
        ("sync", {"chats": []}, "validation_failed"),
    ],
)
def test_an_error_is_an_ack_and_the_socket_lives(
    talk: Any, connect: Any, name: str, payload: Any, code: str
) -> None:
    asking = connect(talk.asks)
    assert asking.ask(name, payload)["error"]["code"] == code
    assert asking.ask("message:send", message(talk.id))["seq"] == 1


def test_strangers_can_do_nothing_in_a_chat(talk: Any, connect: Any) -> None:
    stranger = connect(talk.stranger)
    assert stranger.ask("message:send", message(talk.id))["error"]["status"] == 404
    for name in ("message:read", "message:delivered"):
        assert stranger.ask(name, {"chat_id": talk.id, "up_to_seq": 1})["error"]["status"] == 404
    assert stranger.ask("typing", {"chat_id": talk.id})["error"]["status"] == 404
    assert stranger.ask("sync", {"chats": {str(talk.id): 0}}) == {
        "chats": [], "unlisted": [], "refused": [talk.id]
    }  # fmt: skip


def test_unverified_users_are_not_let_in(make: Any, auth: Any, connect: Any) -> None:
    assert not connect(auth(make.user(email_verified=False))).is_open


def test_marks_are_told_to_both_when_they_move(talk: Any, make: Any, connect: Any, run_jobs: Any) -> None:
    for _ in range(4):
        make.message(talk.chat, talk.customer.id)
    asking, answering = connect(talk.asks), connect(talk.answers)
    moves = [("message:delivered", 3), ("message:read", 2), ("message:read", 1), ("message:delivered", 2)]
    acks = [answering.ask(name, {"chat_id": talk.id, "up_to_seq": seq}) for name, seq in moves]
    assert [(ack["delivered_seq"], ack["read_seq"]) for ack in acks] == [(3, 0), (3, 2), (3, 2), (3, 2)]
    run_jobs()
    expected = [
        {"chat_id": talk.id, "user_id": talk.performer.user_id, "delivered_seq": 3, "read_seq": read}
        for read in (0, 2)
    ]
    assert asking.heard("receipt") == answering.heard("receipt") == expected


def test_typing_is_told_to_the_other_at_most_once_in_3_seconds(
    talk: Any, connect: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(CLOCK, lambda: now[0])
    second = make.chat(talk.customer)
    asking, answering = connect(talk.asks), connect(talk.answers)
    for now[0] in (100.0, 101.0, 100.0 + TYPING_SECONDS - 0.1, 100.0 + TYPING_SECONDS):
        assert asking.ask("typing", {"chat_id": talk.id}) == {}
        assert asking.ask("typing", {"chat_id": second.id}) == {}
    expected = {"chat_id": talk.id, "user_id": talk.customer.id}
    assert answering.heard("typing") == [expected, expected]
    assert asking.heard("typing") == []


def test_sync_gives_what_was_missed_and_what_was_not_named(talk: Any, make: Any, connect: Any) -> None:
    other, empty = make.chat(talk.customer), make.chat(talk.customer)
    for chat in (talk.chat, talk.chat, talk.chat, other):
        make.message(chat, talk.customer.id)
    asking = connect(talk.asks)
    found = asking.ask("sync", {"chats": {str(talk.id): 1, str(empty.id): 0}})
    by_id = {chat["chat_id"]: chat for chat in found["chats"]}
    assert [item["seq"] for item in by_id[talk.id]["items"]] == [2, 3]
    assert by_id[empty.id]["items"] == []
    assert all((chat["more"], chat["reset"]) == (False, False) for chat in found["chats"])
    assert [chat["chat_id"] for chat in found["unlisted"]] == [other.id]


def test_sync_says_reset_to_a_client_that_knows_of_more_than_there_is(
    talk: Any, make: Any, connect: Any
) -> None:
    make.message(talk.chat, talk.customer.id)
    (found,) = connect(talk.asks).ask("sync", {"chats": {str(talk.id): 7}})["chats"]
    assert (found["reset"], found["items"], found["more"], found["last_seq"]) == (True, [], False, 1)


def test_sync_is_bounded_and_goes_on_from_the_last_item(
    talk: Any, make: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "SYNC_PER_CHAT", 4)
    monkeypatch.setattr(policies, "SYNC_TOTAL", 6)
    other = make.chat(talk.customer)
    for chat in (talk.chat, other):
        for _ in range(5):
            make.message(chat, talk.customer.id)
    asking = connect(talk.asks)
    known, seen, turns = {talk.id: 0, other.id: 0}, {talk.id: [], other.id: []}, 0
    more = True
    while more:
        turns += 1
        found = asking.ask("sync", {"chats": {str(key): value for key, value in known.items()}})["chats"]
        for chat in found:
            seen[chat["chat_id"]] += [item["seq"] for item in chat["items"]]
            known[chat["chat_id"]] = max([known[chat["chat_id"]], *(i["seq"] for i in chat["items"])])
        more = any(chat["more"] for chat in found)
    assert seen == {talk.id: [1, 2, 3, 4, 5], other.id: [1, 2, 3, 4, 5]}
    assert turns == 2


def test_sync_costs_the_same_queries_for_any_number_of_chats(
    talk: Any, make: Any, connect: Any, assert_queries: Any
) -> None:
    asking, city = connect(talk.asks), talk.performer.city_id
    chats = [talk.chat]
    for rows in (1, 6, 100):
        while len(chats) < rows:
            chats.append(make.chat(talk.customer, make.performer(city_id=city, categories=[])))
        for chat in chats:
            make.message(chat, talk.customer.id)
        with assert_queries(4):
            found = asking.ask("sync", {"chats": {str(chat.id): 0 for chat in chats}})
        assert len(found["chats"]) == rows
        assert all(chat["items"] for chat in found["chats"])


def test_an_opened_chat_is_told_to_both(
    make: Any, auth: Any, connect: Any, client: Any, run_jobs: Any
) -> None:
    user, customer = make.user(), auth(make.user())
    performer = make.performer(user)
    sockets = [connect(customer), connect(auth(user))]
    opened = client.post("/api/v1/chats", headers=customer, json={"performer_id": performer.id}).json
    run_jobs()
    for socket in sockets:
        ((name, state),) = socket.heard()
        assert (name, state["chat_id"], state["last_seq"]) == ("chat:updated", opened["id"], 0)


def test_a_logout_is_told_and_closes_the_sockets_of_that_sign_in_only(
    app: Flask, talk: Any, auth: Any, connect: Any, client: Any, run_jobs: Any
) -> None:
    leaving, staying, other = connect(talk.asks), connect(auth(talk.customer)), connect(talk.answers)
    assert client.post("/api/v1/user/logout", headers=talk.asks).status_code == 204
    run_jobs()
    assert leaving.heard("session:revoked") == [{}]
    assert app.extensions[EXTENSION].sweeper.sweep() == 1
    assert not leaving.is_open
    assert staying.is_open
    assert other.is_open
    assert staying.heard() == other.heard() == []


def test_the_next_event_of_a_blocked_user_closes_the_socket(talk: Any, connect: Any) -> None:
    asking = connect(talk.asks)
    talk.customer.is_active = False
    db.session.commit()
    assert asking.ask("message:send", message(talk.id))["error"]["status"] in {401, 403}
    assert not asking.is_open
    assert db.session.get(Chat, talk.id, populate_existing=True).last_seq == 0
