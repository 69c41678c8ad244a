"""The use cases of staff for the tree of categories: curating, moving, ordering, merging."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.contracts import (
    CategoriesMerged,
    CategoriesReordered,
    CategoryChanged,
    CategoryMoved,
    CategoryUse,
)
from marketplace.blueprints.catalog.errors import InvalidCategory, SiblingsChanged, SlugTaken
from marketplace.blueprints.catalog.ports.categories import (
    CategoryRepository,
    MergedCategory,
)
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.changes import (
    Change,
    apply,
    attributes,
    before_and_after,
    check_version,
    diff,
    snapshot,
)
from marketplace.kernel.identity import Principal
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import Category

FIELDS = attributes("parent_id", "slug", "names", "position", "is_active")
END = 2**31
"""A position after all siblings."""


class CategoryCuration:
    """The tree of categories. Every change holds the lock of the tree, so changes happen one after the other:
    there are no circles, and the positions of each level run from 0 without gaps.
    """

    def __init__(
        self, uow: UnitOfWork, tree: CategoryRepository, audit: AuditLog, uses: Sequence[CategoryUse]
    ) -> None:
        self._uow = uow
        self._tree = tree
        self._audit = audit
        self._uses = uses

    def create(self, actor: Principal, values: Mapping[str, Any]) -> Category:
        """Create a category, after its siblings unless `position` is given. Raises InvalidCategory,
        SlugTaken.
        """
        with self._uow:
            self._tree.lock_tree()
            siblings = len(self._tree.children(values["parent_id"]))
            category = Category(**{**values, "position": min(values.get("position", END), siblings)})
            self._check(category, values)
            self._tree.add(category)
            self._tree.make_room(category.parent_id, category.id, category.position)
            self._tree.drop_alias(category.slug)
            self._write("created", actor, category.id, after=snapshot(category, FIELDS))
            self._uow.record(CategoryChanged(category_id=category.id))
            return category

    def update(
        self, actor: Principal, category_id: int, values: Mapping[str, Any], expected: int | None
    ) -> Category:
        """Edit a category. A position counts among the new siblings; below a new parent the default is the
        last one.

        Raises NotFound, PreconditionFailed, InvalidCategory, SlugTaken.
        """
        with self._uow:
            self._tree.lock_tree()
            category = self._tree.get(category_id, lock=True)
            check_version(category.version, expected)
            changes = diff(category, self._placed(category, values), FIELDS)
            if changes:
                self._check(category, {change.field: change.new for change in changes})
                apply(category, changes, FIELDS)
                self._follow(category, changes)
                before, after = before_and_after(changes)
                self._write("changed", actor, category.id, before=before, after=after)
                self._uow.record(CategoryChanged(category_id=category.id))
            return category

    def delete(self, actor: Principal, category_id: int, expected: int | None) -> None:
        """Delete a category, and remember its slug, so that shipped data under it does not come back.

        Raises NotFound, PreconditionFailed, CategoryInUse.
        """
        with self._uow:
            self._tree.lock_tree()
            category = self._tree.get(category_id, lock=True)
            check_version(category.version, expected)
            before = snapshot(category, FIELDS)
            self._tree.delete(category)
            self._tree.make_room(category.parent_id, None, END)
            self._tree.set_alias(category.slug, None)
            self._write("deleted", actor, category.id, before=before)
            self._uow.record(CategoryChanged(category_id=category.id))

    def set_order(self, actor: Principal, parent_id: int | None, ids: Sequence[int]) -> None:
        """Put a level into the order of `ids`. Raises InvalidCategory for a parent that does not exist,
        SiblingsChanged when `ids` are not exactly the categories of the level.
        """
        with self._uow:
            self._tree.lock_tree()
            if parent_id is not None and not self._tree.ancestors(parent_id):
                raise InvalidCategory(errors={"json": {"parent_id": ["There is no such category."]}})
            before = self._tree.children(parent_id)
            if set(before) != set(ids):
                raise SiblingsChanged(
                    missing=sorted(set(before) - set(ids)), unknown=sorted(set(ids) - set(before))
                )
            if before != list(ids):
                self._tree.set_order(ids)
                self._write("reordered", actor, parent_id, before={"ids": before}, after={"ids": list(ids)})
                self._uow.record(CategoriesReordered(parent_id=parent_id))

    def merge(self, actor: Principal, source_id: int, target_id: int) -> MergedCategory:
        """Let all references to the source refer to the target, and delete the source; its slugs and ids lead
        to the target. Raises NotFound for the source, InvalidCategory for a target that cannot take it.
        """
        with self._uow:
            self._tree.lock_tree()
            # Locked, so that nothing new can refer to the source from here on.
            source = self._tree.get(source_id, lock=True)
            target = self._target(source, target_id)
            self._tree.take_time()
            before = snapshot(source, FIELDS)
            moved = {use.name: use.move(source_id, target_id) for use in self._uses}
            moved["children"] = self._tree.adopt(source_id, target_id)
            self._tree.lead_on(source_id, target_id)
            self._tree.delete(source)
            self._tree.set_alias(before["slug"], target_id)
            self._tree.make_room(before["parent_id"], None, END)
            if before["parent_id"] != target_id:
                self._tree.make_room(target_id, None, END)
            self._tree.reload(target)
            after = {"into_id": target_id, "moved": moved}
            self._write("merged", actor, source_id, before=before, after=after)
            self._uow.record(CategoriesMerged(source_id=source_id, target_id=target_id))
            self._uow.record(CategoryChanged(category_id=target_id))
            return MergedCategory(target, moved)

    def _target(self, source: Category, target_id: int) -> Category:
        above = self._tree.ancestors(target_id)
        problem = None
        if not above:
            problem = Text("There is no such category.")
        elif target_id == source.id:
            problem = Text("A category cannot be merged into itself.")
        elif source.id in above:
            problem = Text("This is below the category; move it elsewhere first.")
        elif len(above) + self._tree.height(source.id) - 1 > policies.MAX_DEPTH:
            problem = Text(
                "What is below the category would stand deeper than {limit} levels.", limit=policies.MAX_DEPTH
            )
        else:
            target = self._tree.get(target_id)
            if target.is_active or not source.is_active:
                return target
            problem = Text("This one is not active: its services would be hidden. Activate it first.")
        raise InvalidCategory(errors={"json": {"into_id": [problem]}})

    def _check(self, category: Category, values: Mapping[str, Any]) -> None:
        """Raises InvalidCategory for a parent that does not exist or is below the category, or for too deep a
        tree; SlugTaken for a slug that leads to another category.
        """
        alias = self._tree.find_alias(values["slug"]) if "slug" in values else None
        if alias is not None and alias[0] not in {None, category.id}:
            raise SlugTaken(
                Text(
                    "Since a renaming or merge this slug leads to category {id}; choose another one.",
                    id=alias[0],
                )
            )
        parent_id = values.get("parent_id")
        if parent_id is None:
            return
        above = self._tree.ancestors(parent_id)
        height = 1 if category.id is None else self._tree.height(category.id)
        problem = None
        if not above:
            problem = Text("There is no such category.")
        elif category.id in above:
            problem = Text("A category cannot stand below itself.")
        elif len(above) + height > policies.MAX_DEPTH:
            problem = Text("The tree has at most {limit} levels.", limit=policies.MAX_DEPTH)
        if problem is not None:
            raise InvalidCategory(errors={"json": {"parent_id": [problem]}})

    def _placed(self, category: Category, values: Mapping[str, Any]) -> Mapping[str, Any]:
        parent_id = values.get("parent_id", category.parent_id)
        if "position" not in values and parent_id == category.parent_id:
            return values
        siblings = [sibling for sibling in self._tree.children(parent_id) if sibling != category.id]
        return {**values, "position": min(values.get("position", END), len(siblings))}

    def _follow(self, category: Category, changes: Sequence[Change]) -> None:
        """Make room among the siblings, close the gap that was left, and let a former slug lead here."""
        old = {change.field: change.old for change in changes}
        if "parent_id" in old or "position" in old:
            self._tree.make_room(category.parent_id, category.id, category.position)
        if "parent_id" in old:
            self._tree.make_room(old["parent_id"], None, END)
            self._uow.record(
                CategoryMoved(
                    category_id=category.id,
                    parent_id=category.parent_id,
                    previous_parent_id=old["parent_id"],
                )
            )
        if "slug" in old:
            self._tree.set_alias(old["slug"], category.id)
            self._tree.drop_alias(category.slug)

    def _write(
        self, action: str, actor: Principal, category_id: int | None, *, before: Any = None, after: Any = None
    ) -> None:
        self._audit.write(
            f"category.{action}", "category", category_id, actor=actor, before=before, after=after
        )
