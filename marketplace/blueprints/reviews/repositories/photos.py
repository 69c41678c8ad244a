"""The SQL of the photos of reviews."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, Text, any_, delete, or_, select
from sqlalchemy.dialects.postgresql import array

from marketplace.blueprints.reviews.ports import PhotoKeys, PhotoRepository
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.kernel.media import MEDIA_PATH
from marketplace.models.accounts import User
from marketplace.models.performers import Performer
from marketplace.models.reviews import Review, ReviewPhoto
from marketplace.models.visibility import PERFORMER_IS_PUBLIC


class SqlPhotoRepository(SqlRepository, PhotoRepository):
    def find(self, photo_id: int) -> PhotoKeys | None:
        statement = (
            select(ReviewPhoto.key, ReviewPhoto.thumbnail_key, Review.hidden_at.is_not(None).label("hidden"))
            .join(Review, Review.id == ReviewPhoto.review_id)
            .where(ReviewPhoto.id == photo_id)
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else PhotoKeys(*row)

    def is_shown(self, key: str) -> bool:
        shown = (
            select(ReviewPhoto.id)
            .join(Review, Review.id == ReviewPhoto.review_id)
            .join(Performer, Performer.id == Review.performer_id)
            .join(User, User.id == Performer.user_id)
            .where(
                or_(ReviewPhoto.key == key, ReviewPhoto.thumbnail_key == key),
                Review.published_at.is_not(None),
                Review.hidden_at.is_(None),
                PERFORMER_IS_PUBLIC,
            )
        )
        return self.session.scalar(shown.limit(1)) is not None

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        wanted = any_(array(keys, type_=Text))
        statement = select(ReviewPhoto.key, ReviewPhoto.thumbnail_key).where(
            or_(ReviewPhoto.key == wanted, ReviewPhoto.thumbnail_key == wanted)
        )
        return {key for row in self.session.execute(statement) for key in row}

    def forget(self, user_id: int) -> list[str]:
        written = select(Review.id).where(Review.author_id == user_id)
        statement = (
            delete(ReviewPhoto)
            .where(ReviewPhoto.review_id.in_(written))
            .returning(ReviewPhoto.key, ReviewPhoto.thumbnail_key)
        )
        return [key for row in self.write(statement) for key in row]

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        columns = (
            ReviewPhoto.id,
            ReviewPhoto.review_id,
            (MEDIA_PATH + ReviewPhoto.key).label("file"),
            ReviewPhoto.width,
            ReviewPhoto.height,
            ReviewPhoto.created_at,
        )
        return stream_rows(self.session, _of(user_id, *columns))

    def list_keys(self, user_id: int) -> list[tuple[int, str]]:
        rows = self.session.execute(_of(user_id, ReviewPhoto.id, ReviewPhoto.key))
        return [(photo_id, key) for photo_id, key in rows]


def _of(user_id: int, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .join(Review, Review.id == ReviewPhoto.review_id)
        .where(Review.author_id == user_id)
        .order_by(ReviewPhoto.id)
    )
