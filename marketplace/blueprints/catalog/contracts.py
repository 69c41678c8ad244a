"""Events of the catalog, and what other domains give to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True)
class CategoryUse:
    """References to categories, given by the domain that owns them.

    `move(source_id, target_id)` changes all references from the one category to the other, within the
    caller's unit of work, in statements for all rows at once, and returns how many things were changed.
    """

    name: str
    move: Callable[[int, int], int]


@dataclass(frozen=True, kw_only=True)
class CategoryChanged(DomainEvent):
    """Staff created, edited or deleted a category."""

    name: ClassVar[str] = "category.changed"
    category_id: int


@dataclass(frozen=True, kw_only=True)
class CategoryMoved(DomainEvent):
    """Staff moved a category, with all below it, below another one; None is the top."""

    name: ClassVar[str] = "category.moved"
    category_id: int
    parent_id: int | None
    previous_parent_id: int | None


@dataclass(frozen=True, kw_only=True)
class CategoriesReordered(DomainEvent):
    """Staff reordered the children of a category, or of the top."""

    name: ClassVar[str] = "category.reordered"
    parent_id: int | None


@dataclass(frozen=True, kw_only=True)
class CategoriesMerged(DomainEvent):
    """Staff merged one category into another: everything that referred to `source_id`, which is gone, refers
    to `target_id` since the same transaction.
    """

    name: ClassVar[str] = "category.merged"
    source_id: int
    target_id: int


@dataclass(frozen=True, kw_only=True)
class CityChanged(DomainEvent):
    """Staff created, edited or deleted a city."""

    name: ClassVar[str] = "city.changed"
    city_id: int


@dataclass(frozen=True, kw_only=True)
class ReferenceDataLoaded(DomainEvent):
    """The shipped categories and cities were loaded."""

    name: ClassVar[str] = "catalog.reference_data_loaded"
    version: str
