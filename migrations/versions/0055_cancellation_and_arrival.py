"""Add cancellation policies, what the end of an order cost, the arrival, and remarks on orders.

Safe beside running old code: it leaves the new columns NULL or at their defaults. Its orders have no policy and cost
nothing, and what it cancels has no fault: the history tells, as before. The checks are validated by the next
migration.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_CHECKS = {
    "fault": "fault IN ('customer', 'performer', 'none')",
    "cancellation_percent": "cancellation_percent BETWEEN 0 AND 100",
    "cancellation": "(fault IS NULL) = (cancellation_percent IS NULL)",
    "arrival_tries": "arrival_tries BETWEEN 0 AND 5",
    "arrival": "NOT arrival_proven OR arrived_at IS NOT NULL",
}


def upgrade() -> None:
    op.add_column("order", sa.Column("cancellation_policy", JSONB()))
    op.add_column("order", sa.Column("fault", sa.Text()))
    op.add_column("order", sa.Column("cancellation_percent", sa.BigInteger()))
    op.add_column("order", sa.Column("cancellation_amount", sa.BigInteger()))
    op.add_column("order", sa.Column("waived_at", _TIME))
    op.add_column("order", sa.Column("arrival_code", sa.Text()))
    op.add_column("order", sa.Column("arrival_tries", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("order", sa.Column("arrived_at", _TIME))
    op.add_column(
        "order", sa.Column("arrival_proven", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    for name, check in _CHECKS.items():
        op.execute(f'ALTER TABLE "order" ADD CONSTRAINT ck_order_{name} CHECK ({check}) NOT VALID')
    op.create_table(
        "order_remark",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("data", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("kind IN ('waiver')", name="kind"),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_order_remark_order_id", "order_remark", ["order_id", "created_at", "id"])
    op.create_table(
        "cancellation_policy",
        sa.Column("performer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tiers", JSONB(), nullable=False),
        sa.Column("updated_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("name IN ('free', 'flexible', 'moderate', 'strict', 'custom')", name="name"),
        sa.CheckConstraint("jsonb_typeof(tiers) = 'array'", name="tiers"),
        sa.ForeignKeyConstraint(["performer_id"], ["performer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("performer_id"),
    )


def downgrade() -> None:
    op.drop_table("cancellation_policy")
    op.drop_table("order_remark")
    for name in _CHECKS:
        op.drop_constraint(f"ck_order_{name}", "order")
    for name in (
        "arrival_proven",
        "arrived_at",
        "arrival_tries",
        "arrival_code",
        "waived_at",
        "cancellation_amount",
        "cancellation_percent",
        "fault",
        "cancellation_policy",
    ):
        op.drop_column("order", name)
