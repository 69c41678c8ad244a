"""What staff counts of its own work, and what of it waits."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.kernel.statistics import Counter, Queue, QueueState
from marketplace.models.moderation import AuditEntry, ChangeRequest, Report


class SqlStatistics(SqlCounts):
    """Each in one query."""

    def counters(self) -> list[Counter]:
        """What happens, by name."""
        return [
            Counter("approved_changes", self._approved_changes),
            Counter("reports", self._reports),
        ]

    def queues(self) -> list[Queue]:
        """What waits for staff, by name."""
        return [
            Queue("changes", self._changes_waiting),
            Queue("reports", self._reports_waiting),
        ]

    def _approved_changes(self, start: datetime, end: datetime) -> Mapping[date, int]:
        return self.days(AuditEntry.created_at, AuditEntry.action == "change.approved", start=start, end=end)

    def _reports(self, start: datetime, end: datetime) -> Mapping[date, int]:
        return self.days(Report.created_at, start=start, end=end)

    def _changes_waiting(self) -> QueueState:
        return self.queue(ChangeRequest.created_at, ChangeRequest.status == "pending")

    def _reports_waiting(self) -> QueueState:
        return self.queue(Report.created_at, Report.status == "open")
