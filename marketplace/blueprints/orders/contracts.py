"""Events of orders, and the view of an order for other domains."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class OrderEvent(DomainEvent):
    """The fields that all events of orders have; `actor_id` is None for a step that no user took."""

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
    """A dispute ended with `status` (`completed` or `cancelled`)."""

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


@dataclass(frozen=True, kw_only=True)
class OrderArrived(OrderEvent):
    """The performer has come; the order tells whether the customer's code proves it."""

    name: ClassVar[str] = "order.arrived"


@dataclass(frozen=True, kw_only=True)
class OrderNoShow(OrderEvent):
    """One party has not come, as the other one (`actor_id`) says; the order is cancelled."""

    name: ClassVar[str] = "order.no_show"


@dataclass(frozen=True, kw_only=True)
class OrderRemark(OrderEvent):
    """Something happened to an order that is no step of it."""

    name: ClassVar[str] = "order.remark"


@dataclass(frozen=True, kw_only=True)
class OrderFeeWaived(OrderRemark):
    """Staff took away the fee of a cancelled order, and the fault."""

    name: ClassVar[str] = "order.fee_waived"


@dataclass(frozen=True, kw_only=True)
class OrderReminder(OrderEvent):
    """Something is going to happen to an order at `at` (RFC 3339, UTC), and somebody should know."""

    name: ClassVar[str] = "order.reminder"
    at: str


@dataclass(frozen=True, kw_only=True)
class OrderExpiring(OrderReminder):
    """The performer has not answered a pending order, which expires soon."""

    name: ClassVar[str] = "order.expiring"


@dataclass(frozen=True, kw_only=True)
class OrderStarting(OrderReminder):
    """The agreed start of a confirmed order comes near: in 24 hours, or in one."""

    name: ClassVar[str] = "order.starting"


@dataclass(frozen=True, kw_only=True)
class OrderCompleting(OrderReminder):
    """The customer has not answered a delivery: the order completes by itself soon."""

    name: ClassVar[str] = "order.completing"


REMARKS: tuple[type[OrderRemark], ...] = tuple(OrderRemark.__subclasses__())
"""The events of what is no step."""
ALL_EVENTS: tuple[type[OrderEvent], ...] = tuple(
    kind for kind in OrderEvent.__subclasses__() if kind not in {OrderReminder, OrderRemark}
)
"""The events of steps, and of proposals of steps."""


@dataclass(frozen=True, kw_only=True)
class OrderRef:
    """An order as other domains see it."""

    id: int
    status: str
    customer_id: int
    performer_id: int
    performer_user_id: int
    completed_at: datetime | None
