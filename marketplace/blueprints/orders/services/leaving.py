"""Refuses the deletion of a user who has open orders."""

from marketplace.blueprints.orders.errors import OrderOpen
from marketplace.blueprints.orders.ports import OrderRecords

NAMED = 10
"""The limit of open orders that an error names."""


class Leaving:
    """Used inside the transaction of the deletion, with the user's row locked."""

    def __init__(self, records: OrderRecords) -> None:
        self._records = records

    def check(self, user_id: int) -> None:
        """Raises OrderOpen, naming the orders. No order can begin meanwhile
        (`OrderRepository.hold_parties`).
        """
        open_ones = self._records.list_open(user_id, NAMED)
        if open_ones:
            raise OrderOpen(order_ids=list(open_ones))
