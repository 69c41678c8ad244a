"""Keep the name that a client gives to a message where it is no UUID.

Safe beside running old code, which takes UUIDs only: a new column without a value. For such a message it shows the UUID that
stands for the name.
"""

import sqlalchemy as sa

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("client_key", sa.Text()))


def downgrade() -> None:
    op.drop_column("message", "client_key")
