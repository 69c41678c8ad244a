"""What a thread does for a connection in one turn, and what it leaves to gunicorn."""

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import message
from gunicorn.http.errors import NoMoreData

from marketplace.web.server import worker
from marketplace.web.server.arrival import BodyLimits
from marketplace.web.server.connection import Connection
from tests.wire.conftest import Wire
from tests.wire.test_arrival import CHUNKED, chunked, post

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
MANY = 3 * worker.REQUESTS_A_TURN + 1


def test_one_after_the_other(wire: Wire) -> None:
    """Each at once after the answer to the one before, so that the thread waits for it."""
    with wire.client() as client:
        assert [client.ask(GET).status for _ in range(MANY)] == [200] * MANY


def test_all_at_once(wire: Wire) -> None:
    with wire.client() as client:
        paths = [f"/{number}" for number in range(MANY)]
        client.send(b"".join(GET.replace(b"/ ", f"{path} ".encode(), 1) for path in paths))
        assert [client.answer().json["path"] for _ in paths] == paths


def test_prompt_clients_leave_threads_for_others(wire: Wire) -> None:
    """As many as there are threads (4), all of which may be waited for."""
    with ExitStack() as stack:
        clients = [stack.enter_context(wire.client()) for _ in range(4)]
        for _ in range(20):
            for client in clients:
                client.send(GET)
            assert [client.answer().status for client in clients] == [200] * 4
            wire.health()


def test_after_head_a_refusal_has_its_body(wire: Wire) -> None:
    with wire.client() as client:
        client.send(GET.replace(b"GET", b"HEAD") + b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000)
        assert client.answer(is_head=True).status == 200
        assert client.answer().json["code"] == "headers_too_large"


class _Taken(Exception):
    """The parser in C was asked."""


@pytest.fixture
def with_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if gunicorn_h1c were installed."""

    def take(*_: object) -> None:
        raise _Taken

    monkeypatch.setattr(message, "_check_fast_parser", lambda _: True)
    monkeypatch.setattr(message.Request, "_parse_fast", take)


def _read(data: bytes) -> Any:
    connection = Connection(Config(), SimpleNamespace(), ("127.0.0.1", 1), ("x", 1), BodyLimits(100, 100))
    connection.arrival.feed(data)
    return next(connection.parser)


@pytest.mark.usefixtures("with_c")
def test_the_parser_in_c_reads_heads_without_a_body() -> None:
    with pytest.raises(_Taken):
        _read(GET)
    for data in (post("Content-Length: 3", body=b"abc"), post(CHUNKED, body=chunked(b"abc"))):
        assert _read(data).method == "POST"
    with pytest.raises(message.UnsupportedTransferCoding):
        _read(post("Transfer-Encoding: xchunked", body=chunked(b"abc")))
    with pytest.raises((message.LimitRequestLine, NoMoreData)):
        _read(b"X" * 70_000)
