"""What the services of operations need."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class JobView:
    """A job of the outbox as it is shown; its payload stays inside."""

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
    """How many jobs there are by status (those that are done are not counted), and the age in seconds of
    the oldest that is due.
    """

    by_status: dict[str, int]
    oldest_age_seconds: float


class JobRepository(Protocol):
    def list_all(self, page: PageRequest, status: str | None) -> Page[JobView]: ...

    def find(self, job_id: int) -> JobView | None: ...

    def revive(self, job_id: int) -> JobView | None:
        """Make a dead job pending again, in one statement; None when it is not dead."""
        ...

    def backlog(self) -> Backlog: ...

    def prune_done(self, limit: int) -> int:
        """Delete at most `limit` jobs that were done a week ago; returns how many."""
        ...

    def prune_answers(self, limit: int) -> int:
        """Likewise the stored answers of idempotent requests that are a day old."""
        ...

    def prune_bus_messages(self, limit: int) -> int:
        """Likewise the long messages of the bus that are an hour old."""
        ...


class AuditLog(Protocol):
    def write(
        self,
        action: str,
        subject_type: str,
        subject_id: int | None,
        *,
        actor: Principal | None,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None: ...
