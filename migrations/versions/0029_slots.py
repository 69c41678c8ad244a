"""How performers take bookings: notice and buffers; when they are free, as booked orders leave it."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

CHECKS = {
    "notice_minutes": "notice_minutes BETWEEN 0 AND 43200",
    "buffer_before_minutes": "buffer_before_minutes BETWEEN 0 AND 1440",
    "buffer_after_minutes": "buffer_after_minutes BETWEEN 0 AND 1440",
}

# The hours, from the first quarter of an hour (UTC) that keeps the notice on, without orders that are certain and
# the buffers around them. Two orders are apart by the buffer after the one and the buffer before the other.
FREE = """
CREATE FUNCTION performer_free(wanted_id bigint, from_time timestamptz, to_time timestamptz, now_time timestamptz)
RETURNS tstzmultirange LANGUAGE sql STABLE AS $$
    WITH one AS (
        SELECT make_interval(mins => (buffer_before_minutes + buffer_after_minutes)::int) AS gap,
               greatest(from_time, to_timestamp(
                   ceil(extract(epoch FROM now_time + make_interval(mins => notice_minutes::int)) / 900)::bigint * 900
               )) AS begins
        FROM performer_schedule WHERE performer_id = wanted_id
    )
    SELECT CASE WHEN begins < to_time THEN
        performer_hours(wanted_id, begins, to_time) - coalesce((
            SELECT range_agg(tstzrange(o.starts_at - gap, o.ends_at + gap)) FROM "order" o
            WHERE o.performer_id = wanted_id AND o.status IN ('confirmed', 'in_progress')
              AND tstzrange(o.starts_at, o.ends_at) && tstzrange(begins - gap, to_time + gap)
        ), '{}')
    ELSE '{}' END FROM one
$$
"""


def upgrade() -> None:
    for name in CHECKS:
        op.add_column("performer_schedule", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    for name, check in CHECKS.items():
        op.execute(
            f"ALTER TABLE performer_schedule ADD CONSTRAINT ck_performer_schedule_{name} CHECK ({check}) NOT VALID"
        )
    op.execute(FREE)


def downgrade() -> None:
    op.execute("DROP FUNCTION performer_free(bigint, timestamptz, timestamptz, timestamptz)")
    for name in CHECKS:
        op.drop_column("performer_schedule", name)
