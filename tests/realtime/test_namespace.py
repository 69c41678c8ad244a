"""What every namespace does with connects, events and sessions that end."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask, has_request_context
from flask_socketio import SocketIO
from socketio.packet import EVENT, Packet
from sqlalchemy.exc import OperationalError

from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import AppError, Conflict, TooManyRequests, Unauthenticated
from marketplace.kernel.identity import Principal
from marketplace.realtime.namespace import BaseNamespace, Connected, SocketGuard, event
from marketplace.realtime.setup import EXTENSION, close_sockets, init_realtime
from marketplace.realtime.sweeper import JOIN_SECONDS

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
OTHER_TOKEN = "bob"


class SlotTaken(Conflict):
    code = "slot_taken"
    title = "The slot is taken"


class Text(ma.Schema):
    text = ma.fields.String(required=True, validate=ma.validate.Length(max=5))


class Nothing(ma.Schema):
    pass


class Auth:
    """Sessions 1 (alice) and 2 (bob), each with a token of its user's name."""

    def __init__(self) -> None:
        self.sessions = {"alice": 1, "bob": 2}
        self.ended: set[int] = set()
        self.fails: Exception | None = None
        self.asked: list[set[int]] = []

    def authenticate(self, token: str) -> Principal:
        if self.fails is not None:
            raise self.fails
        session = self.sessions.get(token)
        if session is None or session in self.ended:
            raise Unauthenticated
        return Principal(user_id=session * 10, session_id=session)

    def expires_at(self, token: str) -> datetime:
        return START + timedelta(minutes=self.sessions[token] * 10)

    def alive(self, session_ids: set[int]) -> set[int]:
        self.asked.append(session_ids)
        if self.fails is not None:
            raise self.fails
        return session_ids - self.ended


class Echo(BaseNamespace):
    def __init__(self) -> None:
        super().__init__("/chat")
        self.left: list[int] = []

    def connected(self, caller: Principal, sid: str) -> None:
        self.socketio.server.enter_room(sid, "everyone", namespace=self.namespace)

    def disconnected(self, connected: Connected, sid: str) -> None:
        self.left.append(connected.user_id)
        raise RuntimeError("a subclass fails")

    @event("echo", Text)
    def echo(self, caller: Principal, data: dict[str, Any], sid: str) -> dict[str, Any]:
        assert has_request_context()
        return {"text": data["text"], "user_id": caller.user_id}

    @event("quiet", Nothing)
    def quiet(self, caller: Principal, data: dict[str, Any], sid: str) -> None:
        return None

    @event("refuse", Nothing)
    def refuse(self, caller: Principal, data: dict[str, Any], sid: str) -> None:
        raise SlotTaken

    @event("slow-down", Nothing)
    def slow_down(self, caller: Principal, data: dict[str, Any], sid: str) -> None:
        raise TooManyRequests(retry_after=7)

    @event("step-up", Nothing)
    def step_up(self, caller: Principal, data: dict[str, Any], sid: str) -> None:
        raise Unauthenticated("Enter your code")

    @event("break", Nothing)
    def break_(self, caller: Principal, data: dict[str, Any], sid: str) -> None:
        raise TypeError("secret")


STATUSES = {"unauthenticated": 401, "too_many_requests": 429, "validation_failed": 422, "not_found": 404}


def problem_of(error: Exception) -> dict[str, Any]:
    if not isinstance(error, AppError):
        return {"status": 500, "code": "internal_error", "detail": ""}
    codes = {"slot_taken": 409, "unknown_event": 404, "server_closing": 503, **STATUSES}
    return {"status": codes[error.code], "code": error.code, "detail": error.detail, **error.data}


class World:
    def __init__(self) -> None:
        self.app = Flask("realtime-tests")
        self.socketio = SocketIO()
        self.auth = Auth()
        self.clock = FrozenClock(START)
        self.namespace = Echo()
        self.guard = SocketGuard(self.app, self.auth, self.clock, problem_of, lambda value: None)
        init_realtime(
            self.app,
            self.socketio,
            self.guard,
            namespaces=[self.namespace],
            database_url="postgresql+psycopg2://unused/",
            redis_url=None,
            allows_origin=lambda _: False,
            threads=100,
            many_processes=False,
            local_only=True,
        )
        self.sweeper = self.app.extensions[EXTENSION].sweeper

    def connect(self, auth: Any = None) -> Any:
        given = {"token": "alice"} if auth is None else auth
        return self.socketio.test_client(self.app, namespace="/chat", auth=given)


@pytest.fixture
def world() -> World:
    return World()


def ask(client: Any, name: str, *payload: Any) -> Any:
    return client.emit(name, *payload, namespace="/chat", callback=True)


def names(client: Any) -> list[str]:
    # The queue itself: get_received() refuses once the socket is closed.
    return [item["name"] for item in client.queue]


def test_an_event_is_acked_with_what_its_handler_returns(world: World) -> None:
    client = world.connect()
    assert ask(client, "echo", {"text": "hello"}) == {"text": "hello", "user_id": 10}
    assert ask(client, "quiet", {}) == {}


def test_an_error_is_an_ack_and_the_socket_lives(world: World, caplog: pytest.LogCaptureFixture) -> None:
    client = world.connect()
    assert ask(client, "refuse", {})["error"]["code"] == "slot_taken"
    assert ask(client, "slow-down", {})["error"]["retry_after"] == 7
    with caplog.at_level(logging.ERROR):
        assert ask(client, "break", {})["error"] == {"status": 500, "code": "internal_error", "detail": ""}
    assert "secret" in caplog.text
    assert ask(client, "step-up", {})["error"]["status"] == 401
    assert ask(client, "echo", {"text": "hi"})["text"] == "hi"


@pytest.mark.parametrize(
    "name", ["nope", "", "on_echo", "trigger_event", "connected", "close_room", "x" * 5000]
)
def test_an_unknown_event_is_an_error(world: World, name: str) -> None:
    client = world.connect()
    assert ask(client, name, {})["error"]["code"] == "unknown_event"
    assert client.is_connected("/chat")


@pytest.mark.parametrize("name", [None, 1, ["a"], {"a": 1}, True])
def test_a_name_that_is_no_string_is_an_unknown_event(world: World, name: Any) -> None:
    client = world.connect()
    packet = Packet(EVENT, data=[name, {}], namespace="/chat", id=1)
    world.socketio.server._handle_eio_message(client.eio_sid, packet.encode())
    assert client.acks["args"][0]["error"]["code"] == "unknown_event"


@pytest.mark.parametrize(
    "payload",
    [(), (None,), ("text",), (["a"],), (1,), ({"text": "a"}, {"text": "b"}), ({},), ({"text": 1},),
     ({"text": "longer"},), ({"text": "a", "extra": 1},), (b"bytes",)],
)  # fmt: skip
def test_a_payload_that_does_not_fit_is_refused(world: World, payload: tuple[Any, ...]) -> None:
    client = world.connect()
    problem = ask(client, "echo", *payload)["error"]
    assert (problem["status"], problem["code"]) == (422, "validation_failed")
    assert problem["errors"]["json"]
    assert client.is_connected("/chat")


@pytest.mark.parametrize(
    "auth",
    [{}, {"token": None}, {"token": 5}, {"token": ["alice"]}, {"token": "forged"}, ["alice"], "alice", 7],
)
def test_a_connect_without_a_valid_token_is_refused(world: World, auth: Any) -> None:
    client = world.connect(auth)
    assert not client.is_connected("/chat")
    assert world.guard.sockets == {}


@pytest.mark.parametrize("error", [TypeError("called again without auth?"), RuntimeError("broken")])
def test_a_defect_in_connect_refuses_and_is_logged(
    world: World, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world.auth.fails = error
    assert not world.connect().is_connected("/chat")
    assert str(error) in caplog.text
    assert caplog.text.count("socket connect failed") == 1


def test_a_client_cannot_call_the_servers_own_events(world: World) -> None:
    client = world.connect()
    forged_environ: dict[str, Any] = {}
    assert ask(client, "connect", forged_environ, {"token": "bob"})["error"]["code"] == "unknown_event"
    assert ask(client, "disconnect", "client disconnect")["error"]["code"] == "unknown_event"
    assert world.namespace.left == []
    assert [entry.user_id for entry in world.guard.sockets.values()] == [10]
    # The one that said it was gone is still found and closed.
    world.auth.ended.add(1)
    assert world.sweeper.sweep() == 1
    assert not client.is_connected("/chat")


def test_the_next_event_of_an_ended_session_closes_the_socket(world: World) -> None:
    client, other = world.connect(), world.connect({"token": OTHER_TOKEN})
    world.auth.ended.add(1)
    assert ask(client, "echo", {"text": "hi"})["error"]["code"] == "unauthenticated"
    assert names(client) == ["session:revoked"]
    assert not client.is_connected("/chat")
    assert world.namespace.left == [10]
    assert ask(other, "echo", {"text": "hi"})["user_id"] == 20
    world.socketio.emit("message:new", {}, to="everyone", namespace="/chat")
    assert names(client) == ["session:revoked"]
    assert names(other) == ["message:new"]


def test_the_sweeper_closes_ended_sessions_with_one_question(world: World) -> None:
    clients = [world.connect() for _ in range(3)]
    other = world.connect({"token": OTHER_TOKEN})
    assert world.sweeper.sweep() == 0
    world.auth.ended.add(1)
    assert world.sweeper.sweep() == 3
    assert world.auth.asked == [{1, 2}, {1, 2}]
    assert all(
        names(client) == ["session:revoked"] and not client.is_connected("/chat") for client in clients
    )
    assert other.is_connected("/chat")
    assert len(world.guard.sockets) == 1


def test_the_sweeper_closes_at_expiry(world: World) -> None:
    client, other = world.connect(), world.connect({"token": OTHER_TOKEN})
    world.clock.set(START + timedelta(minutes=10, microseconds=-1))
    assert world.sweeper.sweep() == 0
    world.clock.set(START + timedelta(minutes=10))
    assert world.sweeper.sweep() == 1
    assert not client.is_connected("/chat")
    assert other.is_connected("/chat")


def test_without_a_database_tokens_expire_and_nobody_else_is_closed(world: World) -> None:
    client, other = world.connect(), world.connect({"token": OTHER_TOKEN})
    world.auth.fails = OperationalError("SELECT", {}, Exception("gone"))
    world.clock.set(START + timedelta(minutes=10))
    assert world.sweeper.sweep() == 1
    assert not client.is_connected("/chat")
    assert other.is_connected("/chat")


def test_a_socket_that_vanished_half_connected_is_forgotten(world: World) -> None:
    entry = Connected("alice", 1, 10, START)
    world.guard.sockets["/chat", "vanished"] = entry
    assert world.sweeper.sweep() == 1
    assert world.guard.sockets == {}


def test_a_connection_that_joins_nothing_is_hung_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("marketplace.realtime.sweeper.monotonic", lambda: now[0])
    closed: list[str] = []

    class Connection:
        def __init__(self, eio_sid: str) -> None:
            self.close: Callable[..., None] = lambda wait: closed.append(eio_sid)

    joined = world.connect()
    world.socketio.server.eio.sockets = {"idle": Connection("idle"), joined.eio_sid: Connection("joined")}
    for now[0] in (0.0, JOIN_SECONDS - 1, JOIN_SECONDS):
        world.sweeper.sweep()
    assert closed == ["idle"]


def test_shutdown_tells_and_closes_every_socket_and_lets_no_more_in(world: World) -> None:
    clients = [world.connect(), world.connect({"token": OTHER_TOKEN})]
    close_sockets(world.app)
    assert all(names(client) == ["server:closing"] and not client.is_connected("/chat") for client in clients)
    assert world.namespace.left == [10, 20]
    assert not world.connect().is_connected("/chat")


def test_the_libraries_do_not_log_packets(world: World) -> None:
    for name in ("socketio.server", "engineio.server"):
        assert logging.getLogger(name).level == logging.WARNING
        assert not logging.getLogger(name).handlers
