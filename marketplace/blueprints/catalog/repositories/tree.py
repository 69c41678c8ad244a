"""The SQL of the tree of categories."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    CursorResult,
    Delete,
    Select,
    Update,
    case,
    delete,
    func,
    literal,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from marketplace.blueprints.catalog.errors import CategoryInUse
from marketplace.blueprints.catalog.repositories.base import CatalogRepository, Filters, only
from marketplace.blueprints.catalog.views import CategoryRow
from marketplace.database import deadlines
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Category, CategoryAlias, CategoryMerger
from marketplace.models.listings import PerformerListingCategory

LOCK_TREE = text("SELECT pg_advisory_xact_lock(hashtextextended('catalog.tree', 0))")
"""Whoever changes the tree takes this first, `flask catalog load` too."""


class SqlCategoryRepository(CatalogRepository):
    """Categories."""

    def list_active(self) -> list[CategoryRow]:
        """All active ones in the order of the tree's levels."""
        statement = (
            select(Category.id, Category.parent_id, Category.slug, Category.names)
            .where(Category.is_active)
            .order_by(Category.position, Category.id)
        )
        return [CategoryRow(*row) for row in self.session.execute(statement)]

    def ids_in_city(self, city_id: int) -> set[int]:
        """Those that a public performer of the city works in, and those above them."""
        # A look into the index for each category, however many performers a city has.
        anybody = (
            select(literal(1))
            .where(
                PerformerListingCategory.category_id == Category.id,
                PerformerListingCategory.city_id == city_id,
            )
            .limit(1)
            .lateral()
        )
        return set(self.session.scalars(select(Category.id).join(anybody, true())))

    def existing(self, ids: Sequence[int]) -> set[int]:
        """Those of `ids` that are active."""
        return set(self.session.scalars(select(Category.id).where(Category.id.in_(ids), Category.is_active)))

    def list_all(self, page: PageRequest, filters: Filters) -> Page[Category]:
        """For staff, inactive ones too."""
        statement = select(Category).order_by(Category.id)
        if filters.get("parent_id") is not None:
            statement = statement.where(Category.parent_id == filters["parent_id"])
        if filters.get("is_root") is not None:
            statement = statement.where(Category.parent_id.is_(None) == filters["is_root"])
        if filters.get("is_active") is not None:
            statement = statement.where(Category.is_active.is_(filters["is_active"]))
        return only(self.page("admin.categories", statement, page, filters))

    def get(self, category_id: int, *, lock: bool = False) -> Category:
        """Raises NotFound."""
        found = self.one(Category, category_id, lock=lock)
        assert isinstance(found, Category)
        return found

    def lock_tree(self) -> None:
        """Two changes at once could make a circle or number two siblings alike. A lock of its own and not of
        rows: it has to be there before the first row is.
        """
        self.session.execute(LOCK_TREE)

    def children(self, parent_id: int | None) -> list[int]:
        """The ids of a level, in its order."""
        statement = (
            select(Category.id)
            .where(Category.parent_id.is_not_distinct_from(parent_id))
            .order_by(Category.position, Category.id)
        )
        return list(self.session.scalars(statement))

    def height(self, category_id: int) -> int:
        """How many levels the category and what is below it take; 0 when there is none."""
        below = (
            select(Category.id, literal(1, BigInteger).label("level"))
            .where(Category.id == category_id)
            .cte("below", recursive=True)
        )
        below = below.union_all(
            select(Category.id, below.c.level + 1).join(below, Category.parent_id == below.c.id)
        )
        return self.session.scalar(select(func.max(below.c.level))) or 0

    def make_room(self, parent_id: int | None, category_id: int | None, position: int) -> None:
        """Number a level from 0 without gaps, leaving `position` to `category_id`; those whose number changes
        get a new version, and are staff's from then on.
        """
        rank = func.row_number().over(order_by=(Category.position, Category.id)) - 1
        others = (
            select(Category.id, rank.label("rank"))
            .where(
                Category.parent_id.is_not_distinct_from(parent_id),
                Category.id.is_distinct_from(category_id),
            )
            .subquery()
        )
        self._renumber(select(others.c.id, others.c.rank + case((others.c.rank >= position, 1), else_=0)))

    def set_order(self, ids: Sequence[int]) -> None:
        """Number the categories in the order of `ids`."""
        wanted = (
            func.unnest(literal(list(ids), ARRAY(BigInteger)))
            .table_valued("id", with_ordinality="number", name="wanted")
            .render_derived()
        )
        self._renumber(select(wanted.c.id, wanted.c.number - 1))

    def _renumber(self, numbers: Select[Any]) -> None:
        new = numbers.subquery()
        identity, number = new.c
        self._execute(
            update(Category)
            .where(Category.id == identity, Category.position != number)
            .values(position=number, version=Category.version + 1)
        )

    def adopt(self, source_id: int, target_id: int) -> int:
        """Put the children of `source_id` behind those of `target_id`; how many."""
        taken = select(func.count()).where(Category.parent_id == target_id).scalar_subquery()
        return self._execute(
            update(Category)
            .where(Category.parent_id == source_id)
            .values(parent_id=target_id, position=Category.position + taken, version=Category.version + 1)
        )

    def find_by_slug(self, slug: str) -> int | None:
        """The id of the category that has the slug, or had it before."""
        statement: CompoundSelect[Any] = union_all(
            select(Category.id).where(Category.slug == slug),
            select(CategoryAlias.category_id).where(
                CategoryAlias.slug == slug, CategoryAlias.category_id.is_not(None)
            ),
        )
        found: int | None = self.session.scalar(statement)
        return found

    def find_alias(self, slug: str) -> tuple[int | None] | None:
        """Where a former slug leads; None when it is no former slug."""
        row = self.session.execute(
            select(CategoryAlias.category_id).where(CategoryAlias.slug == slug)
        ).one_or_none()
        return None if row is None else (row[0],)

    def set_alias(self, slug: str, category_id: int | None) -> None:
        """Let a former slug lead to `category_id`, or nowhere."""
        statement = insert(CategoryAlias).values(slug=slug, category_id=category_id)
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[CategoryAlias.slug], set_={"category_id": category_id}
            )
        )

    def drop_alias(self, slug: str) -> None:
        """`slug` is a category's again."""
        self._execute(delete(CategoryAlias).where(CategoryAlias.slug == slug))

    def lead_on(self, source_id: int, target_id: int) -> None:
        """The former slugs and ids of the one lead to the other, and so does its own id."""
        for table in (CategoryAlias, CategoryMerger):
            self._execute(update(table).where(table.category_id == source_id).values(category_id=target_id))
        self.session.execute(insert(CategoryMerger).values(former_id=source_id, category_id=target_id))

    def take_time(self) -> None:
        """Let the statements of this transaction take a minute: it writes many rows."""
        self.session.execute(text("SET LOCAL statement_timeout = '60s'"))
        deadlines.extend(deadlines.JOB_SECONDS)

    def reload(self, category: Category) -> None:
        """Read what statements have changed."""
        self.session.refresh(category)

    def _execute(self, statement: Update | Delete) -> int:
        result = self.session.execute(statement, execution_options={"synchronize_session": False})
        assert isinstance(result, CursorResult)
        return result.rowcount

    def ancestors(self, category_id: int) -> list[int]:
        """`category_id` and those above it, from the bottom up; empty when there is none."""
        chain = (
            select(Category.id, Category.parent_id, literal(0, BigInteger).label("height"))
            .where(Category.id == category_id)
            .cte("chain", recursive=True)
        )
        chain = chain.union_all(
            select(Category.id, Category.parent_id, chain.c.height + 1).join(
                chain, Category.id == chain.c.parent_id
            )
        )
        return list(self.session.scalars(select(chain.c.id).order_by(chain.c.height)))

    def add(self, category: Category) -> None:
        """Raises SlugTaken at the end of the unit of work."""
        self.insert(category)

    def delete(self, category: Category) -> None:
        """Raises CategoryInUse."""
        self.remove(category, CategoryInUse)
