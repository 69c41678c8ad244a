"""What strangers send to /socket.io/ of a real server: an answer or an end for each, and room for others."""

import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import websocket

from tests.e2e.conftest import Running, launch
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

WAIT = 20
SEED = 20260511
CLOSE = websocket.ABNF.OPCODE_CLOSE
TEXT, BINARY, PING = websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_PING
PATH = "/socket.io/?EIO=4&transport="

BROKEN: dict[str, tuple[int, bytes]] = {
    "nothing": (TEXT, b""),
    "no packet": (TEXT, b"hello"),
    "an unknown type": (TEXT, b"9"),
    "the server's open": (TEXT, b"0{}"),
    "a ping": (TEXT, b"2"),
    "a probe": (TEXT, b"2probe"),
    "an upgrade": (TEXT, b"5"),
    "an empty message": (TEXT, b"4"),
    "JSON that is no packet": (TEXT, b'4{"a":1}'),
    "null": (TEXT, b"4null"),
    "depth": (TEXT, b"4" + b"[" * 50_000),
    "depth in an event": (TEXT, b"42/chat," + b"[" * 50_000),
    "a long number": (TEXT, b"42/chat,[" + b"9" * 5_000 + b"]"),
    "a long id": (TEXT, b"42/chat," + b"9" * 200 + b'["typing"]'),
    "an event of a namespace that it is not in": (TEXT, b'42/chat,1["typing",{}]'),
    "an event of no namespace": (TEXT, b'421["typing",{}]'),
    "an event that is an object": (TEXT, b'42/chat,1{"a":1}'),
    "an event without a name": (TEXT, b"42/chat,1[]"),
    "an event without anything": (TEXT, b"42"),
    "a leave without having come": (TEXT, b"41/chat,"),
    "an attachment that never comes": (TEXT, b'451-/chat,1["typing",{"_placeholder":true,"num":0}]'),
    "many attachments": (TEXT, b'459999999999-/chat,["typing"]'),
    "an answer to no question": (TEXT, b"43/chat,1[]"),
    "a type that there is not": (TEXT, b"47"),
    "bytes": (BINARY, b"\x00\x01"),
    "no bytes": (BINARY, b""),
    "no UTF-8": (TEXT, b"4\xff\xfe"),
    "base64": (TEXT, b"b!!!"),
    "too large": (TEXT, b"4" + b"x" * 70_000),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = launch(tmp_path_factory.mktemp("sockets") / "instance", RATE_LIMIT_ENABLED="false")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def token(served: Running) -> str:
    person = {"username": "ida", "email": "ida@example.org", "password": "Correct-Horse-7",
              "first_name": "Ida", "last_name": "Berg"}  # fmt: skip
    made = served.api("POST", "/user/sign-up", json=person).json()
    mail = served.mail_to("ida@example.org")
    access: str = made["tokens"]["access_token"]
    verified = served.api("POST", "/user/email/verify", json={"token": mail["data"]["token"]}, token=access)
    assert verified.status_code == 204, verified.text
    logged_in = served.api("POST", "/user/login", json={"login": "ida", "password": "Correct-Horse-7"}).json()
    return str(logged_in["access_token"])


def connect(server: Running, source: str = "127.0.0.1") -> socket.socket:
    place = urlsplit(server.base)
    return socket.create_connection((place.hostname, place.port), WAIT, source_address=(source, 0))


@contextmanager
def websocket_to(server: Running, source: str = "127.0.0.1", sid: str = "") -> Iterator[websocket.WebSocket]:
    url = f"{server.base.replace('http', 'ws')}{PATH}websocket" + (f"&sid={sid}" if sid else "")
    opened = websocket.create_connection(
        url, timeout=WAIT, suppress_origin=True, socket=connect(server, source)
    )
    try:
        yield opened
    finally:
        opened.shutdown()


def request(
    server: Running, method: str, path: str, body: bytes | None = None, source: str = "127.0.0.1"
) -> tuple[int, bytes]:
    place = urlsplit(server.base)
    assert place.hostname
    client = http.client.HTTPConnection(place.hostname, place.port, WAIT, source_address=(source, 0))
    with closing(client):
        client.request(method, path, body)
        answer = client.getresponse()
        return answer.status, answer.read()


def begin_polling(server: Running, source: str = "127.0.0.1") -> str:
    status, body = request(server, "GET", f"{PATH}polling", source=source)
    assert status == 200, body
    return str(json.loads(body[1:])["sid"])


def until_closed(opened: websocket.WebSocket) -> list[bytes]:
    """What came before the end of the stream. Whatever is no frame of WebSocket raises."""
    heard = []
    with suppress(websocket.WebSocketConnectionClosedException, ConnectionError):
        while True:
            opcode, data = opened.recv_data(control_frame=True)
            if opcode == CLOSE:
                break
            heard.append(data)
    return heard


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_frame_ends_its_socket(served: Running, name: str) -> None:
    opcode, data = BROKEN[name]
    with websocket_to(served) as opened:
        assert opened.recv().startswith("0{")
        with suppress(ConnectionError):  # it may be closed while a large one is on its way
            opened.send(data, opcode)
        heard = until_closed(opened)
    assert not any(b"HTTP/" in part for part in heard)
    assert set(heard) <= {b"1"}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_post_is_refused_and_ends_its_session(served: Running, name: str) -> None:
    opcode, data = BROKEN[name]
    if opcode == BINARY:
        data = b"b" + data
    sid = begin_polling(served)
    status, body = request(served, "POST", f"{PATH}polling&sid={sid}", data)
    if status != 200:
        assert status in (400, 413), body
        problem = json.loads(body)
        assert problem["status"] == status
    # What can be read, but not in this state, ends the session too.
    assert eventually(lambda: _is_over(served, sid))


def _is_over(server: Running, sid: str) -> bool:
    status, body = request(server, "GET", f"{PATH}polling&sid={sid}")
    return status == 400 or b"1" in body.split(b"\x1e")


def test_what_a_signed_in_client_breaks_is_an_ack(served: Running, token: str) -> None:
    with websocket_to(served) as opened:
        opened.recv()
        opened.send("40/chat," + json.dumps({"token": token}))
        assert opened.recv().startswith('40/chat,{"sid"')
        for number, event in enumerate(
            (["nope"], ["typing"], ["typing", 7], ["typing", {"chat_id": "x"}], [7], ["connect", {}],
             ["typing", {"chat_id": 10**30}], ["message:send", {"chat_id": 1}], ["sync", {"chats": []}])
        ):  # fmt: skip
            opened.send(f"42/chat,{number}{json.dumps(event)}")
            ack = opened.recv()
            assert ack.startswith(f"43/chat,{number}["), ack
            assert json.loads(ack.partition("[")[2].join("[]")[:-1])[0]["error"]["code"]
        # A second connect is refused, and the first goes on.
        opened.send("40/chat," + json.dumps({"token": token}))
        assert opened.recv().startswith("44/chat,")
        opened.send("40/nowhere,")
        assert opened.recv().startswith("44/nowhere,")
        opened.send('42/chat,99["nope"]')
        assert opened.recv().startswith("43/chat,99[")


def test_a_flood_of_events_is_refused_and_then_ended(served: Running, token: str) -> None:
    with websocket_to(served) as opened:
        opened.recv()
        opened.send("40/chat," + json.dumps({"token": token}))
        opened.recv()
        with suppress(ConnectionError, websocket.WebSocketException):
            for number in range(2_000):
                opened.send(f'42/chat,{number}["nope"]')
        heard = until_closed(opened)
    assert any(b"too_many_requests" in part for part in heard) or len(heard) < 2_000


def _threads(server: Running) -> int:
    """Of the process that serves."""
    counts = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environ = (path / "environ").read_bytes()
            if f"INSTANCE_PATH={server.instance}".encode() in environ:
                status = (path / "status").read_text()
                counts.append(int(status.partition("Threads:")[2].split()[0]))
    return max(counts)


def test_random_packets_by_both_ways_hold_nothing(served: Running) -> None:
    """A bounded search, always the same one: pieces of packets in any order."""
    chance = random.Random(SEED)
    pieces = [b"4", b"2", b"0", b"1", b"3", b"5", b"6", b"/chat", b"/", b",", b"-", b"1", b"[", b"]", b"{", b"}",
              b'"typing"', b'"a"', b":", b"null", b"\x1e", b"\x00", b"\xff", "²".encode(), b"b", b"?", b"9" * 90]  # fmt: skip
    for _ in range(60):
        data = b"".join(chance.choices(pieces, k=chance.randint(0, 8)))
        sid = begin_polling(served)
        status, body = request(served, "POST", f"{PATH}polling&sid={sid}", data)
        assert status in (200, 400), (data, body)
        request(served, "POST", f"{PATH}polling&sid={sid}", b"1")
        with websocket_to(served) as opened:
            opened.recv()
            with suppress(ConnectionError):
                opened.send(data, chance.choice((TEXT, BINARY)))
                opened.send(b"9", TEXT)
            assert not any(b"HTTP/" in part for part in until_closed(opened))
    assert request(served, "GET", "/health")[0] == 200


def test_300_polls_and_sockets_of_one_address_leave_room_for_others(served: Running) -> None:
    before = _threads(served)
    held: list[socket.socket] = []
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + "A" * 22 + "==\r\n"
    upgrade = (
        f"GET {PATH}websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n"
    )
    poll = f"GET {PATH}polling HTTP/1.1\r\nHost: x\r\n\r\n"
    try:
        answers = []
        for number in range(300):
            made = connect(served, "127.0.0.2")
            held.append(made)
            made.sendall((upgrade if number % 2 else poll).encode())
            answers.append(made.recv(12).split()[1])
        assert 1 <= sum(status in (b"101", b"200") for status in answers) <= 10
        assert {b"429"} <= set(answers) <= {b"101", b"200", b"429", b"503"}
        assert _threads(served) < before + 60
        started = time.monotonic()
        assert request(served, "GET", "/health", source="127.0.0.3")[0] == 200
        wrong = {"login": "nobody", "password": "Wrong-Horse-7"}
        assert served.api("POST", "/user/login", json=wrong).status_code == 401
        with websocket_to(served, "127.0.0.3") as opened:
            assert opened.recv().startswith("0{")
        assert time.monotonic() - started < WAIT
    finally:
        for made in held:
            made.close()


def test_posts_that_hang_hold_nothing(served: Running) -> None:
    """110 of them ended `/health` once."""
    answers: list[int] = []

    def post() -> None:
        with suppress(AssertionError):  # one address has few places; the others are refused at once
            sid = begin_polling(served, "127.0.0.4")
            answers.append(request(served, "POST", f"{PATH}polling&sid={sid}", b"9", "127.0.0.4")[0])

    threads = [threading.Thread(target=post) for _ in range(110)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert set(answers) == {400}
    assert request(served, "GET", "/health")[0] == 200


def test_who_never_comes_in_is_shown_out(served: Running) -> None:
    """Silent, half in the middle of a frame, or not reading the goodbye: none of them is waited for."""

    def is_let_in() -> bool:
        made = connect(served, "127.0.0.5")
        with closing(made):
            made.sendall(f"GET {PATH}polling HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            return made.recv(12).split()[1] == b"200"

    silent: list[Any] = []
    with suppress(websocket.WebSocketBadStatusException):
        while len(silent) < 20:
            with websocket_to(served, "127.0.0.5") as opened:
                silent.append(opened.sock.dup())
                opened.sock.sendall(b"\x81\xfe")  # the beginning of a frame
    assert silent
    assert not is_let_in()
    eventually(is_let_in, timeout=40, every=1.0)
    for made in silent:
        made.close()


def test_an_upgrade_that_is_not_finished_is_given_up(served: Running) -> None:
    sid = begin_polling(served, "127.0.0.6")
    with websocket_to(served, "127.0.0.6", sid) as opened:
        opened.send("2probe")
        assert opened.recv() == "3probe"
        with pytest.raises(websocket.WebSocketBadStatusException), websocket_to(served, "127.0.0.6", sid):
            pass
        until_closed(opened)
