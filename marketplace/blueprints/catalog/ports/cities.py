"""Cities: their views, and the interface of their repository."""

from dataclasses import dataclass
from typing import Protocol

from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import City


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
class CitySearch:
    """Filters of the public search for cities; `near` is latitude and longitude in degrees. None is any."""

    q: str | None = None
    country: str | None = None
    near: tuple[float, float] | None = None


@dataclass(frozen=True)
class CityFilters:
    """The filters of staff's list of cities; None is any."""

    q: str | None = None
    country: str | None = None
    is_active: bool | None = None


class CityRepository(Protocol):
    """Cities."""

    def search(self, page: PageRequest, wanted: CitySearch) -> Page[CityView]:
        """Active cities. With `q`, those that have it in a name: first those where it is the whole name, then
        those that begin with it, then the others; if there are none, cities with a similar name. Equal ones
        are ordered by distance with `near`, else by size.
        """
        ...

    def exists(self, city_id: int) -> bool:
        """Whether there is an active city with the id."""
        ...

    def list_all(self, page: PageRequest, filters: CityFilters) -> Page[City]:
        """By id, including inactive ones."""
        ...

    def get(self, city_id: int, *, lock: bool = False) -> City:
        """Raises NotFound."""
        ...

    def add(self, city: City) -> None:
        """Raises CityExists at the end of the unit of work."""
        ...

    def delete(self, city: City) -> None:
        """Raises CityInUse."""
        ...
