"""The SQL of reviews."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, text, type_coerce, update

from marketplace.blueprints.reviews.policies import ReviewDirection
from marketplace.blueprints.reviews.ports import ReviewFilters, ReviewRepository, ReviewView
from marketplace.database.bulk_update import bulk_restore
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.orders import Order
from marketplace.models.performers import Performer
from marketplace.models.privacy import shown_avatar, shown_first_name, shown_initial
from marketplace.models.reviews import Review
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
    Review.text,
    Review.note_to_staff,
    Review.reply,
    Review.replied_at,
    Review.publish_at,
    Review.published_at,
    Review.hidden_at,
    Review.hidden_reason,
    Review.created_at,
)
# This domain keeps the performer's figures, in the transaction that publishes or hides. The rows of
# performers are locked first, in the order of ids, to avoid deadlocks; then the UPDATE computes from the
# stored figures, so no addition is lost.
_LOCK_PERFORMERS = text("SELECT id FROM performer WHERE id = ANY(:performers) ORDER BY id FOR NO KEY UPDATE")
_COUNT = text("""
    UPDATE performer SET
        rating_count = rating_count + :sign * d.n,
        rating_sum = rating_sum + :sign * d.total,
        rating_histogram = ARRAY[
            rating_histogram[1] + :sign * d.n1, rating_histogram[2] + :sign * d.n2,
            rating_histogram[3] + :sign * d.n3, rating_histogram[4] + :sign * d.n4,
            rating_histogram[5] + :sign * d.n5]
    FROM (SELECT performer_id, count(*) AS n, sum(rating)::bigint AS total,
                 count(*) FILTER (WHERE rating = 1) AS n1, count(*) FILTER (WHERE rating = 2) AS n2,
                 count(*) FILTER (WHERE rating = 3) AS n3, count(*) FILTER (WHERE rating = 4) AS n4,
                 count(*) FILTER (WHERE rating = 5) AS n5
          FROM unnest(CAST(:performers AS bigint[]), CAST(:ratings AS bigint[])) AS r (performer_id, rating)
          GROUP BY performer_id) d
    WHERE performer.id = d.performer_id""")
_TRUTH = """
    WITH truth AS (
        SELECT p.id, count(r.id) AS n, coalesce(sum(r.rating), 0)::bigint AS total,
               ARRAY[count(r.id) FILTER (WHERE r.rating = 1), count(r.id) FILTER (WHERE r.rating = 2),
                     count(r.id) FILTER (WHERE r.rating = 3), count(r.id) FILTER (WHERE r.rating = 4),
                     count(r.id) FILTER (WHERE r.rating = 5)] AS histogram
        FROM performer p LEFT JOIN review r ON r.performer_id = p.id AND r.direction = 'of_performer'
                                           AND r.published_at IS NOT NULL AND r.hidden_at IS NULL
        WHERE p.id = ANY(:performers)
        GROUP BY p.id)"""
_DIFFERS = """
    truth.id = p.id AND (p.rating_count, p.rating_sum, p.rating_histogram)
                        IS DISTINCT FROM (truth.n, truth.total, truth.histogram)"""
_WRONG = text(f"{_TRUTH} SELECT p.id FROM performer p JOIN truth ON {_DIFFERS}")  # noqa: S608 - constants
_MEND = text(
    f"{_TRUTH} UPDATE performer p SET rating_count = truth.n, rating_sum = truth.total,"  # noqa: S608 - constants
    f" rating_histogram = truth.histogram FROM truth WHERE {_DIFFERS} RETURNING p.id"
)


class SqlReviewRepository(SqlRepository, ReviewRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def lock_order(self, order_id: int) -> None:
        self.session.execute(select(Order.id).where(Order.id == order_id).with_for_update(key_share=True))

    def add(self, values: Mapping[str, Any]) -> int:
        return self.session.execute(insert(Review).values(**values).returning(Review.id)).scalar_one()

    def find(self, review_id: int) -> ReviewView | None:
        row = self.session.execute(_select().where(Review.id == review_id)).one_or_none()
        return None if row is None else _view(row)

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
        rows = self.session.execute(_select().where(Review.id.in_(ids)).order_by(Review.id))
        return [_view(row) for row in rows]

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

    def count(self, ratings: Sequence[tuple[int, int]], sign: int) -> None:
        performers, stars = zip(*ratings, strict=True)
        values = {"performers": list(performers), "ratings": list(stars), "sign": sign}
        self.session.execute(_LOCK_PERFORMERS, {"performers": values["performers"]})
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
        statement = select(func.count(), func.coalesce(func.sum(Review.rating), 0)).where(
            Review.customer_id == customer_id,
            Review.direction == ReviewDirection.OF_CUSTOMER,
            Review.published_at.is_not(None),
            Review.hidden_at.is_(None),
        )
        count, total = self.session.execute(statement).one()
        return int(count), int(total)

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
    return ReviewView(**row._mapping)
