"""The SQL of the bookable times of performers."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from marketplace.blueprints.availability.contracts import Booking, Place
from marketplace.blueprints.availability.ports.slots import (
    Conflicts,
    DayLook,
    FreeTime,
    SlotRepository,
    TimeCheck,
)
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.errors import NotFound
from marketplace.kernel.week import Spans, multirange

SLOT_SECONDS = 900

_HOURS = "CAST(:market_hours AS int4multirange)"
_PLACE = "CAST(:latitude AS float8), CAST(:longitude AS float8)"
_FREE = text(f"""
    SELECT p.timezone, s.duration_minutes, lower(span) AS starts_at, upper(span) AS ends_at
    FROM performer p
    JOIN "user" u ON u.id = p.user_id
    JOIN service s ON s.performer_id = p.id
    JOIN category k ON k.id = s.category_id
    LEFT JOIN LATERAL unnest(
        bookable_time(p.id, :start, :end, :now, {SLOT_SECONDS}, {_HOURS}, {_PLACE}, NULL)
    ) AS span ON true
    WHERE p.id = :performer_id AND s.id = :service_id
      AND performer_is_public(p.active, p.status, u.is_active, u.deleted_at)
      AND service_is_public(s.is_active, s.deleted_at, s.hidden_at, k.is_active)
    ORDER BY starts_at""")  # noqa: S608 - constants of this module

_CHECK = text(f"""
    SELECT bookable_time(
               p.id, :start, :end, :now, 0, {_HOURS}, {_PLACE}, CAST(:customer_id AS bigint)
           ) @> tstzrange(:start, :end) AS bookable,
           :start < CAST(:now AS timestamptz)
               + make_interval(mins => CAST(coalesce(s.notice_minutes, 0) AS int)) AS short,
           NOT working_hours(p.id, :start, :end, {_HOURS}) @> tstzrange(:start, :end) AS outside,
           coalesce(s.notice_minutes, 0) AS notice,
           coalesce(s.buffer_before_minutes, 0) AS before,
           coalesce(s.buffer_after_minutes, 0) AS after,
           coalesce(CAST(:latitude AS float8), c.latitude) AS latitude,
           coalesce(CAST(:longitude AS float8), c.longitude) AS longitude
    FROM performer p JOIN city c ON c.id = p.city_id
    LEFT JOIN performer_schedule s ON s.performer_id = p.id
    WHERE p.id = :performer_id""")  # noqa: S608 - constants of this module

_DAY = text(f"""
    SELECT first_start(
               p.id, CAST(:day AS date), CAST(:takes AS interval), :now, {_HOURS}, {_PLACE}, false
           ) AS first_start,
           CASE WHEN t.begins < t.ends
               THEN NOT isempty(working_hours(p.id, t.begins, t.ends, {_HOURS})) ELSE false END AS works,
           (CAST(:now AS timestamptz) AT TIME ZONE p.timezone)::date AS today
    FROM performer p LEFT JOIN performer_schedule s ON s.performer_id = p.id,
    LATERAL (
        SELECT greatest(
                   first_instant(CAST(:day AS date)::timestamp, p.timezone),
                   CAST(:now AS timestamptz) + make_interval(mins => coalesce(s.notice_minutes, 0)::int)
               ) AS begins,
               first_instant((CAST(:day AS date) + 1)::timestamp, p.timezone) AS ends
    ) AS t
    WHERE p.id = :performer_id""")  # noqa: S608 - constants of this module

_CONFLICTS = text(f"""
    SELECT EXISTS (
               SELECT FROM booked_time b WHERE b.performer_id = p.id AND b.span && tstzrange(:start, :end)
                 AND b.order_id IS DISTINCT FROM :order_id AND (b.expires_at IS NULL OR b.expires_at > :now)
           ) OR EXISTS (
               SELECT FROM external_busy_time e
               WHERE e.performer_id = p.id AND e.time && tstzrange(:start, :end)
           ) AS overlaps,
           taken_time(
               p.id, :start, :end, :now,
               CAST(:start AS timestamptz) - CAST(:padded_from AS timestamptz),
               CAST(:padded_to AS timestamptz) - CAST(:end AS timestamptz),
               coalesce(s.travel_kmh, 30), {_PLACE}, NULL, CAST(:order_id AS bigint)
           ) && tstzrange(:start, :end) AS too_close
    FROM performer p LEFT JOIN performer_schedule s ON s.performer_id = p.id
    WHERE p.id = :performer_id""")  # noqa: S608 - constants of this module


def _place(place: Place | None) -> dict[str, float | None]:
    return {
        "latitude": None if place is None else place.latitude,
        "longitude": None if place is None else place.longitude,
    }


class SqlSlotRepository(SqlRepository, SlotRepository):
    def __init__(self, uow: SqlUnitOfWork, market_hours: Spans) -> None:
        super().__init__(uow)
        self._market_hours = multirange(market_hours)

    def find_free(
        self,
        performer_id: int,
        service_id: int,
        start: datetime,
        end: datetime,
        now: datetime,
        place: Place | None,
    ) -> FreeTime | None:
        values = self._values(performer_id, start, end, now) | _place(place) | {"service_id": service_id}
        rows = self.session.execute(_FREE, values).all()
        if not rows:
            return None
        spans = [(row.starts_at, row.ends_at) for row in rows if row.starts_at is not None]
        return FreeTime(rows[0].timezone, rows[0].duration_minutes, spans)

    def check(
        self,
        performer_id: int,
        starts_at: datetime,
        ends_at: datetime,
        now: datetime,
        *,
        customer_id: int | None,
        place: Place | None,
    ) -> TimeCheck:
        values = self._values(performer_id, starts_at, ends_at, now) | _place(place)
        row = self.session.execute(_CHECK, values | {"customer_id": customer_id}).one_or_none()
        if row is None:
            raise NotFound
        booking = Booking(
            performer_id=performer_id,
            starts_at=starts_at,
            ends_at=ends_at,
            padded_from=starts_at - timedelta(minutes=row.before),
            padded_to=ends_at + timedelta(minutes=row.after),
            notice=timedelta(minutes=row.notice),
            place=Place(row.latitude, row.longitude),
        )
        return TimeCheck(row.bookable, row.short, row.outside, booking)

    def look_at_day(
        self, performer_id: int, day: date, takes: timedelta, now: datetime, place: Place | None
    ) -> DayLook:
        values = {
            "performer_id": performer_id,
            "day": day,
            "takes": takes,
            "now": now,
            "market_hours": self._market_hours,
        }
        row = self.session.execute(_DAY, values | _place(place)).one_or_none()
        if row is None:
            raise NotFound
        return DayLook(row.first_start, row.works, row.today)

    def find_conflicts(self, booking: Booking, now: datetime, *, order_id: int) -> Conflicts:
        values = self._values(booking.performer_id, booking.starts_at, booking.ends_at, now)
        values |= _place(booking.place) | {
            "padded_from": booking.padded_from,
            "padded_to": booking.padded_to,
            "order_id": order_id,
        }
        row = self.session.execute(_CONFLICTS, values).one()
        return Conflicts(row.overlaps, row.too_close)

    def _values(self, performer_id: int, start: datetime, end: datetime, now: datetime) -> dict[str, Any]:
        return {
            "performer_id": performer_id,
            "start": start,
            "end": end,
            "now": now,
            "market_hours": self._market_hours,
        }
