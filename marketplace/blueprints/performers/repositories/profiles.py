"""The SQL that changes performers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from marketplace.blueprints.moderation.contracts import SubjectStore
from marketplace.blueprints.performers.ports import ModeratedPerformer, PerformerRepository, PerformerStatus
from marketplace.database.bulk_update import bulk_restore, bulk_update, expire_loaded
from marketplace.database.repository import SqlRepository
from marketplace.kernel.errors import NotFound
from marketplace.models.catalog import Category, City
from marketplace.models.performers import Performer, PerformerCategory

DETAIL = (selectinload(Performer.categories),)


class SqlPerformerRepository(SqlRepository, PerformerRepository, SubjectStore):
    def add(self, performer: Performer) -> None:
        self.session.add(performer)
        self.session.flush()

    def get_for_update(self, performer_id: int) -> Performer:
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
        return self.session.scalar(select(City.id).where(City.id == city_id, City.is_active)) is not None

    def find_active_categories(self, ids: Sequence[int]) -> list[Category]:
        statement = select(Category).where(Category.id.in_(ids), Category.is_active).order_by(Category.id)
        return list(self.session.scalars(statement))

    def lock_active_categories(self, ids: Sequence[int]) -> list[Category]:
        statement = (
            select(Category)
            .where(Category.id.in_(ids), Category.is_active)
            .order_by(Category.id)
            .with_for_update(read=True)
            .execution_options(populate_existing=True)
        )
        return list(self.session.scalars(statement))

    def category_names(self, ids: Collection[int], language: str) -> Mapping[int, str]:
        if not ids:
            return {}
        names: InstrumentedAttribute[dict[str, Any]] = Category.names
        name = func.coalesce(names[language].astext, names["en"].astext).label("name")
        statement = select(Category.id, name).where(Category.id.in_(ids))
        return {row.id: row.name for row in self.session.execute(statement)}

    def replace_categories(self, links: Mapping[int, Sequence[int]]) -> None:
        if not links:
            return
        unlink = delete(PerformerCategory).where(PerformerCategory.performer_id.in_(links))
        self.write(unlink)
        rows = [
            {"performer_id": performer_id, "category_id": category_id}
            for performer_id, ids in links.items()
            for category_id in ids
        ]
        if rows:
            self.session.execute(insert(PerformerCategory), rows)
        touch = update(Performer).where(Performer.id.in_(links)).values(version=Performer.version + 1)
        self.write(touch)
        expire_loaded(self.session, Performer, links)

    def lock_many(self, ids: Sequence[int]) -> Mapping[int, ModeratedPerformer]:
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
        bulk_update(self.session, Performer, [{"id": key, column: value} for key, value in values.items()])

    def touch(self, performer: Performer) -> None:
        performer.updated_at = func.now()
        self.session.flush()

    def lock_statuses(self, ids: Sequence[int]) -> list[PerformerStatus]:
        # In the order of their ids, so that two bulk decisions cannot deadlock.
        statement = (
            select(Performer.id, Performer.user_id, Performer.status, Performer.status_reason)
            .where(Performer.id.in_(ids))
            .order_by(Performer.id)
            .with_for_update(key_share=True)
        )
        return [PerformerStatus(*row) for row in self.session.execute(statement)]

    def set_status(self, ids: Sequence[int], status: str, reason: str | None) -> None:
        statement = (
            update(Performer)
            .where(Performer.id.in_(ids))
            .values(status=status, status_reason=reason, version=Performer.version + 1)
        )
        self.write(statement)

    def set_verified(self, performer_id: int, *, verified: bool) -> int | None:
        statement = (
            update(Performer)
            .where(Performer.id == performer_id, Performer.verified != verified)
            .values(verified=verified, version=Performer.version + 1)
            .returning(Performer.user_id)
        )
        return self.write(statement).scalar()

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        bulk_restore(self.session, Performer, states)
