"""The timeline of an order: everything that happened to it."""

from marketplace.blueprints.orders.ports import OrderRepository, TimelineEntry, TimelineRepository
from marketplace.blueprints.orders.services.shared import role_of
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest


class TimelineService:
    """Reads timelines."""

    def __init__(self, orders: OrderRepository, rows: TimelineRepository) -> None:
        self._orders = orders
        self._rows = rows

    def list(self, caller: Principal, order_id: int, page: PageRequest) -> Page[TimelineEntry]:
        """What the caller may see of it, oldest first. Raises NotFound for strangers, InvalidCursor."""
        order = self._orders.find(order_id)
        if order is None:
            raise NotFound
        role_of(caller, order)
        return self._rows.list(order_id, caller.user_id, page)
