"""Statistics of moderation: decisions, and queues."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.kernel.statistics import QueueState
from marketplace.models.moderation import AuditEntry, ChangeRequest, Report


class SqlStatistics(SqlCounts):
    """One query for each figure."""

    def approved_changes(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """Edits that staff approved."""
        return self.days(AuditEntry.created_at, AuditEntry.action == "change.approved", start=start, end=end)

    def reports(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """Reports that users filed."""
        return self.days(Report.created_at, start=start, end=end)

    def changes_waiting(self) -> QueueState:
        """Edits that nobody has decided on."""
        return self.queue(ChangeRequest.created_at, ChangeRequest.status == "pending")

    def reports_waiting(self) -> QueueState:
        """Reports that nobody has closed."""
        return self.queue(Report.created_at, Report.status == "open")
