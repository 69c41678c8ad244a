"""Who may what over sockets: connecting, and every event of every namespace."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from marketplace.extensions import db, socketio
from marketplace.models import Base, User
from marketplace.realtime.namespace import BaseNamespace
from tests.chat.conftest import Socket
from tests.rights.asking import absent, touched
from tests.rights.scenario import CALLERS, Made, Stage, chat
from tests.rights.table import words

CONNECTING = "401 403 ok ok ok ok 401"


@dataclass(frozen=True)
class Event:
    """What customers and performers may in their own chats alone; staff reads chats by HTTP, audited."""

    name: str
    payload: Callable[[Made], dict[str, Any]]

    def __str__(self) -> str:
        return self.name


EVENTS = (
    Event("message:send", lambda m: {"chat_id": m["chat_id"], "client_id": m["client_id"], "text": "Hello"}),
    Event("message:delivered", lambda m: {"chat_id": m["chat_id"], "up_to_seq": 2}),
    Event("message:read", lambda m: {"chat_id": m["chat_id"], "up_to_seq": 2}),
    Event("typing", lambda m: {"chat_id": m["chat_id"]}),
    Event("sync", lambda m: {"chats": {str(m["chat_id"]): 0}}),
)


def connect(stage: Stage, caller: str) -> Socket:
    db.session.remove()
    token = stage.headers.get(caller, {}).get("Authorization", "").removeprefix("Bearer ")
    return Socket(stage.app, token or None)


def ask(stage: Stage, socket: Socket, event: Event, made: Made) -> tuple[int, Any]:
    """The status as HTTP would have it, and the ack without what differs from call to call."""
    db.session.remove()
    ack = socket.ask(event.name, event.payload(made))
    problem = ack.get("error")
    if problem is None:
        # `sync` names what it refuses.
        return (404 if ack.get("refused") else 200), {**ack, "refused": len(ack.get("refused", []))}
    return problem["status"], {key: value for key, value in problem.items() if key != "request_id"}


def test_every_event_has_a_row(app: Flask) -> None:
    assert app.extensions["socketio"] is socketio
    namespaces = [
        known for known in socketio.server.namespace_handlers.values() if isinstance(known, BaseNamespace)
    ]
    known = {name for namespace in namespaces for name in namespace.events}
    assert known == {event.name for event in EVENTS}, "give each event an Event in EVENTS"


@pytest.mark.parametrize("caller", CALLERS)
def test_who_connects(stage: Stage, caller: str) -> None:
    with stage.clean():
        socket = connect(stage, caller)
        assert socket.is_open == (words(CONNECTING)[caller].status is None)
        socket.close()


@pytest.mark.parametrize("event", EVENTS, ids=str)
@pytest.mark.parametrize(
    ("caller", "status"), [("customer", 200), ("performer", 200), ("moderator", 404), ("admin", 404)]
)
def test_who_does_what_in_a_chat(stage: Stage, event: Event, caller: str, status: int) -> None:
    with stage.clean():
        made = chat(stage.ours, caller)
        socket = connect(stage, caller)
        before = stage.snapshot()
        found, ack = ask(stage, socket, event, made)
        assert found == status, ack
        db.session.remove()
        assert status == 200 or touched(before, stage.snapshot()) == ""
        socket.close()


@pytest.mark.parametrize("event", EVENTS, ids=str)
@pytest.mark.parametrize("caller", ["customer", "performer", "moderator", "admin"])
def test_chats_of_strangers_are_absent_ones(stage: Stage, event: Event, caller: str) -> None:
    with stage.clean():
        made = chat(stage.theirs, caller)
        socket = connect(stage, caller)
        before = stage.snapshot()
        foreign = ask(stage, socket, event, made)
        assert foreign[0] == 404
        assert foreign == ask(stage, socket, event, absent(made))
        db.session.remove()
        assert touched(before, stage.snapshot()) == ""
        socket.close()


@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_who_is_blocked_meanwhile_gets_nothing_more(stage: Stage, event: Event) -> None:
    with stage.clean():
        made = chat(stage.ours, "customer")
        socket = connect(stage, "customer")
        assert socket.is_open
        db.session.get_one(User, stage.ours.customer.id).is_active = False
        db.session.commit()
        assert ask(stage, socket, event, made)[0] == 401
        assert not socket.is_open


@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_no_column_slips_into_an_event(stage: Stage, event: Event) -> None:
    columns = {column.name for table in Base.metadata.sorted_tables for column in table.columns}
    with stage.clean():
        made = chat(stage.ours, "customer") | {"client_id": str(uuid4())}
        payload = event.payload(made)
        extra = dict.fromkeys(columns - set(payload), 1)
        socket = connect(stage, "customer")
        before = stage.snapshot()
        ack = socket.ask(event.name, {**payload, **extra})
        assert ack["error"]["status"] == 422
        # A field of the event that the payload leaves out would be missing here.
        assert set(ack["error"]["errors"]["json"]) == set(extra)
        db.session.remove()
        assert touched(before, stage.snapshot()) == ""
        socket.close()
