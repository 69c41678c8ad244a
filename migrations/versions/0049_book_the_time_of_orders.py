"""Book the time of the orders that are confirmed already, and check what 0048 did not look at.

Safe beside running old code: the orders' rows are locked against changes of their status while theirs are inserted, so
that no cancelled order keeps its time. Only orders that are not over are taken; the trigger has those that come.
"""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL statement_timeout = '2min'")
    op.execute("""
        INSERT INTO booked_time (performer_id, span, padded, latitude, longitude, order_id)
        SELECT performer_id, tstzrange(starts_at, ends_at), tstzrange(starts_at, ends_at), latitude, longitude, id
        FROM "order" WHERE status IN ('confirmed', 'in_progress') AND ends_at > now() - interval '1 day'
        ORDER BY id FOR SHARE
        ON CONFLICT (order_id) DO NOTHING""")
    op.execute('ALTER TABLE "order" VALIDATE CONSTRAINT ck_order_padded')
    op.execute("ALTER TABLE performer_schedule VALIDATE CONSTRAINT ck_performer_schedule_travel_kmh")


def downgrade() -> None:
    op.execute("DELETE FROM booked_time")
