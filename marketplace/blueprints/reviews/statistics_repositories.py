"""What staff counts of reviews."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.kernel.statistics import Counter
from marketplace.models.reviews import Review


class SqlStatistics(SqlCounts):
    """Each in one query."""

    def counters(self) -> list[Counter]:
        """What happens, by name."""
        return [
            Counter("published_reviews", self._published_reviews),
        ]

    def _published_reviews(self, start: datetime, end: datetime) -> Mapping[date, int]:
        return self.days(Review.published_at, start=start, end=end)
