"""The SQL that changes performers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from marketplace.blueprints.performers.ports import ModeratedPerformer, PerformerStatus
from marketplace.database.many import forget_loaded, restore_each, update_each
from marketplace.database.repository import SqlRepository
from marketplace.kernel.errors import NotFound
from marketplace.models.catalog import Category, City
from marketplace.models.performers import Favourite, Performer, PerformerCategory

DETAIL = (selectinload(Performer.categories),)


class SqlPerformerRepository(SqlRepository):
    """Performers, to be written."""

    def add(self, performer: Performer) -> None:
        """Store a new performer."""
        self.session.add(performer)
        self.session.flush()

    def get_for_update(self, performer_id: int) -> Performer:
        """Locked, with its categories. Raises NotFound."""
        statement = (
            select(Performer)
            .where(Performer.id == performer_id)
            .options(*DETAIL)
            .with_for_update(of=Performer, key_share=True)
            .execution_options(populate_existing=True)
        )
        found = self.session.execute(statement).scalar_one_or_none()
        if found is None:
            raise NotFound
        return found

    def has_active_city(self, city_id: int) -> bool:
        """Whether performers may work there."""
        return self.session.scalar(select(City.id).where(City.id == city_id, City.is_active)) is not None

    def find_active_categories(self, ids: Sequence[int]) -> list[Category]:
        """Those of `ids` that exist and are offered, by id."""
        statement = select(Category).where(Category.id.in_(ids), Category.is_active).order_by(Category.id)
        return list(self.session.scalars(statement))

    def lock_active_categories(self, ids: Sequence[int]) -> list[Category]:
        """As `find_active_categories`; they are offered until the transaction ends."""
        statement = (
            select(Category)
            .where(Category.id.in_(ids), Category.is_active)
            .order_by(Category.id)
            .with_for_update(read=True)
            .execution_options(populate_existing=True)
        )
        return list(self.session.scalars(statement))

    def category_names(self, ids: Collection[int], language: str) -> Mapping[int, str]:
        """The names of those of `ids` that exist, offered or not."""
        if not ids:
            return {}
        names: InstrumentedAttribute[dict[str, Any]] = Category.names
        name = func.coalesce(names[language].astext, names["en"].astext).label("name")
        statement = select(Category.id, name).where(Category.id.in_(ids))
        return {row.id: row.name for row in self.session.execute(statement)}

    def replace_categories(self, links: Mapping[int, Sequence[int]]) -> None:
        """Give each performer exactly these categories, and a new version: links are rows of their own."""
        if not links:
            return
        unlink = delete(PerformerCategory).where(PerformerCategory.performer_id.in_(links))
        self.session.execute(unlink, execution_options={"synchronize_session": False})
        rows = [
            {"performer_id": performer_id, "category_id": category_id}
            for performer_id, ids in links.items()
            for category_id in ids
        ]
        if rows:
            self.session.execute(insert(PerformerCategory), rows)
        touch = update(Performer).where(Performer.id.in_(links)).values(version=Performer.version + 1)
        self.session.execute(touch, execution_options={"synchronize_session": False})
        forget_loaded(self.session, Performer, links)

    def lock_many(self, ids: Sequence[int]) -> Mapping[int, ModeratedPerformer]:
        """What staff decides on, locked in the order of the ids; in two queries."""
        statement = (
            select(Performer.id, Performer.user_id, Performer.headline, Performer.about, Performer.address)
            .where(Performer.id.in_(ids))
            .order_by(Performer.id)
            .with_for_update(key_share=True)
        )
        rows = self.session.execute(statement).all()
        links = (
            select(PerformerCategory.performer_id, PerformerCategory.category_id)
            .where(PerformerCategory.performer_id.in_(ids))
            .order_by(PerformerCategory.category_id)
        )
        categories: dict[int, list[int]] = {row.id: [] for row in rows}
        for performer_id, category_id in self.session.execute(links):
            categories[performer_id].append(category_id)
        return {row.id: ModeratedPerformer(**row._mapping, category_ids=categories[row.id]) for row in rows}

    def set_each(self, column: str, values: Mapping[int, Any]) -> None:
        """Set `column` of each performer, and give each a new version; one UPDATE."""
        update_each(self.session, Performer, [{"id": key, column: value} for key, value in values.items()])

    def touch(self, performer: Performer) -> None:
        """Give the performer a new version."""
        performer.updated_at = func.now()
        self.session.flush()

    def lock_statuses(self, ids: Sequence[int]) -> list[PerformerStatus]:
        """Locked in the order of their ids, so that two bulk decisions cannot wait for each other."""
        statement = (
            select(Performer.id, Performer.user_id, Performer.status, Performer.status_reason)
            .where(Performer.id.in_(ids))
            .order_by(Performer.id)
            .with_for_update(key_share=True)
        )
        return [PerformerStatus(*row) for row in self.session.execute(statement)]

    def set_status(self, ids: Sequence[int], status: str, reason: str | None) -> None:
        """Move all of `ids`, in one UPDATE."""
        statement = (
            update(Performer)
            .where(Performer.id.in_(ids))
            .values(status=status, status_reason=reason, version=Performer.version + 1)
        )
        self.session.execute(statement, execution_options={"synchronize_session": False})

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        restore_each(self.session, Performer, states)


class SqlFavouriteRepository(SqlRepository):
    """Whom users have marked."""

    def add(self, user_id: int, performer_id: int, at: datetime) -> None:
        """Once more changes nothing, not even when it was."""
        values = {"user_id": user_id, "performer_id": performer_id, "created_at": at}
        self.session.execute(insert(Favourite).values(values).on_conflict_do_nothing())

    def remove(self, user_id: int, performer_id: int) -> bool:
        """False when there was none."""
        statement = (
            delete(Favourite)
            .where(Favourite.user_id == user_id, Favourite.performer_id == performer_id)
            .returning(Favourite.performer_id)
        )
        return self.session.scalar(statement, execution_options={"synchronize_session": False}) is not None
