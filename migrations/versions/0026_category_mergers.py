"""Ids of categories that went into others lead to where they went."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "category_merger",
        sa.Column("former_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_category_merger_category_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("former_id", name=op.f("pk_category_merger")),
    )
    op.create_index("ix_category_merger_category_id", "category_merger", ["category_id"])


def downgrade() -> None:
    op.drop_table("category_merger")
