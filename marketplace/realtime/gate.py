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
    """WSGI layer that lets at most `limit` WebSockets be open at once; the next one gets 503."""

    def __init__(self, wsgi_app: "WSGIApplication", limit: int) -> None:
        self._wsgi_app = wsgi_app
        self._free = threading.BoundedSemaphore(max(1, limit))

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() != "websocket":
            return self._wsgi_app(environ, start_response)
        if not self._free.acquire(blocking=False):
            return self._refuse(start_response)
        try:
            # The application serves the socket inside this call and returns when it is closed.
            return self._wsgi_app(environ, start_response)
        finally:
            self._free.release()

    @staticmethod
    def _refuse(start_response: "StartResponse") -> Iterable[bytes]:
        body = json.dumps(
            {
                "type": "/api/docs/errors#too_many_sockets",
                "title": "This server has no room for more sockets",
                "status": 503,
                "detail": "Try again in a few seconds; REST goes on meanwhile",
                "code": "too_many_sockets",
                "request_id": None,
            }
        ).encode()
        headers = [
            ("Content-Type", "application/problem+json"),
            ("Content-Length", str(len(body))),
            ("Retry-After", str(RETRY_AFTER_SECONDS)),
        ]
        start_response("503 Service Unavailable", headers)
        return [body]
