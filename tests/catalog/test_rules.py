"""The rules of the catalog, without a database."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.errors import InvalidCategory
from marketplace.blueprints.catalog.ports.categories import CategoryRow
from marketplace.blueprints.catalog.services.browsing import build_tree
from marketplace.blueprints.catalog.services.categories import CategoryCuration
from marketplace.models.catalog import Category
from tests.fakes.transactions import FakeUnitOfWork


@dataclass
class FakeCategories:
    parents: dict[int, int | None] = field(default_factory=lambda: {3: None})

    def height(self, category_id: int) -> int:
        return 1

    def ancestors(self, category_id: int) -> list[int]:
        found: list[int] = []
        current: int | None = category_id
        while current in self.parents:
            found.append(current)
            current = self.parents[current]
        return found


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
    curation = CategoryCuration(FakeUnitOfWork(), tree, Audit(), ())  # type: ignore[arg-type]  # fakes
    row = Category(id=1, parent_id=None, slug="a", names={"en": "A"})
    for parent in (1, 3, 99):
        with pytest.raises(InvalidCategory):
            curation._check(row, {"parent_id": parent})
    curation._check(row, {"parent_id": None})
    tree.parents = {n: n - 1 or None for n in range(1, policies.MAX_DEPTH + 1)}
    with pytest.raises(InvalidCategory):
        curation._check(Category(), {"parent_id": policies.MAX_DEPTH})


def test_names_for_search_are_lower_case_and_unique():
    assert (
        policies.search_names("München", "Muenchen", ["MÜNCHEN", "Monaco", ""]) == "münchen\nmuenchen\nmonaco"
    )
