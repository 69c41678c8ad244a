"""Zones that the database knows; days and hours that begin and end at the first of two equal times (RFC 5545, 3.3.5)."""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TABLES = ("user", "performer", "city")

# AT TIME ZONE takes the second of two equal local times. The first is the one with the offset of before; no clock is put
# back by more than three hours, or twice within them.
FIRST = """
CREATE FUNCTION first_instant(local timestamp, zone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN earlier AT TIME ZONE zone = local THEN least(earlier, later) ELSE later END
    FROM (SELECT local AT TIME ZONE zone AS later) AS one, LATERAL (
        SELECT local - ((later - interval '3 hours') AT TIME ZONE zone) + (later - interval '3 hours') AS earlier
    ) AS two
$$
"""

# As 0025, by first_instant; and a day more where the clock is put back over midnight, whose hours have begun already.
HOURS = """
CREATE OR REPLACE FUNCTION performer_hours(wanted_id bigint, from_time timestamptz, to_time timestamptz)
RETURNS tstzmultirange LANGUAGE sql STABLE AS $$
    WITH one AS (
        SELECT p.timezone AS zone, s.weekly FROM performer p
        JOIN performer_schedule s ON s.performer_id = p.id WHERE p.id = wanted_id
    ), days AS (
        SELECT day::date AS day, (extract(isodow FROM day)::int - 1) * 1440 AS begins
        FROM one, generate_series(
            (from_time AT TIME ZONE zone)::date, {last_day}, interval '1 day'
        ) AS day
    ), regular AS (
        SELECT {starts} AS starts,
               {ends} AS ends
        FROM one, days, unnest(weekly * int4multirange(int4range(begins, begins + 1440))) AS r
    ), working AS (
        SELECT tstzrange(starts, ends) AS span FROM regular WHERE starts < ends
        UNION ALL
        SELECT tstzrange(starts_at, ends_at) FROM one, schedule_exception
        WHERE performer_id = wanted_id AND kind = 'available' AND starts_at < to_time AND ends_at > from_time
    ), away AS (
        SELECT tstzrange(starts_at, ends_at) AS span FROM schedule_exception
        WHERE performer_id = wanted_id AND kind = 'unavailable' AND starts_at < to_time AND ends_at > from_time
        UNION ALL
        SELECT tstzrange({leaves}, {returns})
        FROM one, vacation
        WHERE performer_id = wanted_id AND starts_on <= {last_day}
          AND ends_on >= (from_time AT TIME ZONE zone)::date
    )
    SELECT (coalesce((SELECT range_agg(span) FROM working), '{{}}')
            - coalesce((SELECT range_agg(span) FROM away), '{{}}'))
        * tstzmultirange(tstzrange(from_time, to_time))
$$
"""
LOCAL = {
    "starts": "day + make_interval(mins => lower(r) - begins)",
    "ends": "day + make_interval(mins => upper(r) - begins)",
    "leaves": "starts_on::timestamp",
    "returns": "(ends_on + 1)::timestamp",
}
AFTER = {name: f"first_instant({local}, zone)" for name, local in LOCAL.items()}
AFTER["last_day"] = "((to_time AT TIME ZONE zone) + interval '3 hours')::date"
BEFORE = {name: f"({local}) AT TIME ZONE zone" for name, local in LOCAL.items()}
BEFORE["last_day"] = "(to_time AT TIME ZONE zone)::date"


def upgrade() -> None:
    op.execute(FIRST)
    op.execute(HOURS.format(**AFTER))
    for table in TABLES:
        # An unknown zone is an error of timezone(): whoever stores it is refused, and nobody who reads it later.
        op.execute(
            f'ALTER TABLE "{table}" ADD CONSTRAINT ck_{table}_timezone'
            " CHECK (timezone(timezone, 'epoch'::timestamptz) IS NOT NULL) NOT VALID"
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_constraint(op.f(f"ck_{table}_timezone"), table)
    op.execute(HOURS.format(**BEFORE))
    op.execute("DROP FUNCTION first_instant(timestamp, text)")
