"""The Flask application, without unused features that would cost time in each request."""

from collections.abc import Iterable
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
        """None, from which Flask makes a session that refuses writes."""

    def save_session(self, app: Flask, session: SecureCookieSession, response: Any) -> None:  # type: ignore[override]  # Flask's annotation names a class that we never make
        """Do nothing: there is nothing to save."""


class Application(Flask):
    """The Flask application."""

    session_interface = NoSessions()

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request within its budget for the database, which includes the end of the request."""
        with deadlines.within(deadlines.REQUEST_SECONDS):
            return super().wsgi_app(environ, start_response)

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """Redirect to the right address without naming the host, which the caller has chosen."""
        error = request.routing_exception
        if isinstance(error, RequestRedirect):
            parts = urlsplit(error.new_url)
            # One slash: after two, the next part would be a host.
            path = "/" + parts.path.lstrip("/\\")
            error.new_url = f"{path}?{parts.query}" if parts.query else path
        super().raise_routing_exception(request)
