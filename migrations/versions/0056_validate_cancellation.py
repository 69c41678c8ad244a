"""Validate the checks of cancelled orders and arrivals.

Safe beside running old code: it sets none of these columns, and validation blocks no reads or writes.
"""

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("fault", "cancellation_percent", "cancellation", "arrival_tries", "arrival"):
        op.execute(f'ALTER TABLE "order" VALIDATE CONSTRAINT ck_order_{name}')


def downgrade() -> None:
    pass
