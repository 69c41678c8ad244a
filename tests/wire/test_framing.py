"""What is read is what was sent, and the connection says what it does."""

import hashlib

import pytest

from tests.wire import FORM_LIMIT, OTHER_LIMIT
from tests.wire.conftest import Wire
from tests.wire.test_arrival import CHUNKED, chunked, post

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: http://x\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: me@x\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: x:70000\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: x:y\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: x<script>\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nHost: m\xc3\xbcnchen\r\n\r\n", 400, "malformed_request"),
        (b"GET http://me@evil/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
        (b"GET ftp://evil/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
        (b"GET http:///x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
        (b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
        (b"GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
        (post("Content-Length: 3", CHUNKED, body=chunked(b"abc")), 400, "malformed_request"),
        (post(CHUNKED, "Content-Length: 3", body=chunked(b"abc")), 400, "malformed_request"),
        (post("Content-Length: 3", "Content-Length: 3", body=b"abc"), 400, "malformed_request"),
        (post("Content-Length: 3", "Content-Length: 4", body=b"abcd"), 400, "malformed_request"),
        (post("Content-Length: -3", body=b"abc"), 400, "malformed_request"),
        (post("Content-Length: 3abc", body=b"abc"), 400, "malformed_request"),
        (post("Transfer-Encoding: gzip, chunked", body=chunked(b"abc")), 501, "http_error"),
        (post("Transfer-Encoding: identity, chunked", body=chunked(b"abc")), 501, "http_error"),
        (post("Transfer-Encoding: xchunked", body=chunked(b"abc")), 501, "http_error"),
        (post("Transfer-Encoding: identity", body=b"abc"), 400, "malformed_request"),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"abc"), 400, "malformed_request"),
        (post(CHUNKED, body=b"g\r\nabc\r\n0\r\n\r\n"), 400, "malformed_request"),
        (post(CHUNKED, body=b"3\r\nabcd\r\n0\r\n\r\n"), 400, "malformed_request"),
        (post(CHUNKED, body=b"3\nabc\n0\n\n"), 400, "malformed_request"),
        (post(CHUNKED, body=b"3;=\r\nabc\r\n0\r\n\r\n"), 400, "malformed_request"),
        (post(CHUNKED, body=b"3\r\nabc\r\n0\r\nHost: y\r\n\r\n"), 400, "malformed_request"),
        (b"X" * 70_000, 414, "uri_too_long"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20_000, 431, "headers_too_large"),
    ],
)  # fmt: skip
def test_what_is_refused(wire: Wire, data: bytes, status: int, code: str) -> None:
    with wire.client() as client:
        answer = client.ask(data + GET)
        assert (answer.status, answer.json["code"]) == (status, code)
        assert answer.headers["connection"] == "close"
        assert answer.json["request_id"] == answer.headers["x-request-id"]
        assert client.ended()


@pytest.mark.parametrize(
    ("data", "host"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "x"),
        (b"GET / HTTP/1.1\r\nhost: api.example.org:8000\r\n\r\n", "api.example.org:8000"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "127.0.0.1"),
        (b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "[::1]:80"),
        (b"GET / HTTP/1.1\r\nHost: api_1.internal.\r\n\r\n", "api_1.internal."),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", None),
        # RFC 9112, 3.2.2: the host of an absolute address, whatever Host says.
        (b"GET http://y:81/ HTTP/1.1\r\nHost: x\r\n\r\n", "y:81"),
        (b"GET HTTP://y HTTP/1.1\r\nHost: x\r\n\r\n", "y"),
    ],
)
def test_which_hosts_are_taken(wire: Wire, data: bytes, host: str | None) -> None:
    answer = wire.ask(data)
    assert (answer.status, answer.json["host"], answer.json["path"]) == (200, host, "/")
    assert answer.headers["connection"] == "keep-alive"


@pytest.mark.parametrize(
    "data",
    [
        post("Content-Length: 3", body=b"abc"),
        post("Content-Length: 3", "Expect: 100-continue", body=b"abc"),
        post(CHUNKED, body=chunked(b"a", b"bc")),
        post(CHUNKED, body=b"3;name=value\r\nabc\r\n0\r\n\r\n"),
        post(CHUNKED, body=b"3\r\nabc\r\n0\r\nX-Trailer: a\r\n\r\n"),
    ],
)
def test_how_bodies_may_come(wire: Wire, data: bytes) -> None:
    """At once, and byte by byte; what follows behind is the next request."""
    for parts in ([data + GET], [data[at : at + 1] for at in range(len(data))]):
        with wire.client() as client:
            for part in parts:
                client.send(part)
            answer = client.answer()
            assert (answer.status, answer.json["sha"]) == (200, hashlib.sha256(b"abc").hexdigest())
            if answer.headers["connection"] == "close":
                assert client.ended()
            elif len(parts) == 1:
                assert client.answer().json["method"] == "GET"
            else:
                assert client.ask(GET).json["method"] == "GET"


def test_many_requests_behind_each_other(wire: Wire) -> None:
    with wire.client() as client:
        client.send(b"".join(post("Content-Length: 9", body=b"%09d" % number) for number in range(200)))
        for number in range(200):
            assert client.answer().json["sha"] == hashlib.sha256(b"%09d" % number).hexdigest()


@pytest.mark.parametrize(
    "lines",
    [("Connection: close",), ("Connection: Upgrade, Close",), ("Connection: x", "Connection: a,\tclose ,b")],
)
def test_close_is_heard_among_other_options(wire: Wire, lines: tuple[str, ...]) -> None:
    with wire.client() as client:
        answer = client.ask("\r\n".join(("GET / HTTP/1.1", "Host: a", *lines, "", "")).encode())
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert client.ended()


def test_the_server_says_when_to_go_on(wire: Wire) -> None:
    with wire.client() as client:
        client.send(post("Content-Length: 3", "Expect: 100-continue"))
        assert client.stream.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert client.stream.readline() == b"\r\n"
        answer = client.ask(b"abc")
        assert (answer.status, answer.json["length"]) == (200, 3)
        # Nobody is asked to send what will be refused.
        too_large = client.ask(post(f"Content-Length: {OTHER_LIMIT + 1}", "Expect: 100-continue"))
        assert too_large.status == 413
        assert client.ended()


FORM = "Content-Type: multipart/form-data; boundary=x"


def test_a_large_body_arrives_whole(wire: Wire) -> None:
    body = bytes(range(256)) * (FORM_LIMIT // 256)
    sha = hashlib.sha256(body).hexdigest()
    with wire.client() as client:
        assert client.ask(post(FORM, f"Content-Length: {len(body)}", body=body)).json["sha"] == sha
        pieces = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
        assert client.ask(post(FORM, CHUNKED, body=chunked(*pieces))).json["sha"] == sha


@pytest.mark.parametrize(
    "data",
    [
        post(f"Content-Length: {OTHER_LIMIT + 1}", body=b"a" * (OTHER_LIMIT + 1)),
        post(f"Content-Length: {20_000_000}", body=b"a" * 20_000_000),
        post(CHUNKED, body=chunked(b"a" * OTHER_LIMIT, b"a")),
        post(CHUNKED, body=chunked(*[b"a" * 1_000_000] * 20)),
        post(FORM, f"Content-Length: {20_000_000}", body=b"a" * 20_000_000),
        post(FORM, CHUNKED, body=chunked(b"a" * FORM_LIMIT, b"a")),
        post(FORM, CHUNKED, body=chunked(*[b"a" * 1_000_000] * 20)),
    ],
    ids=["length", "20 MB", "chunked", "20 MB chunked", "form of 20 MB", "chunked form", "20 MB chunked form"],
)  # fmt: skip
def test_a_body_past_the_limit_is_413_and_read_by_the_client(wire: Wire, data: bytes) -> None:
    """The client sends all before it looks for an answer, as many do."""
    with wire.client() as client:
        answer = client.ask(data)
        assert (answer.status, answer.json["code"]) == (413, "too_large")
        assert answer.headers["connection"] == "close"
        assert client.ended()


def test_a_refusal_that_reads_no_body(wire: Wire) -> None:
    """The connection goes on where all has come, and says so where it ends."""
    with wire.client() as client:
        answer = client.ask(post("Content-Length: 3", body=b"abc").replace(b"POST /", b"POST /unread"))
        assert answer.headers["connection"] == "keep-alive"
        answer = client.ask(post(CHUNKED, body=chunked(b"abc")).replace(b"POST /", b"POST /unread"))
        assert answer.headers["connection"] == "keep-alive"
        data = post(f"Content-Length: {10_000_000}", body=b"a" * 10_000_000)
        answer = client.ask(data.replace(b"POST /", b"POST /unread"))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert client.ended()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        post("Content-Length: 10", body=b"abc"),
        post(CHUNKED, body=b"3\r\nabc\r\n"),
        post(CHUNKED, body=b"3\r\nabc\r\n0\r\n"),
        post(CHUNKED, body=b"3\r\nab"),
    ],
)
def test_a_request_that_is_cut_is_refused(wire: Wire, data: bytes) -> None:
    with wire.client() as client:
        client.send(data)
        client.socket.shutdown(1)
        answer = client.answer()
        assert (answer.status, answer.json["code"]) == (400, "malformed_request")
        assert client.ended()


def test_headers_of_proxies_change_nothing(wire: Wire) -> None:
    answer = wire.ask(
        b"GET /a HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /x\r\nScript-Name: /x\r\nPATH_INFO: /b\r\nREMOTE_USER: me\r\n"
        b"X-Forwarded-Proto: https\r\nX-Forwarded-SSL: on\r\nX-Forwarded-Protocol: ssl\r\n\r\n"
    )
    assert answer.status == 200
    assert (answer.json["script"], answer.json["path"], answer.json["scheme"]) == ("", "/a", "http")


def test_head_has_no_body(wire: Wire) -> None:
    with wire.client() as client:
        for data, status in (
            (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            (b"HEAD /big/100000 HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            (b"HEAD /stream/100000 HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            (b"HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ):
            client.send(data)
            answer = client.answer(is_head=True)
            assert answer.status == status
        assert int(answer.headers["content-length"]) > 0
        assert client.ended()


@pytest.mark.parametrize("path", ["big", "stream"])
def test_long_answers(wire: Wire, path: str) -> None:
    with wire.client() as client:
        for size in (0, 1, 60_000, 7_000_000):
            answer = client.ask(f"GET /{path}/{size} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert len(answer.body) == size
            assert answer.headers["connection"] == "keep-alive"
