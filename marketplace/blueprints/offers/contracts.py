"""Events of offers, and the views of a service for the public and for orders."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from marketplace.kernel.events import DomainEvent
from marketplace.kernel.money import Money


class Pricing(StrEnum):
    """How a service is paid for: one `fixed` price, a price for each hour (`hourly`), or a `quote` that the
    performer makes for each order.
    """

    FIXED = "fixed"
    HOURLY = "hourly"
    QUOTE = "quote"


@dataclass(frozen=True, kw_only=True)
class ServiceCreated(DomainEvent):
    """A performer added a service."""

    name: ClassVar[str] = "service.created"
    service_id: int
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class ServiceChanged(DomainEvent):
    """A performer edited a service."""

    name: ClassVar[str] = "service.changed"
    service_id: int
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class ServiceRemoved(DomainEvent):
    """A performer deleted a service; orders still refer to it."""

    name: ClassVar[str] = "service.removed"
    service_id: int
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class ServiceHidden(DomainEvent):
    """Staff hid a service of `user_id`, the performer's user, from the public."""

    name: ClassVar[str] = "service.hidden"
    service_id: int
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class ServiceRestored(DomainEvent):
    """Staff made a hidden service public again."""

    name: ClassVar[str] = "service.restored"
    service_id: int
    performer_id: int
    user_id: int


@dataclass(frozen=True)
class BookableService:
    """What an order copies from a service."""

    id: int
    performer_id: int
    performer_user_id: int
    title: str
    pricing: str
    price: Money | None
    duration_minutes: int


@dataclass(frozen=True)
class ServicePerformer:
    """The performer of a service, as the public sees one; the last name is an initial."""

    id: int
    first_name: str
    last_name: str
    avatar_url: str | None
    city_id: int
    verified: bool
    rating: float | None
    rating_count: int


@dataclass(frozen=True)
class ServiceView:
    """A service as the public sees it."""

    id: int
    version: int
    category_id: int
    title: str
    description: str
    pricing: str
    price: Money | None
    duration_minutes: int
    is_active: bool
    created_at: datetime
    updated_at: datetime
    performer: ServicePerformer
