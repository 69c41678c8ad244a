"""The SQL of reviews."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, text, type_coerce, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from marketplace.blueprints.reviews.policies import ReviewDirection
from marketplace.blueprints.reviews.ports import (
    ReviewFilters,
    ReviewPhoto as ShownPhoto,
    ReviewRepository,
    ReviewView,
    StoredPhoto,
)
from marketplace.database.bulk_update import bulk_restore
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.media import MEDIA_PATH
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.orders import Order
from marketplace.models.performers import Performer
from marketplace.models.privacy import shown_avatar, shown_first_name, shown_initial
from marketplace.models.reviews import CustomerRating, Review, ReviewPhoto
from marketplace.models.visibility import PERFORMER_IS_PUBLIC

# All published reviews have a date, but keyset pages cannot know that of a nullable column. Unlike
# coalesce(), this expression is the bare column for PostgreSQL, so the index can still serve.
_PUBLISHED_AT = type_coerce(Review.published_at, Review.published_at.type)
_COLUMNS: tuple[Any, ...] = (
    Review.id,
    Review.order_id,
    Review.author_id,
    shown_first_name().label("author_first_name"),
    shown_initial().label("author_last_name"),
    shown_avatar().label("author_avatar_key"),
    Review.direction,
    Review.performer_id,
    Performer.user_id.label("performer_user_id"),
    Review.customer_id,
    Review.rating,
    Review.quality,
    Review.punctuality,
    Review.communication,
    Review.text,
    Review.note_to_staff,
    Review.reply,
    Review.replied_at,
    Review.publish_at,
    Review.published_at,
    Review.hidden_at,
    Review.hidden_reason,
    Review.created_at,
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(
                    ReviewPhoto.id,
                    ReviewPhoto.key,
                    ReviewPhoto.thumbnail_key,
                    ReviewPhoto.width,
                    ReviewPhoto.height,
                ),
                ReviewPhoto.position,
            )
        )
    )
    .where(ReviewPhoto.review_id == Review.id)
    .correlate(Review)
    .scalar_subquery()
    .label("photos"),
)
# This domain keeps the figures, in the transaction that publishes or hides. Of several rows the one with the
# lowest id is locked first, customers before performers, to avoid deadlocks. What is added is computed from
# the stored figures behind the lock, so no addition is lost. One statement, because everybody who reviews the
# same performer waits from there to the commit.
_COUNT = text("""
    WITH d AS (
        SELECT performer_id, count(*) AS n, sum(rating)::bigint AS total,
               count(*) FILTER (WHERE rating = 1) AS n1, count(*) FILTER (WHERE rating = 2) AS n2,
               count(*) FILTER (WHERE rating = 3) AS n3, count(*) FILTER (WHERE rating = 4) AS n4,
               count(*) FILTER (WHERE rating = 5) AS n5,
               count(quality) AS c1, count(punctuality) AS c2, count(communication) AS c3,
               coalesce(sum(quality), 0)::bigint AS s1, coalesce(sum(punctuality), 0)::bigint AS s2,
               coalesce(sum(communication), 0)::bigint AS s3
        FROM review WHERE id = ANY(:reviews) AND direction = 'of_performer'
        GROUP BY performer_id
    ), locked AS MATERIALIZED (
        SELECT id FROM performer WHERE id IN (SELECT performer_id FROM d) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE performer p SET
        rating_count = p.rating_count + :sign * d.n,
        rating_sum = p.rating_sum + :sign * d.total,
        rating_histogram = ARRAY[
            p.rating_histogram[1] + :sign * d.n1, p.rating_histogram[2] + :sign * d.n2,
            p.rating_histogram[3] + :sign * d.n3, p.rating_histogram[4] + :sign * d.n4,
            p.rating_histogram[5] + :sign * d.n5],
        aspect_counts = ARRAY[
            p.aspect_counts[1] + :sign * d.c1, p.aspect_counts[2] + :sign * d.c2,
            p.aspect_counts[3] + :sign * d.c3],
        aspect_sums = ARRAY[
            p.aspect_sums[1] + :sign * d.s1, p.aspect_sums[2] + :sign * d.s2, p.aspect_sums[3] + :sign * d.s3]
    FROM locked JOIN d ON d.performer_id = locked.id
    WHERE p.id = locked.id""")
_COUNT_CUSTOMERS = text("""
    INSERT INTO customer_rating AS c (user_id, rating_count, rating_sum)
    SELECT customer_id, :sign * count(*), :sign * sum(rating)::bigint
    FROM review JOIN "user" u ON u.id = customer_id AND u.anonymised_at IS NULL
    WHERE review.id = ANY(:reviews) AND direction = 'of_customer'
    GROUP BY customer_id ORDER BY customer_id
    ON CONFLICT (user_id) DO UPDATE SET rating_count = c.rating_count + excluded.rating_count,
        rating_sum = c.rating_sum + excluded.rating_sum""")
_LOCK_PERFORMERS = text("SELECT id FROM performer WHERE id = ANY(:performers) ORDER BY id FOR NO KEY UPDATE")
_TRUTH = """
    WITH truth AS (
        SELECT p.id, count(r.id) AS n, coalesce(sum(r.rating), 0)::bigint AS total,
               ARRAY[count(r.id) FILTER (WHERE r.rating = 1), count(r.id) FILTER (WHERE r.rating = 2),
                     count(r.id) FILTER (WHERE r.rating = 3), count(r.id) FILTER (WHERE r.rating = 4),
                     count(r.id) FILTER (WHERE r.rating = 5)] AS histogram,
               ARRAY[count(r.quality), count(r.punctuality), count(r.communication)] AS aspect_counts,
               ARRAY[coalesce(sum(r.quality), 0)::bigint, coalesce(sum(r.punctuality), 0)::bigint,
                     coalesce(sum(r.communication), 0)::bigint] AS aspect_sums
        FROM performer p LEFT JOIN review r ON r.performer_id = p.id AND r.direction = 'of_performer'
                                           AND r.published_at IS NOT NULL AND r.hidden_at IS NULL
        WHERE p.id = ANY(:performers)
        GROUP BY p.id)"""
_DIFFERS = """
    truth.id = p.id AND (p.rating_count, p.rating_sum, p.rating_histogram, p.aspect_counts, p.aspect_sums)
        IS DISTINCT FROM (truth.n, truth.total, truth.histogram, truth.aspect_counts, truth.aspect_sums)"""
_WRONG = text(f"{_TRUTH} SELECT p.id FROM performer p JOIN truth ON {_DIFFERS}")  # noqa: S608 - constants
_MEND = text(
    f"{_TRUTH} UPDATE performer p SET rating_count = truth.n, rating_sum = truth.total,"  # noqa: S608 - constants
    " rating_histogram = truth.histogram, aspect_counts = truth.aspect_counts,"
    f" aspect_sums = truth.aspect_sums FROM truth WHERE {_DIFFERS} RETURNING p.id"
)
_TRUTH_OF_CUSTOMERS = """
    WITH truth AS (
        SELECT u.id, count(r.id) AS n, coalesce(sum(r.rating), 0)::bigint AS total
        FROM unnest(CAST(:users AS bigint[])) AS u (id)
        LEFT JOIN review r ON r.customer_id = u.id AND r.direction = 'of_customer'
                          AND r.published_at IS NOT NULL AND r.hidden_at IS NULL
        GROUP BY u.id)"""
_WRONG_OF_CUSTOMERS = text(f"""{_TRUTH_OF_CUSTOMERS}
    SELECT truth.id FROM truth LEFT JOIN customer_rating c ON c.user_id = truth.id
    WHERE (coalesce(c.rating_count, 0), coalesce(c.rating_sum, 0)) <> (truth.n, truth.total)
""")  # noqa: S608 - constants
# An upsert locks the rows, also those that are missing; the next statement sees what was stored before it.
_LOCK_CUSTOMERS = text("""
    INSERT INTO customer_rating AS c (user_id, rating_count, rating_sum)
    SELECT id, 0, 0 FROM unnest(CAST(:users AS bigint[])) AS u (id) ORDER BY id
    ON CONFLICT (user_id) DO UPDATE SET rating_count = c.rating_count""")
_MEND_CUSTOMERS = text(f"""{_TRUTH_OF_CUSTOMERS}
    UPDATE customer_rating c SET rating_count = truth.n, rating_sum = truth.total FROM truth
    WHERE truth.id = c.user_id AND (c.rating_count, c.rating_sum) <> (truth.n, truth.total)
""")  # noqa: S608 - constants


class SqlReviewRepository(SqlRepository, ReviewRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def lock_order(self, order_id: int) -> None:
        self.session.execute(select(Order.id).where(Order.id == order_id).with_for_update(key_share=True))

    def add(self, values: Mapping[str, Any]) -> int:
        return self.session.execute(insert(Review).values(**values).returning(Review.id)).scalar_one()

    def add_photos(self, review_id: int, photos: Sequence[StoredPhoto]) -> None:
        rows = [
            {"review_id": review_id, "position": position, **asdict(photo)}
            for position, photo in enumerate(photos)
        ]
        self.session.execute(insert(ReviewPhoto), rows)

    def find(self, review_id: int) -> ReviewView | None:
        row = self.session.execute(_select().where(Review.id == review_id)).one_or_none()
        return None if row is None else _view(row)

    def find_many(self, review_ids: Sequence[int]) -> list[ReviewView]:
        statement = _select().where(Review.id.in_(review_ids)).order_by(Review.id)
        return [_view(row) for row in self.session.execute(statement)]

    def lock(self, review_ids: Sequence[int]) -> list[ReviewView]:
        # In the order of ids, so that two callers who lock several do not deadlock.
        statement = (
            _select()
            .where(Review.id.in_(review_ids))
            .order_by(Review.id)
            .with_for_update(of=Review, key_share=True)
        )
        return [_view(row) for row in self.session.execute(statement)]

    def list_of_order(self, order_id: int) -> list[ReviewView]:
        statement = _select().where(Review.order_id == order_id).order_by(Review.id)
        return [_view(row) for row in self.session.execute(statement)]

    def publish_of_order(self, order_id: int, at: datetime) -> list[ReviewView]:
        # The second of two callers publishes nothing: `_publish` requires in its WHERE that there is no date.
        return self._publish(Review.order_id == order_id, at)

    def publish_due(self, at: datetime, limit: int) -> list[ReviewView]:
        due = (
            select(Review.id)
            .where(Review.published_at.is_(None), Review.publish_at <= at)
            .order_by(Review.publish_at)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        ids = list(self.session.scalars(due))
        return self._publish(Review.id.in_(ids), at) if ids else []

    def _publish(self, which: ColumnElement[bool], at: datetime) -> list[ReviewView]:
        statement = (
            update(Review)
            .where(which, Review.published_at.is_(None))
            .values(published_at=at)
            .returning(Review.id)
        )
        ids = list(self.write(statement).scalars())
        return self.find_many(ids)

    def set_reply(self, review_id: int, text: str, at: datetime) -> bool:
        # There is one winner: the WHERE requires that there is no reply.
        statement = (
            update(Review)
            .where(Review.id == review_id, Review.reply.is_(None))
            .values(reply=text, replied_at=at)
            .returning(Review.id)
        )
        return self.write(statement).first() is not None

    def set_hidden(self, review_ids: Sequence[int], at: datetime | None, reason: str | None) -> None:
        statement = update(Review).where(Review.id.in_(review_ids))
        statement = statement.values(hidden_at=at, hidden_reason=reason)
        self.write(statement)

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        bulk_restore(self.session, Review, states)

    def count(self, review_ids: Sequence[int], sign: int) -> None:
        values = {"reviews": list(review_ids), "sign": sign}
        self.session.execute(_COUNT_CUSTOMERS, values)
        self.session.execute(_COUNT, values)

    def recount(self, after: int, limit: int) -> tuple[int | None, int]:
        # Performers with wrong figures are locked and counted again, in a statement that sees everything
        # committed before the lock: a concurrent publication is either in the count or added after it.
        batch = select(Performer.id).where(Performer.id > after).order_by(Performer.id).limit(limit)
        ids = list(self.session.scalars(batch))
        if not ids:
            return None, 0
        wrong = list(self.session.scalars(_WRONG, {"performers": ids}))
        if not wrong:
            return ids[-1], 0
        self.session.execute(_LOCK_PERFORMERS, {"performers": wrong})
        return ids[-1], len(self.session.execute(_MEND, {"performers": wrong}).all())

    def recount_customers(self, after: int, limit: int) -> tuple[int | None, int]:
        present = select(User.id).where(User.id > after, User.anonymised_at.is_(None))
        ids = list(self.session.scalars(present.order_by(User.id).limit(limit)))
        if not ids:
            return None, 0
        wrong = list(self.session.scalars(_WRONG_OF_CUSTOMERS, {"users": ids}))
        if not wrong:
            return ids[-1], 0
        self.session.execute(_LOCK_CUSTOMERS, {"users": wrong})
        self.session.execute(_MEND_CUSTOMERS, {"users": wrong})
        return ids[-1], len(wrong)

    def list_public(self, performer_id: int, page: PageRequest) -> Page[ReviewView]:
        visible = (
            select(Performer.id)
            .join(User, User.id == Performer.user_id)
            .where(
                Performer.id == performer_id,
                PERFORMER_IS_PUBLIC,
            )
        )
        if self.session.scalar(visible) is None:
            raise NotFound
        statement = (
            _select()
            .where(
                Review.performer_id == performer_id,
                Review.direction == ReviewDirection.OF_PERFORMER,
                Review.published_at.is_not(None),
                Review.hidden_at.is_(None),
            )
            .order_by(_PUBLISHED_AT.desc(), Review.id.desc())
        )
        return self._page(statement, page, "performer_reviews", {"performer": performer_id})

    def list_all(self, page: PageRequest, filters: ReviewFilters) -> Page[ReviewView]:
        statement = _select().order_by(Review.id.desc())
        if filters.performer_id is not None:
            statement = statement.where(Review.performer_id == filters.performer_id)
        if filters.hidden is not None:
            hidden = Review.hidden_at.is_not(None)
            statement = statement.where(hidden if filters.hidden else ~hidden)
        return self._page(statement, page, "reviews", vars(filters))

    def summary_of_customer(self, customer_id: int) -> tuple[int, int]:
        statement = select(CustomerRating.rating_count, CustomerRating.rating_sum)
        row = self.session.execute(statement.where(CustomerRating.user_id == customer_id)).one_or_none()
        return (0, 0) if row is None else (row.rating_count, row.rating_sum)

    def _page(
        self, statement: Select[Any], page: PageRequest, name: str, filters: Mapping[str, Any]
    ) -> Page[ReviewView]:
        found = fetch_page(self.session, statement, page, self._signer, name=name, filters=filters)
        return Page([_view(row) for row in found.items], found.next, found.previous)


def _select() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(User, User.id == Review.author_id)
        .join(Performer, Performer.id == Review.performer_id)
    )


def _view(row: Row[Any]) -> ReviewView:
    photos = [
        ShownPhoto(photo_id, MEDIA_PATH + key, MEDIA_PATH + thumbnail_key, width, height)
        for photo_id, key, thumbnail_key, width, height in row.photos or ()
    ]
    return ReviewView(**{**row._mapping, "photos": photos})
