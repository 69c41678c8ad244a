"""Interfaces that the services of the directory need, and the views that they return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from marketplace.blueprints.certificates.contracts import PublicCertificate
from marketplace.blueprints.offers.contracts import ServiceView as OfferedService
from marketplace.blueprints.performers.contracts import CategoryView, CityView
from marketplace.blueprints.portfolio.contracts import PortfolioPicture
from marketplace.blueprints.reliability.contracts import ResponseTime
from marketplace.kernel.json_text import JsonText
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class Person:
    """A user as others see one: of the last name only the initial."""

    id: int
    first_name: str
    last_name: str
    avatar_url: str | None = None


@dataclass(frozen=True)
class ServiceView:
    """An active service of a public profile; it has no price when the price is quoted."""

    id: int
    category_id: int
    title: str
    description: str
    pricing: str
    price: Money | None
    duration_minutes: int


@dataclass(frozen=True)
class AspectRating:
    """How many reviews rate an aspect; `average` is None while there are too few."""

    average: float | None
    count: int


@dataclass(frozen=True)
class Histogram:
    """The number of reviews by stars; `average` is None while there are too few."""

    average: float | None
    count: int
    stars: dict[str, int]
    aspects: Mapping[str, AspectRating]


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
    response_rate: float | None
    response_time_minutes: ResponseTime | None
    completion_rate: float | None
    created_at: datetime
    portfolio: Sequence[PortfolioPicture] = ()
    certificates: Sequence[PublicCertificate] = ()


@dataclass(frozen=True)
class Search:
    """The filters of a search for performers. `near` is latitude and longitude in degrees, `max_price` in
    minor units, `currency` that of the cheapest service; `radius_km` and the sort `distance` need `near`, the
    sort `relevance` needs `q`.
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
    """A service, by its title."""

    id: int
    title: str
    performer_id: int


@dataclass(frozen=True)
class Suggestions:
    """Suggestions for a partly typed query, a few of each kind, the most likely first."""

    categories: Sequence[CategoryView]
    performers: Sequence[JsonText]
    services: Sequence[SuggestedService]


@dataclass(frozen=True)
class CategoryCount:
    """The number of performers in a search who work in a category or below it."""

    id: int
    slug: str
    name: str
    count: int


@dataclass(frozen=True)
class CityCount:
    """The number of performers in a search who work in a city."""

    id: int
    name: str
    country_code: str
    count: int


@dataclass(frozen=True)
class Facets:
    """The counts of a search by category and city, the largest first. Each kind is counted without its own
    filter, so it tells how many there would be with another choice.
    """

    categories: Sequence[CategoryCount]
    cities: Sequence[CityCount]


@dataclass(frozen=True)
class ServiceSearch:
    """The filters and the order of the public list of services; None is any.

    `near` is latitude and longitude in degrees, `max_price` is in minor units, `min_rating` in stars; the
    performer must have a slot between `available_from` and `available_to`.
    """

    sort: str
    q: str | None = None
    city_id: int | None = None
    category_id: int | None = None
    performer_id: int | None = None
    max_price: int | None = None
    currency: str | None = None
    verified: bool | None = None
    min_rating: float | None = None
    near: tuple[float, float] | None = None
    radius_km: float | None = None
    available_from: datetime | None = None
    available_to: datetime | None = None


@dataclass(frozen=True)
class FoundService(OfferedService):
    """A service in the public list; `distance_km` is None unless the search has a place."""

    distance_km: float | None


class CardDirectory(Protocol):
    """Lists of cards, in JSON; `language` is that of the names of categories."""

    def list_cards(self, search: Search, page: PageRequest, language: str) -> Page[JsonText]:
        """One page of the public list. Raises InvalidCursor."""
        ...

    def list_numbered(self, search: Search, offset: int, limit: int, language: str) -> Page[JsonText]:
        """The `limit` cards after the first `offset`; `next` is a cursor of `list_cards`."""
        ...

    def list_favourites(self, user_id: int, page: PageRequest, language: str) -> Page[JsonText]:
        """Public favourites, the last marked first. Raises InvalidCursor."""
        ...


class ServiceDirectory(Protocol):
    """Lists of services."""

    def list_services(self, search: ServiceSearch, page: PageRequest, language: str) -> Page[FoundService]:
        """Active services of public performers, in active categories; the words of `q` are read as
        `language`. Raises InvalidCursor.
        """
        ...


class ProfileDirectory(Protocol):
    """Public profiles."""

    def find_public(self, performer_id: int, language: str) -> PublicProfile | None:
        """A profile without certificates and portfolio; None for a performer who is not public."""
        ...


class SuggestionDirectory(Protocol):
    """Suggestions and counts beside the list."""

    def suggest(self, q: str, city_id: int | None, language: str) -> Suggestions:
        """Suggestions for the typed `q`; with a city, its performers and services."""
        ...

    def count_facets(self, search: Search, language: str) -> Facets:
        """The number of performers of a search in each category and city. Raises SearchTooBroad instead of
        giving incomplete counts.
        """
        ...


class FavouriteRepository(Protocol):
    """Performers whom users have marked."""

    def add(self, user_id: int, performer_id: int, at: datetime) -> None:
        """Mark a performer. Marking again changes nothing, not even the time."""
        ...

    def remove(self, user_id: int, performer_id: int) -> bool:
        """Remove a mark; False when there was none."""
        ...


class ListingRepository(Protocol):
    """The listings of performers and services, and the words in them."""

    def refresh_stale(self, size: int) -> int:
        """Rebuild up to `size` listings that wait for it; returns how many."""
        ...

    def refresh_after(self, performer_id: int, size: int) -> int | None:
        """Rebuild the listings of the next `size` performers after this one; returns the last of them, None
        at the end.
        """
        ...

    def prune_words(self, after: str, size: int) -> str | None:
        """Delete those of the next `size` words that occur nowhere; returns the last one looked at, None at
        the end.
        """
        ...
