"""The SQL of what performers hold on one user: the profile and its categories."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import delete, func, select, update

from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.catalog import Category
from marketplace.models.performers import Favourite, Performer, PerformerCategory
from marketplace.models.privacy import DELETED_NAME

NO_ADDRESS = {"line1": "Deleted"}
"""What stands for the address of who has left; readers expect one."""


class SqlPerformerRecords(SqlRepository):
    """A user's performer profile."""

    def profile(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export; `categories` are slugs, None without any."""
        slugs = (
            select(func.array_agg(Category.slug))
            .join(PerformerCategory, PerformerCategory.category_id == Category.id)
            .where(PerformerCategory.performer_id == Performer.id)
            .correlate(Performer)
            .scalar_subquery()
        )
        return stream_rows(
            self.session,
            select(
                Performer.id,
                Performer.city_id,
                Performer.headline,
                Performer.about,
                Performer.address,
                Performer.timezone,
                Performer.languages,
                Performer.experience_years,
                Performer.status,
                Performer.status_reason,
                Performer.active,
                Performer.verified,
                Performer.rating_count,
                Performer.rating_sum,
                slugs.label("categories"),
                Performer.created_at,
                Performer.updated_at,
            ).where(Performer.user_id == user_id),
        )

    def favourites(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export."""
        statement = (
            select(Favourite.performer_id, Favourite.created_at)
            .where(Favourite.user_id == user_id)
            .order_by(Favourite.performer_id)
        )
        return stream_rows(self.session, statement)

    def forget(self, user_id: int) -> None:
        """Blank the profile and switch it off for good; orders and reviews go on referring to it. Forget whom
        the user has marked.
        """
        marks = delete(Favourite).where(Favourite.user_id == user_id)
        self.session.execute(marks, execution_options={"synchronize_session": False})
        blank = (
            update(Performer)
            .where(Performer.user_id == user_id)
            .values(
                headline=DELETED_NAME,
                about="",
                address=NO_ADDRESS,
                languages=[],
                experience_years=None,
                status_reason=None,
                active=False,
                verified=False,
                version=Performer.version + 1,
            )
            .returning(Performer.id)
        )
        quiet = {"synchronize_session": False}
        performer_id = self.session.scalar(blank, execution_options=quiet)
        if performer_id is not None:
            gone = delete(PerformerCategory).where(PerformerCategory.performer_id == performer_id)
            self.session.execute(gone, execution_options=quiet)
