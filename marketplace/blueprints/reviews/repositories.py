"""The SQL of reviews."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, text, type_coerce, update

from marketplace.blueprints.reviews.policies import Direction
from marketplace.blueprints.reviews.ports import ReviewView
from marketplace.database.keyset import fetch_page
from marketplace.database.many import restore_each
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

_NO_SYNC = {"synchronize_session": False}
# Published reviews all have a date, which keyset pages cannot know of a column that may be null. Unlike
# coalesce(), this is the bare column to PostgreSQL, so that the index still serves.
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
# The performer's figures are kept by the transaction that publishes or hides, hence by this domain. Its
# row is locked first, in the order of ids, so that nobody deadlocks; the UPDATE then computes from what
# is stored, so no addition is lost.
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


class SqlReviewRepository(SqlRepository):
    """Reviews and the figures that follow from them."""

    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def lock_order(self, order_id: int) -> None:
        """Those who write about one order take turns."""
        self.session.execute(select(Order.id).where(Order.id == order_id).with_for_update(key_share=True))

    def add(self, values: Mapping[str, Any]) -> int:
        """Store a new review; returns its id."""
        return self.session.execute(insert(Review).values(**values).returning(Review.id)).scalar_one()

    def find(self, review_id: int) -> ReviewView | None:
        """One review."""
        row = self.session.execute(_select().where(Review.id == review_id)).one_or_none()
        return None if row is None else _view(row)

    def lock(self, review_ids: Sequence[int]) -> list[ReviewView]:
        """By id, so that two who lock several do not wait for each other."""
        statement = (
            _select()
            .where(Review.id.in_(review_ids))
            .order_by(Review.id)
            .with_for_update(of=Review, key_share=True)
        )
        return [_view(row) for row in self.session.execute(statement)]

    def list_of_order(self, order_id: int) -> list[ReviewView]:
        """At most two."""
        statement = _select().where(Review.order_id == order_id).order_by(Review.id)
        return [_view(row) for row in self.session.execute(statement)]

    def publish_of_order(self, order_id: int, at: datetime) -> list[ReviewView]:
        """Whoever comes second publishes nothing: the absence of a date is in the WHERE."""
        return self._publish(Review.order_id == order_id, at)

    def publish_due(self, at: datetime, limit: int) -> list[ReviewView]:
        """A batch."""
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
        ids = list(self.session.scalars(statement, execution_options=_NO_SYNC))
        rows = self.session.execute(_select().where(Review.id.in_(ids)).order_by(Review.id))
        return [_view(row) for row in rows]

    def set_reply(self, review_id: int, text: str, at: datetime) -> bool:
        """One winner: the absence of a reply is in the WHERE."""
        statement = (
            update(Review)
            .where(Review.id == review_id, Review.reply.is_(None))
            .values(reply=text, replied_at=at)
            .returning(Review.id)
        )
        return self.session.execute(statement, execution_options=_NO_SYNC).first() is not None

    def set_hidden(self, review_ids: Sequence[int], at: datetime | None, reason: str | None) -> None:
        """One statement for all."""
        statement = update(Review).where(Review.id.in_(review_ids))
        statement = statement.values(hidden_at=at, hidden_reason=reason)
        self.session.execute(statement, execution_options=_NO_SYNC)

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        restore_each(self.session, Review, states)

    def count(self, ratings: Sequence[tuple[int, int]], sign: int) -> None:
        """Add or take away ratings."""
        performers, stars = zip(*ratings, strict=True)
        values = {"performers": list(performers), "ratings": list(stars), "sign": sign}
        self.session.execute(_LOCK_PERFORMERS, {"performers": values["performers"]})
        self.session.execute(_COUNT, values)

    def recount(self, after: int, limit: int) -> tuple[int | None, int]:
        """Whoever differs is locked and counted again, in a statement that sees all that was committed
        before the lock: a publication at the same time is either in the count or added after it.
        """
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
        """Newest first. Raises NotFound for a performer that the public cannot see."""
        visible = (
            select(Performer.id)
            .join(User, User.id == Performer.user_id)
            .where(
                Performer.id == performer_id,
                Performer.active,
                Performer.status == "approved",
                User.is_active,
                User.deleted_at.is_(None),
            )
        )
        if self.session.scalar(visible) is None:
            raise NotFound
        statement = (
            _select()
            .where(
                Review.performer_id == performer_id,
                Review.direction == Direction.OF_PERFORMER,
                Review.published_at.is_not(None),
                Review.hidden_at.is_(None),
            )
            .order_by(_PUBLISHED_AT.desc(), Review.id.desc())
        )
        return self._page(statement, page, "performer_reviews", {"performer": performer_id})

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[ReviewView]:
        """Newest first; `performer_id` and `hidden` narrow it."""
        statement = _select().order_by(Review.id.desc())
        if filters.get("performer_id") is not None:
            statement = statement.where(Review.performer_id == filters["performer_id"])
        if filters.get("hidden") is not None:
            hidden = Review.hidden_at.is_not(None)
            statement = statement.where(hidden if filters["hidden"] else ~hidden)
        return self._page(statement, page, "reviews", filters)

    def summary_of_customer(self, customer_id: int) -> tuple[int, int]:
        """How many published ratings, and their sum."""
        statement = select(func.count(), func.coalesce(func.sum(Review.rating), 0)).where(
            Review.customer_id == customer_id,
            Review.direction == Direction.OF_CUSTOMER,
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
