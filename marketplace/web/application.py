"""Flask without what nobody uses here, and each request would pay for."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SessionInterface


class NoSessions(SessionInterface):
    """No session in a cookie: rights are read from the database by the token of each request."""

    def open_session(self, app: Flask, request: Request) -> None:
        """None, of which Flask makes a session that refuses to be written."""

    def save_session(self, app: Flask, session: SecureCookieSession, response: Any) -> None:  # type: ignore[override]  # Flask names a class that we never make
        """There is nothing to save."""


class Application(Flask):
    """The application: every view is a plain function."""

    session_interface = NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: looking at each hook whether it is a coroutine takes a twentieth of the
        time of a cached answer.
        """
        return func
