"""Interfaces that the services of orders need, and the views that they return."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from marketplace.blueprints.orders.contracts import OrderRef
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class CancellationTier:
    """From `hours_before` hours before the start on, cancelling costs `percent` of the price."""

    hours_before: int
    percent: int


@dataclass(frozen=True)
class CancellationPolicy:
    """The tiers of a policy, the earliest first; before the first one cancelling costs nothing."""

    name: str
    tiers: tuple[CancellationTier, ...]


@dataclass(frozen=True)
class PerformerPolicy(CancellationPolicy):
    """A performer's policy; version 0 while none was ever chosen."""

    version: int = 0


@dataclass(frozen=True)
class Ending:
    """What the end of an order cost its customer, and whose fault it was; `amount` is None without a price.
    `waived_at` is when staff took fee and fault away.
    """

    fault: str
    percent: int
    amount: Money | None
    waived_at: datetime | None = None


@dataclass(frozen=True)
class Refund:
    """The share of the price that goes back to the customer; `amount` is None without a price."""

    percent: int
    amount: Money | None


@dataclass(frozen=True)
class CancellationCost:
    """What it costs that one party cancels now: `paid_by` is None where nobody pays."""

    paid_by: str | None
    percent: int
    amount: Money | None
    fault: str


@dataclass(frozen=True)
class UpcomingTier:
    """When cancelling begins to cost the customer more, and how much."""

    starts_at: datetime
    percent: int
    amount: Money | None


@dataclass(frozen=True)
class CancellationQuote:
    """What cancelling an order now would cost, by who cancels it."""

    policy: CancellationPolicy | None
    by_customer: CancellationCost
    by_performer: CancellationCost
    free_until: datetime | None
    next_tier: UpcomingTier | None


@dataclass(frozen=True)
class CustomerRating:
    """What performers think of a customer, as performers see it; `average` is None under three reviews."""

    count: int
    average: float | None


@dataclass(frozen=True, kw_only=True)
class OrderView(OrderRef):
    """An order as its parties see it; `allowed_transitions` are those of the caller. `state_entry` counts
    entries into a status and agreed reschedules, for timers; below 1, code that knows no timers made the
    last one. `arrival_code` is there for the customer alone, `customer_rating` for the performer alone.

    `disputed_*` are those of `marketplace.models.Order`; `decision_due_at` is None for disputes of before,
    which the table of timers knows. `resolution_refund` is what the proposal of a party gives back, `refund`
    what the end of the dispute did.
    """

    service_id: int
    title: str
    pricing: str
    price: Money | None
    notice_minutes: int
    padded_from: datetime | None
    padded_to: datetime | None
    latitude: float | None
    longitude: float | None
    despite_conflicts: bool
    address: dict[str, Any]
    note: str
    proposed_by: str | None
    proposed_despite_conflicts: bool
    resolution: str | None
    resolution_by: str | None
    state_entered_at: datetime
    state_entry: int
    created_at: datetime
    updated_at: datetime
    cancellation_policy: CancellationPolicy | None = None
    cancellation: Ending | None = None
    disputed_from: str | None = None
    disputed_by: str | None = None
    disputed_after: timedelta | None = None
    decision_due_at: datetime | None = None
    resolution_refund_percent: int | None = None
    resolution_refund: Refund | None = None
    refund: Refund | None = None
    has_arrival_code: bool = False
    arrived_at: datetime | None = None
    arrival_proven: bool = False
    arrival_code: str | None = field(default=None, repr=False)
    customer_rating: CustomerRating | None = CustomerRating(0, None)
    allowed_transitions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Move:
    """A change of an order that has a certain status; `values` are those of its columns."""

    order_id: int
    from_status: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class HistoryEntry:
    """One step that an order took."""

    id: int
    transition: str
    from_status: str | None
    to_status: str
    actor_role: str
    reason: str | None
    data: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class Step:
    """One row for the history."""

    order_id: int
    transition: str
    from_status: str | None
    to_status: str
    actor_id: int | None
    actor_role: str
    reason: str | None
    created_at: datetime
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ShownReview:
    """A review in a timeline; `published_at` is None for an own one that waits."""

    id: int
    rating: int
    text: str
    published_at: datetime | None


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened to an order. `id` is unique among those of its `kind`."""

    kind: str
    id: int
    at: datetime
    actor_role: str
    transition: str | None
    from_status: str | None
    to_status: str | None
    reason: str | None
    data: dict[str, Any]
    review: ShownReview | None


@dataclass(frozen=True)
class Remark:
    """A row for what happens to an order without being a step of it."""

    order_id: int
    kind: str
    actor_id: int
    actor_role: str
    reason: str | None
    created_at: datetime
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderFilters:
    """The filters of a list of orders: a status, the start, from a time on and before another one, and the
    series; None is any.
    """

    status: str | None = None
    starts_from: datetime | None = None
    starts_before: datetime | None = None
    series_id: int | None = None


class OrderRepository(Protocol):
    """Orders and their history."""

    def add(self, orders: Sequence[Mapping[str, Any]]) -> Sequence[OrderView]:
        """Store new orders of one performer, in one statement, each with a copy of the performer's
        cancellation policy; returns them as stored, in their order, defaults included.
        """
        ...

    def hold_parties(self, user_ids: Collection[int]) -> set[int]:
        """The users among `user_ids` whose accounts are open. They are locked until the end of the
        transaction, so none can be deleted or blocked meanwhile.
        """
        ...

    def find(self, order_id: int, *, lock: bool = False) -> OrderView | None:
        """One order; `lock` keeps others from moving it until the end of the transaction."""
        ...

    def find_many(self, order_ids: Sequence[int], *, lock: bool = False) -> Sequence[OrderView]:
        """Those of these orders that there are, by their ids; locked in this order, so that two who lock
        several wait for each other and do not block each other.
        """
        ...

    def move(self, moves: Sequence[Move]) -> bool:
        """Set the values of orders, in one statement for all that set the same columns; False when one of
        them no longer has the status that it is moved from.
        """
        ...

    def add_steps(self, steps: Sequence[Step]) -> None:
        """Add to the history, in one statement."""
        ...

    def history(self, order_id: int, page: PageRequest) -> Page[HistoryEntry]:
        """Oldest first."""
        ...

    def waive(self, order_id: int, fault: str, at: datetime) -> bool:
        """Take fee and fault away from a cancelled order that has `fault`; False when it has it no more."""
        ...

    def add_remark(self, remark: Remark) -> None:
        """Note what is no step."""
        ...

    def take_arrival_try(self, order_id: int, max_tries: int) -> str | None:
        """Count a try of the order's arrival code, in one statement: at most `max_tries` callers get the
        code. None when its tries are used up. The order's version stays.
        """
        ...

    def list_own(
        self, page: PageRequest, caller: Principal, role: str | None, filters: OrderFilters
    ) -> Page[OrderView]:
        """Newest first: the orders of the caller in `role`, or in either role for None."""
        ...

    def list_all(self, page: PageRequest, filters: OrderFilters) -> Page[OrderView]:
        """The orders of all users, newest first."""
        ...

    def have_met(self, one: int, other: int) -> bool:
        """Whether two users are the parties of some order."""
        ...

    def heal(self, limit: int) -> list[OrderView]:
        """Count the entry of up to `limit` open orders that code without timers has made or moved, and return
        them as they are then, locked. Locked ones are left for the next time.
        """
        ...

    def is_recorded(self, event_id: UUID) -> bool:
        """Whether the event of this id is in the log."""
        ...


class TimelineRepository(Protocol):
    """Everything that happened to an order, in one list."""

    def list(self, order_id: int, viewer_id: int, page: PageRequest) -> Page[TimelineEntry]:
        """Oldest first; of reviews those that are public, and those that `viewer_id` wrote. Raises
        InvalidCursor.
        """
        ...


class PolicyRepository(Protocol):
    """The cancellation policies of performers."""

    def lock(self, performer_id: int) -> None:
        """Until the end of the transaction nobody else changes the policy."""
        ...

    def find(self, performer_id: int) -> PerformerPolicy | None:
        """What the performer chose; None when there was never a choice."""
        ...

    def find_public(self, performer_id: int) -> PerformerPolicy | None:
        """Likewise, `free` where there was no choice; None when the public does not see the performer."""
        ...

    def set(self, performer_id: int, policy: PerformerPolicy, at: datetime) -> None:
        """Store the choice."""
        ...

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """The policy of a user, for an export; at most one row."""
        ...

    def forget(self, user_id: int) -> None:
        """Delete the policy of a performer who has left."""
        ...


class OrderRecords(Protocol):
    """A user's orders, as customer and as performer."""

    def orders(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export. Address and note are the customer's data: the performer's copy omits them."""
        ...

    def history(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: every step of these orders, as both parties see them."""
        ...

    def remarks(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: what happened to these orders beside their steps."""
        ...

    def list_open(self, user_id: int, limit: int) -> Sequence[int]:
        """The ids of orders that have not come to an end."""
        ...

    def forget(self, user_id: int) -> None:
        """Blank what only the customer said: the address, the note and the code of arrival. The other party
        keeps the orders.
        """
        ...
