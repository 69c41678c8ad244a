"""What other domains may know of orders."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.blueprints.orders.events import (
    ALL,
    OrderAccepted,
    OrderCancelled,
    OrderChangesRequested,
    OrderCompleted,
    OrderCreated,
    OrderDeclined,
    OrderDelivered,
    OrderDisputed,
    OrderEvent,
    OrderExpired,
    OrderRescheduled,
    OrderResolved,
    OrderStarted,
    RescheduleProposed,
    ResolutionProposed,
)
from marketplace.blueprints.orders.wiring import orders
from marketplace.kernel.errors import NotFound

__all__ = [
    "ALL_EVENTS",
    "OrderAccepted",
    "OrderCancelled",
    "OrderChangesRequested",
    "OrderCompleted",
    "OrderCreated",
    "OrderDeclined",
    "OrderDelivered",
    "OrderDisputed",
    "OrderEvent",
    "OrderExpired",
    "OrderRef",
    "OrderRescheduled",
    "OrderResolved",
    "OrderStarted",
    "RescheduleProposed",
    "ResolutionProposed",
    "find_order",
    "get_order_ref",
    "has_confirmed_order",
]

ALL_EVENTS = ALL
"""Every event of orders."""


@dataclass(frozen=True)
class OrderRef:
    """What other domains see of an order."""

    id: int
    status: str
    customer_id: int
    performer_id: int
    performer_user_id: int
    completed_at: datetime | None


def find_order(order_id: int) -> OrderRef | None:
    """One order, whoever asks: the caller checks who may know of it."""
    found = orders().booking.find(order_id)
    if found is None:
        return None
    return OrderRef(
        id=found.id,
        status=found.status,
        customer_id=found.customer_id,
        performer_id=found.performer_id,
        performer_user_id=found.performer_user_id,
        completed_at=found.completed_at,
    )


def get_order_ref(order_id: int) -> OrderRef:
    """As `find_order`. Raises NotFound."""
    found = find_order(order_id)
    if found is None:
        raise NotFound
    return found


def has_confirmed_order(customer_id: int, performer_id: int) -> bool:
    """Whether the performer ever accepted an order of the customer that was not cancelled."""
    return orders().booking.has_engaged(customer_id, performer_id)
