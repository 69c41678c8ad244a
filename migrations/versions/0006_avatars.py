"""Avatars: find the accounts that show a file."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(
            'CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_user_avatar_key ON "user" (avatar_key)'
            " WHERE avatar_key IS NOT NULL"
        )
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.drop_index("ix_user_avatar_key", table_name="user")
