"""Fill the weeks of the performers that there are.

Safe beside running old code: the triggers of 0053 keep the rows that they have made, and these are left as they are.
"""

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL statement_timeout = '2min'")
    op.execute("""
        INSERT INTO performer_week (performer_id, timezone, weekly)
        SELECT p.id, p.timezone, s.weekly
        FROM performer p LEFT JOIN performer_schedule s ON s.performer_id = p.id
        ORDER BY p.id
        ON CONFLICT (performer_id) DO NOTHING""")


def downgrade() -> None:
    op.execute("DELETE FROM performer_week")
