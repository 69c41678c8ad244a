"""The SQL of what performers hold on one user: the profile and its categories."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import delete, func, select, update

from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.catalog import Category
from marketplace.models.performers import Performer, PerformerCategory
from marketplace.models.privacy import DELETED_NAME

NO_ADDRESS = {"line1": "Deleted"}
"""The address for users who have left; readers expect one."""


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

    def forget(self, user_id: int) -> None:
        """Blank the profile and switch it off for good; orders and reviews keep referring to it."""
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
        performer_id = self.write(blank).scalar()
        if performer_id is not None:
            gone = delete(PerformerCategory).where(PerformerCategory.performer_id == performer_id)
            self.write(gone)
