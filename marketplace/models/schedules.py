"""Schedules: weekly hours, exceptions and vacations of performers, and their external calendars.

The database function `working_hours` turns them into times, and is the only place that computes with time
zones; `bookable_time` gives those of them that booked time and busy times leave free.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class PerformerSchedule(Base):
    """The weekly hours of a performer, in minutes since Monday 00:00 of the performer's time zone; how long
    before its start an order is booked at least, how much time is kept free around orders, and how fast the
    performer travels between them (kilometres an hour; 0 = travels not at all).
    """

    __tablename__ = "performer_schedule"
    __table_args__ = (
        CheckConstraint("weekly <@ '{[0,10080)}'::int4multirange", name="weekly"),
        CheckConstraint("notice_minutes BETWEEN 0 AND 43200", name="notice_minutes"),
        CheckConstraint("buffer_before_minutes BETWEEN 0 AND 1440", name="buffer_before_minutes"),
        CheckConstraint("buffer_after_minutes BETWEEN 0 AND 1440", name="buffer_after_minutes"),
        CheckConstraint("travel_kmh BETWEEN 0 AND 300", name="travel_kmh"),
    )

    performer_id: Mapped[int] = mapped_column(
        ForeignKey("performer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    weekly: Mapped[str] = mapped_column(INT4MULTIRANGE)
    notice_minutes: Mapped[int] = mapped_column(server_default="0")
    buffer_before_minutes: Mapped[int] = mapped_column(server_default="0")
    buffer_after_minutes: Mapped[int] = mapped_column(server_default="0")
    travel_kmh: Mapped[int] = mapped_column(server_default="30")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default="1")


class PerformerWeek(Base):
    """The time zone and the weekly hours of every performer, NULL where none were set: a copy that the
    trigger functions `performer_weeks` and `performer_week_zone` keep.

    The lists ask it who does not work at a time, before `bookable_time` decides on those that it leaves: it
    is a tenth of the tables that it copies.
    """

    __tablename__ = "performer_week"

    performer_id: Mapped[int] = mapped_column(
        ForeignKey("performer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    timezone: Mapped[str]
    weekly: Mapped[str | None] = mapped_column(INT4MULTIRANGE)


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


class ExternalCalendar(Base):
    """An `.ics` address of a performer whose busy times count as taken.

    The address is a secret: `url_sealed` is encrypted, `url_hash` is a keyed hash by which one address is
    not kept twice. `fetch_number` counts the fetches that began: what an overtaken one brings is not stored.
    `read_at` and `read_zone` say when the file of `content_hash` was read, and in which time zone.
    """

    __tablename__ = "external_calendar"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'ok', 'failing')", name="status"),
        CheckConstraint("failures >= 0 AND busy_count >= 0 AND fetch_number >= 0", name="counts"),
        UniqueConstraint("performer_id", "url_hash", name="uq_external_calendar_url"),
        Index("ix_external_calendar_next_fetch_at", "next_fetch_at"),
    )

    id: Mapped[Id]
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(server_default="")
    url_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    url_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(server_default="pending")
    error: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    fetch_number: Mapped[int] = mapped_column(server_default="0")
    busy_count: Mapped[int] = mapped_column(server_default="0")
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    content_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    fetched_at: Mapped[datetime | None]
    """When the address answered last with a calendar that could be read, or that it had not changed."""
    tried_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    read_zone: Mapped[str | None]
    refresh_asked_at: Mapped[datetime | None]
    next_fetch_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[CreatedAt]


class ExternalBusyTime(Base):
    """A span in which an external calendar is busy; those of one calendar neither overlap nor touch."""

    __tablename__ = "external_busy_time"
    __table_args__ = (
        CheckConstraint("NOT isempty(time) AND NOT lower_inf(time) AND NOT upper_inf(time)", name="bounded"),
        Index("ix_external_busy_time_performer_id", "performer_id", "time", postgresql_using="gist"),
    )

    calendar_id: Mapped[int] = mapped_column(
        ForeignKey("external_calendar.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    time: Mapped[Range[datetime]] = mapped_column(TSTZRANGE, primary_key=True)
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id", ondelete="CASCADE"))


class BookedTime(Base):
    """Time of a performer that nobody else can book: of an order that is confirmed or in progress, or of a
    hold, which has an end (`expires_at`). `padded` is the time with its buffers.

    The rows of orders are kept by the trigger `order_books_time`. A customer has at most one hold with a
    performer; an ended one keeps its row, with an empty time, because it counts how often the customer has
    held since `counted_from`. One that is `offered` was given to a customer who waited for it.
    """

    __tablename__ = "booked_time"
    __table_args__ = (
        CheckConstraint("padded @> span", name="padded"),
        CheckConstraint("(order_id IS NULL) = (expires_at IS NOT NULL)", name="kind"),
        CheckConstraint("(customer_id IS NULL) = (expires_at IS NULL)", name="holder"),
        ExcludeConstraint(("performer_id", "="), ("span", "&&"), using="gist", name="ex_booked_time_span"),
        ExcludeConstraint(
            ("performer_id", "="),
            ("padded", "&&"),
            where=text("NOT despite_conflicts"),
            using="gist",
            name="ex_booked_time_padded",
        ),
        Index("uq_booked_time_order_id", "order_id", unique=True),
        Index(
            "uq_booked_time_hold",
            "customer_id",
            "performer_id",
            unique=True,
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        Index("ix_booked_time_service_id", "service_id", postgresql_where=text("service_id IS NOT NULL")),
    )

    id: Mapped[Id]
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id", ondelete="CASCADE"))
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    padded: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    despite_conflicts: Mapped[bool] = mapped_column(server_default=text("false"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime | None]
    counted_from: Mapped[datetime | None]
    count: Mapped[int] = mapped_column(server_default="0")
    offered: Mapped[bool] = mapped_column(server_default=text("false"))
