"""What staff counts of orders."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.kernel.statistics import Counter
from marketplace.models.orders import Order, OrderTransition


class SqlStatistics(SqlCounts):
    """Each in one query."""

    def counters(self) -> list[Counter]:
        """What happens, by name."""
        return [
            Counter("orders_created", self._orders_created),
            Counter("orders_completed", self._orders_completed),
            Counter("orders_cancelled", self._orders_cancelled),
        ]

    def _orders_created(self, start: datetime, end: datetime) -> Mapping[date, int]:
        return self.days(Order.created_at, start=start, end=end)

    def _orders_completed(self, start: datetime, end: datetime) -> Mapping[date, int]:
        return self.days(
            OrderTransition.created_at, OrderTransition.to_status == "completed", start=start, end=end
        )

    def _orders_cancelled(self, start: datetime, end: datetime) -> Mapping[date, int]:
        return self.days(
            OrderTransition.created_at, OrderTransition.to_status == "cancelled", start=start, end=end
        )
