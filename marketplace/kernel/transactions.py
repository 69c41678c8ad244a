"""The interface of the unit of work, as services see it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True)
class PlannedJob:
    """A job for the worker at `run_at`, with a key of its own."""

    payload: Mapping[str, Any]
    key: str
    run_at: datetime


class UnitOfWork(Protocol):
    """`with uow:` is one transaction. It nests: only the outermost exit commits, and an error
    that leaves any inner block dooms the whole, even where an outer block catches it.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def savepoint(self) -> AbstractContextManager[object]:
        """A savepoint in the unit of work: a failure within it is undone, and the rest goes on."""
        ...

    def record(self, event: DomainEvent) -> None:
        """Store `event` with the change, run its handlers in the transaction, enqueue the others."""
        ...

    def record_many(self, events: Sequence[DomainEvent]) -> None:
        """As `record`, in a number of statements that does not depend on the number of events."""
        ...

    def enqueue(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
        run_at: datetime | None = None,
    ) -> None:
        """A job for the worker, kept with the change. A second one with the same `key` is dropped. Raises
        KeyError when no plugin has that kind.
        """
        ...

    def enqueue_many(self, kind: str, jobs: Sequence[PlannedJob]) -> None:
        """As `enqueue`, for jobs of one kind, in one statement; none for no jobs."""
        ...
