"""Staff may hide services."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service", sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("service", sa.Column("hidden_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("service", "hidden_reason")
    op.drop_column("service", "hidden_at")
