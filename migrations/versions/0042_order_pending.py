"""A customer asks a performer for a start once; the second of two at the same moment is refused."""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_order_pending ON "order" (customer_id, performer_id, starts_at)
WHERE status = 'pending'
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(INDEX)
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_order_pending")
        op.execute("SET statement_timeout = '5s'")
