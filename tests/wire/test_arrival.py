"""When a request has arrived: told byte by byte or at once, and as gunicorn's parser sees it."""

import io
from itertools import pairwise

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from hypothesis import given, settings, strategies as st

from marketplace.web.server.arrival import MAX_HEAD, Arrival, BodyLimits, Stage
from marketplace.web.server.checks import check_request

LIMITS = BodyLimits(form=5_000, other=100)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def post(*headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", "Host: x", *headers, "", ""]).encode() + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", size: str = "{:x}") -> bytes:
    return b"".join(size.format(len(chunk)).encode() + b"\r\n" + chunk + b"\r\n" for chunk in chunks) + end


CHUNKED = "Transfer-Encoding: chunked"

# What was sent, whether the next request can follow, whether it is more than is taken.
READY = [
    (GET, True, False),
    (b"\r\n" + GET, True, False),
    (b"OPTIONS * HTTP/1.0\r\n\r\n", True, False),
    (post("Content-Length: 0"), True, False),
    (post("Content-Length: 5", body=b"hello"), True, False),
    (post("content-length:\t5 ", body=b"hello"), True, False),
    (post("Content-Length: 100", body=b"a" * 100), True, False),
    (post("Content-Length: 101"), False, True),
    (post("Content-Length: 101", "Content-Type: Multipart/Form-Data; boundary=x", body=b"a" * 101), True, False),
    (post("Content-Length: 5001", "Content-Type: multipart/form-data; boundary=x"), False, True),
    (post("Content-Length: " + "9" * 5_000), False, True),
    (post(CHUNKED, body=chunked(b"hello", b"you")), True, False),
    (post("TRANSFER-ENCODING: Chunked", body=chunked(b"a" * 100, size="{:06X}")), True, False),
    (post(CHUNKED, body=chunked(b"\r\n0\r\n\r\n")), True, False),
    (post(CHUNKED, body=chunked(b"a" * 60, b"a" * 41, end=b"")), False, True),
    (post(CHUNKED, body=b"65\r\n"), False, True),
    (post(CHUNKED, body=b"fffffffffffffff\r\n"), False, True),
    (post(CHUNKED, body=b"1\r\na\r\n0;a=b\r\n\r\n"), False, False),
    (post(CHUNKED, body=b"1\r\na\r\n0\r\nX-Trailer: b\r\n\r\n"), False, False),
]  # fmt: skip

# What the parser refuses, which is not waited for.
REFUSED = [
    b"GET / HTTP/1.1\nHost: x\n\n",
    b"GET /" + b"a" * 8_200,
    b"\r\n\r\n",
    post("Content-Length: 5", "Content-Length: 5"),
    post("Content-Length: 5", CHUNKED),
    post("Content-Length: 5", "Expect: gold"),
    post("Content-Length: +5"),
    post("Content-Length: 5_0"),
    post("Content-Length: 0x5"),
    post("Content-Length: 5, 5"),
    post("Content-Length: "),
    post("Content-Length: \u0665"),
    post(CHUNKED, CHUNKED),
    post("Transfer-Encoding: gzip, chunked"),
    post("Transfer-Encoding: chunked, identity"),
    post("Transfer-Encoding: identity"),
    post("Transfer-Encoding: xchunked"),
    post(CHUNKED, body=b"g\r\n"),
    post(CHUNKED, body=b"-1\r\n"),
    post(CHUNKED, body=b"+1\r\n"),
    post(CHUNKED, body=b"0x1\r\n"),
    post(CHUNKED, body=b"1_0\r\n"),
    post(CHUNKED, body=b" 1\r\n"),
    post(CHUNKED, body=b"\r\n"),
    post(CHUNKED, body=b"1\nab"),
    post(CHUNKED, body=b"1\r\nabc\n"),
    post(CHUNKED, body=b"1" * 9_000),
    post(CHUNKED, body=b"11111111111111111\r\n"),
]


def parts_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


def arrive(parts: list[bytes]) -> Arrival:
    """Feeds the parts up to the one that makes it ready."""
    arrival = Arrival(LIMITS)
    for part in parts:
        if arrival.stage is Stage.READY:
            break
        arrival.feed(part)
    return arrival


def is_refused(arrival: Arrival) -> bool:
    """By the parser, or by what we check after it."""
    try:
        request = next(RequestParser(Config(), iter(arrival.pieces), ("127.0.0.1", 1)))
        check_request(request)
        request.body.read()
    except (ParseException, NoMoreData):
        return True
    return False


@pytest.mark.parametrize(("data", "is_whole", "is_too_large"), READY)
def test_a_request_is_ready(data: bytes, is_whole: bool, is_too_large: bool) -> None:
    arrival = arrive([data])
    assert (arrival.stage, arrival.is_whole, arrival.is_too_large) == (Stage.READY, is_whole, is_too_large)
    assert b"".join(arrival.pieces) == data
    single = arrive([data[at : at + 1] for at in range(len(data))])
    assert (single.stage, single.is_whole, single.is_too_large) == (Stage.READY, is_whole, is_too_large)
    assert data.startswith(b"".join(single.pieces))
    if is_whole:
        assert b"".join(single.pieces) == data
        # And not a byte earlier.
        assert arrive([data[:-1]]).stage is not Stage.READY


@pytest.mark.parametrize("data", REFUSED)
def test_what_the_parser_refuses_is_not_waited_for(data: bytes) -> None:
    for parts in ([data], [data[at : at + 1] for at in range(len(data))]):
        arrival = arrive(parts)
        assert arrival.stage is Stage.READY
        assert not (arrival.is_whole and data != b"\r\n\r\n")
        assert is_refused(arrival)


@settings(deadline=None, max_examples=300)
@given(
    bodies=st.lists(st.lists(st.binary(min_size=1, max_size=30), max_size=3), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 10_000), max_size=6),
)
def test_the_end_is_where_the_parser_sees_it(bodies: list[list[bytes]], cuts: list[int]) -> None:
    """Requests behind each other, cut anywhere: none is begun too early, and none of the next is lost."""
    requests = [post(CHUNKED, body=chunked(*body)) if body else GET for body in bodies]
    parts = parts_of(b"".join(requests), cuts)
    found = []
    arrival = Arrival(LIMITS)
    for part in parts:
        rest = part
        while rest:
            arrival.feed(rest)
            rest = b""
            if arrival.stage is Stage.READY:
                assert arrival.is_whole
                source = io.BytesIO(b"".join(arrival.pieces))
                parser = RequestParser(Config(), iter(lambda source=source: source.read(7), b""), ("::1", 1))
                found.append(next(parser).body.read())
                rest = parser.unreader.take_buffered() + source.read()
                arrival = Arrival(LIMITS)
    assert found == [b"".join(body) for body in bodies]
    assert not arrival.has_begun


def test_a_head_without_end_is_refused() -> None:
    arrival = Arrival(LIMITS)
    arrival.feed(b"GET / HTTP/1.1\r\n")
    line = b"X-A: " + b"a" * 120 + b"\r\n"
    while arrival.size + len(line) <= MAX_HEAD:
        arrival.feed(line)
    with pytest.raises(LimitRequestHeaders):
        arrival.feed(line)


def test_a_body_that_is_mere_framing_is_given_up() -> None:
    arrival = Arrival(BodyLimits(form=10_000_000, other=10_000_000))
    arrival.feed(post(CHUNKED))
    while arrival.stage is Stage.BODY:
        arrival.feed(chunked(*[b"a"] * 1_000, end=b""))
    assert arrival.is_too_large
    assert arrival.size < 2 * MAX_HEAD


def test_a_body_in_many_chunks_of_a_line_each_is_taken() -> None:
    arrival = Arrival(BodyLimits(form=10_000_000, other=10_000_000))
    arrival.feed(post(CHUNKED))
    for _ in range(100):
        arrival.feed(chunked(*[b"a" * 64] * 1_000, end=b""))
    assert arrival.stage is Stage.BODY
    arrival.feed(chunked())
    assert arrival.is_whole
    assert not arrival.is_too_large


@pytest.mark.parametrize(
    ("data", "wants"),
    [
        (post("Content-Length: 5", "Expect: 100-Continue"), True),
        (post(CHUNKED, "Expect: 100-continue"), True),
        (post("Content-Length: 5", "Expect: 100-continue", body=b"h"), False),
        (post("Content-Length: 0", "Expect: 100-continue"), False),
        (post("Content-Length: 101", "Expect: 100-continue"), False),
        (b"POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", False),
        (post("Content-Length: 5"), False),
    ],
)
def test_who_waits_for_100_continue(data: bytes, wants: bool) -> None:
    assert arrive([data]).wants_continue is wants


def test_empty_lines_begin_nothing() -> None:
    arrival = Arrival(LIMITS)
    arrival.feed(b"\r\n")
    assert not arrival.has_begun
    arrival.feed(b"G")
    assert arrival.has_begun
