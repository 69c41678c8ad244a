"""The SQL of reviews."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, text, update

from marketplace.blueprints.reviews.policies import Direction
from marketplace.blueprints.reviews.ports import ReviewView
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.orders import Order
from marketplace.models.performers import Performer
from marketplace.models.reviews import Review

BATCH = 500
_NO_SYNC = {"synchronize_session": False}
_COLUMNS: tuple[Any, ...] = (
    Review.id,
    Review.order_id,
    Review.author_id,
    User.first_name.label("author_first_name"),
    User.last_name.label("author_last_name"),
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
# The performer's figures are kept by the transaction that publishes or hides, hence by this domain; the
# row is locked by its UPDATE, which computes from what is stored, so no addition is lost.
_COUNT = text("""
    UPDATE performer SET
        rating_count = rating_count + :sign,
        rating_sum = rating_sum + :sign * :rating,
        rating_histogram[:rating] = rating_histogram[:rating] + :sign
    WHERE id = :performer""")
_RECOUNT = text("""
    WITH truth AS (
        SELECT p.id, count(r.id) AS n, coalesce(sum(r.rating), 0) AS total,
               ARRAY[count(r.id) FILTER (WHERE r.rating = 1), count(r.id) FILTER (WHERE r.rating = 2),
                     count(r.id) FILTER (WHERE r.rating = 3), count(r.id) FILTER (WHERE r.rating = 4),
                     count(r.id) FILTER (WHERE r.rating = 5)] AS histogram
        FROM performer p LEFT JOIN review r ON r.performer_id = p.id AND r.direction = 'of_performer'
                                           AND r.published_at IS NOT NULL AND r.hidden_at IS NULL
        GROUP BY p.id)
    UPDATE performer p SET rating_count = truth.n, rating_sum = truth.total,
                           rating_histogram = truth.histogram
    FROM truth WHERE truth.id = p.id AND (p.rating_count, p.rating_sum, p.rating_histogram)
                                         IS DISTINCT FROM (truth.n, truth.total, truth.histogram)
    RETURNING p.id""")


class SqlReviewRepository(SqlRepository):
    """Reviews and the figures that follow from them."""

    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def lock_order(self, order_id: int) -> None:
        """Those who write about one order take turns."""
        self.session.execute(select(Order.id).where(Order.id == order_id).with_for_update())

    def add(self, values: Mapping[str, Any]) -> int:
        """Store a new review; returns its id."""
        return self.session.execute(insert(Review).values(**values).returning(Review.id)).scalar_one()

    def find(self, review_id: int, *, lock: bool = False) -> ReviewView | None:
        """One review."""
        statement = _select().where(Review.id == review_id)
        if lock:
            statement = statement.with_for_update(of=Review)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _view(row)

    def list_of_order(self, order_id: int) -> list[ReviewView]:
        """At most two."""
        statement = _select().where(Review.order_id == order_id).order_by(Review.id)
        return [_view(row) for row in self.session.execute(statement)]

    def publish(self, review_ids: list[int], at: datetime) -> None:
        """One statement for all."""
        if review_ids:
            statement = update(Review).where(Review.id.in_(review_ids)).values(published_at=at)
            self.session.execute(statement, execution_options=_NO_SYNC)

    def due(self, at: datetime) -> list[ReviewView]:
        """A batch, locked."""
        statement = (
            _select()
            .where(Review.published_at.is_(None), Review.publish_at <= at)
            .order_by(Review.publish_at)
            .limit(BATCH)
            .with_for_update(of=Review, skip_locked=True)
        )
        return [_view(row) for row in self.session.execute(statement)]

    def set_reply(self, review_id: int, text: str, at: datetime) -> bool:
        """One winner: the absence of a reply is in the WHERE."""
        statement = (
            update(Review)
            .where(Review.id == review_id, Review.reply.is_(None))
            .values(reply=text, replied_at=at)
            .returning(Review.id)
        )
        return self.session.execute(statement, execution_options=_NO_SYNC).first() is not None

    def set_hidden(self, review_id: int, at: datetime | None, reason: str | None) -> None:
        """Hide, or show again with None."""
        statement = update(Review).where(Review.id == review_id).values(hidden_at=at, hidden_reason=reason)
        self.session.execute(statement, execution_options=_NO_SYNC)

    def count(self, performer_id: int, rating: int, sign: int) -> None:
        """Add or take away one rating."""
        self.session.execute(_COUNT, {"performer": performer_id, "rating": rating, "sign": sign})

    def recount(self) -> int:
        """How many performers' figures were wrong."""
        return len(self.session.execute(_RECOUNT).all())

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
            .order_by(Review.published_at.desc(), Review.id.desc())
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
