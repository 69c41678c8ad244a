"""Identity, third step: indexes, built beside running code."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEARCHED = ("username", "email", "phone", "first_name", "last_name")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(
            'CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_user_deleted_at ON "user" (deleted_at)'
            " WHERE deleted_at IS NOT NULL AND anonymised_at IS NULL"
        )
        columns = ", ".join(f"{name} gin_trgm_ops" for name in SEARCHED)
        op.execute(f'CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_user_search ON "user" USING gin ({columns})')
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_user_session_previous_hash")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.create_index("ix_user_session_previous_hash", "user_session", ["previous_hash"])
    op.drop_index("ix_user_search", table_name="user")
    op.drop_index("ix_user_deleted_at", table_name="user")
