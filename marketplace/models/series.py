"""Series of orders: what a customer asked for at once."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import KNOWN_ZONE, Base, CreatedAt, Id


class OrderSeries(Base):
    """A rule by which a service was booked several times. The orders are ordinary ones, each with a life of
    its own; they name the series and their place in it. `starts_at` is the first start, and its time by the
    clock of `timezone`, the performer's when the series was asked for, repeats. Rows never change.
    """

    __tablename__ = "order_series"
    __table_args__ = (
        CheckConstraint("repeat IN ('weekly', 'fortnightly', 'monthly')", name="repeat"),
        CheckConstraint("count BETWEEN 1 AND 52", name="count"),
        CheckConstraint(KNOWN_ZONE, name="timezone"),
        Index("ix_order_series_customer_id", "customer_id", "performer_id"),
        Index("ix_order_series_performer_id", "performer_id"),
        Index("ix_order_series_service_id", "service_id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    repeat: Mapped[str]
    count: Mapped[int]
    timezone: Mapped[str]
    starts_at: Mapped[datetime]
    created_at: Mapped[CreatedAt]
