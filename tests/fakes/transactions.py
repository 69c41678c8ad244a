"""A unit of work without a database: it remembers what was recorded."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from marketplace.database.unit_of_work import TransactionDoomed
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.transactions import PlannedJob, UnitOfWork


class FakeUnitOfWork(UnitOfWork):
    """`events` and `jobs` hold what the last successful outermost block recorded."""

    def __init__(self) -> None:
        self.depth = 0
        self.doomed = False
        self.commits = 0
        self.events: list[DomainEvent] = []
        self.jobs: list[tuple[str, dict[str, Any]]] = []
        self._recorded: list[DomainEvent] = []
        self._enqueued: list[tuple[str, dict[str, Any]]] = []

    def __enter__(self) -> Self:
        self.depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.depth -= 1
        self.doomed = self.doomed or error is not None
        if self.depth == 0:
            doomed = self.doomed
            if not doomed:
                self.commits += 1
                self.events += self._recorded
                self.jobs += self._enqueued
            self._recorded, self._enqueued, self.doomed = [], [], False
            if doomed and error is None:
                raise TransactionDoomed("an inner block failed, so nothing was stored")

    def savepoint(self) -> AbstractContextManager[None]:
        return nullcontext()

    def record(self, event: DomainEvent) -> None:
        assert self.depth, "record() needs an open unit of work"
        self._recorded.append(event)

    def record_many(self, events: Sequence[DomainEvent]) -> None:
        for event in events:
            self.record(event)

    def enqueue(
        self, kind: str, payload: Mapping[str, Any], *, key: str | None = None, run_at: datetime | None = None
    ) -> None:
        assert self.depth, "enqueue() needs an open unit of work"
        self._enqueued.append((kind, dict(payload)))

    def enqueue_many(self, kind: str, jobs: Sequence[PlannedJob]) -> None:
        for job in jobs:
            self.enqueue(kind, job.payload, key=job.key, run_at=job.run_at)
