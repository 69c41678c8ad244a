"""What the catalog shows: frozen rows made from columns or entities."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page
from marketplace.models.catalog import Category


@dataclass(frozen=True)
class CategoryRow:
    """A category as the tree is built from it."""

    id: int
    parent_id: int | None
    slug: str
    names: Mapping[str, Any]


@dataclass
class CategoryNode:
    """A category in the tree, named in the caller's language."""

    id: int
    slug: str
    name: str
    children: list["CategoryNode"] = field(default_factory=list)


@dataclass(frozen=True)
class MergedCategory:
    """A category that took in another one, and how many things of each kind came with it."""

    category: Category
    moved: Mapping[str, int]


@dataclass(frozen=True)
class CityView:
    """A city as the public sees it."""

    id: int
    name: str
    country_code: str
    latitude: float
    longitude: float
    timezone: str


@dataclass(frozen=True)
class BannerView:
    """A banner as the public sees it."""

    id: int
    placement: str
    title: str
    image_url: str | None
    link_url: str | None
    city_id: int | None


@dataclass(frozen=True)
class ShownBanners:
    """A page of banners, and when the next banner of such a page begins or ends."""

    page: Page[BannerView]
    until: datetime | None


@dataclass(frozen=True)
class BannerDay:
    """What was counted of a banner on a day (UTC)."""

    day: date
    views: int
    clicks: int


@dataclass(frozen=True)
class BannerStats:
    """What was counted of a banner: the sums, and each day."""

    views: int
    clicks: int
    days: list[BannerDay]


@dataclass(frozen=True)
class ServicePerformer:
    """Whose service it is, as the public sees it; the last name is an initial."""

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


@dataclass(frozen=True)
class FoundService(ServiceView):
    """A service in the public list; `distance_km` is None unless a place was asked for."""

    distance_km: float | None


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
    """A service as staff sees it; `performer_user_id` is whose it is."""

    performer_user_id: int
    hidden_at: datetime | None
    hidden_reason: str | None


@dataclass(frozen=True)
class BookableService:
    """What an order copies from a service."""

    id: int
    performer_id: int
    performer_user_id: int
    performer_timezone: str
    category_id: int
    title: str
    pricing: str
    price: Money | None
    duration_minutes: int


def price_of(row: Any) -> Money | None:
    """The price in the two columns of a row or an entity."""
    return None if row.price_amount is None else Money(row.price_amount, row.price_currency)


def own_view(row: Any) -> OwnServiceView:
    """What a performer sees of a row or an entity."""
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
