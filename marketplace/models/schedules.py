"""When performers work. What follows from it for a span of time is the function `performer_hours` of
migration 0025, the one place that reckons with time zones; what booked orders leave of it is
`performer_free` of migration 0029.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class PerformerSchedule(Base):
    """The weekly hours of a performer, in minutes since Monday 00:00 of the performer's time zone; how long
    before its start an order is booked at least, and how much time is kept free around orders.
    """

    __tablename__ = "performer_schedule"
    __table_args__ = (
        CheckConstraint("weekly <@ '{[0,10080)}'::int4multirange", name="weekly"),
        CheckConstraint("notice_minutes BETWEEN 0 AND 43200", name="notice_minutes"),
        CheckConstraint("buffer_before_minutes BETWEEN 0 AND 1440", name="buffer_before_minutes"),
        CheckConstraint("buffer_after_minutes BETWEEN 0 AND 1440", name="buffer_after_minutes"),
    )

    performer_id: Mapped[int] = mapped_column(
        ForeignKey("performer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    weekly: Mapped[str] = mapped_column(INT4MULTIRANGE)
    notice_minutes: Mapped[int] = mapped_column(server_default="0")
    buffer_before_minutes: Mapped[int] = mapped_column(server_default="0")
    buffer_after_minutes: Mapped[int] = mapped_column(server_default="0")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default="1")


class ScheduleException(Base):
    """A span of time that is added to the hours of a performer (`available`) or taken away."""

    __tablename__ = "schedule_exception"
    __table_args__ = (
        CheckConstraint("kind IN ('available', 'unavailable')", name="kind"),
        CheckConstraint("ends_at > starts_at", name="period"),
        Index("ix_schedule_exception_performer_id", "performer_id", "starts_at", "id"),
    )

    id: Mapped[Id]
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id", ondelete="CASCADE"))
    kind: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[CreatedAt]


class Vacation(Base):
    """Days of the performer's time zone, both inclusive; those of one performer never overlap."""

    __tablename__ = "vacation"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="period"),
        ExcludeConstraint(
            ("performer_id", "="),
            (text("daterange(starts_on, ends_on, '[]')"), "&&"),
            name="ex_vacation_overlap",
        ),
        Index("ix_vacation_performer_id", "performer_id", "starts_on", "id"),
    )

    id: Mapped[Id]
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id", ondelete="CASCADE"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    created_at: Mapped[CreatedAt]
