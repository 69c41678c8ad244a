"""Bulk decisions, to be taken back.

Safe beside running old code: a new table that it does not use.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulk_operation",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("items", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name="fk_bulk_operation_actor_id"),
        sa.ForeignKeyConstraint(["undone_by"], ["user.id"], name="fk_bulk_operation_undone_by"),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_operation"),
    )
    op.create_index("ix_bulk_operation_created_at", "bulk_operation", ["created_at"])
    op.create_index("ix_bulk_operation_actor_id", "bulk_operation", ["actor_id"])
    op.create_index("ix_bulk_operation_undone_by", "bulk_operation", ["undone_by"])


def downgrade() -> None:
    op.drop_table("bulk_operation")
