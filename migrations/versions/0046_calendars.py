"""External calendars of performers with their busy times, feeds of own orders, and a lane for fetches.

Safe beside old code: the tables are new, and the check of the lanes only lets one more in; a worker of before
leaves the jobs of a lane that it does not know to newer ones.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

OLD_LANES = "'sockets', 'codes', 'work', 'mail', 'bulk'"


def _lanes(names: str) -> None:
    # A wider check takes its place in the same transaction.
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE job DROP CONSTRAINT ck_job_lane")
    op.execute(f"ALTER TABLE job ADD CONSTRAINT ck_job_lane CHECK (lane IN ({names})) NOT VALID")


def upgrade() -> None:
    _lanes(f"{OLD_LANES}, 'fetches'")
    op.create_table(
        "external_calendar",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column(
            "performer_id",
            sa.BigInteger(),
            sa.ForeignKey("performer.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("url_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("url_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fetch_number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("busy_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("fetched_at", sa.DateTime(timezone=True)),
        sa.Column("tried_at", sa.DateTime(timezone=True)),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.Column("read_zone", sa.Text()),
        sa.Column("refresh_asked_at", sa.DateTime(timezone=True)),
        sa.Column("next_fetch_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'ok', 'failing')", name="status"),
        sa.CheckConstraint("failures >= 0 AND busy_count >= 0 AND fetch_number >= 0", name="counts"),
        sa.UniqueConstraint("performer_id", "url_hash", name="uq_external_calendar_url"),
    )
    op.create_index("ix_external_calendar_next_fetch_at", "external_calendar", ["next_fetch_at"])
    op.create_table(
        "external_busy_time",
        sa.Column(
            "calendar_id",
            sa.BigInteger(),
            sa.ForeignKey("external_calendar.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("time", postgresql.TSTZRANGE(), primary_key=True),
        sa.Column(
            "performer_id",
            sa.BigInteger(),
            sa.ForeignKey("performer.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "NOT isempty(time) AND NOT lower_inf(time) AND NOT upper_inf(time)", name="bounded"
        ),
    )
    op.create_index(
        "ix_external_busy_time_performer_id",
        "external_busy_time",
        ["performer_id", "time"],
        postgresql_using="gist",
    )
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.BigInteger(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("side IN ('customer', 'performer')", name="side"),
        sa.UniqueConstraint("user_id", "side", name="uq_calendar_feed_user_id_side"),
        sa.UniqueConstraint("secret_hash", name="uq_calendar_feed_secret_hash"),
    )


def downgrade() -> None:
    for table in ("calendar_feed", "external_busy_time", "external_calendar"):
        op.drop_table(table)
    op.execute("UPDATE job SET lane = 'bulk' WHERE lane = 'fetches'")
    _lanes(OLD_LANES)
