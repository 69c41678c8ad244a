"""Count the published reviews of customers, and validate the checks of aspects.

Safe beside running old code: it writes neither, and validation blocks no reads or writes.
"""

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

_CHECKS = (
    ("review", "quality"),
    ("review", "punctuality"),
    ("review", "communication"),
    ("performer", "aspect_counts"),
    ("performer", "aspect_sums"),
)


def upgrade() -> None:
    op.execute("SET LOCAL statement_timeout = '2min'")
    for table, name in _CHECKS:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
    op.execute("""
        INSERT INTO customer_rating (user_id, rating_count, rating_sum)
        SELECT customer_id, count(*), sum(rating) FROM review
        WHERE direction = 'of_customer' AND published_at IS NOT NULL AND hidden_at IS NULL
        GROUP BY customer_id
        ORDER BY customer_id
        ON CONFLICT (user_id) DO NOTHING""")


def downgrade() -> None:
    op.execute("DELETE FROM customer_rating")
