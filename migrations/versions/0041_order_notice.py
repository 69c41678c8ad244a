"""Orders keep the notice that the performer wanted; of several that ask for one slot again, the first stays."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

# What the index of 0042 will not let stand: it would expire within a day anyway.
DOUBLED = """
WITH doubled AS (
    UPDATE "order" AS o SET status = 'expired', state_entered_at = now(), updated_at = now(), version = version + 1,
        proposed_starts_at = NULL, proposed_by = NULL
    WHERE o.status = 'pending' AND EXISTS (
        SELECT FROM "order" AS first
        WHERE first.status = 'pending' AND first.customer_id = o.customer_id
          AND first.performer_id = o.performer_id AND first.starts_at = o.starts_at AND first.id < o.id
    )
    RETURNING o.id
)
INSERT INTO order_transition (order_id, transition, from_status, to_status, actor_role, reason, created_at)
SELECT id, 'expire', 'pending', 'expired', 'system', 'Asked for twice', now() FROM doubled
"""


def upgrade() -> None:
    op.add_column("order", sa.Column("notice_minutes", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(DOUBLED)


def downgrade() -> None:
    op.drop_column("order", "notice_minutes")
