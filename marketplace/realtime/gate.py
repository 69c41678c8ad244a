"""Keeps threads free for REST: each open WebSocket holds a thread of the server."""

import json
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RESERVED_THREADS = 32
RETRY_AFTER_SECONDS = 5


class WebSocketGate:
    """WSGI layer that lets at most `limit` sockets be open at once; the next one gets 503."""

    def __init__(self, wsgi_app: "WSGIApplication", limit: int) -> None:
        self._wsgi_app = wsgi_app
        self._free = threading.BoundedSemaphore(max(1, limit))

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not _holds_a_thread(environ):
            return self._wsgi_app(environ, start_response)
        if not self._free.acquire(blocking=False):
            return _refuse(environ, start_response)
        try:
            # The application serves the socket inside this call and returns when it is closed.
            return self._wsgi_app(environ, start_response)
        finally:
            self._free.release()


def _holds_a_thread(environ: "WSGIEnvironment") -> bool:
    upgrade: str = environ.get("HTTP_UPGRADE", "")
    path: str = environ.get("PATH_INFO", "")
    # A long poll holds its thread until there is something to say, as a WebSocket does for good.
    polls = environ.get("REQUEST_METHOD") == "GET" and path.startswith("/socket.io/")
    return polls or "websocket" in upgrade.lower()


def _refuse(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    body = json.dumps(
        {
            "type": "/api/docs/errors#too_many_sockets",
            "title": "This server has no room for more sockets",
            "status": 503,
            "detail": "Try again in a few seconds; REST goes on meanwhile",
            "code": "too_many_sockets",
            "request_id": environ.get("marketplace.request_id"),
        }
    ).encode()
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Retry-After", str(RETRY_AFTER_SECONDS)),
    ]
    start_response("503 Service Unavailable", headers)
    return [body]
