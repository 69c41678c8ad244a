"""The rules of the catalog, without a database."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.errors import InvalidCategory, InvalidService
from marketplace.blueprints.catalog.events import ServiceChanged, ServiceCreated, ServiceRemoved
from marketplace.blueprints.catalog.services import OfferingService, build_tree
from marketplace.blueprints.catalog.tree import CategoryCuration
from marketplace.blueprints.catalog.views import CategoryRow
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import NotFound, PreconditionFailed
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.models.catalog import Category, Service
from tests.conftest import START
from tests.fakes.transactions import FakeUnitOfWork

CALLER = Principal(user_id=1, session_id=1, verified=True, performer_id=7)
VALUES: dict[str, Any] = {
    "category_id": 3,
    "title": "Install a lamp",
    "description": "",
    "pricing": "fixed",
    "price": Money(5000, "EUR"),
    "duration_minutes": 60,
    "is_active": True,
}


@dataclass
class FakeServices:
    rows: dict[int, Service] = field(default_factory=dict)

    def count_of(self, performer_id: int) -> int:
        return len(self.rows)

    def add(self, service: Service) -> None:
        service.id, service.version = len(self.rows) + 1, 1
        self.rows[service.id] = service

    def get_own(self, service_id: int, performer_id: int) -> Service:
        found = self.rows.get(service_id)
        if found is None or found.performer_id != performer_id or found.deleted_at is not None:
            raise NotFound
        return found


@dataclass
class FakeCategories:
    parents: dict[int, int | None] = field(default_factory=lambda: {3: None})

    def existing(self, ids: Any) -> set[int]:
        return set(ids) & set(self.parents)

    def height(self, category_id: int) -> int:
        return 1

    def ancestors(self, category_id: int) -> list[int]:
        found: list[int] = []
        current: int | None = category_id
        while current in self.parents:
            found.append(current)
            current = self.parents[current]
        return found


@pytest.fixture
def parts() -> tuple[OfferingService, FakeUnitOfWork, FakeServices]:
    uow, rows = FakeUnitOfWork(), FakeServices()
    return OfferingService(uow, rows, FakeCategories(), FrozenClock(START)), uow, rows  # type: ignore[arg-type]  # fakes


def test_a_service_is_offered_edited_and_withdrawn(parts):
    offering, uow, rows = parts
    made = offering.create(CALLER, VALUES)
    assert made.price == Money(5000, "EUR")
    offering.update(CALLER, made.id, {"title": "Install two lamps"}, 1)
    offering.delete(CALLER, made.id, None)
    assert rows.rows[made.id].deleted_at == START
    assert [type(event) for event in uow.events] == [ServiceCreated, ServiceChanged, ServiceRemoved]
    with pytest.raises(NotFound):
        offering.update(CALLER, made.id, {"title": "Again"}, None)


def test_an_edit_that_changes_nothing_is_no_event(parts):
    offering, uow, _ = parts
    made = offering.create(CALLER, VALUES)
    offering.update(CALLER, made.id, {"title": VALUES["title"], "price": VALUES["price"]}, 1)
    assert [type(event) for event in uow.events] == [ServiceCreated]


def test_a_stale_edit_is_refused(parts):
    offering, _, _ = parts
    made = offering.create(CALLER, VALUES)
    with pytest.raises(PreconditionFailed):
        offering.update(CALLER, made.id, {"title": "Other"}, 9)
    with pytest.raises(PreconditionFailed):
        offering.delete(CALLER, made.id, 9)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"price": None}, "price"),
        ({"price": None, "pricing": "hourly"}, "price"),
        ({"category_id": 99}, "category_id"),
    ],
)
def test_a_service_that_cannot_be_offered(parts, values, where):
    offering, uow, _ = parts
    with pytest.raises(InvalidService) as refused:
        offering.create(CALLER, VALUES | values)
    assert list(refused.value.data["errors"]["json"]) == [where]
    made = offering.create(CALLER, VALUES)
    with pytest.raises(InvalidService):
        offering.update(CALLER, made.id, values, 1)
    assert len(uow.events) == 1


def test_a_quote_needs_no_price(parts):
    assert parts[0].create(CALLER, VALUES | {"pricing": "quote", "price": None}).price is None


def test_the_tree_keeps_ancestors_and_drops_what_hangs_in_the_air():
    rows = [
        CategoryRow(1, None, "a", {"en": "A", "es": "Á"}),
        CategoryRow(2, 1, "b", {"en": "B"}),
        CategoryRow(3, 2, "c", {"en": "C"}),
        CategoryRow(4, None, "d", {"en": "D"}),
        CategoryRow(5, 99, "e", {"en": "E"}),
    ]
    tree = build_tree(rows, "es")
    assert [(node.name, [child.name for child in node.children]) for node in tree] == [
        ("Á", ["B"]),
        ("D", []),
    ]
    kept = build_tree(rows, "en", {3, 5, 77})
    assert [node.slug for node in kept] == ["a"]
    assert kept[0].children[0].children[0].slug == "c"
    assert build_tree(rows, "en", set()) == []


def test_a_category_cannot_stand_below_itself():
    class Audit:
        def write(self, *_: Any, **__: Any) -> None: ...

    tree = FakeCategories({1: None, 2: 1, 3: 2})
    curation = CategoryCuration(FakeUnitOfWork(), tree, Audit())  # type: ignore[arg-type]  # fakes
    row = Category(id=1, parent_id=None, slug="a", names={"en": "A"})
    for parent in (1, 3, 99):
        with pytest.raises(InvalidCategory):
            curation.check(row, {"parent_id": parent})
    curation.check(row, {"parent_id": None})
    tree.parents = {n: n - 1 or None for n in range(1, policies.MAX_DEPTH + 1)}
    with pytest.raises(InvalidCategory):
        curation.check(Category(), {"parent_id": policies.MAX_DEPTH})


def test_names_for_search_are_lower_case_and_unique():
    assert (
        policies.search_names("München", "Muenchen", ["MÜNCHEN", "Monaco", ""]) == "münchen\nmuenchen\nmonaco"
    )


def test_no_average_under_three_reviews():
    assert policies.average_rating(2, 10) is None
    assert policies.average_rating(3, 14) == 4.67
