"""Add disputes with their evidence, and what a dispute keeps of its order.

Safe beside running old code: it leaves the new columns NULL. A sweep makes the rows of disputes that such code opens, and
those of the time before. The checks are validated by the next migration.
"""

import sqlalchemy as sa

from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_CHECKS = {
    "resolution_refund_percent": "resolution_refund_percent BETWEEN 0 AND 100",
    "disputed_by": "(disputed_from IS NULL) = (disputed_by IS NULL)",
    "disputed_after": "(disputed_from IS NULL) = (disputed_after IS NULL)",
    "refund_percent": "refund_percent BETWEEN 0 AND 100",
    "refund": "refund_amount IS NULL OR refund_percent IS NOT NULL",
}
_CATEGORIES = "category IN ('not_as_agreed', 'not_done', 'damage', 'payment', 'behaviour', 'other')"
_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.add_column("order", sa.Column("resolution_refund_percent", sa.BigInteger()))
    op.add_column("order", sa.Column("disputed_from", sa.Text()))
    op.add_column("order", sa.Column("disputed_by", sa.Text()))
    op.add_column("order", sa.Column("disputed_after", sa.Interval()))
    op.add_column("order", sa.Column("decision_due_at", _TIME))
    op.add_column("order", sa.Column("refund_percent", sa.BigInteger()))
    op.add_column("order", sa.Column("refund_amount", sa.BigInteger()))
    for name, check in _CHECKS.items():
        op.execute(f'ALTER TABLE "order" ADD CONSTRAINT ck_order_{name} CHECK ({check}) NOT VALID')
    op.create_table(
        "dispute",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_role", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), server_default="other", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("from_status", sa.Text(), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("asked_role", sa.Text()),
        sa.Column("asked_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.Column("ended_role", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("decision", sa.Text()),
        sa.CheckConstraint("opened_role IN ('customer', 'performer')", name="opened_role"),
        sa.CheckConstraint(_CATEGORIES, name="category"),
        sa.CheckConstraint("asked_role IN ('customer', 'performer')", name="asked_role"),
        sa.CheckConstraint("(asked_at IS NULL) = (asked_role IS NULL)", name="asked_at"),
        sa.CheckConstraint("outcome IN ('completed', 'cancelled', 'withdrawn')", name="outcome"),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_at"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_role IS NULL)", name="ended_role"),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uq_dispute_open", "dispute", ["order_id"], unique=True, postgresql_where=_OPEN)
    op.create_index("ix_dispute_order_id", "dispute", ["order_id", "id"])
    op.create_index("ix_dispute_due_at", "dispute", ["due_at", "id"], postgresql_where=_OPEN)
    op.create_index("ix_dispute_opened_at", "dispute", ["opened_at"])
    op.create_table(
        "dispute_evidence",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("side IN ('customer', 'performer')", name="side"),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uq_dispute_evidence_file_key", "dispute_evidence", ["file_key"], unique=True)
    op.create_index("ix_dispute_evidence_order_id", "dispute_evidence", ["order_id", "id"])
    op.create_index("ix_dispute_evidence_user_id", "dispute_evidence", ["user_id", "id"])


def downgrade() -> None:
    op.drop_table("dispute_evidence")
    op.drop_table("dispute")
    for name in _CHECKS:
        op.drop_constraint(f"ck_order_{name}", "order")
    for name in (
        "refund_amount",
        "refund_percent",
        "decision_due_at",
        "disputed_after",
        "disputed_by",
        "disputed_from",
        "resolution_refund_percent",
    ):
        op.drop_column("order", name)
