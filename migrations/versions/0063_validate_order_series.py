"""Validate the constraints of the place of an order in a series.

Safe beside running old code: it sets none of these columns, and validation blocks no reads or writes.
"""

from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("fk_order_series_id", "ck_order_series"):
        op.execute(f'ALTER TABLE "order" VALIDATE CONSTRAINT {name}')


def downgrade() -> None:
    pass
