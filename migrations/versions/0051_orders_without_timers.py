"""Index the open orders that have no timers, for the sweep that makes them.

Safe beside running old code: an index, built concurrently. It is empty once the sweep has been there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.create_index(
            "ix_order_without_timers",
            "order",
            ["id"],
            postgresql_where=sa.text(
                "state_entry <= 0 AND status NOT IN ('declined', 'expired', 'cancelled', 'completed')"
            ),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    op.drop_index("ix_order_without_timers", "order")
