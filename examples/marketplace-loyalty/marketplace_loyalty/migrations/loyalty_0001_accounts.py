"""The accounts of loyalty points.

Safe beside running old code: a new table that nobody reads yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "loyalty_0001"
down_revision = None
branch_labels = ("loyalty",)
depends_on = "0042"  # the table `user`


def upgrade() -> None:
    op.create_table(
        "loyalty_account",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("points >= 0", name=op.f("ck_loyalty_account_points")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_loyalty_account_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_loyalty_account")),
    )
    op.create_index(op.f("ix_loyalty_account_opened_at"), "loyalty_account", ["opened_at"])


def downgrade() -> None:
    op.drop_table("loyalty_account")
