"""What one caller can hold, and for how long: four threads serve others while hundreds are slow."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.waiting import eventually
from tests.wire import FORM_LIMIT
from tests.wire.conftest import Client, Wire
from tests.wire.test_arrival import CHUNKED, post

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
FORM = "Content-Type: multipart/form-data; boundary=x"
MANY = 300

UNFINISHED = {
    "nothing": b"",
    "head": b"GET / HTTP/1.1\r\nHost: x\r\n",
    "body": post("Content-Length: 10", body=b"abc"),
    "chunks": post(CHUNKED, body=b"a\r\nabc"),
    "form": post(FORM, "Content-Length: 100000", body=b"a" * 50_000),
    "expectation": post("Content-Length: 10", "Expect: 100-continue"),
    "behind": GET + b"GET / HTTP/1.1\r\n",
}


@pytest.fixture
def crowd(wire: Wire) -> Iterator[Callable[..., list[Client]]]:
    """Opens many connections that each send something."""
    with ExitStack() as stack:

        def gather(data: bytes, count: int = MANY, server: Wire = wire, **options: object) -> list[Client]:
            clients = []
            for _ in range(count):
                clients.append(stack.enter_context(server.client(**options)))
                clients[-1].send(data)
            return clients

        yield gather


@pytest.mark.parametrize("kind", UNFINISHED)
def test_unfinished_requests_hold_no_thread(
    wire: Wire, crowd: Callable[..., list[Client]], kind: str
) -> None:
    """Nor do they when they trickle; and they are answered when they end after all."""
    clients = crowd(UNFINISHED[kind])
    wire.health()
    for client in clients:
        client.send(b"X" if kind != "form" else b"X" * 100)
    wire.health()
    rest = {"body": b"d" * 6, "expectation": b"d" * 9, "form": b"X" * 49_900}.get(kind)
    if rest is not None:
        for client in clients[:20]:
            client.send(rest)
            if kind == "expectation":
                assert b"100" in client.stream.readline()
                client.stream.readline()
            assert client.answer().status == 200


def test_idle_connections_hold_no_thread(wire: Wire, crowd: Callable[..., list[Client]]) -> None:
    clients = crowd(GET)
    assert [client.answer().status for client in clients] == [200] * MANY
    wire.health()
    assert all(client.ask(GET).status == 200 for client in clients[:20])


@pytest.mark.parametrize("ending", [b"Connection: close\r\n", b""])
def test_clients_that_do_not_end_their_side_hold_nobody_up(
    wire: Wire, crowd: Callable[..., list[Client]], ending: bytes
) -> None:
    """gunicorn waits up to 2 s for each, in the loop that accepts connections."""
    clients = crowd(b"GET / HTTP/1.%d\r\nHost: x\r\n%s\r\n" % (bool(ending), ending), 30)
    for client in clients:
        assert client.answer().headers["connection"] == "close"
    wire.health()
    assert all(client.ended() for client in clients)


@pytest.mark.parametrize("path", ["big", "stream"])
def test_who_reads_nothing_holds_no_thread(wire: Wire, crowd: Callable[..., list[Client]], path: str) -> None:
    ask = f"GET /{path}/1500000 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    clients = crowd(ask, 30, receive_buffer=4096)
    wire.health()
    for client in clients[:5]:
        assert len(client.answer().body) == 1_500_000
        assert client.ask(GET).status == 200


def test_the_longest_answers_hold_half_of_the_threads(wire: Wire, crowd: Callable[..., list[Client]]) -> None:
    """What exceeds that is cut off, and the client can tell."""
    clients = crowd(b"GET /big/50000000 HTTP/1.1\r\nHost: x\r\n\r\n", 10, receive_buffer=4096)
    wire.health()
    lengths = []
    for client in clients:
        try:
            lengths.append(len(client.answer().body))
        except ConnectionResetError:
            lengths.append(0)
    assert lengths.count(50_000_000) == 2


@pytest.fixture
def hurried(start_wire: Callable[..., Wire]) -> Wire:
    return start_wire(head=0.5, body=0.5, send=0.5, keepalive=1)


@pytest.mark.parametrize("kind", ["head", "body", "chunks", "expectation"])
def test_what_does_not_arrive_in_time_is_408(hurried: Wire, kind: str) -> None:
    with hurried.client() as client:
        client.send(UNFINISHED[kind])
        if kind == "expectation":
            assert b"100" in client.stream.readline()
            client.stream.readline()
        answer = client.answer()
        assert (answer.status, answer.json["code"]) == (408, "request_timeout")
        assert answer.headers["connection"] == "close"
        assert client.ended()


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r"])
def test_a_connection_on_which_nothing_comes_ends_silently(hurried: Wire, data: bytes) -> None:
    with hurried.client() as client:
        client.send(data)
        assert client.ended()


def test_an_idle_connection_ends_silently(hurried: Wire) -> None:
    with hurried.client() as client:
        assert client.ask(GET).headers["connection"] == "keep-alive"
        assert client.ended()


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"GET / HTTP/1.1\r\nX-A: ", b"a"),
        (post("Content-Length: 1000"), b"a"),
        (post(CHUNKED), b"1\r\na\r\n"),
    ],
)
def test_who_trickles_is_told_so_in_time(hurried: Wire, start: bytes, drop: bytes) -> None:
    with hurried.client() as client:
        client.send(start)

        def trickle() -> bool:
            client.send(drop)
            return client.heard_within(0.05)

        assert eventually(trickle, every=0)
        assert client.answer().status == 408


def test_a_body_that_keeps_its_pace_may_take_longer(hurried: Wire) -> None:
    """10,000 bytes in each second; and it is cut off when it stops after a good start."""
    with hurried.client() as client:
        client.send(post(FORM, f"Content-Length: {FORM_LIMIT}"))
        for _ in range(8):
            client.send(b"a" * 50_000)
            assert not client.heard_within(0.2)
        answer = client.answer()
        assert (answer.status, answer.json["code"]) == (408, "request_timeout")


@pytest.mark.parametrize("path", ["big/1500000", "big/50000000"])
def test_who_reads_nothing_for_long_is_cut_off(hurried: Wire, path: str) -> None:
    with hurried.client(receive_buffer=4096) as client:
        client.send(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        here = f":{client.socket.getsockname()[1]:04X}"

        def is_closed() -> bool:
            lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
            established = "01"
            return not any(line[2].endswith(here) and line[3] == established for line in lines)

        assert eventually(lambda: not is_closed())
        assert eventually(is_closed)


@pytest.fixture
def crowded(start_wire: Callable[..., Wire]) -> Wire:
    return start_wire(connections=60)


@pytest.mark.parametrize("kind", ["nothing", "head", "body"])
def test_one_address_cannot_take_all_connections(
    crowded: Wire, crowd: Callable[..., list[Client]], kind: str
) -> None:
    """The oldest of the address that has most give way, and others keep theirs."""
    with crowded.client(source="127.0.0.8") as other:
        other.send(b"GET / HTTP/1.1\r\n")
        clients = crowd(UNFINISHED[kind], 150, server=crowded)
        crowded.health()
        assert other.ask(b"Host: x\r\n\r\n").status == 200
        if kind == "nothing":
            assert clients[0].ended()
        else:
            answer = clients[0].answer()
            assert (answer.status, answer.json["code"]) == (503, "unavailable")
            assert answer.headers["retry-after"]
        # The idle one of another is younger than none of them, and stays.
        assert other.ask(GET).status == 200


def test_idle_connections_give_way_before_unfinished_ones(
    crowded: Wire, crowd: Callable[..., list[Client]]
) -> None:
    (unfinished,) = crowd(b"GET / HTTP/1.1\r\n", 1, server=crowded)
    idle = []
    for _ in range(100):
        idle += crowd(GET, 1, server=crowded)
        assert idle[-1].answer().status == 200
    assert unfinished.ask(b"Host: x\r\n\r\n").status == 200
    assert idle[0].ended()
    assert idle[-1].ask(GET).status == 200


def test_a_server_that_stops_answers_what_it_has_taken(start_wire: Callable[..., Wire]) -> None:
    wire = start_wire(head=29)
    with (
        wire.client() as working,
        wire.client() as idle,
        wire.client() as silent,
        wire.client() as unfinished,
    ):
        working.send(b"GET /big/9000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.ask(GET).status == 200
        unfinished.send(b"GET / HTTP/1.1\r\n")
        wire.health()
        wire.process.terminate()
        assert len(working.answer().body) == 9_000_000
        # Which says that the process has heard of it: the signal goes by way of the master.
        assert idle.ended()
        assert silent.ended()
        answer = unfinished.ask(b"Host: x\r\n\r\n")
        assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert wire.process.wait(20) == 0


def test_a_server_that_is_busy_can_be_ended_at_once(start_wire: Callable[..., Wire]) -> None:
    """SIGINT, as a terminal sends it to all processes, in the midst of connections that come and go."""
    wire = start_wire(head=28)
    clients = [Client(wire.address) for _ in range(400)]
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\n")
    wire.health()
    for client in clients:
        client.close()
    (worker,) = Path(f"/proc/{wire.process.pid}/task/{wire.process.pid}/children").read_text().split()
    os.kill(int(worker), signal.SIGINT)
    os.kill(wire.process.pid, signal.SIGINT)
    assert wire.process.wait(20) == 0
    assert "SIGKILL" not in wire.log.read_text()
