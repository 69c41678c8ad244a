"""An index of the services that staff has hidden, which are few among many."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_service_hidden ON service (created_at, id)"
            " WHERE hidden_at IS NOT NULL"
        )
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.drop_index("ix_service_hidden", table_name="service")
