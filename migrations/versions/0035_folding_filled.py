"""Fold what is there already, and index what staff looks into; beside running code, in short transactions.

Cities are folded a thousand at a time. Performers wait for the worker, which lists those anew that are in
`stale_listing`: it takes their rows for a fraction of a second each time.

The indexes that the new ones replace go: each write would pay for both. An older release that still runs finds users
and cities without them, more slowly.
"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

CITIES = """
DO $$
DECLARE
    last bigint := 0;
    ids bigint[];
BEGIN
    LOOP
        SELECT array_agg(id) INTO ids FROM (
            SELECT id FROM city WHERE id > last AND folded_names = '' ORDER BY id LIMIT 1000
        ) AS batch;
        EXIT WHEN ids IS NULL;
        UPDATE city SET folded_names = text_fold(search_names) WHERE id = ANY (ids);
        last := ids[cardinality(ids)];
        COMMIT;
    END LOOP;
END $$
"""
PERFORMERS = "INSERT INTO stale_listing SELECT performer_id FROM performer_listing ON CONFLICT DO NOTHING"

BEFORE = {
    "ix_city_search_names_trgm": "city USING gin (search_names gin_trgm_ops)",
    "ix_user_search": (
        '"user" USING gin (username gin_trgm_ops, email gin_trgm_ops, phone gin_trgm_ops,'
        " first_name gin_trgm_ops, last_name gin_trgm_ops)"
    ),
}
INDEXES = {
    "ix_city_folded_names": "city USING gin (folded_names gin_trgm_ops)",
    "ix_user_folded": (
        '"user" USING gin (text_fold(username || \' \' || coalesce(email, \'\') || \' \' || coalesce(phone, \'\')'
        " || ' ' || first_name || ' ' || last_name) gin_trgm_ops)"
    ),
    "ix_performer_folded_headline": "performer USING gin (text_fold(headline) gin_trgm_ops)",
    "ix_service_folded_title": "service USING gin (text_fold(title) gin_trgm_ops)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(CITIES)
        op.execute(PERFORMERS)
        for name, definition in INDEXES.items():
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}")
        for name in BEFORE:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name, definition in BEFORE.items():
            op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}")
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute("SET statement_timeout = '5s'")
