"""Validate the check of the lanes.

Safe beside old code: rows of before meet the narrower check that this one replaced, and validation blocks no
reads or writes.
"""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE job VALIDATE CONSTRAINT ck_job_lane")


def downgrade() -> None:
    pass
