"""An address is unique among the accounts that confirmed it, found by an index of its own, and lapses by one.

Beside old code: the indexes that it relies on stay until 0038.
"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

UNCONFIRMED = (
    "deleted_at IS NULL AND ("
    "(NOT email_verified AND email IS NOT NULL) OR (NOT phone_verified AND phone IS NOT NULL))"
)
INDEXES = {
    "uq_user_email_confirmed": 'UNIQUE INDEX {} ON "user" (lower(email)) WHERE email_verified',
    "uq_user_phone_confirmed": 'UNIQUE INDEX {} ON "user" (phone) WHERE phone_verified',
    "ix_user_email": 'INDEX {} ON "user" (lower(email))',
    "ix_user_phone": 'INDEX {} ON "user" (phone)',
    "ix_user_unconfirmed": f'INDEX {{}} ON "user" (date_joined) WHERE {UNCONFIRMED}',
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name, definition in INDEXES.items():
            op.execute("CREATE " + definition.format(f"CONCURRENTLY IF NOT EXISTS {name}"))
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="user")
