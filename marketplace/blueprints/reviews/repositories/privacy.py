"""The SQL of one user's reviews: the copy for the user, and the deletion of the user's data."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from marketplace.blueprints.reviews.policies import ReviewDirection
from marketplace.blueprints.reviews.ports import ReviewRecords
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.accounts import User
from marketplace.models.performers import Performer
from marketplace.models.privacy import shown_first_name
from marketplace.models.reviews import CustomerRating, Review


class SqlReviewRecords(SqlRepository, ReviewRecords):
    def written(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(
                Review.id,
                Review.order_id,
                Review.direction,
                Review.rating,
                Review.quality,
                Review.punctuality,
                Review.communication,
                Review.text,
                Review.note_to_staff,
                Review.reply,
                Review.replied_at,
                Review.published_at,
                Review.hidden_at,
                Review.hidden_reason,
                Review.created_at,
            )
            .where(Review.author_id == user_id)
            .order_by(Review.id),
        )

    def received(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        performer_id = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
        of_user = or_(
            and_(Review.direction == ReviewDirection.OF_PERFORMER, Review.performer_id == performer_id),
            and_(Review.direction == ReviewDirection.OF_CUSTOMER, Review.customer_id == user_id),
        )
        return stream_rows(
            self.session,
            select(
                Review.id,
                Review.order_id,
                shown_first_name().label("author"),
                Review.direction,
                Review.rating,
                Review.quality,
                Review.punctuality,
                Review.communication,
                Review.text,
                Review.reply,
                Review.replied_at,
                Review.published_at,
            )
            .join(User, User.id == Review.author_id)
            .where(of_user, Review.published_at.is_not(None), Review.hidden_at.is_(None))
            .order_by(Review.id),
        )

    def customer_rating(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        columns = (CustomerRating.rating_count, CustomerRating.rating_sum)
        return stream_rows(self.session, select(*columns).where(CustomerRating.user_id == user_id))

    def forget(self, user_id: int) -> None:
        self.write(delete(CustomerRating).where(CustomerRating.user_id == user_id))
        statement = (
            update(Review)
            .where(Review.author_id == user_id, Review.note_to_staff.is_not(None))
            .values(note_to_staff=None)
        )
        self.write(statement)
