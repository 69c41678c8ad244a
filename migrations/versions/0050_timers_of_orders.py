"""Count the entries of orders into their statuses, by which timers know whether an order has moved on.

Safe beside running old code: it leaves the number as it is, and the trigger marks the orders that it moves.
The hourly sweep of the new code makes the timers of these, and of the orders of before.
"""

import sqlalchemy as sa
from alembic import op

from marketplace.database import functions

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("state_entry", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(functions.install("order_moved_without_timers"))


def downgrade() -> None:
    op.execute('DROP TRIGGER order_moved_without_timers ON "order"')
    op.execute("DROP FUNCTION order_moved_without_timers()")
    op.drop_column("order", "state_entry")
