"""The SQL of when performers can be booked."""

from datetime import datetime, timedelta

from sqlalchemy import text

from marketplace.blueprints.performers.slot_ports import FreeTime, TimeCheck
from marketplace.database.repository import SqlRepository
from marketplace.kernel.errors import NotFound

_FREE = text("""
    SELECT p.timezone, s.duration_minutes, lower(span) AS starts_at, upper(span) AS ends_at
    FROM performer p
    JOIN "user" u ON u.id = p.user_id
    JOIN service s ON s.performer_id = p.id
    JOIN category k ON k.id = s.category_id
    LEFT JOIN LATERAL unnest(performer_free(p.id, :start, :end, :now)) AS span ON true
    WHERE p.id = :performer_id AND s.id = :service_id
      AND p.active AND p.status = 'approved' AND u.is_active AND u.deleted_at IS NULL
      AND s.is_active AND s.deleted_at IS NULL AND s.hidden_at IS NULL AND k.is_active
    ORDER BY starts_at""")

# Who never set hours can be asked for any time but the one that they took away.
_CHECK = text("""
    SELECT :start < CAST(:now AS timestamptz)
               + make_interval(mins => CAST(coalesce(s.notice_minutes, 0) AS int)) AS short,
           coalesce(s.notice_minutes, 0) AS notice,
           coalesce(s.buffer_before_minutes + s.buffer_after_minutes, 0) AS gap,
           CASE WHEN s.performer_id IS NOT NULL THEN
               NOT performer_hours(p.id, :start, :end) @> tstzrange(:start, :end)
           ELSE EXISTS (
               SELECT FROM schedule_exception e
               WHERE e.performer_id = p.id AND e.kind = 'unavailable'
                 AND e.starts_at < :end AND e.ends_at > :start
           ) OR EXISTS (
               SELECT FROM vacation v
               WHERE v.performer_id = p.id
                 AND first_instant(v.starts_on::timestamp, p.timezone) < :end
                 AND first_instant((v.ends_on + 1)::timestamp, p.timezone) > :start
           ) END AS outside
    FROM performer p LEFT JOIN performer_schedule s ON s.performer_id = p.id
    WHERE p.id = :performer_id""")


class SqlSlotRepository(SqlRepository):
    """When performers are free, each in one statement."""

    def find_free(
        self, performer_id: int, service_id: int, start: datetime, end: datetime, now: datetime
    ) -> FreeTime | None:
        """None when the public may not see the performer or the service."""
        values = {
            "performer_id": performer_id, "service_id": service_id, "start": start, "end": end, "now": now
        }  # fmt: skip
        rows = self.session.execute(_FREE, values).all()
        if not rows:
            return None
        spans = [(row.starts_at, row.ends_at) for row in rows if row.starts_at is not None]
        return FreeTime(rows[0].timezone, rows[0].duration_minutes, spans)

    def check(self, performer_id: int, starts_at: datetime, ends_at: datetime, now: datetime) -> TimeCheck:
        """Raises NotFound."""
        values = {"performer_id": performer_id, "start": starts_at, "end": ends_at, "now": now}
        row = self.session.execute(_CHECK, values).one_or_none()
        if row is None:
            raise NotFound
        return TimeCheck(row.outside, row.short, timedelta(minutes=row.gap), timedelta(minutes=row.notice))
