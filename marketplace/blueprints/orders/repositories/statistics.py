"""Statistics of orders for staff."""

from collections.abc import Mapping
from datetime import date, datetime

from marketplace.database.counting import SqlCounts
from marketplace.models.orders import Order, OrderTransition


class SqlStatistics(SqlCounts):
    """One query for each figure."""

    def orders_created(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """Created orders."""
        return self.days(Order.created_at, start=start, end=end)

    def orders_completed(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """Completed orders."""
        return self.days(
            OrderTransition.created_at, OrderTransition.to_status == "completed", start=start, end=end
        )

    def orders_cancelled(self, start: datetime, end: datetime) -> Mapping[date, int]:
        """Cancelled orders."""
        return self.days(
            OrderTransition.created_at, OrderTransition.to_status == "cancelled", start=start, end=end
        )
