"""The use cases of staff for the tree of categories: curating, moving, ordering, merging."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.errors import InvalidCategory, SiblingsChanged, SlugTaken
from marketplace.blueprints.catalog.events import (
    CategoriesMerged,
    CategoriesReordered,
    CategoryChanged,
    CategoryMoved,
)
from marketplace.blueprints.catalog.ports import AuditLog, CategoryRepository, CategoryUse
from marketplace.blueprints.catalog.staff import CurationService, attributes
from marketplace.blueprints.catalog.views import MergedCategory
from marketplace.kernel.changes import Change
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import Category

END = 2**31
"""A place behind all siblings."""


class CategoryCuration(CurationService[Category]):
    """The tree of categories. Who changes it holds the lock of the tree, so that they come one after the
    other: no circles, and the positions of each level run from 0 without gaps.
    """

    subject = "category"
    strategies = attributes("parent_id", "slug", "names", "position", "is_active")

    def __init__(self, uow: UnitOfWork, rows: CategoryRepository, audit: AuditLog) -> None:
        super().__init__(uow, rows, audit)
        self._tree = rows
        self._uses: dict[str, CategoryUse] = {}

    def register(self, use: CategoryUse) -> None:
        """What a merge has to move."""
        self._uses[use.name] = use

    def set_order(self, actor: Principal, parent_id: int | None, ids: Sequence[int]) -> None:
        """Put a level into the order of `ids`. Raises InvalidCategory for a parent that is not there,
        SiblingsChanged when `ids` are not exactly the categories of the level.
        """
        with self._uow:
            self.begin()
            if parent_id is not None and not self._tree.ancestors(parent_id):
                raise InvalidCategory(errors={"json": {"parent_id": ["There is no such category."]}})
            before = self._tree.children(parent_id)
            if set(before) != set(ids):
                raise SiblingsChanged(
                    missing=sorted(set(before) - set(ids)), unknown=sorted(set(ids) - set(before))
                )
            if before != list(ids):
                self._tree.set_order(ids)
                self._audit.write(
                    "category.reordered",
                    self.subject,
                    parent_id,
                    actor=actor,
                    before={"ids": before},
                    after={"ids": list(ids)},
                )
                self._uow.record(CategoriesReordered(parent_id=parent_id))

    def merge(self, actor: Principal, source_id: int, target_id: int) -> MergedCategory:
        """Let all that refers to the source refer to the target, and delete the source; its slugs and ids
        lead to the target. Raises NotFound for the source, InvalidCategory for a target that cannot take it.
        """
        with self._uow:
            self.begin()
            # Locked: nothing new may refer to the source from here on.
            source = self._rows.get(source_id, lock=True)
            target = self._target(source, target_id)
            self._tree.take_time()
            before = self._snapshot(source)
            moved = {name: use.move(source_id, target_id) for name, use in self._uses.items()}
            moved["children"] = self._tree.adopt(source_id, target_id)
            self._tree.lead_on(source_id, target_id)
            self._rows.delete(source)
            self._tree.set_alias(before["slug"], target_id)
            self._tree.make_room(before["parent_id"], None, END)
            if before["parent_id"] != target_id:
                self._tree.make_room(target_id, None, END)
            self._tree.reload(target)
            self._audit.write(
                "category.merged",
                self.subject,
                source_id,
                actor=actor,
                before=before,
                after={"into_id": target_id, "moved": moved},
            )
            self._uow.record(CategoriesMerged(source_id=source_id, target_id=target_id))
            self._uow.record(CategoryChanged(category_id=target_id))
            return MergedCategory(target, moved)

    def _target(self, source: Category, target_id: int) -> Category:
        above = self._tree.ancestors(target_id)
        problem = None
        if not above:
            problem = "There is no such category."
        elif target_id == source.id:
            problem = "A category cannot be merged into itself."
        elif source.id in above:
            problem = "This is below the category; move it elsewhere first."
        elif len(above) + self._tree.height(source.id) - 1 > policies.MAX_DEPTH:
            problem = f"What is below the category would stand deeper than {policies.MAX_DEPTH} levels."
        else:
            target = self._rows.get(target_id)
            if target.is_active or not source.is_active:
                return target
            problem = "This one is not active: its services would be hidden. Activate it first."
        raise InvalidCategory(errors={"json": {"into_id": [problem]}})

    def begin(self) -> None:
        """One change of the tree after the other."""
        self._tree.lock_tree()

    def make(self, values: Mapping[str, Any]) -> Category:
        """A new category; behind its siblings, unless `position` says where."""
        siblings = len(self._tree.children(values["parent_id"]))
        return Category(**{**values, "position": min(values.get("position", END), siblings)})

    def normal(self, row: Category, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """A position counts among the siblings to be; below a new parent, the last one unless given."""
        parent_id = values.get("parent_id", row.parent_id)
        if "position" not in values and parent_id == row.parent_id:
            return values
        siblings = [sibling for sibling in self._tree.children(parent_id) if sibling != row.id]
        return {**values, "position": min(values.get("position", END), len(siblings))}

    def check(self, row: Category, values: Mapping[str, Any]) -> None:
        """Raises InvalidCategory for a parent that is not there or below the category, or too deep;
        SlugTaken for a slug that leads to another category.
        """
        alias = self._tree.find_alias(values["slug"]) if "slug" in values else None
        if alias is not None and alias[0] not in {None, row.id}:
            raise SlugTaken(
                f"Since a renaming or merge this slug leads to category {alias[0]}; choose another one."
            )
        parent_id = values.get("parent_id")
        if parent_id is None:
            return
        above = self._tree.ancestors(parent_id)
        height = 1 if row.id is None else self._tree.height(row.id)
        problem = None
        if not above:
            problem = "There is no such category."
        elif row.id in above:
            problem = "A category cannot stand below itself."
        elif len(above) + height > policies.MAX_DEPTH:
            problem = f"The tree has at most {policies.MAX_DEPTH} levels."
        if problem is not None:
            raise InvalidCategory(errors={"json": {"parent_id": [problem]}})

    def follow(self, row: Category, changes: Sequence[Change]) -> None:
        """Make room among the siblings, close the gap that was left, and let a former slug lead here."""
        old = {change.field: change.old for change in changes}
        if not changes or "parent_id" in old or "position" in old:
            self._tree.make_room(row.parent_id, row.id, row.position)
        if "parent_id" in old:
            self._tree.make_room(old["parent_id"], None, END)
            self._uow.record(
                CategoryMoved(
                    category_id=row.id, parent_id=row.parent_id, previous_parent_id=old["parent_id"]
                )
            )
        if "slug" in old:
            self._tree.set_alias(old["slug"], row.id)
        if not changes or "slug" in old:
            self._tree.drop_alias(row.slug)

    def gone(self, row: Category) -> None:
        """Close the gap, and remember the slug: what was shipped under it stays away."""
        self._tree.make_room(row.parent_id, None, END)
        self._tree.set_alias(row.slug, None)

    def event(self, row_id: int) -> DomainEvent:
        """CategoryChanged."""
        return CategoryChanged(category_id=row_id)
