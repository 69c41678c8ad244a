"""Staff claims what waits in its queues.

Safe beside running old code: columns that it does not write. Their foreign keys are validated by the next one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("change_request", "report")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("claimed_by", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
        op.create_foreign_key(
            f"fk_{table}_claimed_by",
            table,
            "user",
            ["claimed_by"],
            ["id"],
            postgresql_not_valid=True,
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "claimed_until")
        op.drop_column(table, "claimed_by")
