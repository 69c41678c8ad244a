"""The SQL of series."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import aliased

from marketplace.blueprints.series.ports import NewSeries, SeriesRepository, StoredSeries
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.orders import Order
from marketplace.models.performers import Performer
from marketplace.models.series import OrderSeries

_AHEAD = ("pending", "confirmed")
_COLUMNS = (
    OrderSeries.id,
    OrderSeries.customer_id,
    OrderSeries.performer_id,
    OrderSeries.service_id,
    OrderSeries.repeat,
    OrderSeries.count,
    OrderSeries.timezone,
    OrderSeries.starts_at,
    OrderSeries.created_at,
)


class SqlSeriesRepository(SqlRepository, SeriesRepository):
    def lock(self, customer_id: int, performer_id: int) -> None:
        self.lock_name(f"order_series:{customer_id}:{performer_id}")

    def count_live(self, customer_id: int, performer_id: int) -> int:
        ahead = select(Order.id).where(Order.series_id == OrderSeries.id, Order.status.in_(_AHEAD))
        statement = select(func.count()).where(
            OrderSeries.customer_id == customer_id, OrderSeries.performer_id == performer_id, ahead.exists()
        )
        return self.session.scalars(statement).one()

    def find_timezone(self, performer_id: int) -> str | None:
        return self.session.scalar(select(Performer.timezone).where(Performer.id == performer_id))

    def list_requested(
        self, customer_id: int, performer_id: int, starts: Sequence[datetime]
    ) -> Sequence[datetime]:
        statement = select(Order.starts_at).where(
            Order.customer_id == customer_id,
            Order.performer_id == performer_id,
            Order.status == "pending",
            Order.starts_at.in_(starts),
        )
        return self.session.scalars(statement).all()

    def add(self, series: NewSeries, at: datetime) -> StoredSeries:
        statement = insert(OrderSeries).values(**asdict(series), created_at=at).returning(OrderSeries.id)
        return StoredSeries(**asdict(series), id=self.session.scalars(statement).one(), created_at=at)

    def find(self, series_id: int) -> StoredSeries | None:
        row = self.session.execute(select(*_COLUMNS).where(OrderSeries.id == series_id)).one_or_none()
        return None if row is None else StoredSeries(**row._mapping)

    def list_orders(self, series_id: int) -> Sequence[int]:
        statement = select(Order.id).where(Order.series_id == series_id).order_by(Order.series_position)
        return self.session.scalars(statement).all()

    def list_following(self, order_id: int) -> Sequence[int]:
        named = aliased(Order)
        later = (
            select(Order.id)
            .join(named, Order.series_id == named.series_id)
            .where(named.id == order_id, Order.series_position >= named.series_position)
        )
        # It is its own follower, but for an order of no series.
        return self.session.scalars(select(Order.id).where(Order.id == order_id).union(later)).all()

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        performer_id = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
        return stream_rows(
            self.session,
            select(*_COLUMNS)
            .where(or_(OrderSeries.customer_id == user_id, OrderSeries.performer_id == performer_id))
            .order_by(OrderSeries.id),
        )
