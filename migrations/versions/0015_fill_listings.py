"""List who is there already, a thousand at a time: nobody waits for more than one batch."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

FILL = """
DO $$
DECLARE
    last bigint := 0;
    ids bigint[];
BEGIN
    LOOP
        SELECT array_agg(id) INTO ids FROM (
            SELECT id FROM performer WHERE id > last AND active AND status = 'approved' ORDER BY id LIMIT 1000
        ) AS batch;
        EXIT WHEN ids IS NULL;
        PERFORM refresh_listings(ids);
        last := ids[cardinality(ids)];
        COMMIT;
    END LOOP;
END $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute(FILL)
        op.execute("SET statement_timeout = '5s'")


def downgrade() -> None:
    op.execute("DELETE FROM performer_listing")
    op.execute("DELETE FROM service_listing")
