"""Statistics of performers for staff."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.kernel.statistics import QueueState
from marketplace.models.moderation import AuditEntry
from marketplace.models.performers import Performer


class SqlStatistics(SqlCounts):
    """One query for each figure."""

    def new_performers(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """Applications."""
        return self.days(Performer.created_at, start=start, end=end)

    def approved_performers(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """Performers that staff approved."""
        return self.days(
            AuditEntry.created_at, AuditEntry.action == "performer.approved", start=start, end=end
        )

    def performers_waiting(self) -> QueueState:
        """Applications that nobody has decided on."""
        return self.queue(Performer.created_at, Performer.status == "pending")
