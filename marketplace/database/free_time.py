"""The condition of the lists that a performer can be booked between two times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketplace.kernel.week import Spans, multirange

_WEEK_IS_ASKED = timedelta(days=2)
"""Within a longer time almost everybody works."""


@dataclass(frozen=True)
class FreeSpan:
    """The time between which a performer has to be free, the time now, and the working hours of performers
    who have set none, as a multirange of minutes of the week.
    """

    start: datetime
    end: datetime
    now: datetime
    market_hours: str


def free_span(
    start: datetime | None, end: datetime | None, now: datetime, market_hours: Spans
) -> FreeSpan | None:
    """None for a request without times, which has both or neither; the notice counts from `now`."""
    if start is None or end is None:
        return None
    return FreeSpan(start, end, now, multirange(market_hours))


def free_condition(free: FreeSpan, takes: str) -> tuple[str, dict[str, Any]]:
    """SQL on a row `l` of a listing, and its values: its performer has bookable time of `takes` in the span.

    `bookable_time` decides, on those whom cheaper conditions leave: most who are not free do not work at the
    time at all, or one booking, absence or vacation covers the whole of it (docs/decisions, 47). These never
    leave out anybody whom `bookable_time` finds free.
    """
    parameters: dict[str, Any] = {
        "free_from": free.start,
        "free_to": free.end,
        "now": free.now,
        "market_hours": free.market_hours,
    }
    refused = f"WHEN {_IS_AWAY} THEN false"
    length = free.end - free.start
    if length <= _WEEK_IS_ASKED:
        parameters["free_minutes"] = max(0, -(-length // timedelta(minutes=1)))
        refused = f"WHEN {_DOES_NOT_WORK} THEN false {refused}"
    return f"CASE {refused} ELSE {_BOOKABLE.format(takes=takes)} END", parameters


# Scalar subqueries in a CASE, in the order of their price: PostgreSQL answers an EXISTS that is asked of many
# rows by reading the other table whole.
_DOES_NOT_WORK = """
    (SELECT week_overlaps(
        coalesce(w.weekly, %(market_hours)s::int4multirange), w.timezone, %(free_from)s::timestamptz,
        %(free_minutes)s::int
     ) FROM performer_week w WHERE w.performer_id = l.performer_id) IS FALSE
    AND (SELECT true FROM schedule_exception x WHERE x.performer_id = l.performer_id AND x.kind = 'available'
         AND x.starts_at < %(free_to)s::timestamptz AND x.ends_at > %(free_from)s::timestamptz
         LIMIT 1) IS NULL"""
# No time zone is further from UTC than 12 and 14 hours, and no clock is changed by more than three.
_IS_AWAY = """
    (SELECT true FROM booked_time b WHERE b.performer_id = l.performer_id
     AND b.span @> tstzrange(%(free_from)s::timestamptz, %(free_to)s::timestamptz)
     AND (b.expires_at IS NULL OR b.expires_at > %(now)s::timestamptz) LIMIT 1)
    OR (SELECT true FROM schedule_exception x WHERE x.performer_id = l.performer_id AND x.kind = 'unavailable'
        AND x.starts_at <= %(free_from)s::timestamptz AND x.ends_at >= %(free_to)s::timestamptz LIMIT 1)
    OR (SELECT true FROM vacation v WHERE v.performer_id = l.performer_id
        AND v.starts_on <= (%(free_from)s::timestamptz - interval '15 hours')::date
        AND v.ends_on >= (%(free_to)s::timestamptz + interval '17 hours')::date LIMIT 1)"""
_BOOKABLE = """
    EXISTS (
        SELECT FROM unnest(bookable_time(
            l.performer_id, %(free_from)s::timestamptz, %(free_to)s::timestamptz, %(now)s::timestamptz, 900,
            %(market_hours)s::int4multirange, NULL, NULL, NULL
        )) AS span WHERE upper(span) - lower(span) >= {takes}
    )"""
