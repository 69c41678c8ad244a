"""Privacy: copies of their data for users, and an index that finds old sessions.

A new table, and an index built beside running code.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_user_session_expires_at ON user_session (expires_at)"
        )
        op.execute("SET statement_timeout = '5s'")
    op.create_table(
        "data_export",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("archive", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'ready', 'failed')", name=op.f("ck_data_export_status")),
        sa.CheckConstraint("(status = 'ready') = (archive IS NOT NULL)", name=op.f("ck_data_export_archive")),
        sa.CheckConstraint(
            "(status = 'pending') = (expires_at IS NULL)", name=op.f("ck_data_export_expires_at")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_data_export_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_export")),
    )
    # A ZIP does not get smaller: PostgreSQL need not try.
    op.execute("ALTER TABLE data_export ALTER COLUMN archive SET STORAGE EXTERNAL")
    op.create_index(
        "uq_data_export_pending",
        "data_export",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_data_export_user_id", "data_export", ["user_id"])
    op.create_index("ix_data_export_expires_at", "data_export", ["expires_at"])


def downgrade() -> None:
    op.drop_index("ix_user_session_expires_at", table_name="user_session")
    op.drop_table("data_export")
