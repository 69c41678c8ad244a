"""What stands in the place of the libraries' own waits, drops and threads."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from engineio.exceptions import SocketIsClosedError
from engineio.packet import MESSAGE, PING, Packet

from marketplace.realtime import engine as engine_module
from marketplace.realtime.admission import Bucket
from marketplace.realtime.pings import Pinger, ping
from marketplace.realtime.setup import PING_INTERVAL_SECONDS, namespaces_of
from tests.support.waiting import eventually

from .conftest import WAIT
from .test_namespace import STATUSES, World, ask
from .test_server import Server, raw_socket, serve

__all__ = ["serve"]


class Socket:
    def __init__(self, *, fails: bool = False) -> None:
        self.closing = self.closed = False
        self.last_ping: float | None = None
        self.sent: list[Any] = []
        self.pinged = threading.Event()
        self.fails = fails

    def send(self, packet: Packet) -> None:
        self.sent.append(packet)
        self.pinged.set()
        if self.fails:
            raise SocketIsClosedError


def test_one_thread_pings_all() -> None:
    sockets = [Socket(fails=number == 2) for number in range(50)]
    pinger = Pinger(0.05)
    before = threading.active_count()
    for socket in sockets:
        pinger.add(socket)
    assert threading.active_count() <= before + 1
    assert all(socket.pinged.wait(WAIT) for socket in sockets)
    assert all(socket.last_ping for socket in sockets)
    pinger.add(sockets[0])
    sockets[0].pinged.clear()
    assert sockets[0].pinged.wait(WAIT)


@pytest.mark.parametrize("state", ["closing", "closed"])
def test_a_socket_that_is_gone_is_not_pinged(state: str) -> None:
    socket = Socket()
    setattr(socket, state, True)
    ping(socket)
    assert socket.sent == []
    assert socket.last_ping is None


def test_handshakes_start_no_threads(serve: Any) -> None:
    server: Server = serve()
    eio = server.socketio.server.eio
    assert eio.ping_interval == PING_INTERVAL_SECONDS
    with raw_socket(server):
        (connection,) = eio.sockets.values()
        before = threading.active_count()
        connection.last_ping = 1.0
        connection.schedule_ping()
        connection.last_ping = 1.0
        connection.schedule_ping()
        assert threading.active_count() <= before


def test_who_does_not_take_what_is_sent_is_hung_up_on(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "MAX_QUEUED", 3)
    server: Server = serve()
    sio = server.socketio.server
    # A session of polls that polls no more.
    with server.app.test_client() as client:
        assert client.get("/socket.io/?EIO=4&transport=polling").status_code == 200
    (eio_sid,) = sio.eio.sockets
    connection = sio.eio.sockets[eio_sid]
    for _ in range(3):
        sio._send_eio_packet(eio_sid, Packet(MESSAGE, "x"))
    assert not connection.closed
    sio._send_eio_packet(eio_sid, Packet(MESSAGE, "x"))
    assert connection.closed
    sio._send_eio_packet(eio_sid, Packet(PING))


def test_too_many_events_of_a_user_are_acks_and_the_socket_lives() -> None:
    world = World()
    client, other = world.connect(), world.connect({"token": "bob"})
    world.guard.budgets[10] = Bucket(2, 0)
    codes = [ask(client, "echo", {"text": "a"}).get("error", {}).get("code") for _ in range(3)]
    assert codes == [None, None, "too_many_requests"]
    assert ask(client, "echo", {"text": "a"})["error"]["retry_after"] == 1
    assert ask(other, "echo", {"text": "a"})["user_id"] == 20
    client.disconnect("/chat")
    assert set(world.guard.budgets) == {20}


def test_a_user_who_has_the_share_is_refused_with_the_reason(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STATUSES, "socket_limit_reached", 429)
    server: Server = serve()
    admission = namespaces_of(server.app)[0].guard.admission
    assert admission is not None
    admission._shares = replace(admission._shares, per_user=1)
    first, _ = server.connect("alice")
    with raw_socket(server) as second:
        second.send('40/chat,{"token":"alice"}')
        answer = second.recv()
        assert isinstance(answer, str)
        assert answer.startswith("44/chat,")
        assert '"socket_limit_reached"' in answer
    server.connect("bob")
    first.disconnect()
    eventually(lambda: len(admission.sessions()) == 1)
    server.connect("alice")
