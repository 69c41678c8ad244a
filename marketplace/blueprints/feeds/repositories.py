"""The SQL of feeds, and of the orders that they show."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from marketplace.blueprints.feeds.ports import FeedOrder, FeedRef, FeedRepository, Side
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.accounts import User
from marketplace.models.feeds import CalendarFeed
from marketplace.models.orders import Order
from marketplace.models.performers import Performer

AGREED = ("confirmed", "in_progress", "delivered", "changes_requested", "completed", "disputed")


class SqlFeedRepository(SqlRepository, FeedRepository):
    def find_created(self, user_id: int, side: Side) -> datetime | None:
        statement = select(CalendarFeed.created_at).where(
            CalendarFeed.user_id == user_id, CalendarFeed.side == side.value
        )
        return self.session.scalar(statement)

    def put(self, user_id: int, side: Side, secret_hash: bytes, now: datetime) -> None:
        values = {"secret_hash": secret_hash, "created_at": now}
        statement = insert(CalendarFeed).values(user_id=user_id, side=side.value, **values)
        self.session.execute(
            statement.on_conflict_do_update(constraint="uq_calendar_feed_user_id_side", set_=values)
        )

    def remove(self, user_id: int, side: Side) -> None:
        self.write(
            delete(CalendarFeed).where(CalendarFeed.user_id == user_id, CalendarFeed.side == side.value)
        )

    def find(self, secret_hash: bytes) -> FeedRef | None:
        statement = (
            select(CalendarFeed.user_id, CalendarFeed.side)
            .join(User, User.id == CalendarFeed.user_id)
            .where(CalendarFeed.secret_hash == secret_hash, User.is_active, User.deleted_at.is_(None))
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else FeedRef(row.user_id, Side(row.side))

    def orders(self, feed: FeedRef, since: datetime, until: datetime, limit: int) -> Sequence[FeedOrder]:
        performs = feed.side is Side.PERFORMER
        other = aliased(User)
        own = Performer.user_id == feed.user_id if performs else Order.customer_id == feed.user_id
        # Who performs an order learns where only with the agreement.
        address = case((Order.status.in_(AGREED), Order.address)) if performs else Order.address
        statement = (
            select(
                Order.id, Order.status, Order.title,
                func.concat_ws(" ", other.first_name, func.left(other.last_name, 1)).label("party"),
                address.label("address"), Order.starts_at, Order.ends_at, Order.created_at, Order.updated_at,
                Order.version,
            )
            .join(Performer, Performer.id == Order.performer_id)
            .join(other, other.id == (Order.customer_id if performs else Performer.user_id))
            .where(
                own,
                Order.starts_at.between(since, until),
                or_(
                    Order.status.in_(("pending", *AGREED)),
                    and_(Order.status == "cancelled", Order.updated_at >= since),
                ),
            )
            .order_by(Order.starts_at, Order.id)
            .limit(limit)
        )  # fmt: skip
        rows: Any = self.session.execute(statement)
        return [FeedOrder(*row) for row in rows]

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(CalendarFeed.side, CalendarFeed.created_at).where(CalendarFeed.user_id == user_id),
        )

    def forget(self, user_id: int) -> None:
        self.write(delete(CalendarFeed).where(CalendarFeed.user_id == user_id))
