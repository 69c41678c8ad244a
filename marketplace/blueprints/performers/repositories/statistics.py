"""What staff counts of performers, and what of them waits."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.kernel.statistics import Counter, Queue, QueueState
from marketplace.models.certificates import Certificate
from marketplace.models.moderation import AuditEntry
from marketplace.models.performers import Performer


class SqlStatistics(SqlCounts):
    """Each in one query."""

    def counters(self) -> list[Counter]:
        """What happens, by name."""
        return [
            Counter("new_performers", self._new_performers),
            Counter("approved_performers", self._approved_performers),
        ]

    def queues(self) -> list[Queue]:
        """What waits for staff, by name."""
        return [
            Queue("performers", self._performers_waiting),
            Queue("certificates", self._certificates_waiting),
        ]

    def _new_performers(self, start: datetime, end: datetime) -> Mapping[date, int]:
        return self.days(Performer.created_at, start=start, end=end)

    def _approved_performers(self, start: datetime, end: datetime) -> Mapping[date, int]:
        return self.days(
            AuditEntry.created_at, AuditEntry.action == "performer.approved", start=start, end=end
        )

    def _performers_waiting(self) -> QueueState:
        return self.queue(Performer.created_at, Performer.status == "pending")

    def _certificates_waiting(self) -> QueueState:
        return self.queue(Certificate.created_at, Certificate.status == "pending")
