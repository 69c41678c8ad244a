"""The SQL that changes performers."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import selectinload

from marketplace.blueprints.performers.ports import PerformerStatus
from marketplace.database.repository import SqlRepository
from marketplace.kernel.errors import NotFound
from marketplace.models.catalog import Category, City
from marketplace.models.performers import Favourite, Performer

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
            .with_for_update(of=Performer)
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
            .with_for_update()
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
