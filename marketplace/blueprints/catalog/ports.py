"""What the services of the catalog need from outside."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, Protocol

from marketplace.blueprints.catalog.views import (
    BannerView,
    BookableService,
    CategoryRow,
    CityView,
    FoundService,
    OwnServiceView,
    ServiceView,
    StaffServiceView,
)
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Banner, Category, City, Service


class CategoryRepository(Protocol):
    def list_active(self) -> list[CategoryRow]:
        """All active ones in the order of the tree's levels."""
        ...

    def find_by_slug(self, slug: str) -> int | None:
        """The id of the category that has the slug, or had it before."""
        ...

    def ids_in_city(self, city_id: int) -> set[int]:
        """Those that a public performer of the city works in, and those above them."""
        ...

    def existing(self, ids: Sequence[int]) -> set[int]:
        """Those of `ids` that are active."""
        ...

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[Category]: ...

    def get(self, category_id: int, *, lock: bool = False) -> Category:
        """Raises NotFound."""
        ...

    def lock_tree(self) -> None:
        """Wait until nobody else changes the tree; before any other lock."""
        ...

    def children(self, parent_id: int | None) -> list[int]:
        """The ids of a level, in its order."""
        ...

    def height(self, category_id: int) -> int:
        """How many levels the category and what is below it take."""
        ...

    def make_room(self, parent_id: int | None, category_id: int | None, position: int) -> None:
        """Number a level from 0 without gaps, leaving `position` to `category_id`."""
        ...

    def set_order(self, ids: Sequence[int]) -> None:
        """Number the categories in the order of `ids`."""
        ...

    def adopt(self, source_id: int, target_id: int) -> int:
        """Put the children of `source_id` behind those of `target_id`; how many."""
        ...

    def find_alias(self, slug: str) -> tuple[int | None] | None:
        """Where a former slug leads; None when it is no former slug."""
        ...

    def set_alias(self, slug: str, category_id: int | None) -> None:
        """Let a former slug lead to `category_id`, or nowhere."""
        ...

    def drop_alias(self, slug: str) -> None: ...

    def lead_on(self, source_id: int, target_id: int) -> None:
        """The former slugs and ids of the one lead to the other, and so does its own id."""
        ...

    def take_time(self) -> None:
        """Let the statements of this transaction take a minute: it writes many rows."""
        ...

    def reload(self, category: Category) -> None:
        """Read what statements have changed."""
        ...

    def ancestors(self, category_id: int) -> list[int]:
        """`category_id` and those above it, from the bottom up; empty when there is none."""
        ...

    def add(self, category: Category) -> None: ...

    def delete(self, category: Category) -> None:
        """Raises CategoryInUse."""
        ...


@dataclass(frozen=True)
class CategoryUse:
    """What refers to categories; registered by the domain that owns it.

    `move(source_id, target_id)` makes all that refers to the one refer to the other, within the caller's
    unit of work, in statements for all rows at once, and says how many things that were.
    """

    name: str
    move: Callable[[int, int], int]


class CityRepository(Protocol):
    def search(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[CityView]: ...

    def find_timezone(self, city_id: int) -> str | None:
        """Of an active city."""
        ...

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[City]: ...

    def get(self, city_id: int, *, lock: bool = False) -> City:
        """Raises NotFound."""
        ...

    def add(self, city: City) -> None: ...

    def delete(self, city: City) -> None:
        """Raises CityInUse."""
        ...


class BannerRepository(Protocol):
    def list_shown(self, page: PageRequest, filters: Mapping[str, Any], at: datetime) -> Page[BannerView]: ...

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[Banner]: ...

    def get(self, banner_id: int, *, lock: bool = False) -> Banner:
        """Raises NotFound."""
        ...

    def add(self, banner: Banner) -> None: ...

    def delete(self, banner: Banner) -> None: ...

    def next_change(self, filters: Mapping[str, Any], at: datetime) -> datetime | None:
        """When, after `at`, the next banner begins or ends that the filters let through."""
        ...

    def images_shown(self, urls: Sequence[str]) -> set[str]:
        """Those of `urls` that are images of banners."""
        ...

    def count(self, ids: Sequence[int], at: datetime, shard: int, *, views: int, clicks: int) -> int:
        """Add to the day's figures of those of `ids` that are shown at `at`, or were a moment ago; how many
        those are.
        """
        ...

    def counts(self, banner_id: int, first: date, last: date) -> dict[date, tuple[int, int]]:
        """Views and clicks of the days on which there were any."""
        ...


class StoredFile(Protocol):
    """A file of the storage; `changed_at` is when it was stored."""

    @property
    def key(self) -> str: ...

    @property
    def changed_at(self) -> datetime: ...


class FileStore(Protocol):
    """Where files are kept; call it outside a transaction."""

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Raises StorageFull, Unavailable."""
        ...

    def delete(self, key: str) -> None: ...

    def list_files(self, prefix: str) -> Iterator[StoredFile]: ...


class Pictures(Protocol):
    """What encodes pictures anew."""

    def look(self, source: BinaryIO) -> int:
        """How much work it is, in pixels; nothing is decoded. Raises an Invalid."""
        ...

    def encode(self, source: BinaryIO, side: int, owner: int | None = None) -> bytes:
        """A WebP that fits into a square of `side` pixels; `owner` sent it. Raises an Invalid,
        TooManyRequests, Unavailable.
        """
        ...


class Allowance(Protocol):
    """What a user may have done to pictures in a day."""

    def spend(self, caller: Principal, pixels: int) -> None:
        """Raises TooManyRequests."""
        ...


class ServiceRepository(Protocol):
    def search(self, page: PageRequest, filters: Mapping[str, Any], language: str) -> Page[FoundService]:
        """What the public may see; the words of `q` are taken for `language`."""
        ...

    def get_view(self, service_id: int, viewer: Principal | None) -> ServiceView:
        """Raises NotFound for what `viewer` may not see."""
        ...

    def list_of(self, performer_id: int, page: PageRequest) -> Page[OwnServiceView]: ...

    def count_of(self, performer_id: int) -> int:
        """How many services the performer has that are not deleted; no other is added until the unit of work
        ends.
        """
        ...

    def get_own(self, service_id: int, performer_id: int) -> Service:
        """Locked. Raises NotFound."""
        ...

    def find_bookable(self, service_id: int) -> BookableService | None: ...

    def add(self, service: Service) -> None: ...

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[StaffServiceView]:
        """For staff: all that are not deleted, newest first."""
        ...

    def lock_for_staff(self, ids: Sequence[int]) -> list[StaffServiceView]:
        """Those of `ids` that are not deleted, locked in the order of their ids."""
        ...

    def set_hidden(self, ids: Sequence[int], at: datetime | None, reason: str | None) -> None:
        """Hide all of `ids`, or with None show them again, in one UPDATE."""
        ...

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        ...


class AuditLog(Protocol):
    """Where what staff does is written down."""

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


class ShippedCategory(Protocol):
    """A category as it is shipped; `parent_slug` is None at the top."""

    @property
    def slug(self) -> str: ...

    @property
    def parent_slug(self) -> str | None: ...

    @property
    def names(self) -> Mapping[str, str]: ...

    @property
    def position(self) -> int: ...


class ShippedCity(Protocol):
    """A city as it is shipped; `id` is its geonameid."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def ascii_name(self) -> str: ...

    @property
    def country_code(self) -> str: ...

    @property
    def admin1(self) -> str: ...

    @property
    def latitude(self) -> float: ...

    @property
    def longitude(self) -> float: ...

    @property
    def timezone(self) -> str: ...

    @property
    def population(self) -> int: ...

    @property
    def alternate_names(self) -> Sequence[str]: ...


class ReferenceSource(Protocol):
    """The shipped data."""

    def data_version(self) -> str: ...

    def read_categories(self) -> Iterable[ShippedCategory]:
        """Parents before their children."""
        ...

    def read_cities(self) -> Iterable[ShippedCity]: ...


class ReferenceStore(Protocol):
    """Where the shipped data goes."""

    def take_turn(self) -> None:
        """Wait until nobody else loads, until the end of the transaction."""
        ...

    def loaded_version(self) -> str | None: ...

    def load_categories(self, categories: Iterable[ShippedCategory]) -> int:
        """How many rows were written."""
        ...

    def load_cities(self, cities: Iterable[ShippedCity]) -> int:
        """How many rows were written."""
        ...

    def remember(self, version: str) -> None: ...
