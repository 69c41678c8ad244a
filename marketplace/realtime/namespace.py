"""The base of Socket.IO namespaces: every event is authenticated, checked and acknowledged."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, ClassVar, Protocol, TypeVar

import marshmallow as ma
from flask import Flask
from flask_socketio import Namespace
from socketio.exceptions import ConnectionRefusedError as Refused

from marketplace.database import deadlines
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import (
    AppError,
    Invalid,
    NotFound,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from marketplace.kernel.identity import NotWhileActing, Principal
from marketplace.kernel.texts import Text
from marketplace.realtime.admission import (
    EVENTS_A_SECOND,
    EVENTS_AT_ONCE,
    SESSION,
    Admission,
    Bucket,
    Session,
)
from marketplace.realtime.publish import session_room, user_room

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])


class UnknownEvent(NotFound):
    """The client sent an event of a name that this namespace does not have."""

    code = "unknown_event"
    title = "There is no such event"
    remedy = "Send one of the events that the AsyncAPI document lists; the detail names them."


class ServerClosing(Unavailable):
    """The server is being stopped, and takes no more events of this socket."""

    code = "server_closing"
    title = "This server is closing; connect again"
    remedy = "Connect again after a moment, and send what was not acknowledged once more."


class SocketAuthenticator(Protocol):
    """Finds the user of a token, and the sign-ins that are still valid."""

    def authenticate(self, token: str) -> Principal:
        """The caller of a token. Raises Unauthenticated."""
        ...

    def expires_at(self, token: str) -> datetime:
        """When a valid access token expires."""
        ...

    def alive(self, session_ids: set[int]) -> set[int]:
        """The sessions among these that are still valid; one query."""
        ...


@dataclass(frozen=True)
class Connected:
    """One open socket."""

    token: str
    session_id: int
    user_id: int
    expires_at: datetime


@dataclass
class SocketGuard:
    """The parts of the program that namespaces need, and the open sockets of this process.

    `budgets` are those of the users who have sockets here. `problem_of` makes a problem document of an error,
    `check` refuses values that no field may hold.
    """

    app: Flask
    auth: SocketAuthenticator
    clock: Clock
    problem_of: Callable[[Exception], dict[str, Any]]
    check: Callable[[Any], None]
    sockets: dict[tuple[str, str], Connected] = field(default_factory=dict)
    closing: bool = False
    admission: Admission | None = None
    budgets: dict[int, Bucket] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class Incoming:
    """An event that clients send: its schema, and that of its ack (without one the ack is empty)."""

    name: str
    schema: type[ma.Schema]
    ack: type[ma.Schema] | None
    method: str
    description: str


def event(name: str, schema: type[ma.Schema], ack: type[ma.Schema] | None = None) -> Callable[[F], F]:
    """Declare a method `(caller: Principal, data: dict, sid: str)` as the handler of event `name`.

    `ack` dumps the result of the method; without it the result is the ack.
    """

    def mark(method: F) -> F:
        description = (method.__doc__ or "").strip().partition("\n")[0]
        method.event = Incoming(name, schema, ack, method.__name__, description)  # type: ignore[attr-defined]  # functions carry attributes
        return method

    return mark


class BaseNamespace(Namespace):
    """Subclasses declare handlers with `@event`.

    A handler gets the caller with current rights and the checked payload; its return value is the ack. An
    error becomes the ack `{"error": {problem}}`, and the socket stays open.
    """

    events: ClassVar[dict[str, Incoming]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        found = dict(cls.events)
        for method in vars(cls).values():
            declared = getattr(method, "event", None)
            if isinstance(declared, Incoming):
                found[declared.name] = declared
        cls.events = found

    def __init__(self, namespace: str) -> None:
        super().__init__(namespace)
        self._guard: SocketGuard | None = None

    def use(self, guard: SocketGuard) -> None:
        """Called once while the program is assembled."""
        self._guard = guard

    @property
    def guard(self) -> SocketGuard:
        """The guard that the program gave this namespace."""
        assert self._guard is not None
        return self._guard

    def connected(self, caller: Principal, sid: str) -> None:
        """For subclasses: join rooms. Raises an AppError to refuse the socket."""

    def disconnected(self, connected: Connected, sid: str) -> None:
        """For subclasses: a socket is gone."""

    def trigger_event(self, event: str, *args: Any) -> Any:
        """Called by python-socketio for everything that a client sends."""
        sid = args[0]
        environ = self.socketio.server.get_environ(sid, namespace=self.namespace)
        if not environ:
            return None
        # A client may name its events "connect" and "disconnect" too. The server's own come while the
        # socket is not connected yet, or no longer.
        by_server = not self.socketio.server.manager.is_connected(sid, self.namespace)
        with deadlines.within(deadlines.REQUEST_SECONDS), self.guard.app.request_context(environ):
            if by_server and event == "connect":
                return self._connect(sid, environ.get(SESSION), args[2] if len(args) > 2 else None)  # noqa: PLR2004 - sid, environ, auth
            if by_server and event == "disconnect":
                return self._disconnect(sid)
            return self._dispatch(event, sid, args[1:])

    def _connect(self, sid: str, session: object, auth: Any) -> None:
        try:
            self._refuse_when_closing()
            token = _token(auth)
            caller = _own(self.guard.auth.authenticate(token))
            if self.guard.admission is not None and isinstance(session, Session):
                self.guard.admission.join(session, caller.user_id)
            self.socketio.server.enter_room(sid, user_room(caller.user_id), namespace=self.namespace)
            self.socketio.server.enter_room(sid, session_room(caller.session_id), namespace=self.namespace)
            self.connected(caller, sid)
            entry = Connected(token, caller.session_id, caller.user_id, self.guard.auth.expires_at(token))
            with self.guard.lock:
                self.guard.sockets[self.namespace, sid] = entry
                self.guard.budgets.setdefault(entry.user_id, Bucket(EVENTS_AT_ONCE, EVENTS_A_SECOND))
        except Exception as error:  # a TypeError would make Flask-SocketIO connect without auth
            if not isinstance(error, AppError):
                log.exception("socket connect failed")
            problem = self._problem(error)
            raise Refused(problem["code"], problem) from None

    def _disconnect(self, sid: str) -> None:
        with self.guard.lock:
            entry = self.guard.sockets.pop((self.namespace, sid), None)
            if entry is None:
                return
            if all(other.user_id != entry.user_id for other in self.guard.sockets.values()):
                self.guard.budgets.pop(entry.user_id, None)
        try:
            self.disconnected(entry, sid)
        except Exception:
            # The socket is gone even if a subclass fails here, and others wait to be closed.
            log.exception("socket disconnect failed")

    def _refuse_when_closing(self) -> None:
        if self.guard.closing:
            raise ServerClosing

    def _dispatch(self, event: str, sid: str, payload: tuple[Any, ...]) -> dict[str, Any]:
        caller = None
        try:
            caller = self._caller(sid)
            known = self._handler(event)
            return self._answer(known, caller, payload, sid)
        except Exception as error:
            problem = self._problem(error)
            if problem["status"] >= 500 and not isinstance(error, AppError):  # noqa: PLR2004 - the class of server errors
                log.exception("socket event failed", extra={"socket_event": str(event)[:64]})
            if caller is None and isinstance(error, Unauthenticated):
                self.cut(sid)
            return {"error": problem}

    def _answer(
        self, known: Incoming, caller: Principal, payload: tuple[Any, ...], sid: str
    ) -> dict[str, Any]:
        answer = getattr(self, known.method)(caller, self._checked(known.schema, payload), sid)
        if known.ack is not None:
            answer = known.ack().dump(answer)
        return answer or {}

    def _problem(self, error: Exception) -> dict[str, Any]:
        problem = self.guard.problem_of(error)
        if isinstance(error, TooManyRequests | Unavailable):
            # HTTP has a header for it.
            problem.setdefault("retry_after", error.retry_after)
        return problem

    def _handler(self, event: str) -> Incoming:
        # Clients may send something else than a string.
        known = self.events.get(event) if isinstance(event, str) else None
        if known is None:
            raise UnknownEvent(Text("Known events: {names}", names=", ".join(sorted(self.events))))
        return known

    def _caller(self, sid: str) -> Principal:
        with self.guard.lock:
            entry = self.guard.sockets.get((self.namespace, sid))
            budget = self.guard.budgets.get(entry.user_id) if entry else None
        if entry is None:
            raise Unauthenticated
        if budget is not None and not budget.take():
            raise TooManyRequests("Send fewer events a second", retry_after=1)
        return self.guard.auth.authenticate(entry.token)

    def _checked(self, schema: type[ma.Schema], payload: tuple[Any, ...]) -> dict[str, Any]:
        if len(payload) != 1 or not isinstance(payload[0], dict):
            raise Invalid("Send one object", errors={"json": {"_schema": ["Send one object."]}})
        self.guard.check(payload[0])
        try:
            loaded: dict[str, Any] = schema().load(payload[0])
        except ma.ValidationError as error:
            raise Invalid(errors={"json": error.messages}) from None
        return loaded

    def cut(self, sid: str) -> None:
        """Tell a socket of this process that its session has ended, and close it."""
        self._close(sid, "session:revoked")

    def close_for_shutdown(self, sid: str) -> None:
        """Tell a socket of this process that the server is closing, and close it."""
        self._close(sid, "server:closing")

    def _close(self, sid: str, farewell: str) -> None:
        server = self.socketio.server
        # The socket is in this process: the others need not know.
        server.emit(farewell, {}, to=sid, namespace=self.namespace, ignore_queue=True)
        # KeyError: the client hung up meanwhile.
        with suppress(KeyError):
            server.disconnect(sid, namespace=self.namespace, ignore_queue=True)


def _own(caller: Principal) -> Principal:
    """The caller. Raises NotWhileActing for an admin who acts as the user."""
    if caller.acting_admin_id is not None:
        raise NotWhileActing
    return caller


def _token(auth: Any) -> str:
    token = auth.get("token") if isinstance(auth, dict) else None
    if not isinstance(token, str):
        raise Unauthenticated('Connect with auth {"token": access token}')
    return token
