"""Validate the foreign keys of claims: the tables stay readable and writable meanwhile."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE change_request VALIDATE CONSTRAINT fk_change_request_claimed_by")
    op.execute("ALTER TABLE report VALIDATE CONSTRAINT fk_report_claimed_by")


def downgrade() -> None:
    """Nothing: what was checked stays true."""
