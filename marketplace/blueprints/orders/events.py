"""What happens to orders."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class OrderEvent(DomainEvent):
    """What all events of orders say; `actor_id` is None for a step that happened by itself."""

    name: ClassVar[str] = "order"
    order_id: int
    customer_id: int
    performer_id: int
    performer_user_id: int
    status: str
    actor_id: int | None


@dataclass(frozen=True, kw_only=True)
class OrderCreated(OrderEvent):
    name: ClassVar[str] = "order.created"


@dataclass(frozen=True, kw_only=True)
class OrderAccepted(OrderEvent):
    name: ClassVar[str] = "order.accepted"


@dataclass(frozen=True, kw_only=True)
class OrderDeclined(OrderEvent):
    name: ClassVar[str] = "order.declined"


@dataclass(frozen=True, kw_only=True)
class OrderExpired(OrderEvent):
    name: ClassVar[str] = "order.expired"


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(OrderEvent):
    name: ClassVar[str] = "order.cancelled"


@dataclass(frozen=True, kw_only=True)
class OrderStarted(OrderEvent):
    name: ClassVar[str] = "order.started"


@dataclass(frozen=True, kw_only=True)
class OrderDelivered(OrderEvent):
    name: ClassVar[str] = "order.delivered"


@dataclass(frozen=True, kw_only=True)
class OrderChangesRequested(OrderEvent):
    name: ClassVar[str] = "order.changes_requested"


@dataclass(frozen=True, kw_only=True)
class OrderCompleted(OrderEvent):
    name: ClassVar[str] = "order.completed"


@dataclass(frozen=True, kw_only=True)
class OrderDisputed(OrderEvent):
    name: ClassVar[str] = "order.disputed"


@dataclass(frozen=True, kw_only=True)
class OrderResolved(OrderEvent):
    """A dispute ended; `status` (`completed` or `cancelled`) is how."""

    name: ClassVar[str] = "order.resolved"


@dataclass(frozen=True, kw_only=True)
class ResolutionProposed(OrderEvent):
    name: ClassVar[str] = "order.resolution_proposed"


@dataclass(frozen=True, kw_only=True)
class RescheduleProposed(OrderEvent):
    name: ClassVar[str] = "order.reschedule_proposed"


@dataclass(frozen=True, kw_only=True)
class OrderRescheduled(OrderEvent):
    name: ClassVar[str] = "order.rescheduled"


BY_TRANSITION: dict[str, type[OrderEvent]] = {
    "resolve": OrderResolved,
    "accept": OrderAccepted,
    "decline": OrderDeclined,
    "expire": OrderExpired,
    "cancel": OrderCancelled,
    "start": OrderStarted,
    "deliver": OrderDelivered,
    "request_changes": OrderChangesRequested,
    "complete": OrderCompleted,
    "dispute": OrderDisputed,
}
"""The event that a step to another status records."""

ALL: tuple[type[OrderEvent], ...] = (
    OrderCreated,
    *BY_TRANSITION.values(),
    ResolutionProposed,
    RescheduleProposed,
    OrderRescheduled,
)
