"""Reads the reference data that the package ships: the world's cities and the tree of categories."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from importlib.resources import files

from marketplace.blueprints.catalog.ports.reference import CategoryRecord, CityRecord, ReferenceSource

_DATA = files("marketplace.blueprints.catalog") / "data"
_CITIES = _DATA / "cities.tsv.gz"
_CATEGORIES = _DATA / "categories.json"


class ShippedData(ReferenceSource):
    """The files in `data`."""

    def read_cities(self) -> Iterator[CityRecord]:
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

    def read_categories(self) -> list[CategoryRecord]:
        found = []
        for position, branch in enumerate(json.loads(_CATEGORIES.read_text(encoding="utf-8"))):
            found.append(CategoryRecord(branch["slug"], branch["names"], None, position))
            for leaf_position, leaf in enumerate(branch["children"]):
                found.append(CategoryRecord(leaf["slug"], leaf["names"], branch["slug"], leaf_position))
        return found

    def data_version(self) -> str:
        digest = hashlib.sha256()
        for file in (_CITIES, _CATEGORIES):
            digest.update(file.read_bytes())
        return digest.hexdigest()
