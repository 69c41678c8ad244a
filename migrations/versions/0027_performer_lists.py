"""The indexes of lists that are read from listings now."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

PUBLIC = "active AND status = 'approved'"
SCORE = "((rating_sum + 20) * 1000000 / (rating_count + 5))"
INDEXES = {
    "ix_performer_city_newest": "city_id, created_at DESC, id DESC",
    "ix_performer_score": f"{SCORE} DESC, id DESC",
    "ix_performer_city_score": f"city_id, {SCORE} DESC, id DESC",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name, columns in INDEXES.items():
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON performer ({columns}) WHERE {PUBLIC}")
        op.execute("SET statement_timeout = '5s'")
