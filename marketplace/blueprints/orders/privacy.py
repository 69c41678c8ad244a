"""What orders have to say when a user leaves."""

from collections.abc import Sequence
from typing import Protocol

from marketplace.blueprints.orders.errors import OrderOpen

NAMED = 10
"""So many open orders are named at most."""


class OrderRecords(Protocol):
    """A user's orders."""

    def list_open(self, user_id: int, limit: int) -> Sequence[int]:
        """The ids of those that have not come to an end."""
        ...

    def forget(self, user_id: int) -> None:
        """Blank what only the customer said."""
        ...


class Leaving:
    """Used inside the transaction of the deletion, with the user's row locked."""

    def __init__(self, records: OrderRecords) -> None:
        self._records = records

    def check(self, user_id: int) -> None:
        """Raises OrderOpen, naming the orders. None can begin meanwhile (`OrderRepository.hold_parties`)."""
        open_ones = self._records.list_open(user_id, NAMED)
        if open_ones:
            raise OrderOpen(order_ids=list(open_ones))

    def forget(self, user_id: int) -> None:
        """Blank the user's addresses and notes; the orders stay, since the other party needs them."""
        self._records.forget(user_id)
