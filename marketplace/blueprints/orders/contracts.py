"""Events of orders, the view of an order for other domains, and the desk that books and moves several."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from marketplace.blueprints.availability.contracts import Booking
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.kernel.errors import AppError
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money


class OrderParty(StrEnum):
    """On which side of an order somebody is: `customer` or `performer`."""

    CUSTOMER = "customer"
    PERFORMER = "performer"


class DisputeOutcome(StrEnum):
    """How a dispute ends: the order counts as `completed` or as `cancelled`."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class OrderEvent(DomainEvent):
    """The fields that all events of orders have; `actor_id` is None for a step that no user took. Where
    several orders of a series took the step together, all but the first one name that one in `along_with`:
    people are told once.
    """

    name: ClassVar[str] = "order"
    order_id: int
    customer_id: int
    performer_id: int
    performer_user_id: int
    status: str
    actor_id: int | None
    along_with: int | None = None

    def payload(self) -> dict[str, Any]:
        """Without `along_with` where it says nothing: the release before this one does not know it."""
        values = super().payload()
        if self.along_with is None:
            del values["along_with"]
        return values


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
class OrderDisputeWithdrawn(OrderEvent):
    """Who opened the dispute took it back; `status` is the one before it, and its timers run on."""

    name: ClassVar[str] = "order.dispute_withdrawn"


@dataclass(frozen=True, kw_only=True)
class OrderEscalated(OrderEvent):
    """A party of a disputed order asked staff to decide at once."""

    name: ClassVar[str] = "order.escalated"


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


@dataclass(frozen=True, kw_only=True)
class OrderDecisionDue(OrderReminder):
    """The parties of a disputed order have not agreed in time: staff may decide from now on."""

    name: ClassVar[str] = "order.decision_due"


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
    starts_at: datetime
    ends_at: datetime
    proposed_starts_at: datetime | None
    completed_at: datetime | None
    version: int
    series_id: int | None = None
    series_position: int | None = None


@dataclass(frozen=True)
class SeriesPlace:
    """The place of an order in a series, counted from 1."""

    series_id: int
    position: int


@dataclass(frozen=True)
class AcceptOutcome:
    """What became of an order that was to be accepted: `refusal` is None where it was."""

    order: OrderRef
    refusal: AppError | None


@dataclass(frozen=True)
class MoveOutcome:
    """What became of an order that was to begin at `starts_at`; `refusal` is None where nothing speaks
    against that.
    """

    order: OrderRef
    starts_at: datetime
    refusal: AppError | None


class OrderDesk(Protocol):
    """Books and moves several orders of one customer and performer at once, each in its own life: for each
    one row lock, step in the history, event and fee. The number of statements does not depend on the number
    of orders. Orders are returned as the caller may see them.
    """

    def find_service(self, service_id: int) -> BookableService:
        """A service that can be booked at a price. Raises NotFound, PriceNeeded."""
        ...

    def book(
        self,
        caller: Principal,
        service: BookableService,
        terms: Mapping[str, Any],
        times: Sequence[tuple[Booking, SeriesPlace | None]],
    ) -> Sequence[OrderRef]:
        """Store an order for each time, with a copy of what is agreed: the service's terms, and the caller's
        `address`, `note` and wish for an `arrival_code` from `terms`. The caller's hold with the performer is
        used up.

        Raises NotFound (a party has left), AlreadyRequested.
        """
        ...

    def list_seen(self, caller: Principal, order_ids: Sequence[int]) -> Sequence[OrderRef]:
        """Orders by their ids. Raises NotFound where the caller is neither a party nor staff."""
        ...

    def cancel(
        self, caller: Principal, order_ids: Sequence[int], *, named: int, expected: int | None
    ) -> Sequence[OrderRef]:
        """Cancel those orders that the caller may cancel. The one that is `named` must be among them, and
        have the `expected` version (None: any).

        Raises NotFound, WrongParty, TransitionNotAllowed, PreconditionFailed.
        """
        ...

    def accept(
        self, caller: Principal, order_ids: Sequence[int], *, despite_conflicts: bool
    ) -> Sequence[AcceptOutcome]:
        """Accept those orders that wait for it and whose time is free, the first ones first.

        Raises NotFound, WrongParty, TransitionNotAllowed where none waits.
        """
        ...

    def move(
        self,
        caller: Principal,
        order_ids: Sequence[int],
        plan: Callable[[Sequence[OrderRef]], Mapping[int, datetime]],
        *,
        named: int,
        expected: int | None,
        despite_conflicts: bool,
    ) -> Sequence[MoveOutcome]:
        """Propose other starts of those orders that the caller may reschedule, or agree to the other party's
        proposals of the same starts: of all, or of none where a start is refused. `plan` gives the starts by
        id, of orders that are locked. `named` and `expected` as with `cancel`.

        Raises as `cancel`, OnlyPerformer (`despite_conflicts` of a customer).
        """
        ...


@dataclass(frozen=True)
class Settlement:
    """How a dispute ends, or is to end as the party `by` proposes it (None at its end): what goes back to the
    customer in percent, and as money where the order has a price.
    """

    outcome: str
    refund_percent: int
    refund: Money | None
    by: str | None = None


@dataclass(frozen=True)
class SeenOrder:
    """An order as `role` sees it: `customer`, `performer`, `staff`, or None for moderators, who only read.
    `proposal` is what a party proposes for the end of a dispute, `settlement` how one has ended.
    """

    order: OrderRef
    role: str | None
    allowed_transitions: Sequence[str]
    proposal: Settlement | None
    settlement: Settlement | None


class DisputeDesk(Protocol):
    """Orders for the domain of disputes."""

    def look(self, caller: Principal, order_id: int) -> SeenOrder:
        """An order, who the caller is to it, and what the caller may do. Raises NotFound for strangers."""
        ...

    def dispute(self, caller: Principal, order_id: int, reason: str) -> OrderRef:
        """Take the step `dispute`, within the transaction of the caller.

        Raises NotFound (stranger), WrongParty, TransitionNotAllowed.
        """
        ...
