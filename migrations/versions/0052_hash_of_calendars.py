"""A hash of the file of an external calendar, so that one that has not changed is not read again.

Safe beside old code: a new column without a value.
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("external_calendar", sa.Column("content_hash", sa.LargeBinary()))


def downgrade() -> None:
    op.drop_column("external_calendar", "content_hash")
