"""Deadlines for waits on the database, kept by this process: a server that hangs keeps none.

A request has one budget for all its waits: for a connection of either pool, for a new connection, for its
statements, its locks and its commit. A thread of this process looks ten times a second for waits beyond it,
and shuts their connections down: the call waiting in libpq returns with an error (decision 0029).
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, ParamSpec, TypeVar

import psycopg2
from psycopg2.extensions import (
    connection as PsycopgConnection,  # noqa: N812 - a class with a lower-case name
    cursor as PsycopgCursor,  # noqa: N812 - a class with a lower-case name
)
from sqlalchemy import QueuePool
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import ConnectionPoolEntry

P = ParamSpec("P")
T = TypeVar("T")

REQUEST_SECONDS = 4.5
"""The total wait for the database of a request or socket event; five seconds are promised."""
JOB_SECONDS = 90.0
"""Each single wait of a job: the longest statement of a job has 60 s."""
TICK_SECONDS = 0.1
GRACE_SECONDS = 0.1
"""For each wait beyond the budget, so that a connection to a live server is left in order."""
LEAST_CONNECT_SECONDS = 2
"""libpq counts whole seconds, and gives a new connection at least this many."""

log = logging.getLogger(__name__)


class Budget:
    """The remaining time of a request or job; with `each`, every wait has all of it."""

    __slots__ = ("busy", "each", "left")

    def __init__(self, seconds: float, *, each: bool) -> None:
        self.left = seconds
        self.each = each
        self.busy = False

    def spend(self, seconds: float) -> None:
        """Subtract the time that was waited."""
        if not self.each:
            self.left -= seconds


class _Mine(threading.local):
    budget: Budget | None = None


class _Wait:
    """A wait on the socket `number` until a time of `monotonic()`."""

    __slots__ = ("number", "until")

    def __init__(self, number: int, until: float) -> None:
        self.number = number
        self.until = until


class Watchdog:
    """Knows the waits of this process, and cuts those that last too long.

    A waiting thread adds and removes its wait without a lock: both are atomic. When its wait is gone already,
    the watchdog has taken it to cut it, and the thread waits for the watchdog: until then the number of the
    socket stays in use, so the watchdog never cuts the socket of another.
    """

    def __init__(self) -> None:
        self._reset()
        # A forked child inherits the waits of its parent's threads, but not the threads.
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._waits: set[_Wait] = set()
        self._cutting = threading.Lock()
        self._starting = threading.Lock()
        self._running = False

    def begin(self, number: int, until: float) -> _Wait:
        """Begin a wait on a socket."""
        if not self._running:
            self._start()
        wait = _Wait(number, until)
        self._waits.add(wait)
        return wait

    def end(self, wait: _Wait) -> None:
        """The wait is over."""
        try:
            self._waits.remove(wait)
        except KeyError:
            with self._cutting:
                return

    def _start(self) -> None:
        with self._starting:
            if not self._running:
                threading.Thread(target=self._watch, name="database-watchdog", daemon=True).start()
                self._running = True

    def _watch(self) -> None:
        never = threading.Event()
        while not never.wait(TICK_SECONDS):
            now = monotonic()
            for wait in list(self._waits):
                if wait.until < now:
                    self._cut(wait)

    def _cut(self, wait: _Wait) -> None:
        with self._cutting:
            try:
                self._waits.remove(wait)
            except KeyError:
                return  # it has ended meanwhile
            _shut(wait.number)
        log.warning("the database did not answer in time; its connection is cut")


def _shut(number: int) -> None:
    try:
        with socket.socket(fileno=os.dup(number)) as copy:
            copy.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        # The other side has just closed it: the call waiting on it returns too.
        log.info("the connection was closed already", extra={"reason": str(error)})


_mine = _Mine()
_watchdog = Watchdog()


@contextmanager
def within(seconds: float, *, each: bool = False) -> Iterator[None]:
    """Let this thread wait at most `seconds` for the database, in all waits together, or in `each`."""
    before = _mine.budget
    _mine.budget = Budget(seconds, each=each)
    try:
        yield
    finally:
        _mine.budget = before


def extend(seconds: float) -> None:
    """Raise this thread's budget, if it has one, to at least `seconds`: for requests that write a lot."""
    budget = _mine.budget
    if budget is not None:
        budget.left = max(budget.left, seconds)


def at_most(seconds: float) -> float:
    """`seconds`, or what is left of this thread's budget."""
    budget = _mine.budget
    return seconds if budget is None else max(min(seconds, budget.left), 0.0)


@contextmanager
def waiting() -> Iterator[None]:
    """Subtract the duration of the block from the budget."""
    budget = _mine.budget
    if budget is None or budget.busy:
        yield
        return
    started = monotonic()
    budget.busy = True
    try:
        yield
    finally:
        budget.busy = False
        budget.spend(monotonic() - started)


def _watched(connection: PsycopgConnection, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    budget = _mine.budget
    if budget is None or connection.closed:
        return call(*args, **kwargs)
    started = monotonic()
    wait = _watchdog.begin(connection.fileno(), started + max(budget.left, GRACE_SECONDS))
    try:
        return call(*args, **kwargs)
    finally:
        _watchdog.end(wait)
        if not budget.busy:
            budget.spend(monotonic() - started)


class WatchedCursor(PsycopgCursor):
    """A cursor whose statements are waited for within the budget."""

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's own name
        """As psycopg2's."""
        _watched(self.connection, super().execute, query, vars)

    def executemany(self, query: Any, vars_list: Any) -> None:
        """As psycopg2's."""
        _watched(self.connection, super().executemany, query, vars_list)


class WatchedConnection(PsycopgConnection):
    """A connection whose transactions end within the budget."""

    def commit(self) -> None:
        """As psycopg2's."""
        _watched(self, super().commit)

    def rollback(self) -> None:
        """As psycopg2's; on a connection that is gone there is nothing to do: its server has rolled back. An
        error here would replace the request's own result, even a good answer that is ready.
        """
        try:
            _watched(self, super().rollback)
        except psycopg2.Error:
            if not self.closed:
                raise


class BudgetedPool(QueuePool):
    """A pool whose connections are waited for within the budget."""

    # It logs as SQLAlchemy's own pool, at the same level.
    _sqla_logger_namespace = "sqlalchemy.pool.impl.QueuePool"

    # An attribute there, which is read at each wait.
    @property
    def _timeout(self) -> float:
        return at_most(self._longest)

    @_timeout.setter
    def _timeout(self, seconds: float) -> None:
        self._longest = seconds

    def _do_get(self) -> ConnectionPoolEntry:
        with waiting():
            return super()._do_get()

    def recreate(self) -> QueuePool:
        """As SQLAlchemy's; the new one has the full longest wait, not the remaining time of one thread."""
        made = super().recreate()
        made._timeout = self._longest  # noqa: SLF001 - of the same class
        return made


def connect(
    dialect: Dialect, _record: ConnectionPoolEntry, arguments: tuple[Any, ...], parameters: dict[str, Any]
) -> Any:
    """A new connection within the budget, for SQLAlchemy's event `do_connect`. Raises OperationalError."""
    longest = parameters["connect_timeout"]
    left = at_most(longest)
    if left < LEAST_CONNECT_SECONDS:
        raise psycopg2.OperationalError("no time is left to connect to the database")
    with waiting():
        return dialect.connect(*arguments, **{**parameters, "connect_timeout": int(left)})
