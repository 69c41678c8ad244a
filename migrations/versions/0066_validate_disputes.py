"""Validate the checks of disputed orders.

Safe beside running old code: it sets none of these columns, and validation blocks no reads or writes.
"""

from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("resolution_refund_percent", "disputed_by", "disputed_after", "refund_percent", "refund"):
        op.execute(f'ALTER TABLE "order" VALIDATE CONSTRAINT ck_order_{name}')


def downgrade() -> None:
    pass
