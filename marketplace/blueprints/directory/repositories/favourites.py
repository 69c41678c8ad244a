"""The SQL of the performers whom users have marked."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.blueprints.directory.ports import FavouriteRepository
from marketplace.database.bulk_update import IN_DATABASE_ALONE
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.performers import Favourite


class SqlFavouriteRepository(SqlRepository, FavouriteRepository):
    def add(self, user_id: int, performer_id: int, at: datetime) -> None:
        values = {"user_id": user_id, "performer_id": performer_id, "created_at": at}
        self.session.execute(insert(Favourite).values(values).on_conflict_do_nothing())

    def remove(self, user_id: int, performer_id: int) -> bool:
        statement = (
            delete(Favourite)
            .where(Favourite.user_id == user_id, Favourite.performer_id == performer_id)
            .returning(Favourite.performer_id)
        )
        return self.session.scalar(statement, execution_options=IN_DATABASE_ALONE) is not None

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """The user's favourites, for an export."""
        statement = (
            select(Favourite.performer_id, Favourite.created_at)
            .where(Favourite.user_id == user_id)
            .order_by(Favourite.performer_id)
        )
        return stream_rows(self.session, statement)

    def forget(self, user_id: int) -> None:
        """Delete the marks of a user who has left."""
        self.write(delete(Favourite).where(Favourite.user_id == user_id))
