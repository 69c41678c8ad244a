"""Flask without what nobody uses here, and each request would pay for."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SessionInterface
from werkzeug.routing import RequestRedirect

from marketplace.database import deadlines

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class NoSessions(SessionInterface):
    """No session in a cookie: rights are read from the database by the token of each request."""

    def open_session(self, app: Flask, request: Request) -> None:
        """None, of which Flask makes a session that refuses to be written."""

    def save_session(self, app: Flask, session: SecureCookieSession, response: Any) -> None:  # type: ignore[override]  # Flask names a class that we never make
        """There is nothing to save."""


class Application(Flask):
    """The application: every view is a plain function."""

    session_interface = NoSessions()

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request within its budget for the database; what ends with the request counts too."""
        with deadlines.within(deadlines.REQUEST_SECONDS):
            return super().wsgi_app(environ, start_response)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: looking at each hook whether it is a coroutine takes a twentieth of the
        time of a cached answer.
        """
        return func

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """Send to the right address without naming the host: the caller has chosen that."""
        error = request.routing_exception
        if isinstance(error, RequestRedirect):
            parts = urlsplit(error.new_url)
            # One slash: with two, what follows would be a host.
            path = "/" + parts.path.lstrip("/\\")
            error.new_url = f"{path}?{parts.query}" if parts.query else path
        super().raise_routing_exception(request)
