"""Interfaces that the services of operations need, and the views that they return."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class JobView:
    """A job of the outbox as it is shown, without its payload."""

    id: int
    kind: str
    status: str
    attempts: int
    run_at: datetime
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class Backlog:
    """The number of jobs by status, without those that are done, and the age in seconds of the oldest that is
    due. Jobs that were made for a later time, such as the timers of orders, are `planned` until then.
    """

    by_status: dict[str, int]
    oldest_age_seconds: float


class JobRepository(Protocol):
    """The outbox, for operators."""

    def list_all(self, page: PageRequest, status: str | None) -> Page[JobView]:
        """Newest first. Raises InvalidCursor."""
        ...

    def find(self, job_id: int) -> JobView | None: ...

    def revive(self, job_id: int) -> JobView | None:
        """Make a dead job pending again with all its tries, in one statement; None when it is not dead."""
        ...

    def backlog(self) -> Backlog: ...

    def prune_done(self, limit: int) -> int:
        """Delete at most `limit` jobs that were done a week ago; returns how many."""
        ...

    def prune_answers(self, limit: int) -> int:
        """Likewise stored answers of idempotent requests that are a day old."""
        ...

    def prune_bus_messages(self, limit: int) -> int:
        """Likewise long messages of the bus that are an hour old."""
        ...
