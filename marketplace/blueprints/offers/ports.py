"""Interfaces that the services of offers need, and the views that they return."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.blueprints.offers.contracts import BookableService, ServiceView
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Service


@dataclass(frozen=True)
class OwnServiceView:
    """A service as its performer sees it."""

    id: int
    version: int
    performer_id: int
    category_id: int
    title: str
    description: str
    pricing: str
    price: Money | None
    duration_minutes: int
    is_active: bool
    created_at: datetime
    updated_at: datetime
    hidden_at: datetime | None
    hidden_reason: str | None


@dataclass(frozen=True)
class StaffServiceView(ServiceView):
    """A service as staff sees it; `performer_user_id` is the performer's user."""

    performer_user_id: int
    hidden_at: datetime | None
    hidden_reason: str | None


@dataclass(frozen=True)
class ServiceFilters:
    """The filters of staff's list of services; None is any."""

    performer_id: int | None = None
    hidden: bool | None = None
    q: str | None = None


def price_of(row: Any) -> Money | None:
    """The price in the two columns of a row or an entity."""
    return None if row.price_amount is None else Money(row.price_amount, row.price_currency)


def own_view(row: Any) -> OwnServiceView:
    """The performer's view of a row or an entity."""
    return OwnServiceView(
        id=row.id,
        version=row.version,
        performer_id=row.performer_id,
        category_id=row.category_id,
        title=row.title,
        description=row.description,
        pricing=row.pricing,
        price=price_of(row),
        duration_minutes=row.duration_minutes,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
        hidden_at=row.hidden_at,
        hidden_reason=row.hidden_reason,
    )


class ServiceRepository(Protocol):
    """Services."""

    def get_view(self, service_id: int, viewer: Principal | None) -> ServiceView:
        """A service; a hidden one only for its performer and for staff. Raises NotFound."""
        ...

    def list_of(self, performer_id: int, page: PageRequest) -> Page[OwnServiceView]:
        """All services of the performer that are not deleted, switched off or not, newest first."""
        ...

    def count_of(self, performer_id: int) -> int:
        """The number of services of the performer that are not deleted. No other service is added until the
        unit of work ends.
        """
        ...

    def get_own(self, service_id: int, performer_id: int) -> Service:
        """An own service, locked. Raises NotFound for a foreign or deleted one."""
        ...

    def find_bookable(self, service_id: int) -> BookableService | None:
        """A service for an order; None for one that is not public."""
        ...

    def get_bookable(self, service_id: int) -> BookableService:
        """A service for an order. Raises NotFound for one that is not public."""
        ...

    def add(self, service: Service) -> None:
        """Store a new service; its id and defaults are set afterwards."""
        ...

    def list_all(self, page: PageRequest, filters: ServiceFilters) -> Page[StaffServiceView]:
        """All that are not deleted, newest first."""
        ...

    def lock_for_staff(self, ids: Sequence[int]) -> list[StaffServiceView]:
        """Those of `ids` that are not deleted, locked in the order of their ids."""
        ...

    def set_hidden(self, ids: Sequence[int], at: datetime | None, reason: str | None) -> None:
        """Hide all of `ids` (`at` says when), or show them again (None), in one UPDATE."""
        ...

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        ...

    def move_category(self, source_id: int, target_id: int) -> int:
        """Move all services of the one category to the other, including deleted ones; returns how many."""
        ...


class ServiceRecords(Protocol):
    """The stored data about one user's services, including deleted ones."""

    def services(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export."""
        ...

    def forget(self, user_id: int, at: datetime) -> None:
        """Delete the services with their texts; orders have copies of what was agreed."""
        ...
