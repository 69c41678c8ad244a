"""An index for the cities around a place."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_city_latitude ON city (latitude)")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.drop_index("ix_city_latitude", table_name="city")
