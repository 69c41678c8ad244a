"""The unit of work: the one place that commits."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from marketplace.database.advisory_locks import try_transaction_lock
from marketplace.database.errors import Constraints, translate
from marketplace.database.outbox import insert_event_jobs, insert_events, insert_job, insert_planned_jobs
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Registry
from marketplace.kernel.transactions import PlannedJob, UnitOfWork

_DEPTH = "uow_depth"
_DOOMED = "uow_doomed"
_RECORDED = "uow_recorded"
MANY_EVENTS = 20
"""More events than these in one call are a bulk decision: their jobs queue behind those of single ones."""

log = logging.getLogger(__name__)


class TransactionDoomed(RuntimeError):
    """An error that left an inner block was swallowed, and the outer block tried to commit."""


def _ignore(_name: str) -> None:
    """The default where nobody counts events."""


def _nothing() -> None:
    """The default where no rights are checked."""


class SqlUnitOfWork(UnitOfWork):
    """One object serves the whole program: the state of a transaction is kept on the session, which belongs
    to the request or job.

    `context()` gives the data with which the worker continues for the caller (request id, trace);
    `committed` gets the name of each stored event; `released` is called before slow work, and `begun` runs
    first in each transaction of a `with` block, which it may refuse by raising.
    """

    def __init__(
        self,
        sessions: scoped_session[Session],
        registry: Registry,
        constraints: Constraints,
        context: Callable[[], Mapping[str, str]] = dict,
        committed: Callable[[str], None] = _ignore,
        released: Callable[[], None] = _nothing,
        begun: Callable[[], None] = _nothing,
    ) -> None:
        self._sessions = sessions
        self._registry = registry
        self._constraints = constraints
        self._context = context
        self._committed = committed
        self._released = released
        self._begun = begun

    @property
    def session(self) -> Session:
        """The session of the current request or job."""
        return self._sessions()

    @property
    def is_open(self) -> bool:
        """True inside a `with` block."""
        return bool(self.session.info.get(_DEPTH))

    def __enter__(self) -> Self:
        info = self.session.info
        info[_DEPTH] = info.get(_DEPTH, 0) + 1
        if info[_DEPTH] == 1:
            try:
                self._begun()
            except BaseException as error:
                self.__exit__(type(error), error, error.__traceback__)
                raise
        return self

    def release_connection(self) -> None:
        """End the transaction that reads have begun, before slow work (a picture, a hash, the storage), so
        that the work holds no connection, however long it takes.

        Raises RuntimeError within a `with` block, and for changes that were made outside one.
        """
        session = self.session
        if self.is_open:
            raise RuntimeError("slow work within a transaction")
        if session.in_transaction():
            if session.new or session.dirty or session.deleted:
                raise RuntimeError("something was changed outside of the unit of work")
            session.commit()  # not a rollback, which would expire the objects that were read
        self._released()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        session = self.session
        info = session.info
        info[_DEPTH] -= 1
        if error is not None:
            info[_DOOMED] = True
        if info[_DEPTH] == 0:
            doomed = info.pop(_DOOMED, False)
            recorded = info.pop(_RECORDED, [])
            if not doomed:
                try:
                    session.commit()
                except SQLAlchemyError as failure:
                    session.rollback()
                    raise self._translated(failure) from failure
                self._after_commit(recorded)
                return
            session.rollback()
            if error is None:
                raise TransactionDoomed("an inner block failed, so nothing was stored")
        if isinstance(error, SQLAlchemyError):
            raise self._translated(error) from error

    def _translated(self, error: SQLAlchemyError) -> Exception:
        return translate(error, self._constraints) or error

    def _after_commit(self, recorded: list[DomainEvent]) -> None:
        for event in recorded:
            self._committed(event.name)
            for handler in self._registry.handlers_of(event):
                if handler.at_once:
                    try:
                        (handler.now or handler.run)(event)
                    except Exception:
                        # The change itself is stored; the handler's job in the outbox tries again.
                        log.exception("handler failed at once", extra={"handler": handler.key})

    def record(self, event: DomainEvent) -> None:
        self.record_many([event])

    def record_many(self, events: Sequence[DomainEvent]) -> None:
        # Two statements: events, and the jobs of their handlers. The jobs of more than MANY_EVENTS go
        # to the lane `bulk`.
        session = self._require_open()
        if not events:
            return
        session.flush()
        context = dict(self._context())
        row_ids = insert_events(session, events, context)
        session.info.setdefault(_RECORDED, []).extend(events)
        handlers = [
            (row_id, event, self._registry.handlers_of(event))
            for row_id, event in zip(row_ids, events, strict=True)
        ]
        many = len(events) > MANY_EVENTS
        jobs = [
            (row_id, one.key, Lane.BULK if many else one.lane)
            for row_id, _, found in handlers
            for one in found
            if one.after_commit
        ]
        insert_event_jobs(session, jobs, context)
        for _, event, found in handlers:
            for handler in found:
                if not handler.after_commit:
                    handler.run(event)

    def savepoint(self) -> SessionTransaction:
        return self._require_open().begin_nested()

    def enqueue(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
        run_at: datetime | None = None,
    ) -> None:
        session = self._require_open()
        lane = self._registry.jobs[kind].lane
        insert_job(session, kind, dict(payload), dict(self._context()), lane=lane, key=key, run_at=run_at)

    def enqueue_many(self, kind: str, jobs: Sequence[PlannedJob]) -> None:
        session = self._require_open()
        lane = self._registry.jobs[kind].lane
        insert_planned_jobs(session, kind, jobs, dict(self._context()), lane=lane)

    def lock(self, *names: object) -> bool:
        """Try to take the advisory lock `names` for this transaction; False when it is taken."""
        name = "\x1f".join(str(part) for part in names)
        return bool(self._require_open().scalar(select(try_transaction_lock(name))))

    def database_now(self) -> datetime:
        """The time of the database's transaction."""
        now = self.session.scalar(func.now())
        assert isinstance(now, datetime)
        return now

    def _require_open(self) -> Session:
        if not self.is_open:
            raise RuntimeError("this needs an open unit of work")
        return self.session
