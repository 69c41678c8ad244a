"""What staff counts of accounts."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.kernel.statistics import Counter
from marketplace.models.accounts import User


class SqlStatistics(SqlCounts):
    """Each in one query."""

    def counters(self) -> list[Counter]:
        """What happens, by name."""
        return [
            Counter("sign_ups", self._sign_ups),
        ]

    def _sign_ups(self, start: datetime, end: datetime) -> Mapping[date, int]:
        return self.days(User.date_joined, start=start, end=end)
