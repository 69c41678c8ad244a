"""What the services of performers need from outside, and the views that they hand on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from marketplace.blueprints.performers.figure_ports import ResponseTime
from marketplace.kernel.changes import Change
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Category
from marketplace.models.performers import Performer

# What cards hold is not frozen: a page makes a hundred of them, and freezing takes longer than filling.


@dataclass
class Person:
    """A user as others see one: of the last name only the initial."""

    id: int
    first_name: str
    last_name: str
    avatar_url: str | None = None


@dataclass(frozen=True)
class StaffPerson:
    """A user as staff see one."""

    id: int
    username: str
    first_name: str
    last_name: str
    avatar_url: str | None
    is_active: bool


@dataclass
class CityView:
    """Where a performer works."""

    id: int
    name: str
    country_code: str


@dataclass
class CategoryView:
    """A category with its name in the reader's language."""

    id: int
    slug: str
    name: str


@dataclass(frozen=True)
class ServiceView:
    """An active service of a public profile; no price when it is made by quote."""

    id: int
    category_id: int
    title: str
    description: str
    pricing: str
    price: Money | None
    duration_minutes: int


@dataclass
class Card:
    """A performer in the public list; `distance_km` is None unless a place was asked for."""

    id: int
    user: Person
    headline: str
    city: CityView
    verified: bool
    rating: float | None
    rating_count: int
    price_from: Money | None
    distance_km: float | None
    created_at: datetime
    categories: Sequence[CategoryView] = ()


@dataclass(frozen=True)
class Histogram:
    """How many reviews gave how many stars; `average` is None while there are too few."""

    average: float | None
    count: int
    stars: dict[str, int]


@dataclass(frozen=True)
class PortfolioPicture:
    """A picture of a performer's work, `width` and `height` in pixels; no `thumbnail_url` while that is in
    the making.
    """

    id: int
    url: str
    thumbnail_url: str | None
    width: int
    height: int
    caption: str


@dataclass(frozen=True)
class PublicProfile:
    """A performer as everybody may see one."""

    id: int
    user: Person
    headline: str
    about: str
    city: CityView
    timezone: str
    languages: list[str]
    experience_years: int | None
    verified: bool
    on_vacation_until: date | None
    rating: Histogram
    categories: Sequence[CategoryView]
    services: Sequence[ServiceView]
    portfolio: Sequence[PortfolioPicture]
    response_rate: float | None
    response_time_minutes: ResponseTime | None
    completion_rate: float | None
    created_at: datetime
    certificates: Sequence[object] = ()


@dataclass(frozen=True)
class FullProfile:
    """All columns of a performer, for the owner and for staff."""

    id: int
    user: StaffPerson
    status: str
    status_reason: str | None
    active: bool
    verified: bool
    headline: str
    about: str
    address: dict[str, Any]
    timezone: str
    city: CityView
    languages: list[str]
    experience_years: int | None
    rating_count: int
    created_at: datetime
    updated_at: datetime
    version: int
    categories: Sequence[CategoryView] = ()
    pending_changes: Sequence[object] = ()


@dataclass(frozen=True)
class ModeratedPerformer:
    """What of a performer waits for staff when it is edited."""

    id: int
    user_id: int
    headline: str
    about: str
    address: dict[str, Any]
    category_ids: list[int]


@dataclass(frozen=True)
class PerformerStatus:
    """What a decision on a performer starts from."""

    id: int
    user_id: int
    status: str
    status_reason: str | None


@dataclass(frozen=True)
class PerformerRef:
    """What other domains may know of a performer."""

    id: int
    user_id: int
    city_id: int
    timezone: str
    status: str
    active: bool


@dataclass(frozen=True)
class Search:
    """Which performers are wanted. `near` is latitude and longitude in degrees, `max_price` in minor
    units, `currency` that of the cheapest service; `radius_km` and the sort `distance` need `near`, the sort
    `relevance` needs `q`.
    """

    sort: str = "newest"
    city_id: int | None = None
    category_id: int | None = None
    q: str | None = None
    verified: bool | None = None
    min_rating: float | None = None
    max_price: int | None = None
    currency: str | None = None
    near: tuple[float, float] | None = None
    radius_km: float | None = None
    available_from: datetime | None = None
    available_to: datetime | None = None


@dataclass(frozen=True)
class SuggestedService:
    """A service by its title."""

    id: int
    title: str
    performer_id: int


@dataclass(frozen=True)
class Suggestions:
    """What somebody who types may mean, a few of each kind, the likeliest first."""

    categories: Sequence[CategoryView]
    performers: Sequence[Card]
    services: Sequence[SuggestedService]


@dataclass(frozen=True)
class CategoryCount:
    """How many performers of a search work in a category or below it."""

    id: int
    slug: str
    name: str
    count: int


@dataclass(frozen=True)
class CityCount:
    """How many performers of a search work in a city."""

    id: int
    name: str
    country_code: str
    count: int


@dataclass(frozen=True)
class Facets:
    """How a search spreads, the most first. Each kind counts without the filter of its own kind: how many
    there would be if one chose that instead.
    """

    categories: Sequence[CategoryCount]
    cities: Sequence[CityCount]


@dataclass(frozen=True)
class StaffSearch:
    """Which performers staff want to see."""

    status: str | None = None
    q: str | None = None
    city_id: int | None = None
    category_id: int | None = None
    verified: bool | None = None
    active: bool | None = None


class PerformerRepository(Protocol):
    def add(self, performer: Performer) -> None:
        """Store a new performer. Raises AlreadyPerformer at the end of the unit of work."""
        ...

    def get_for_update(self, performer_id: int) -> Performer:
        """Locked until the transaction ends, with its categories. Raises NotFound."""
        ...

    def has_active_city(self, city_id: int) -> bool: ...

    def find_active_categories(self, ids: Sequence[int]) -> list[Category]:
        """Those of `ids` that exist and are offered, by id."""
        ...

    def lock_active_categories(self, ids: Sequence[int]) -> list[Category]:
        """As `find_active_categories`; they are offered until the transaction ends."""
        ...

    def category_names(self, ids: Collection[int], language: str) -> Mapping[int, str]:
        """The names of those of `ids` that exist, offered or not."""
        ...

    def replace_categories(self, links: Mapping[int, Sequence[int]]) -> None:
        """Give each performer exactly these categories, and a new version."""
        ...

    def touch(self, performer: Performer) -> None:
        """Give the performer a new version though none of its columns changes."""
        ...

    def lock_statuses(self, ids: Sequence[int]) -> list[PerformerStatus]:
        """Those of `ids` that exist, locked in the order of their ids."""
        ...

    def set_status(self, ids: Sequence[int], status: str, reason: str | None) -> None:
        """Move all of `ids`, in one UPDATE."""
        ...

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        ...


class FavouriteRepository(Protocol):
    def add(self, user_id: int, performer_id: int, at: datetime) -> None:
        """Once more changes nothing."""
        ...

    def remove(self, user_id: int, performer_id: int) -> bool:
        """False when there was none."""
        ...


class PerformerDirectory(Protocol):
    """Reads; `language` is the one for names of categories."""

    def list_cards(self, search: Search, page: PageRequest, language: str) -> Page[Card]:
        """Raises InvalidCursor."""
        ...

    def list_numbered(self, search: Search, offset: int, limit: int, language: str) -> Page[Card]:
        """The `limit` cards after the first `offset`; `next` is a cursor of `list_cards`."""
        ...

    def find_public(self, performer_id: int, language: str) -> PublicProfile | None:
        """None for one that is not shown to the public."""
        ...

    def list_favourites(self, user_id: int, page: PageRequest, language: str) -> Page[Card]:
        """Those that are shown to the public, the last marked first. Raises InvalidCursor."""
        ...

    def get_full(self, performer_id: int, language: str) -> FullProfile:
        """Raises NotFound."""
        ...

    def list_full(self, search: StaffSearch, page: PageRequest, language: str) -> Page[FullProfile]:
        """Newest first. Raises InvalidCursor."""
        ...

    def find_ref(
        self, *, performer_id: int | None = None, user_id: int | None = None, visible: bool = False
    ) -> PerformerRef | None:
        """By its id or its user's; with `visible`, only one that the public may see."""
        ...


class CertificateShelf(Protocol):
    """Certificates, with links to their files."""

    def list_public(self, performer_id: int, timezone: str) -> Sequence[object]:
        """What everybody may see."""
        ...


class SuggestionDirectory(Protocol):
    """Reads beside the list."""

    def suggest(self, q: str, city_id: int | None, language: str) -> Suggestions: ...

    def count_facets(self, search: Search, language: str) -> Facets: ...


class ChangeQueue(Protocol):
    """Where edits of moderated fields wait for staff."""

    def submit(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change]
    ) -> Sequence[object]: ...

    def pending(self, subject_type: str, subject_id: int) -> Sequence[object]: ...


class AuditLog(Protocol):
    """Where what staff did is kept."""

    def write_many(
        self,
        action: str,
        subject_type: str,
        subjects: Sequence[tuple[int | None, Any, Any]],
        *,
        actor: Principal | None,
        reason: str | None = None,
    ) -> None:
        """One entry for each `(id, before, after)`."""
        ...
