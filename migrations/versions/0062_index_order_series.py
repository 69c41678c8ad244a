"""Index the orders of a series by their places in it, of which each is there once.

Safe beside running old code: an index, built concurrently. It is empty until the first series.
"""

import sqlalchemy as sa

from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.create_index(
            "uq_order_series",
            "order",
            ["series_id", "series_position"],
            unique=True,
            postgresql_where=sa.text("series_id IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    op.drop_index("uq_order_series", "order")
