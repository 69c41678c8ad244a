"""Reads the reference data that the package ships: the world's cities and the tree of categories."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

_DATA = files("marketplace.blueprints.catalog") / "data"
_CITIES = _DATA / "cities.tsv.gz"
_CATEGORIES = _DATA / "categories.json"


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
    names: dict[str, str]
    parent_slug: str | None
    position: int


def read_cities() -> Iterator[CityRecord]:
    """Every city, by id."""
    for line in gzip.decompress(_CITIES.read_bytes()).decode().removesuffix("\n").split("\n"):
        number, name, plain, country, admin1, latitude, longitude, zone, people, others = line.split("\t")
        yield CityRecord(
            id=int(number),
            name=name,
            ascii_name=plain,
            country_code=country,
            admin1=admin1,
            latitude=float(latitude),
            longitude=float(longitude),
            timezone=zone,
            population=int(people),
            alternate_names=tuple(others.split("|")) if others else (),
        )


def read_categories() -> list[CategoryRecord]:
    """The tree, flattened: branches in their order, each followed by its leaves."""
    found = []
    for position, branch in enumerate(json.loads(_CATEGORIES.read_text(encoding="utf-8"))):
        found.append(CategoryRecord(branch["slug"], branch["names"], None, position))
        for leaf_position, leaf in enumerate(branch["children"]):
            found.append(CategoryRecord(leaf["slug"], leaf["names"], branch["slug"], leaf_position))
    return found


def data_version() -> str:
    """A hash of the shipped files: what is loaded already need not be loaded again."""
    digest = hashlib.sha256()
    for file in (_CITIES, _CATEGORIES):
        digest.update(file.read_bytes())
    return digest.hexdigest()
