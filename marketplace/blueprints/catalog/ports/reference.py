"""The shipped categories and cities: their source, and the store that they are loaded into."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CityRecord:
    """A city of GeoNames, of more than 15,000 people or a capital; degrees are WGS 84, the zone is IANA's.

    `id` is the geonameid; `ascii_name` is typed on any keyboard; `admin1` is GeoNames' code of the state
    or province, empty where there is none; `population` is 0 where it is not known.
    """

    id: int
    name: str
    ascii_name: str
    country_code: str
    admin1: str
    latitude: float
    longitude: float
    timezone: str
    population: int
    alternate_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CategoryRecord:
    """A node of the tree; a parent comes before its children. `names` maps languages to names."""

    slug: str
    names: Mapping[str, str]
    parent_slug: str | None
    position: int


class ReferenceSource(Protocol):
    """The shipped data."""

    def data_version(self) -> str:
        """A hash of the shipped files; when it is already loaded, loading can be skipped."""
        ...

    def read_categories(self) -> Iterable[CategoryRecord]:
        """The tree, flattened: branches in their order, each followed by its leaves."""
        ...

    def read_cities(self) -> Iterable[CityRecord]:
        """Every city, by id."""
        ...


class ReferenceStore(Protocol):
    """The tables that the shipped data fills. What staff has edited (version > 1) is left alone; what staff
    has renamed, merged or deleted does not come back.
    """

    def take_turn(self) -> None:
        """Wait for other loads; the turn ends with the transaction."""
        ...

    def loaded_version(self) -> str | None:
        """The version that was loaded last."""
        ...

    def load_categories(self, categories: Iterable[CategoryRecord]) -> int:
        """Add new ones and update changed ones; returns how many rows were written."""
        ...

    def load_cities(self, cities: Iterable[CityRecord]) -> int:
        """Add new ones and update changed ones; returns how many rows were written."""
        ...

    def remember(self, version: str) -> None:
        """Store what `loaded_version` returns from now on."""
        ...
