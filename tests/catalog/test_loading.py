"""The loader of the shipped data, on PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event
from time import monotonic
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.adapters import ShippedData
from marketplace.blueprints.catalog.ports.reference import CategoryRecord, CityRecord
from marketplace.blueprints.catalog.repositories.reference import SqlReferenceStore
from marketplace.blueprints.catalog.services.reference import ReferenceService
from marketplace.database import timeouts
from marketplace.extensions import db
from marketplace.models import Category, City, DomainEventRow, ReferenceData
from tests.support.waiting import eventually

ADMIN = "/api/v1/admin/categories"

HARD = CityRecord(
    7,
    "O'Ha\"ra\\n",
    "O'Hara",
    "US",
    "",
    1.5,
    -0.1,
    "America/New_York",
    20_000,
    ("a,b", 'q"r', "back\\slash", "{x}", "北京"),
)


@dataclass
class Source:
    """Shipped data that tests change."""

    version: str = "1"
    cities: list[CityRecord] = field(default_factory=lambda: [HARD, replace(HARD, id=8, name="Plain")])
    categories: list[CategoryRecord] = field(
        default_factory=lambda: [
            CategoryRecord("home", {"en": "Home"}, None, 0),
            CategoryRecord("lamps", {"en": "Lamps", "ar": "مصابيح"}, "home", 0),
        ]
    )

    def data_version(self) -> str:
        return self.version

    def read_categories(self) -> list[CategoryRecord]:
        return self.categories

    def read_cities(self) -> list[CityRecord]:
        return self.cities


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def loader(runtime: Any, source: Source) -> ReferenceService:
    return ReferenceService(runtime.uow, SqlReferenceStore(runtime.uow), source)


def rows() -> tuple[list[Any], list[Any]]:
    db.session.expire_all()
    kept = (City.id, City.name, City.alternate_names, City.search_names, City.is_active, City.version)
    cities = db.session.execute(select(*kept).order_by(City.id)).all()
    kept_categories = (Category.id, Category.slug, Category.names, Category.parent_id, Category.version)
    return list(cities), list(db.session.execute(select(*kept_categories).order_by(Category.id)).all())


def test_text_arrives_as_it_was(loader):
    assert loader.load(if_changed=False) == (2, 2)
    city = db.session.get(City, 7)
    assert city.name == HARD.name
    assert city.alternate_names == list(HARD.alternate_names)
    assert city.search_names == policies.search_names(HARD.name, HARD.ascii_name, HARD.alternate_names)
    home, lamps = db.session.scalars(select(Category).order_by(Category.id))
    assert (lamps.parent_id, lamps.names["ar"]) == (home.id, "مصابيح")
    assert db.session.get(ReferenceData, "catalog").version == "1"
    name = "catalog.reference_data_loaded"
    assert db.session.scalar(select(func.count()).where(DomainEventRow.name == name)) == 1


def test_twice_is_once(loader):
    loader.load(if_changed=False)
    first = rows()
    assert loader.load(if_changed=False) == (0, 0)
    assert rows() == first
    assert loader.load(if_changed=True) is None


def test_what_changed_follows_and_what_staff_edited_stays(loader, source):
    loader.load(if_changed=True)
    city, category = (
        db.session.get(City, 8),
        db.session.scalar(select(Category).where(Category.slug == "home")),
    )
    city.name, category.names = "By staff", {"en": "By staff"}
    db.session.commit()
    source.version = "2"
    source.cities = [replace(item, name="New") for item in source.cities] + [replace(HARD, id=9)]
    source.categories = [
        CategoryRecord("home", {"en": "New"}, None, 4),
        CategoryRecord("lamps", {"en": "New"}, None, 4),
    ]
    assert loader.load(if_changed=True) == (1, 2)
    cities, categories = rows()
    assert [(row.id, row.name) for row in cities] == [(7, "New"), (8, "By staff"), (9, HARD.name)]
    assert [(row.names["en"], row.parent_id) for row in categories] == [("By staff", None), ("New", None)]
    assert loader.load(if_changed=True) is None


def test_a_failure_leaves_nothing(loader, source):
    source.cities.append(replace(HARD, id=9, timezone=None))
    with pytest.raises(Exception, match="null value"):
        loader.load(if_changed=False)
    assert rows() == ([], [])


def test_the_shipped_data_loads_in_seconds(runtime, client, monkeypatch):
    # The tables have no statistics within the test's transaction, and the machine may be busy.
    monkeypatch.setattr(timeouts, "SEARCH_MS", 30_000)
    loader = ReferenceService(runtime.uow, SqlReferenceStore(runtime.uow), ShippedData())
    started = monotonic()
    written = loader.load(if_changed=False)
    assert monotonic() - started < 60
    assert written is not None
    assert written[0] > 130
    assert written[1] > 30_000
    found = client.get("/api/v1/cities?q=berlin").json["items"]
    assert found[0]["name"] == "Berlin"
    assert found[0]["country_code"] == "DE"
    for typed, name in (
        ("beriln", "Berlin"),
        ("new yrok", "New York City"),
        ("amstredam", "Amsterdam"),
        ("londno", "London"),
        ("paris", "Paris"),
    ):
        assert client.get(f"/api/v1/cities?q={typed}").json["items"][0]["name"] == name
    near = client.get("/api/v1/cities?near=35.68,139.69").json["items"][0]
    assert near["country_code"] == "JP"
    tree = client.get("/api/v1/categories", headers={"Accept-Language": "ar"}).json["items"]
    assert len(tree) >= 12
    assert sum(len(branch["children"]) for branch in tree) >= 120


def test_what_staff_renamed_merged_and_deleted_does_not_come_back(loader, source, client, make, auth):
    source.categories = [
        CategoryRecord("home", {"en": "Home"}, None, 0),
        *(CategoryRecord(slug, {"en": slug}, "home", n) for n, slug in enumerate(("a", "b", "c", "d"))),
        CategoryRecord("garden", {"en": "Garden"}, None, 1),
    ]
    loader.load(if_changed=False)
    ids = {row.slug: row.id for row in db.session.execute(select(Category.slug, Category.id))}
    staff = auth(make.staff()) | {"If-Match": "*"}

    def patch(which: str, **values: Any) -> None:
        assert client.patch(f"{ADMIN}/{ids[which]}", json=values, headers=staff).status_code == 200

    patch("a", slug="a-renamed")
    assert (
        client.post(f"{ADMIN}/{ids['b']}/merge", json={"into_id": ids["c"]}, headers=staff).status_code == 200
    )
    assert client.delete(f"{ADMIN}/{ids['garden']}", headers=staff).status_code == 204
    patch("d", position=0, names={"en": "By staff", "es": "Del personal"})
    patch("home", is_active=False)

    def tree() -> list[Any]:
        kept = (Category.id, Category.slug, Category.names, Category.position, Category.parent_id)
        return list(db.session.execute(select(*kept, Category.is_active).order_by(Category.id)).all())

    edited = tree()
    assert [row.slug for row in edited] == ["home", "a-renamed", "c", "d"]
    for _ in range(2):
        assert loader.load(if_changed=False)[0] == 0
        assert tree() == edited
    # What is shipped anew below a category that staff took away follows it, or stays away too.
    source.categories += [
        CategoryRecord("b-new", {"en": "New"}, "b", 0),
        CategoryRecord("garden-new", {"en": "New"}, "garden", 0),
    ]
    assert loader.load(if_changed=False)[0] == 1
    assert [(row.slug, row.parent_id) for row in tree()[4:]] == [("b-new", ids["c"])]


def test_the_command_leaves_the_edits_of_staff(runtime, client, make, auth):
    """`flask catalog load` twice, with the shipped data, an edit of everything in between."""
    loader = ReferenceService(runtime.uow, SqlReferenceStore(runtime.uow), ShippedData())
    loader.load(if_changed=False)
    staff = auth(make.staff()) | {"If-Match": "*"}
    branch, other = client.get("/api/v1/categories").json["items"][:2]
    leaf, merged = branch["children"][0]["id"], branch["children"][1]["id"]
    edit = {"names": {"en": "By staff"}, "parent_id": other["id"], "position": 0, "slug": "by-staff"}
    assert client.patch(f"{ADMIN}/{leaf}", json=edit, headers=staff).status_code == 200
    assert client.post(f"{ADMIN}/{merged}/merge", json={"into_id": leaf}, headers=staff).status_code == 200
    order = [item["id"] for item in client.get("/api/v1/categories").json["items"]][::-1]
    body = {"parent_id": None, "ids": order}
    assert client.put(f"{ADMIN}/order", json=body, headers=staff).status_code == 204
    city = client.get("/api/v1/cities?q=berlin").json["items"][0]["id"]
    path = f"/api/v1/admin/cities/{city}"
    assert client.patch(path, json={"name": "Berlin by staff"}, headers=staff).status_code == 200
    before = client.get("/api/v1/categories").json
    assert loader.load(if_changed=False) == (0, 0)
    assert client.get("/api/v1/categories").json == before
    assert client.get(path, headers=staff).json["name"] == "Berlin by staff"


def test_what_staff_created_is_not_overwritten(loader, source, client, make, auth):
    """Staff was there first: a later release ships the same slug and the same city."""
    staff = auth(make.staff())
    body = {"slug": "lamps", "names": {"en": "By staff"}}
    assert client.post(ADMIN, json=body, headers=staff).status_code == 201
    city = {"id": 8, "name": "By staff", "country_code": "DE", "timezone": "Europe/Berlin"}
    city |= {"latitude": 1.5, "longitude": 2.5}
    assert client.post("/api/v1/admin/cities", json=city, headers=staff).status_code == 201
    assert loader.load(if_changed=False) == (1, 1)
    cities, categories = rows()
    assert {row.slug: row.names["en"] for row in categories} == {"lamps": "By staff", "home": "Home"}
    assert [row.name for row in cities] == [HARD.name, "By staff"]


@dataclass
class SlowSource(Source):
    """Gives its cities when it may."""

    begin: Callable[[], None] = lambda: None

    def read_cities(self) -> list[CityRecord]:
        self.begin()
        return self.cities


def test_of_two_that_load_at_once_the_second_finds_it_done(committed: Flask) -> None:
    """As two first starts of one checkout do."""
    loading, may_end = Event(), Event()

    def hold() -> None:
        loading.set()
        assert may_end.wait(30)

    def load(source: Source) -> tuple[int, int] | None:
        with committed.app_context():
            uow = committed.extensions["marketplace"].uow
            return ReferenceService(uow, SqlReferenceStore(uow), source).load(if_changed=True)

    def somebody_waits() -> bool:
        with committed.app_context(), db.engine.connect() as connection:
            waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
            return bool(connection.scalar(text(waiting)))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(load, SlowSource(begin=hold))
        assert loading.wait(30)
        second = pool.submit(load, Source())
        eventually(lambda: second.done() or somebody_waits())
        may_end.set()
        assert first.result(30) == (2, 2)
        assert second.result(30) is None
