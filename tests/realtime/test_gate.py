"""The door of /socket.io/: who may hold how much, and what is refused before Engine.IO sees it."""

import ast
import inspect
import json
import threading
from base64 import b64encode
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest

from marketplace.realtime import admission as admission_module, gate as gate_module
from marketplace.realtime.admission import SESSION, Admission, Bucket, Shares, SocketLimitReached, divide
from marketplace.realtime.gate import HANDSHAKES_A_MINUTE, SocketGate
from marketplace.web.problem_kinds import get_kind

WAIT = 10
KEY = b64encode(b"x" * 16).decode()
MAX = 1_000
POLL = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/socket.io/",
    "QUERY_STRING": "EIO=4&transport=polling",
    "REMOTE_ADDR": "10.0.0.1",
}
UPGRADE = {
    **POLL,
    "QUERY_STRING": "EIO=4&transport=websocket",
    "HTTP_UPGRADE": "WebSocket",
    "HTTP_CONNECTION": "keep-alive, Upgrade",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": KEY,
}
REST = {"REQUEST_METHOD": "GET", "PATH_INFO": "/health"}


class Held:
    """An Engine.IO whose requests stay until told; it names each session."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()
        self.count = 0
        self.bodies: list[bytes] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/socket.io/"):
            if environ["REQUEST_METHOD"] == "POST":
                self.bodies.append(environ["wsgi.input"].read())
            elif "sid=" not in environ["QUERY_STRING"]:
                self.count += 1
                self.admission.bind(environ[SESSION], f"s{self.count}")
            self.entered.release()
            assert self.release.wait(WAIT)
        start_response("200 OK", [])
        return [b"ok"]


class World:
    def __init__(self, shares: Shares) -> None:
        self.admission = Admission(shares)
        self.app = Held(self.admission)
        self.hung_up: list[str] = []
        self.counted: tuple[int, float] | None = None
        self.gate = SocketGate(
            self.app,
            self.admission,
            max_payload=MAX,
            hang_up=self.hung_up.append,
            network=lambda address: address,
            count=lambda _address, _seconds: self.counted,
        )
        self.threads: list[threading.Thread] = []

    def call(self, environ: dict[str, Any], **more: Any) -> tuple[str, dict[str, str], bytes]:
        answer: list[Any] = []
        given = {**environ, **more}
        parts = self.gate(given, lambda status, headers: answer.extend((status, dict(headers))))
        return answer[0], answer[1], b"".join(parts)

    def hold(self, environ: dict[str, Any], **more: Any) -> None:
        """As `call`, in a thread that stays inside."""
        thread = threading.Thread(target=self.call, args=(environ,), kwargs=more)
        thread.start()
        self.threads.append(thread)
        assert self.app.entered.acquire(timeout=WAIT)

    def end(self) -> None:
        self.app.release.set()
        for thread in self.threads:
            thread.join(WAIT)

    def refused(self, environ: dict[str, Any], **more: Any) -> tuple[int, str]:
        status, headers, body = self.call(environ, **more)
        problem = json.loads(body)
        assert headers["Content-Type"] == "application/problem+json"
        assert int(headers["Content-Length"]) == len(body)
        assert status.startswith(f"{problem['status']} ")
        if problem["status"] in (429, 503):
            assert int(headers["Retry-After"]) > 0
        return problem["status"], problem["code"]


WIDE = Shares(places=20, sessions=20, per_address=20, anonymous=20, anonymous_per_address=20)


@pytest.fixture
def world() -> Iterable[World]:
    made = World(WIDE)
    yield made
    made.end()


@pytest.mark.parametrize("environ", [UPGRADE, POLL])
def test_over_the_limit_is_503_with_retry_after_and_rest_goes_on(environ: dict[str, Any]) -> None:
    world = World(Shares(places=3, sessions=3, per_address=9, anonymous=9, anonymous_per_address=9))
    for _ in range(3):
        world.hold(environ)
    assert world.refused(environ) == (503, "too_many_sockets")
    assert world.call(REST)[0] == "200 OK"
    world.end()
    if environ is UPGRADE:
        assert world.call(environ)[0] == "200 OK"


def test_one_address_leaves_room_for_others(world: World) -> None:
    world.admission._shares = Shares(
        places=20, sessions=20, per_address=4, anonymous=20, anonymous_per_address=3
    )
    for _ in range(3):
        world.hold(UPGRADE)
    assert world.refused(UPGRADE) == (429, "socket_limit_reached")
    # Who is signed in counts no longer as a stranger.
    for session in world.admission.sessions():
        world.admission.join(session, 7)
    world.hold(UPGRADE)
    assert world.refused(UPGRADE) == (429, "socket_limit_reached")
    world.hold(UPGRADE, REMOTE_ADDR="10.0.0.2")


def test_strangers_leave_room_for_those_who_come_in(world: World) -> None:
    world.admission._shares = Shares(
        places=20, sessions=20, per_address=20, anonymous=2, anonymous_per_address=20
    )
    for number in range(2):
        world.hold(UPGRADE, REMOTE_ADDR=f"10.0.0.{number}")
    assert world.refused(UPGRADE, REMOTE_ADDR="10.0.0.9") == (503, "too_many_sockets")
    world.admission.join(world.admission.sessions()[0], 7)
    world.hold(UPGRADE, REMOTE_ADDR="10.0.0.9")


def test_one_user_has_a_limit_wherever_the_sockets_come_from() -> None:
    admission = Admission(divide(68, per_user=2))
    sessions = [admission.open(f"10.0.0.{number}") for number in range(3)]
    admission.join(sessions[0], 7)
    admission.join(sessions[1], 7)
    admission.join(sessions[1], 7)
    with pytest.raises(SocketLimitReached):
        admission.join(sessions[2], 7)
    admission.end(sessions[0])
    admission.join(sessions[2], 7)


@pytest.mark.parametrize("places", [-5, 0, 1, 2, 68, 968])
def test_the_room_is_divided_so_that_somebody_can_always_come_in(places: int) -> None:
    shares = divide(places)
    assert 1 <= shares.sessions <= shares.places
    assert min(shares.per_address, shares.anonymous, shares.anonymous_per_address) >= 1
    if places > 10:
        assert shares.per_address <= shares.sessions // 2
        assert shares.anonymous_per_address < shares.per_address
        assert shares.sessions < shares.places


def test_handshakes_of_an_address_are_counted(world: World) -> None:
    world.counted = (HANDSHAKES_A_MINUTE, 30.2)
    world.hold(UPGRADE)
    world.counted = (HANDSHAKES_A_MINUTE + 1, 30.2)
    assert world.call(UPGRADE)[1]["Retry-After"] == "31"
    assert world.refused(UPGRADE) == (429, "too_many_requests")


def begin(world: World) -> dict[str, Any]:
    """The handshake of a polling session; what its further requests have."""
    world.app.release.set()
    assert world.call(POLL)[0] == "200 OK"
    world.app.release.clear()
    assert world.app.entered.acquire(timeout=WAIT)
    return {**POLL, "QUERY_STRING": f"EIO=4&transport=polling&sid=s{world.app.count}"}


def test_one_request_of_a_kind_at_a_time(world: World) -> None:
    session = begin(world)
    world.hold(session)
    assert world.refused(session) == (400, "overlapping_requests")
    assert world.hung_up == ["s1"]


def test_a_session_counts_until_its_last_request_has_left(world: World) -> None:
    session = begin(world)
    world.hold(session)
    found = world.admission.find("s1")
    assert found is not None
    world.admission.end(found)
    assert world.refused(session) == (400, "unknown_socket")
    assert world.admission.sessions() == [found]
    world.end()
    assert world.admission.sessions() == []


@pytest.mark.parametrize("error", [RuntimeError, StopIteration, ConnectionError])
def test_a_place_is_free_again_after_an_error(error: type[Exception]) -> None:
    # StopIteration is how Engine.IO ends a WebSocket under gunicorn.
    def broken(_environ: object, _start_response: object) -> Iterable[bytes]:
        raise error

    world = World(Shares(places=1, sessions=1, per_address=1, anonymous=1, anonymous_per_address=1))
    world.gate._wsgi_app = broken
    for _ in range(3):
        with pytest.raises(error):
            world.call(UPGRADE)
    assert world.admission.sessions() == []


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "an unknown type": (b"9", 400),
    "the server's own open": (b"0{}", 400),
    "a ping": (b"2", 400),
    "an upgrade": (b"5", 400),
    "a noop": (b"6", 400),
    "a pong with words": (b"3probe", 400),
    "bad base64": (b"b!!!", 400),
    "good base64": (b"bAAAA", 400),
    "no UTF-8": (b"4\xff", 400),
    "JSONP": (b"d=42%5B%5D", 400),
    "too large": (b"4" + b"x" * MAX, 413),
    "too many packets": (b"\x1e".join([b"3"] * 17), 400),
    "an empty packet between": (b"3\x1e\x1e3", 400),
    "an empty message": (b"4", 400),
    "JSON that is no packet": (b'4{"a":1}', 400),
    "null": (b"4null", 400),
    "a type of Socket.IO that there is not": (b"49", 400),
    "an event that is an object": (b'42/chat,{"a":1}', 400),
    "an event without a name": (b"42/chat,[]", 400),
    "an event that breaks off": (b'42/chat,7["echo",{', 400),
    "depth": (b"42/chat," + b"[" * 900, 400),
    "a number without end": (b"42/chat,[" + b"9" * 900 + b"]", 400),
    "an id without end": (b"42/chat," + b"9" * 101 + b'["echo"]', 400),
    "an attachment that is announced": (b'451-/chat,["echo",{"_placeholder":true,"num":0}]', 400),
    "an answer that nobody asked for": (b"43/chat,1[]", 400),
    "a refusal of the server": (b'44/chat,{"message":"x"}', 400),
    "superscript": ("4²".encode(), 400),
    "an event": (b'42/chat,1["echo",{"text":"a"}]', 200),
    "a connect": (b'40/chat,{"token":"a"}', 200),
    "several": (b'3\x1e40/chat,{"token":"a"}\x1e42/chat,["echo"]', 200),
    "a close": (b"1", 200),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_post_is_understood_or_refused_and_ends_its_session(world: World, name: str) -> None:
    body, expected = BODIES[name]
    session = begin(world)
    world.app.release.set()
    post = {
        **session,
        "REQUEST_METHOD": "POST",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    if expected == 200:
        assert world.call(post)[0] == "200 OK"
        assert world.app.bodies == [body]
        assert world.hung_up == []
    else:
        assert world.refused(post)[0] == expected
        assert world.app.bodies == []
        assert world.hung_up == ["s1"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"CONTENT_LENGTH": ""}, 411),
        ({}, 411),
        ({"CONTENT_LENGTH": "-1"}, 411),
        ({"CONTENT_LENGTH": "²"}, 411),
        ({"CONTENT_LENGTH": "7", "wsgi.input": BytesIO(b"3")}, 400),
    ],
)
def test_a_body_has_the_length_that_it_says(world: World, more: dict[str, Any], status: int) -> None:
    session = begin(world)
    assert world.refused({**session, "REQUEST_METHOD": "POST", **more})[0] == status
    assert world.hung_up == ["s1"]


def test_a_session_that_sends_too_much_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    session = begin(world)
    world.app.release.set()
    found = world.admission.find("s1")
    assert found is not None
    found.frames = Bucket(3, 0)
    post = {**session, "REQUEST_METHOD": "POST", "CONTENT_LENGTH": "3"}
    assert world.call(post, **{"wsgi.input": BytesIO(b"3\x1e3")})[0] == "200 OK"
    assert world.refused(post, **{"wsgi.input": BytesIO(b"3\x1e3")}) == (429, "too_many_requests")
    assert world.hung_up == ["s1"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"REQUEST_METHOD": "PUT"}, 405),
        ({"REQUEST_METHOD": "HEAD"}, 405),
        ({"REQUEST_METHOD": "POST"}, 400),
        ({"QUERY_STRING": "EIO=4&transport=polling&j=0"}, 400),
        ({"QUERY_STRING": "EIO=4&transport=websocket"}, 400),
        ({"QUERY_STRING": "EIO=4&transport=polling&sid=nobody"}, 400),
        ({"QUERY_STRING": "EIO=4&transport=polling&sid=a&sid=b"}, 400),
        ({"QUERY_STRING": "&".join(f"a{n}=1" for n in range(11))}, 400),
    ],
)
def test_requests_that_no_client_makes(world: World, change: dict[str, str], status: int) -> None:
    assert world.refused({**POLL, **change})[0] == status
    assert world.admission.sessions() == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"QUERY_STRING": "EIO=4&transport=polling"}, 400),
        ({"HTTP_CONNECTION": "keep-alive"}, 400),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "8"}, 426),
        ({"HTTP_SEC_WEBSOCKET_KEY": ""}, 400),
        ({"HTTP_SEC_WEBSOCKET_KEY": "é"}, 400),
        ({"HTTP_SEC_WEBSOCKET_KEY": "AAAA"}, 400),
        ({"CONTENT_LENGTH": "5"}, 400),
        ({"REQUEST_METHOD": "POST"}, 400),
    ],
)
def test_handshakes_that_are_none(world: World, change: dict[str, str], status: int) -> None:
    assert world.refused({**UPGRADE, **change})[0] == status
    assert world.admission.sessions() == []


@pytest.mark.parametrize(
    ("host", "base"), [("localhost:5000", "http://localhost:5000"), ("evil.example", "")]
)
def test_a_refusal_says_where_its_code_is_explained(world: World, host: str, base: str) -> None:
    change = {"HTTP_SEC_WEBSOCKET_VERSION": "12", "HTTP_HOST": host, "wsgi.url_scheme": "http"}
    body = json.loads(world.call({**UPGRADE, **change})[2])
    assert body["type"] == f"{base}/api/docs/errors/{body['code']}"


def test_a_preflight_costs_nothing(world: World) -> None:
    world.app.release.set()
    assert world.call({**POLL, "REQUEST_METHOD": "OPTIONS", "QUERY_STRING": "sid="})[0] == "200 OK"


def test_a_bucket_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(admission_module, "monotonic", lambda: now[0])
    bucket = Bucket(2, 4)
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now[0] += 0.25
    assert [bucket.take(), bucket.take()] == [True, False]
    now[0] += 60
    assert [bucket.take() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("module", [gate_module, admission_module])
def test_status_and_title_are_those_of_the_code(module: Any) -> None:
    """The table of problems stands in the web layer, which this one does not see."""
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused"
    ]
    assert calls
    for call in calls:
        status, code, title = (eval(ast.unparse(one), vars(module)) for one in call.args[:3])
        kind = get_kind(code)
        assert (status, title) == (kind.status, kind.title)
