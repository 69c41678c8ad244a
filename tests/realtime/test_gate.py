"""How many sockets may be open at once."""

import json
import threading
from collections.abc import Iterable
from typing import Any

import pytest

from marketplace.realtime.gate import WebSocketGate

WAIT = 10
UPGRADE = {"HTTP_UPGRADE": "WebSocket", "REQUEST_METHOD": "GET", "PATH_INFO": "/socket.io/"}
POLL = {"REQUEST_METHOD": "GET", "PATH_INFO": "/socket.io/"}
REST = {"REQUEST_METHOD": "GET", "PATH_INFO": "/health"}


class Held:
    """An application whose sockets stay open until told."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/socket.io/":
            self.entered.release()
            assert self.release.wait(WAIT)
        start_response("200 OK", [])
        return [b"ok"]


def call(gate: WebSocketGate, environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    answer: list[Any] = []
    body = b"".join(gate(dict(environ), lambda status, headers: answer.extend((status, dict(headers)))))
    return answer[0], answer[1], body


@pytest.mark.parametrize("environ", [UPGRADE, POLL])
def test_over_the_limit_is_503_with_retry_after_and_rest_goes_on(environ: dict[str, Any]) -> None:
    app = Held()
    gate = WebSocketGate(app, 3)
    sockets = [threading.Thread(target=call, args=(gate, environ)) for _ in range(3)]
    for socket in sockets:
        socket.start()
        assert app.entered.acquire(timeout=WAIT)
    status, headers, body = call(gate, {**environ, "marketplace.request_id": "r-1"})
    assert status.startswith("503")
    assert int(headers["Retry-After"]) > 0
    assert headers["Content-Type"] == "application/problem+json"
    assert int(headers["Content-Length"]) == len(body)
    problem = json.loads(body)
    assert (problem["status"], problem["code"], problem["request_id"]) == (503, "too_many_sockets", "r-1")
    assert call(gate, REST)[0] == "200 OK"
    app.release.set()
    for socket in sockets:
        socket.join(WAIT)
    assert call(gate, environ)[0] == "200 OK"


@pytest.mark.parametrize("error", [RuntimeError, StopIteration, ConnectionError])
def test_a_place_is_free_again_after_an_error(error: type[Exception]) -> None:
    # StopIteration is how Engine.IO ends a WebSocket under gunicorn.
    def broken(_environ: object, _start_response: object) -> Iterable[bytes]:
        raise error

    gate = WebSocketGate(broken, 1)
    for _ in range(3):
        with pytest.raises(error):
            call(gate, UPGRADE)


@pytest.mark.parametrize("limit", [-5, 0, 1])
def test_one_socket_is_always_let_in(limit: int) -> None:
    app = Held()
    app.release.set()
    assert call(WebSocketGate(app, limit), UPGRADE)[0] == "200 OK"
