"""The tree of categories: its rows, and the interface of its repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Category


@dataclass(frozen=True)
class CategoryRow:
    """A row from which the tree is built."""

    id: int
    parent_id: int | None
    slug: str
    names: Mapping[str, Any]


@dataclass
class CategoryNode:
    """A category in the tree, named in the caller's language."""

    id: int
    slug: str
    name: str
    children: list["CategoryNode"] = field(default_factory=list)


@dataclass(frozen=True)
class CategoryFilters:
    """The filters of staff's list of categories; None is any."""

    parent_id: int | None = None
    is_root: bool | None = None
    is_active: bool | None = None


@dataclass(frozen=True)
class MergedCategory:
    """The target of a merge, and how many things of each kind were moved to it."""

    category: Category
    moved: Mapping[str, int]


class CategoryRepository(Protocol):
    """Categories, with former slugs and ids."""

    def list_active(self) -> list[CategoryRow]:
        """All active ones, in the order of the tree's levels."""
        ...

    def find_by_slug(self, slug: str) -> int | None:
        """The id of the category that has or had the slug."""
        ...

    def ids_in_city(self, city_id: int) -> set[int]:
        """Categories in which a public performer of the city works, and the categories above them."""
        ...

    def existing(self, ids: Sequence[int]) -> set[int]:
        """Those of `ids` that are active."""
        ...

    def list_all(self, page: PageRequest, filters: CategoryFilters) -> Page[Category]:
        """By id, including inactive ones."""
        ...

    def get(self, category_id: int, *, lock: bool = False) -> Category:
        """Raises NotFound."""
        ...

    def lock_tree(self) -> None:
        """Wait until nobody else changes the tree; call it before taking any other lock."""
        ...

    def children(self, parent_id: int | None) -> list[int]:
        """The ids of a level, in its order."""
        ...

    def height(self, category_id: int) -> int:
        """The number of levels of the category and what is below it; 0 when there is no such category."""
        ...

    def make_room(self, parent_id: int | None, category_id: int | None, position: int) -> None:
        """Number a level from 0 without gaps, leaving `position` to `category_id`. Categories whose number
        changes get a new version, and are staff's from then on.
        """
        ...

    def set_order(self, ids: Sequence[int]) -> None:
        """Number the categories in the order of `ids`."""
        ...

    def adopt(self, source_id: int, target_id: int) -> int:
        """Put the children of `source_id` after those of `target_id`; returns how many."""
        ...

    def find_alias(self, slug: str) -> tuple[int | None] | None:
        """The category that a former slug leads to; None when it is no former slug."""
        ...

    def set_alias(self, slug: str, category_id: int | None) -> None:
        """Let a former slug lead to `category_id`, or nowhere."""
        ...

    def drop_alias(self, slug: str) -> None:
        """Delete the former slug, because a category has it again."""
        ...

    def lead_on(self, source_id: int, target_id: int) -> None:
        """Let the former slugs and ids of the one category, and its own id, lead to the other."""
        ...

    def take_time(self) -> None:
        """Let the statements of this transaction take up to a minute, because it writes many rows."""
        ...

    def reload(self, category: Category) -> None:
        """Read again what statements have changed."""
        ...

    def ancestors(self, category_id: int) -> list[int]:
        """`category_id` and those above it, from the bottom up; empty when it does not exist."""
        ...

    def add(self, category: Category) -> None:
        """Raises SlugTaken at the end of the unit of work."""
        ...

    def delete(self, category: Category) -> None:
        """Raises CategoryInUse."""
        ...
