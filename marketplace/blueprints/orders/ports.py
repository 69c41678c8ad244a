"""What the services of orders need."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class Bookable:
    """What an order copies from a service."""

    id: int
    performer_id: int
    performer_user_id: int
    title: str
    pricing: str
    price: Money | None
    duration_minutes: int


@dataclass(frozen=True)
class OrderView:
    """An order as its parties see it; `allowed_transitions` are those of the caller."""

    id: int
    customer_id: int
    performer_id: int
    performer_user_id: int
    service_id: int
    status: str
    title: str
    pricing: str
    price: Money | None
    starts_at: datetime
    ends_at: datetime
    notice_minutes: int
    address: dict[str, Any]
    note: str
    proposed_starts_at: datetime | None
    proposed_by: str | None
    resolution: str | None
    resolution_by: str | None
    state_entered_at: datetime
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    allowed_transitions: list[str] = field(default_factory=list)


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


class OrderRepository(Protocol):
    def add(self, values: Mapping[str, Any]) -> int:
        """Store a new order; returns its id."""
        ...

    def hold_parties(self, user_ids: Collection[int]) -> set[int]:
        """Those of `user_ids` whose accounts are open, held so until the end of the transaction: none can be
        deleted or blocked meanwhile.
        """
        ...

    def is_taken(
        self, performer_id: int, starts_at: datetime, ends_at: datetime, *, besides: int | None = None
    ) -> bool:
        """Whether a confirmed order of the performer, other than `besides`, overlaps."""
        ...

    def find(self, order_id: int, *, lock: bool = False) -> OrderView | None: ...

    def move(self, order_id: int, from_status: str, values: Mapping[str, Any]) -> bool:
        """Set `values`, in one statement; False when the status is no longer `from_status`."""
        ...

    def add_steps(self, steps: Sequence[Step]) -> None: ...

    def history(self, order_id: int, page: PageRequest) -> Page[HistoryEntry]: ...

    def list_own(
        self, page: PageRequest, caller: Principal, role: str | None, filters: Mapping[str, Any]
    ) -> Page[OrderView]:
        """Newest first: those of the caller in `role`, in either when None."""
        ...

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[OrderView]:
        """Everybody's, newest first."""
        ...

    def has_engaged(self, customer_id: int, performer_id: int) -> bool:
        """Whether the performer ever accepted an order of the customer that was not cancelled."""
        ...

    def expire_due(self, at: datetime, limit: int) -> list[OrderView]:
        """Move up to `limit` pending orders whose time is up; locked ones are left for the next time."""
        ...

    def complete_due(self, at: datetime, limit: int) -> list[OrderView]:
        """Move up to `limit` delivered orders that nobody objected to."""
        ...


class ServiceCatalog(Protocol):
    def __call__(self, service_id: int) -> Bookable:
        """Raises NotFound for a service that the public cannot see."""
        ...


class TimeCheck(Protocol):
    """What speaks against a booking at a time, the gap to booked orders, and the notice."""

    @property
    def outside_schedule(self) -> bool: ...

    @property
    def too_short_notice(self) -> bool: ...

    @property
    def gap(self) -> timedelta: ...

    @property
    def notice(self) -> timedelta: ...


class Calendar(Protocol):
    def __call__(self, performer_id: int, starts_at: datetime, ends_at: datetime, /) -> TimeCheck:
        """Raises NotFound."""
        ...


class AuditLog(Protocol):
    def write(
        self,
        action: str,
        subject_type: str,
        subject_id: int | None,
        *,
        actor: Principal | None,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None: ...
