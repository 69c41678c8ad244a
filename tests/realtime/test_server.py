"""Real WebSockets: two servers on one bus, publish(), what is refused at the door, and shutdown."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import socketio as client_library
import websocket
from flask import Flask
from flask_socketio import SocketIO
from werkzeug.serving import WSGIRequestHandler, make_server

from marketplace.kernel.clock import FrozenClock
from marketplace.realtime.admission import Bucket
from marketplace.realtime.namespace import SocketGuard
from marketplace.realtime.publish import publish, session_room, user_room
from marketplace.realtime.setup import (
    EXTENSION,
    MAX_PAYLOAD_BYTES,
    close_sockets,
    init_realtime,
    start_sweeper,
)
from marketplace.realtime.transport import GuardedWebSocket, Wire
from tests.support.sockets import SocketClient

from .conftest import WAIT
from .test_namespace import START, Auth, Echo, problem_of

ORIGIN = "https://shop.example"


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name in werkzeug
        pass


class Server:
    def __init__(self, database_url: str, *, many_processes: bool = False) -> None:
        self.app = Flask("realtime-server")
        self.socketio = SocketIO()
        self.auth = Auth()
        guard = SocketGuard(self.app, self.auth, FrozenClock(START), problem_of, lambda value: None)
        init_realtime(
            self.app, self.socketio, guard, namespaces=[Echo()], database_url=database_url, redis_url=None,
            allows_origin=ORIGIN.__eq__, threads=100, many_processes=many_processes,
        )  # fmt: skip
        self.requests_done = threading.Semaphore(0)
        inner = self.app.wsgi_app

        def counted(environ: Any, start_response: Any) -> Any:
            try:
                return inner(environ, start_response)
            finally:
                self.requests_done.release()

        self._server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=_Silent)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.clients: list[Any] = []

    @property
    def bus(self) -> Any:
        return self.app.extensions[EXTENSION].bus

    def connect(self, token: str = "alice") -> tuple[Any, "queue.Queue[tuple[str, Any]]"]:
        client = SocketClient(reconnection=False)
        heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        client.on("*", lambda name, data: heard.put((name, data)), namespace="/chat")
        client.on("disconnect", lambda *_: heard.put(("disconnect", None)), namespace="/chat")
        client.connect(
            f"http://{self.address}",
            namespaces=["/chat"],
            auth={"token": token},
            transports=["websocket"],
            wait_timeout=WAIT,
        )
        self.clients.append(client)
        assert self.bus.listening.wait(WAIT)
        return client, heard

    def stop(self) -> None:
        close_sockets(self.app)
        for client in self.clients:
            client.disconnect()
        self._server.shutdown()
        self._thread.join(WAIT)
        self._server.server_close()


@contextmanager
def raw_socket(server: Server) -> Iterator[websocket.WebSocket]:
    """A WebSocket below Socket.IO, after the server's greeting. Not by simple_websocket, whose client loses a
    first message that comes in one packet with the handshake's answer.
    """
    url = f"ws://{server.address}/socket.io/?EIO=4&transport=websocket"
    socket = websocket.create_connection(url, timeout=WAIT, suppress_origin=True)
    try:
        assert str(socket.recv()).startswith("0{")
        yield socket
    finally:
        socket.shutdown()


@pytest.fixture
def serve(bus_url: str) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**options: Any) -> Server:
        servers.append(Server(bus_url, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_publish_reaches_the_room_on_every_server(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, worker = serve(), serve(), serve()
    (_, alice), (_, bob) = one.connect("alice"), two.connect("bob")
    # A process that serves nobody, as `flask worker` is.
    # The package hands on the function under the name of its module.
    monkeypatch.setattr(import_module("marketplace.realtime.publish"), "socketio", worker.socketio)
    for room, name in (
        (user_room(20), "for-user"),
        (session_room(1), "for-session"),
        (session_room(3), "nobody"),
    ):
        publish(room, name, {"a": 1})
    publish("everyone", "for-all", {"text": "x" * 9_000})
    assert [alice.get(timeout=WAIT)[0] for _ in range(2)] == ["for-session", "for-all"]
    assert [bob.get(timeout=WAIT)[0] for _ in range(2)] == ["for-user", "for-all"]


def test_events_are_acked_over_a_real_socket(serve: Callable[..., Server]) -> None:
    client, _ = serve().connect()
    assert client.call("echo", {"text": "hi"}, namespace="/chat", timeout=WAIT) == {
        "text": "hi",
        "user_id": 10,
    }
    assert client.call("nope", {}, namespace="/chat", timeout=WAIT)["error"]["code"] == "unknown_event"


def test_a_refused_connect_says_why(serve: Callable[..., Server]) -> None:
    server = serve()
    client = SocketClient(reconnection=False)
    reasons: queue.Queue[Any] = queue.Queue()
    client.on("connect_error", reasons.put, namespace="/chat")
    with pytest.raises(client_library.exceptions.ConnectionError):
        client.connect(
            f"http://{server.address}",
            namespaces=["/chat"],
            auth={"token": "forged"},
            transports=["websocket"],
        )
    reason = reasons.get(timeout=WAIT)
    assert reason["message"] == "unauthenticated"
    assert reason["data"]["status"] == 401
    client.disconnect()


def test_the_sweeper_runs_by_itself(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketplace.realtime.sweeper.SWEEP_SECONDS", 0.05)
    server = serve()
    _, heard = server.connect()
    start_sweeper(server.app)
    start_sweeper(server.app)
    server.auth.ended.add(1)
    assert [heard.get(timeout=5)[0] for _ in range(2)] == ["session:revoked", "disconnect"]


def test_a_message_that_is_too_large_closes_the_socket(serve: Callable[..., Server]) -> None:
    with raw_socket(serve()) as socket:
        socket.send("4" + "x" * MAX_PAYLOAD_BYTES)
        opcode, data = socket.recv_data(control_frame=True)
    assert opcode == websocket.ABNF.OPCODE_CLOSE
    assert int.from_bytes(data[:2]) == websocket.STATUS_MESSAGE_TOO_BIG


def test_a_close_while_another_thread_is_closing_leaves_the_first_close_frame_alone(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    transports: list[GuardedWebSocket] = []
    call, send = GuardedWebSocket.__call__, Wire.send

    def kept(self: GuardedWebSocket, environ: Any, start_response: Any) -> Any:
        transports.append(self)
        return call(self, environ, start_response)

    def interrupted(self: Wire, data: bytes) -> None:
        if data[0] == 0x80 | websocket.ABNF.OPCODE_CLOSE:
            transports[0].close()
            with pytest.raises(OSError):
                transports[0].send("2")
            transports.append(transports[0])
        send(self, data)

    monkeypatch.setattr(GuardedWebSocket, "__call__", kept)
    monkeypatch.setattr(Wire, "send", interrupted)
    with raw_socket(serve()) as socket:
        socket.send("4" + "x" * MAX_PAYLOAD_BYTES)
        opcode, data = socket.recv_data(control_frame=True)
    assert len(transports) == 2
    assert opcode == websocket.ABNF.OPCODE_CLOSE
    assert int.from_bytes(data[:2]) == websocket.STATUS_MESSAGE_TOO_BIG


FLOODS = {
    "pings": lambda: websocket.ABNF(1, opcode=websocket.ABNF.OPCODE_PING),
    "pongs": lambda: websocket.ABNF(1, opcode=websocket.ABNF.OPCODE_PONG),
    "pieces of a message": lambda: websocket.ABNF(0, opcode=websocket.ABNF.OPCODE_CONT),
    "packets": lambda: websocket.ABNF(1, opcode=websocket.ABNF.OPCODE_TEXT, data=b"3"),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_frames_of_every_kind_are_counted(
    serve: Callable[..., Server], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bucket, "take", _three_in_all())
    with raw_socket(serve()) as socket:
        frames = [FLOODS[kind]() for _ in range(4)]
        if kind == "pieces of a message":
            frames[0] = websocket.ABNF(0, opcode=websocket.ABNF.OPCODE_TEXT, data=b"4")
        for frame in frames:
            socket.send_frame(frame)
        opcode = None
        while opcode != websocket.ABNF.OPCODE_CLOSE:
            opcode, data = socket.recv_data(control_frame=True)
    assert int.from_bytes(data[:2]) == websocket.STATUS_POLICY_VIOLATION
    assert data[2:] == b"too many packets a second"


def _three_in_all() -> Callable[[Bucket], bool]:
    left = iter([True] * 3)
    return lambda _bucket: next(left, False)


def test_a_large_frame_is_counted_once(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bucket, "take", _three_in_all())
    with raw_socket(serve()) as socket:
        socket.send('40/chat,{"token":"alice","x":"' + "x" * (MAX_PAYLOAD_BYTES // 2) + '"}')
        assert str(socket.recv()).startswith("4")


def _poll(server: Server, **headers: str) -> int:
    request = Request(f"http://{server.address}/socket.io/?EIO=4&transport=polling", headers=headers)
    try:
        with urlopen(request, timeout=WAIT) as response:
            assert "Access-Control-Allow-Credentials" not in response.headers
            return int(response.status)
    except HTTPError as error:
        with error:
            return error.code


def test_only_the_host_itself_and_listed_origins_may_connect(serve: Callable[..., Server]) -> None:
    server = serve()
    evil = "https://evil.example"
    assert _poll(server) == 200
    assert _poll(server, Origin=ORIGIN) == 200
    assert _poll(server, Origin=f"http://{server.address}") == 200
    assert _poll(server, Origin=evil) == 400
    assert _poll(server, Origin="null") == 400
    assert (
        _poll(server, **{"Origin": evil, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
        == 400
    )


def test_many_processes_offer_no_polling(serve: Callable[..., Server]) -> None:
    server = serve(many_processes=True)
    assert _poll(server) == 400
    server.connect()


def test_shutdown_tells_closes_and_frees_the_threads(serve: Callable[..., Server]) -> None:
    server = serve()
    heard = [server.connect()[1] for _ in range(3)]
    with raw_socket(server) as idle:
        close_sockets(server.app)
        for queue_ in heard:
            assert [queue_.get(timeout=WAIT)[0] for _ in range(2)] == ["server:closing", "disconnect"]
        # Engine.IO says goodbye first, then the WebSocket is closed.
        frames = [idle.recv_data(control_frame=True) for _ in range(2)]
        assert [opcode for opcode, _ in frames] == [websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_CLOSE]
    for _ in range(4):
        assert server.requests_done.acquire(timeout=WAIT)
