"""Statistics of disputes for staff."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.clock import Clock
from marketplace.kernel.statistics import QueueState
from marketplace.models.disputes import Dispute


class SqlStatistics(SqlCounts):
    """One query for each figure."""

    def __init__(self, uow: SqlUnitOfWork, clock: Clock) -> None:
        super().__init__(uow)
        self._clock = clock

    def waiting(self) -> QueueState:
        """Disputes that staff may decide, and since when it may."""
        return self.queue(Dispute.due_at, Dispute.ended_at.is_(None), Dispute.due_at <= self._clock.now())

    def opened(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """Opened disputes."""
        return self.days(Dispute.opened_at, start=start, end=end)
