"""Users report to staff what others put here."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reporter_id", sa.BigInteger(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_report_status")),
        sa.CheckConstraint("outcome IN ('upheld', 'dismissed')", name=op.f("ck_report_outcome")),
        sa.CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name=op.f("ck_report_closed")),
        sa.ForeignKeyConstraint(["reporter_id"], ["user.id"], name=op.f("fk_report_reporter_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_report_owner_id")),
        sa.ForeignKeyConstraint(["closed_by"], ["user.id"], name=op.f("fk_report_closed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
    )
    op.create_index(
        "uq_report_open",
        "report",
        ["reporter_id", "content_type", "content_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("ix_report_queue", "report", ["status", "id"])
    op.create_index("ix_report_content", "report", ["content_type", "content_id"])
    op.create_index("ix_report_owner_id", "report", ["owner_id"])


def downgrade() -> None:
    op.drop_table("report")
