"""Statistics of reviews for staff."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.models.reviews import Review


class SqlStatistics(SqlCounts):
    """One query for each figure."""

    def published_reviews(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """Published reviews."""
        return self.days(Review.published_at, start=start, end=end)
