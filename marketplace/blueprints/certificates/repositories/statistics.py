"""Statistics of certificates for staff."""

from marketplace.database.counting import SqlCounts
from marketplace.kernel.statistics import QueueState
from marketplace.models.certificates import Certificate


class SqlStatistics(SqlCounts):
    """One query for each figure."""

    def waiting(self) -> QueueState:
        """Certificates on which nobody has decided."""
        return self.queue(Certificate.created_at, Certificate.status == "pending")
