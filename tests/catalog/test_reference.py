"""The shipped reference data is whole and plausible."""

from importlib.resources import files
from zoneinfo import available_timezones

import pytest

from marketplace.blueprints.catalog.reference import CityRecord, data_version, read_categories, read_cities


@pytest.fixture(scope="module")
def cities() -> dict[int, CityRecord]:
    return {city.id: city for city in read_cities()}


def test_the_cities_of_the_world(cities: dict[int, CityRecord]) -> None:
    assert len(cities) > 33_000
    assert len({city.country_code for city in cities.values()}) > 200
    zones = available_timezones()
    for city in cities.values():
        assert city.timezone in zones
        assert -90 <= city.latitude <= 90
        assert -180 <= city.longitude <= 180
        assert city.name.strip() == city.name != ""
        assert len(city.country_code) == 2


@pytest.mark.parametrize(
    ("number", "name", "latitude", "longitude", "alternate"),
    [
        (2950159, "Berlin", 52.52, 13.41, "Берлин"),
        (360630, "Cairo", 30.06, 31.25, "开罗"),
        (3448439, "São Paulo", -23.55, -46.64, "圣保罗"),
        (2867714, "Munich", 48.14, 11.58, "München"),
    ],
)
def test_known_cities(
    cities: dict[int, CityRecord], number: int, name: str, latitude: float, longitude: float, alternate: str
) -> None:
    city = cities[number]
    assert city.name == name
    assert city.latitude == pytest.approx(latitude, abs=0.02)
    assert city.longitude == pytest.approx(longitude, abs=0.02)
    assert alternate in city.alternate_names


def test_the_file_stays_small() -> None:
    data = files("marketplace.blueprints.catalog") / "data" / "cities.tsv.gz"
    assert len(data.read_bytes()) < 3_000_000


def test_the_tree_of_categories() -> None:
    records = read_categories()
    slugs = [record.slug for record in records]
    branches = {record.slug for record in records if record.parent_slug is None}
    leaves = [record for record in records if record.parent_slug is not None]
    assert len(slugs) == len(set(slugs))
    assert len(branches) >= 12
    assert len(leaves) >= 120
    assert {leaf.parent_slug for leaf in leaves} == branches


def test_every_category_has_three_names() -> None:
    for record in read_categories():
        assert set(record.names) == {"en", "es", "ar"}
        assert all(name.strip() == name != "" for name in record.names.values())
        assert any("\u0600" <= letter <= "\u06ff" for letter in record.names["ar"]), record.slug


def test_the_version_does_not_change_by_itself() -> None:
    assert data_version() == data_version()
    assert len(data_version()) == 64
