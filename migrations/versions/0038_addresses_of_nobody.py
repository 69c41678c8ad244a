"""Drop the uniqueness of addresses that nobody confirmed.

Beside old code: from here on two accounts may hold the same unconfirmed address, and a process of the release before
answers 500 to who logs in by it, or asks for a code for it, as long as that process runs.
"""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_user_email")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_user_phone")


def downgrade() -> None:
    op.execute('CREATE UNIQUE INDEX uq_user_email ON "user" (lower(email))')
    op.execute('CREATE UNIQUE INDEX uq_user_phone ON "user" (phone)')
