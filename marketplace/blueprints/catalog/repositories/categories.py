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
from marketplace.blueprints.catalog.ports.categories import CategoryFilters, CategoryRepository, CategoryRow
from marketplace.database import deadlines
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.rows import delete_row, get_row
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Category, CategoryAlias, CategoryMerger
from marketplace.models.listings import PerformerListingCategory

TREE = "catalog.tree"
"""The name of the lock that every change of the tree takes first, `flask catalog load` too."""


class SqlCategoryRepository(SqlRepository, CategoryRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def list_active(self) -> list[CategoryRow]:
        statement = (
            select(Category.id, Category.parent_id, Category.slug, Category.names)
            .where(Category.is_active)
            .order_by(Category.position, Category.id)
        )
        return [CategoryRow(*row) for row in self.session.execute(statement)]

    def ids_in_city(self, city_id: int) -> set[int]:
        # One index look-up for each category, however many performers a city has.
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
        return set(self.session.scalars(select(Category.id).where(Category.id.in_(ids), Category.is_active)))

    def list_all(self, page: PageRequest, filters: CategoryFilters) -> Page[Category]:
        statement = select(Category).order_by(Category.id)
        if filters.parent_id is not None:
            statement = statement.where(Category.parent_id == filters.parent_id)
        if filters.is_root is not None:
            statement = statement.where(Category.parent_id.is_(None) == filters.is_root)
        if filters.is_active is not None:
            statement = statement.where(Category.is_active.is_(filters.is_active))
        found = fetch_page(
            self.session, statement, page, self._signer, name="admin.categories", filters=vars(filters)
        )
        return Page([row[0] for row in found.items], found.next, found.previous)

    def get(self, category_id: int, *, lock: bool = False) -> Category:
        return get_row(self.session, Category, category_id, lock=lock)

    def lock_tree(self) -> None:
        # Two concurrent changes could make a circle or give two siblings one number. The lock is its own and
        # not one of rows, since it must exist before the first row does.
        self.lock_name(TREE)

    def children(self, parent_id: int | None) -> list[int]:
        statement = (
            select(Category.id)
            .where(Category.parent_id.is_not_distinct_from(parent_id))
            .order_by(Category.position, Category.id)
        )
        return list(self.session.scalars(statement))

    def height(self, category_id: int) -> int:
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
        taken = select(func.count()).where(Category.parent_id == target_id).scalar_subquery()
        return self._execute(
            update(Category)
            .where(Category.parent_id == source_id)
            .values(parent_id=target_id, position=Category.position + taken, version=Category.version + 1)
        )

    def find_by_slug(self, slug: str) -> int | None:
        statement: CompoundSelect[Any] = union_all(
            select(Category.id).where(Category.slug == slug),
            select(CategoryAlias.category_id).where(
                CategoryAlias.slug == slug, CategoryAlias.category_id.is_not(None)
            ),
        )
        found: int | None = self.session.scalar(statement)
        return found

    def find_alias(self, slug: str) -> tuple[int | None] | None:
        row = self.session.execute(
            select(CategoryAlias.category_id).where(CategoryAlias.slug == slug)
        ).one_or_none()
        return None if row is None else (row[0],)

    def set_alias(self, slug: str, category_id: int | None) -> None:
        statement = insert(CategoryAlias).values(slug=slug, category_id=category_id)
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=[CategoryAlias.slug], set_={"category_id": category_id}
            )
        )

    def drop_alias(self, slug: str) -> None:
        self._execute(delete(CategoryAlias).where(CategoryAlias.slug == slug))

    def lead_on(self, source_id: int, target_id: int) -> None:
        for table in (CategoryAlias, CategoryMerger):
            self._execute(update(table).where(table.category_id == source_id).values(category_id=target_id))
        self.session.execute(insert(CategoryMerger).values(former_id=source_id, category_id=target_id))

    def take_time(self) -> None:
        self.session.execute(text("SET LOCAL statement_timeout = '60s'"))
        deadlines.extend(deadlines.JOB_SECONDS)

    def reload(self, category: Category) -> None:
        self.session.refresh(category)

    def _execute(self, statement: Update | Delete) -> int:
        result = self.write(statement)
        assert isinstance(result, CursorResult)
        return result.rowcount

    def ancestors(self, category_id: int) -> list[int]:
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
        self.session.add(category)
        self.session.flush()

    def delete(self, category: Category) -> None:
        delete_row(self.session, category, CategoryInUse)
