"""The SQL of the bookable times of performers."""

from collections.abc import Mapping, Sequence
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
    SELECT w.starts_at, w.ends_at,
           bookable_time(
               p.id, w.starts_at, w.ends_at, :now, 0, {_HOURS}, {_PLACE}, CAST(:customer_id AS bigint)
           ) @> tstzrange(w.starts_at, w.ends_at) AS bookable,
           w.starts_at < CAST(:now AS timestamptz)
               + make_interval(mins => CAST(coalesce(s.notice_minutes, 0) AS int)) AS short,
           NOT working_hours(p.id, w.starts_at, w.ends_at, {_HOURS})
               @> tstzrange(w.starts_at, w.ends_at) AS outside,
           coalesce(s.notice_minutes, 0) AS notice,
           coalesce(s.buffer_before_minutes, 0) AS before,
           coalesce(s.buffer_after_minutes, 0) AS after,
           coalesce(CAST(:latitude AS float8), c.latitude) AS latitude,
           coalesce(CAST(:longitude AS float8), c.longitude) AS longitude
    FROM performer p JOIN city c ON c.id = p.city_id
    LEFT JOIN performer_schedule s ON s.performer_id = p.id
    CROSS JOIN unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        WITH ORDINALITY AS w (starts_at, ends_at, position)
    WHERE p.id = :performer_id
    ORDER BY w.position""")  # noqa: S608 - constants of this module

_DAY = text(f"""
    SELECT coalesce(first_start(
               p.id, CAST(:day AS date), CAST(:takes AS interval), :now, {_HOURS}, {_PLACE}, false
           ), (
               SELECT lower(b.span) FROM booked_time b
               WHERE b.customer_id = :customer_id AND b.performer_id = p.id AND b.expires_at > :now
                 AND upper(b.span) > t.begins AND lower(b.span) < t.ends
           )) AS first_start,
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

_CONFLICTS = text("""
    SELECT w.order_id,
           EXISTS (
               SELECT FROM booked_time b
               WHERE b.performer_id = p.id AND b.span && tstzrange(w.starts_at, w.ends_at)
                 AND b.order_id IS DISTINCT FROM w.order_id AND (b.expires_at IS NULL OR b.expires_at > :now)
           ) OR EXISTS (
               SELECT FROM external_busy_time e
               WHERE e.performer_id = p.id AND e.time && tstzrange(w.starts_at, w.ends_at)
           ) AS overlaps,
           taken_time(
               p.id, w.starts_at, w.ends_at, :now, w.starts_at - w.padded_from, w.padded_to - w.ends_at,
               coalesce(s.travel_kmh, 30), w.latitude, w.longitude, NULL, w.order_id
           ) && tstzrange(w.starts_at, w.ends_at) AS too_close
    FROM performer p LEFT JOIN performer_schedule s ON s.performer_id = p.id
    CROSS JOIN unnest(
        CAST(:order_ids AS bigint[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
        CAST(:padded_from AS timestamptz[]), CAST(:padded_to AS timestamptz[]),
        CAST(:latitudes AS float8[]), CAST(:longitudes AS float8[])
    ) AS w (order_id, starts_at, ends_at, padded_from, padded_to, latitude, longitude)
    WHERE p.id = :performer_id""")


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
        starts: Sequence[datetime],
        takes: timedelta,
        now: datetime,
        *,
        customer_id: int | None,
        place: Place | None,
    ) -> Sequence[TimeCheck]:
        values = _place(place) | {
            "performer_id": performer_id,
            "starts": list(starts),
            "ends": [start + takes for start in starts],
            "now": now,
            "market_hours": self._market_hours,
            "customer_id": customer_id,
        }
        rows = self.session.execute(_CHECK, values).all()
        if len(rows) < len(starts):
            raise NotFound
        return [
            TimeCheck(
                row.bookable,
                row.short,
                row.outside,
                Booking(
                    performer_id=performer_id,
                    starts_at=start,
                    ends_at=start + takes,
                    padded_from=start - timedelta(minutes=row.before),
                    padded_to=start + takes + timedelta(minutes=row.after),
                    notice=timedelta(minutes=row.notice),
                    place=Place(row.latitude, row.longitude),
                ),
            )
            for start, row in zip(starts, rows, strict=True)
        ]

    def look_at_day(
        self,
        performer_id: int,
        day: date,
        takes: timedelta,
        now: datetime,
        place: Place | None,
        *,
        customer_id: int,
    ) -> DayLook:
        values = {
            "performer_id": performer_id,
            "day": day,
            "takes": takes,
            "now": now,
            "customer_id": customer_id,
            "market_hours": self._market_hours,
        }
        row = self.session.execute(_DAY, values | _place(place)).one_or_none()
        if row is None:
            raise NotFound
        return DayLook(row.first_start, row.works, row.today)

    def find_conflicts(self, bookings: Mapping[int, Booking], now: datetime) -> Mapping[int, Conflicts]:
        times = list(bookings.values())
        values = {
            "performer_id": times[0].performer_id,
            "now": now,
            "order_ids": list(bookings),
            "starts": [time.starts_at for time in times],
            "ends": [time.ends_at for time in times],
            "padded_from": [time.padded_from for time in times],
            "padded_to": [time.padded_to for time in times],
            "latitudes": [_place(time.place)["latitude"] for time in times],
            "longitudes": [_place(time.place)["longitude"] for time in times],
        }
        rows = self.session.execute(_CONFLICTS, values)
        return {row.order_id: Conflicts(row.overlaps, row.too_close) for row in rows}

    def _values(self, performer_id: int, start: datetime, end: datetime, now: datetime) -> dict[str, Any]:
        return {
            "performer_id": performer_id,
            "start": start,
            "end": end,
            "now": now,
            "market_hours": self._market_hours,
        }
