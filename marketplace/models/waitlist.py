"""The waiting list: customers who wait for time of a performer on a day that is full."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class WaitlistEntry(Base):
    """A customer who waits for a `day` of a performer, in the performer's time zone.

    `offers` counts the offers so far; an entry comes after all that have had fewer. `offer_expires_at` is set
    from an offer on until its end is noted: the offer lives while the customer's row of `booked_time` is
    `offered` and has the same end. Until `rests_until` there is no other one.
    """

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        CheckConstraint("offers >= 0", name="offers"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="place"),
        UniqueConstraint("customer_id", "performer_id", "day", name="uq_waitlist_entry_customer_id_day"),
        Index("ix_waitlist_entry_performer_id", "performer_id", "day", "offers", "created_at", "id"),
        Index("ix_waitlist_entry_service_id", "service_id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id", ondelete="CASCADE"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"))
    day: Mapped[date]
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    offers: Mapped[int] = mapped_column(server_default="0")
    offer_expires_at: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
