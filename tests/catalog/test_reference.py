"""The shipped reference data is whole and plausible."""

import hashlib
import re
import unicodedata
from importlib.resources import files
from pathlib import Path
from zoneinfo import available_timezones

import pytest

from marketplace.blueprints.catalog import adapters as reference
from marketplace.blueprints.catalog.adapters import ShippedData
from marketplace.blueprints.catalog.ports.reference import CategoryRecord, CityRecord

SHIPPED = ShippedData()
DATA = files("marketplace.blueprints.catalog") / "data"
CODES_OF_DIRECTION = set("\u200b\u200e\u200f\u202a\u202b\u202c\ufeff")


@pytest.fixture(scope="module")
def cities() -> dict[int, CityRecord]:
    """By id; that no id comes twice is a test of its own."""
    return {city.id: city for city in SHIPPED.read_cities()}


@pytest.fixture(scope="module")
def categories() -> list[CategoryRecord]:
    return SHIPPED.read_categories()


def test_the_cities_of_the_world(cities: dict[int, CityRecord]) -> None:
    assert len(cities) > 33_000
    assert len({city.country_code for city in cities.values()}) > 200
    zones = available_timezones()
    for city in cities.values():
        assert city.timezone in zones
        assert -90 <= city.latitude <= 90
        assert -180 <= city.longitude <= 180
        assert city.population >= 0
        assert re.fullmatch("[A-Z]{2}", city.country_code)


def test_each_city_comes_once_and_in_order() -> None:
    ids = [city.id for city in SHIPPED.read_cities()]
    assert ids == sorted(set(ids))


def test_names_are_fit_to_be_shown_and_searched(cities: dict[int, CityRecord]) -> None:
    for city in cities.values():
        names = (city.name, city.ascii_name, *city.alternate_names)
        assert all(name.strip() == name != "" for name in names), city
        assert city.ascii_name.isascii()
        assert len(set(city.alternate_names)) == len(city.alternate_names) <= 200
        assert city.name not in city.alternate_names
        for name in names:
            assert not CODES_OF_DIRECTION & set(name), city
            assert unicodedata.is_normalized("NFC", name)


@pytest.mark.parametrize(
    ("number", "name", "plain", "country", "zone", "latitude", "longitude"),
    [
        (2950159, "Berlin", "Berlin", "DE", "Europe/Berlin", 52.52, 13.41),
        (360630, "Cairo", "Cairo", "EG", "Africa/Cairo", 30.06, 31.25),
        (3448439, "São Paulo", "Sao Paulo", "BR", "America/Sao_Paulo", -23.55, -46.64),
        (3093133, "Łódź", "Lodz", "PL", "Europe/Warsaw", 51.77, 19.47),
        (107968, "Ta\u2019if", "Ta'if", "SA", "Asia/Riyadh", 21.27, 40.42),
    ],
)
def test_known_cities(
    cities: dict[int, CityRecord],
    number: int,
    name: str,
    plain: str,
    country: str,
    zone: str,
    latitude: float,
    longitude: float,
) -> None:
    city = cities[number]
    assert (city.name, city.ascii_name, city.country_code, city.timezone) == (name, plain, country, zone)
    assert city.latitude == pytest.approx(latitude, abs=0.02)
    assert city.longitude == pytest.approx(longitude, abs=0.02)
    assert city.population > 500_000


@pytest.mark.parametrize(
    ("number", "typed"),
    [
        (360630, "القاهرة"),  # Arabic, beside the Persian and the Urdu in the same script
        (524901, "Москва"),
        (703448, "Київ"),
        (1850147, "東京"),
        (1816670, "北京"),
        (1835848, "서울"),
        (1609350, "กรุงเทพมหานคร"),
        (2867714, "München"),
        (107968, "Taif"),  # without its apostrophe
        (5128581, "NYC"),
    ],
)
def test_a_city_has_the_names_that_its_people_type(
    cities: dict[int, CityRecord], number: int, typed: str
) -> None:
    assert typed in cities[number].alternate_names


def test_machine_romanisations_are_left_out(cities: dict[int, CityRecord]) -> None:
    assert "nyw ywrq" not in cities[5128581].alternate_names


def test_the_file_stays_small() -> None:
    assert len((DATA / "cities.tsv.gz").read_bytes()) < 3_000_000


def test_the_file_holds_no_time_and_no_name() -> None:
    head = (DATA / "cities.tsv.gz").read_bytes()[:8]
    assert head == b"\x1f\x8b\x08\x00" + bytes(4)


def test_the_licence_lies_beside_the_data() -> None:
    text = (DATA / "ATTRIBUTION.txt").read_text(encoding="utf-8")
    assert "GeoNames" in text
    assert "CC BY 4.0" in text
    assert "https://creativecommons.org/licenses/by/4.0/" in text


def test_the_tree_of_categories(categories: list[CategoryRecord]) -> None:
    slugs = [record.slug for record in categories]
    branches = {record.slug for record in categories if record.parent_slug is None}
    leaves = [record for record in categories if record.parent_slug is not None]
    assert len(slugs) == len(set(slugs))
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", slug) for slug in slugs)
    assert len(branches) >= 12
    assert len(leaves) >= 120
    assert {leaf.parent_slug for leaf in leaves} == branches


def test_a_parent_comes_first_and_places_count_from_zero(categories: list[CategoryRecord]) -> None:
    seen: set[str | None] = {None}
    places: dict[str | None, list[int]] = {}
    for record in categories:
        assert record.parent_slug in seen
        seen.add(record.slug)
        places.setdefault(record.parent_slug, []).append(record.position)
    assert all(found == list(range(len(found))) for found in places.values())


def test_every_category_has_three_names(categories: list[CategoryRecord]) -> None:
    for record in categories:
        assert set(record.names) == {"en", "es", "ar"}
        assert all(name.strip() == name != "" for name in record.names.values())
        assert re.search("[\u0621-\u064a]", record.names["ar"]), record.slug
        assert not re.search("[A-Za-z]", record.names["ar"]), record.slug


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_no_two_categories_share_a_name(categories: list[CategoryRecord], language: str) -> None:
    names = [record.names[language] for record in categories]
    assert len(names) == len(set(names))


def test_the_version_is_that_of_the_bytes() -> None:
    expected = hashlib.sha256()
    for name in ("cities.tsv.gz", "categories.json"):
        expected.update((DATA / name).read_bytes())
    assert SHIPPED.data_version() == SHIPPED.data_version() == expected.hexdigest()


def test_the_version_follows_the_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = SHIPPED.data_version()
    changed = tmp_path / "categories.json"
    changed.write_text("[]", encoding="utf-8")
    monkeypatch.setattr(reference, "_CATEGORIES", changed)
    assert SHIPPED.data_version() != before
