"""Observers of each answered request, told alike by Flask and by the layer before it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flask import Flask, Response, g, request

from marketplace.kernel.identity import Principal
from marketplace.web.actions import action_of
from marketplace.web.observability.tracing import current_trace_id

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_EXTENSION = "marketplace_answered"
_STARTED = "marketplace.answered.started"
_STATUS = "marketplace.answered.status"
_TRACE = "marketplace.answered.trace"
_USER = "marketplace.answered.user"


class Answered(NamedTuple):
    """An answered request; `route` is missing when no route matches its address."""

    environ: "WSGIEnvironment"
    route: str | None
    action: str | None
    status: int
    seconds: float
    user_id: int | None = None
    trace_id: str | None = None


Observer: TypeAlias = Callable[[Answered], None]


def observe(app: Flask, observer: Observer) -> None:
    """Tell `observer` of every request. The first call starts the clock of requests: make it before the other
    parts of the web layer are set up, so that their work is included.
    """
    observers: list[Observer] | None = app.extensions.get(_EXTENSION)
    if observers is None:
        observers = app.extensions[_EXTENSION] = []
        app.before_request(_start_clock)
        app.after_request(_note_status)
        app.teardown_request(lambda _error: _tell_of_flask(app))
    observers.append(observer)


def tell(app: Flask, answered: Answered) -> None:
    """Tell all observers of the application."""
    for observer in app.extensions.get(_EXTENSION, ()):
        observer(answered)


def note_user(user_id: int) -> None:
    """Note the user whom this request has signed in: nobody was signed in when it arrived."""
    request.environ[_USER] = user_id


def _start_clock() -> None:
    request.environ[_STARTED] = time.perf_counter()


def _note_status(response: Response) -> Response:
    request.environ[_STATUS] = response.status_code
    # The span of the request has ended by the time that observers are told.
    request.environ[_TRACE] = current_trace_id()
    return response


def _tell_of_flask(app: Flask) -> None:
    environ = request.environ
    started = environ.pop(_STARTED, None)
    if started is None:
        return  # a context that no request opened: a test, a command, a socket event
    principal, let_in = g.get("principal"), environ.pop(_USER, None)
    tell(
        app,
        Answered(
            environ,
            route=request.url_rule.rule if request.url_rule else None,
            action=action_of(request.endpoint) if request.endpoint else None,
            # Without a response the error went to the server, which answers 500.
            status=environ.pop(_STATUS, 500),
            seconds=time.perf_counter() - started,
            user_id=principal.user_id if isinstance(principal, Principal) else let_in,
            trace_id=environ.pop(_TRACE, None),
        ),
    )
