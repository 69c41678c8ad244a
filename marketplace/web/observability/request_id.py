"""One id for everything that a request causes: response, logs, errors, Sentry, traces, jobs."""

import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from flask import Flask, has_request_context, request

from marketplace.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "X-Request-ID"
ENVIRON_KEY = "marketplace.request_id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,128}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def accept_request_id(offered: str | None) -> str:
    """The id that the caller sent if it is well formed, else a new UUID."""
    if offered is not None and _ACCEPTED.fullmatch(offered):
        return offered
    return str(uuid.uuid4())


def current_request_id() -> str | None:
    """The id of the current request, job or socket event; None outside one."""
    value = _current.get()
    if value is None and has_request_context():
        # A streamed body and a socket event run after the middleware has returned.
        found: str | None = request.environ.get(ENVIRON_KEY)
        return found
    return value


@contextmanager
def bind_request_id(value: str | None) -> Iterator[str]:
    """Bind an id around a job or a socket event; a missing or malformed one is replaced. Returns the id."""
    request_id = accept_request_id(value)
    token = _current.set(request_id)
    try:
        yield request_id
    finally:
        _current.reset(token)


class RequestIdMiddleware:
    """WSGI layer, so that answers from outside Flask (Socket.IO, overload) carry the id too."""

    def __init__(self, wsgi_app: "WSGIApplication") -> None:
        self._wsgi_app = wsgi_app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with bind_request_id(environ.get("HTTP_X_REQUEST_ID")) as request_id:
            environ[ENVIRON_KEY] = request_id

            def start(status: str, headers: list[tuple[str, str]], exc_info: object = None, /) -> object:
                kept = [(name, value) for name, value in headers if name.lower() != HEADER.lower()]
                kept.append((HEADER, request_id))
                return start_response(status, kept, exc_info)  # type: ignore[arg-type] # passed on unchanged

            return self._wsgi_app(environ, start)  # type: ignore[arg-type] # WSGI's write() is untyped


def init_app(app: Flask, settings: Settings) -> None:  # noqa: ARG001 - one signature for all parts of the web layer
    """Wrap the WSGI application. Call it last, so that it is the outermost layer."""
    app.wsgi_app = RequestIdMiddleware(app.wsgi_app)  # type: ignore[method-assign] # Flask's own way to add WSGI layers
