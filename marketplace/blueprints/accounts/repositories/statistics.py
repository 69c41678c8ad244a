"""Statistics of accounts for staff."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.models.accounts import User


class SqlStatistics(SqlCounts):
    """One query for each figure."""

    def sign_ups(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """New accounts."""
        return self.days(User.date_joined, start=start, end=end)
