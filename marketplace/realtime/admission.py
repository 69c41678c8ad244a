"""Limits on sockets by address and by user, applied before anything that they send is decoded."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from marketplace.kernel.errors import TooManyRequests
from marketplace.kernel.texts import Text

RETRY_AFTER_SECONDS = 5
PER_USER = 16
"""Sockets of one user: phones, tablets, tabs, and broken connections not yet noticed."""
FRAMES_AT_ONCE = 200
FRAMES_A_SECOND = 40.0
"""The frames of any kind that one session may send; more end it."""
EVENTS_AT_ONCE = 200
EVENTS_A_SECOND = 20.0
"""The events that one user may send by all sockets of this process; further events are refused one by one."""

SESSION = "marketplace.socket_session"
"""The key of the Session in a request's WSGI environment."""
IS_UPGRADE = "marketplace.socket_upgrade"
"""The key that says whether the request moves a session from polls to a WebSocket."""


class SocketLimitReached(TooManyRequests):
    """The user, or the network address, has as many open sockets as one may have."""

    code = "socket_limit_reached"
    title = "You have too many sockets"
    remedy = "Share one socket between the parts of the client, and close those that are not used."


class Refused(Exception):
    """A request that does not reach Engine.IO, and its answer."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        retry_after: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.title, self.detail = status, code, title, detail
        self.headers = headers
        if retry_after is not None:
            self.headers += (("Retry-After", str(retry_after)),)


def full(detail: str) -> Refused:
    """There is no room until somebody leaves."""
    return Refused(
        503, "too_many_sockets", "This server has no room for more sockets", detail, RETRY_AFTER_SECONDS
    )


class Bucket:
    """A token bucket: `at_once` tokens, refilled by `a_second` each second."""

    def __init__(self, at_once: float, a_second: float) -> None:
        self._most, self._rate = at_once, a_second
        self._left, self._at = at_once, monotonic()
        self._lock = threading.Lock()

    def take(self, count: int = 1) -> bool:
        """Take tokens; False, and none are taken, when there are too few."""
        with self._lock:
            now = monotonic()
            self._left = min(self._most, self._left + (now - self._at) * self._rate)
            self._at = now
            if self._left < count:
                return False
            self._left -= count
            return True


class Killable(Protocol):
    """The connection of a WebSocket."""

    def kill(self) -> None:
        """End the connection, even while a thread reads or writes."""
        ...


@dataclass(eq=False)
class Session:
    """One Engine.IO session, from its handshake on; anonymous until a namespace lets a user in."""

    address: str
    user_id: int | None = None
    eio_sid: str | None = None
    transport: Killable | None = None
    frames: Bucket = field(default_factory=lambda: Bucket(FRAMES_AT_ONCE, FRAMES_A_SECOND))
    busy: set[str] = field(default_factory=set)
    over: bool = False


@dataclass(frozen=True)
class Shares:
    """The division of the room. Each request to Engine.IO holds one of `places`, a thread, while it lasts."""

    places: int
    sessions: int
    per_address: int
    anonymous: int
    anonymous_per_address: int
    per_user: int = PER_USER


def divide(places: int, per_address: int | None = None, per_user: int | None = None) -> Shares:
    """An eighth of the places stays free for requests beside the polls. One address may have half of the
    sessions. Sessions without a user may be half of all, and an eighth from one address: clients that never
    sign in leave room for others, and are closed within seconds.
    """
    places = max(1, places)
    sessions = max(1, places - places // 8)
    return Shares(
        places=places,
        sessions=sessions,
        per_address=per_address or max(2, sessions // 2),
        anonymous=max(2, sessions // 2),
        anonymous_per_address=per_address or max(2, sessions // 8),
        per_user=per_user or PER_USER,
    )


class Admission:
    """The sessions of this process. A socket belongs to the process that its connection ends in, so each
    counts its own.
    """

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._places = threading.BoundedSemaphore(shares.places)
        self._lock = threading.Lock()
        self._sessions: set[Session] = set()
        self._by_sid: dict[str, Session] = {}

    def open(self, address: str) -> Session:
        """Open a session, which lasts until `end`. Raises Refused."""
        with self._lock:
            here = [session for session in self._sessions if session.address == address]
            anonymous = sum(session.user_id is None for session in self._sessions)
            if len(self._sessions) >= self._shares.sessions or anonymous >= self._shares.anonymous:
                raise full("Try again in a few seconds; REST goes on meanwhile")
            mine = sum(session.user_id is None for session in here)
            if len(here) >= self._shares.per_address or mine >= self._shares.anonymous_per_address:
                raise Refused(
                    429,
                    SocketLimitReached.code,
                    SocketLimitReached.title,
                    "Close some, or wait until those that are not signed in are closed",
                    RETRY_AFTER_SECONDS,
                )
            session = Session(address)
            self._sessions.add(session)
            return session

    def bind(self, session: Session, eio_sid: str) -> None:
        """Note the name that Engine.IO gave the session."""
        with self._lock:
            if not session.over:
                session.eio_sid = eio_sid
                self._by_sid[eio_sid] = session

    def find(self, eio_sid: str) -> Session | None:
        """The session with this name of Engine.IO."""
        with self._lock:
            return self._by_sid.get(eio_sid)

    def join(self, session: Session, user_id: int) -> None:
        """Note the user that a namespace let in. Raises SocketLimitReached."""
        with self._lock:
            others = sum(other.user_id == user_id for other in self._sessions if other is not session)
            if others >= self._shares.per_user:
                raise SocketLimitReached("Close another one first", retry_after=RETRY_AFTER_SECONDS)
            session.user_id = user_id

    def end(self, session: Session) -> None:
        """Take no more requests; the session counts until the running ones have left. Can be repeated."""
        with self._lock:
            session.over = True
            if session.eio_sid is not None:
                self._by_sid.pop(session.eio_sid, None)
            self._forget(session)

    def _forget(self, session: Session) -> None:
        if session.over and not session.busy:
            self._sessions.discard(session)

    @contextmanager
    def serving(self, session: Session, what: str) -> Iterator[None]:
        """Hold a thread for a request of the session; one of each kind at a time. Raises Refused."""
        with self._lock:
            if what in session.busy:
                raise Refused(
                    400,
                    "overlapping_requests",
                    "This session is busy",
                    Text("Only one {what} of a session at a time", what=what),
                )
            session.busy.add(what)
        try:
            if not self._places.acquire(blocking=False):
                raise full("Try again in a few seconds; REST goes on meanwhile")
            try:
                yield
            finally:
                self._places.release()
        finally:
            with self._lock:
                session.busy.discard(what)
                self._forget(session)

    def sessions(self) -> list[Session]:
        """All open sessions."""
        with self._lock:
            return list(self._sessions)
