"""When performers work: weekly hours, exceptions, vacations; and what follows from them for a span of time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# Each local day between the two times gives the hours of its weekday; PostgreSQL's time zones know when a clock
# is put forward or back. Hours and added time, without time taken away and vacations, within the span.
HOURS = """
CREATE FUNCTION performer_hours(wanted_id bigint, from_time timestamptz, to_time timestamptz)
RETURNS tstzmultirange LANGUAGE sql STABLE AS $$
    WITH one AS (
        SELECT p.timezone AS zone, s.weekly FROM performer p
        JOIN performer_schedule s ON s.performer_id = p.id WHERE p.id = wanted_id
    ), days AS (
        SELECT day::date AS day, (extract(isodow FROM day)::int - 1) * 1440 AS begins
        FROM one, generate_series(
            (from_time AT TIME ZONE zone)::date, (to_time AT TIME ZONE zone)::date, interval '1 day'
        ) AS day
    ), regular AS (
        SELECT (day + make_interval(mins => lower(r) - begins)) AT TIME ZONE zone AS starts,
               (day + make_interval(mins => upper(r) - begins)) AT TIME ZONE zone AS ends
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
        SELECT tstzrange(starts_on::timestamp AT TIME ZONE zone, (ends_on + 1)::timestamp AT TIME ZONE zone)
        FROM one, vacation
        WHERE performer_id = wanted_id AND starts_on <= (to_time AT TIME ZONE zone)::date
          AND ends_on >= (from_time AT TIME ZONE zone)::date
    )
    SELECT (coalesce((SELECT range_agg(span) FROM working), '{}')
            - coalesce((SELECT range_agg(span) FROM away), '{}'))
        * tstzmultirange(tstzrange(from_time, to_time))
$$
"""


def upgrade() -> None:
    op.create_table(
        "performer_schedule",
        sa.Column("performer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("weekly", INT4MULTIRANGE(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("weekly <@ '{[0,10080)}'::int4multirange", name=op.f("ck_performer_schedule_weekly")),
        sa.ForeignKeyConstraint(
            ["performer_id"], ["performer.id"], name=op.f("fk_performer_schedule_performer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("performer_id", name=op.f("pk_performer_schedule")),
    )
    op.create_table(
        "schedule_exception",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('available', 'unavailable')", name=op.f("ck_schedule_exception_kind")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_schedule_exception_period")),
        sa.ForeignKeyConstraint(
            ["performer_id"], ["performer.id"], name=op.f("fk_schedule_exception_performer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_exception")),
    )
    op.create_index("ix_schedule_exception_performer_id", "schedule_exception", ["performer_id", "starts_at", "id"])
    op.create_table(
        "vacation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_vacation_period")),
        sa.ForeignKeyConstraint(
            ["performer_id"], ["performer.id"], name=op.f("fk_vacation_performer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vacation")),
    )
    op.create_index("ix_vacation_performer_id", "vacation", ["performer_id", "starts_on", "id"])
    op.execute(
        "ALTER TABLE vacation ADD CONSTRAINT ex_vacation_overlap EXCLUDE USING gist"
        " (performer_id WITH =, daterange(starts_on, ends_on, '[]') WITH &&)"
    )
    op.execute(HOURS)


def downgrade() -> None:
    op.execute("DROP FUNCTION performer_hours(bigint, timestamptz, timestamptz)")
    for table in ("vacation", "schedule_exception", "performer_schedule"):
        op.drop_table(table)
