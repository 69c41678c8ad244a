"""Indexes in the order of the public lists of performers."""

from alembic import op

revision = "0009"
down_revision = "0008"
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
        for name, columns in INDEXES.items():
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON performer ({columns}) WHERE {PUBLIC}")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="performer")
