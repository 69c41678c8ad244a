"""Add ratings by aspects, what performers think of customers, and a short way to list a new rating.

Safe beside running old code: it leaves the new columns NULL or at their defaults, its reviews rate no aspects, and the
nightly recount counts what it publishes of customers. The checks are validated by the next migration.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from alembic import op
from marketplace.database import functions

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_ASPECTS = ("quality", "punctuality", "communication")
_CHECKS = [
    *(("review", name, f"{name} IS NULL OR {name} BETWEEN 1 AND 5 AND direction = 'of_performer'") for name in _ASPECTS),
    ("performer", "aspect_counts", "cardinality(aspect_counts) = 3"),
    ("performer", "aspect_sums", "cardinality(aspect_sums) = 3"),
]


def upgrade() -> None:
    for name in _ASPECTS:
        op.add_column("review", sa.Column(name, sa.BigInteger()))
    for name in ("aspect_counts", "aspect_sums"):
        column = sa.Column(
            name, ARRAY(sa.BigInteger()), server_default=sa.text("'{0,0,0}'"), nullable=False
        )
        op.add_column("performer", column)
    for table, name, check in _CHECKS:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({check}) NOT VALID")
    op.create_table(
        "customer_rating",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rating_count", sa.BigInteger(), nullable=False),
        sa.Column("rating_sum", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.execute(functions.install("listings_rated", "performer_listings"))


def downgrade() -> None:
    op.drop_table("customer_rating")
    for table, name, _ in reversed(_CHECKS):
        op.drop_constraint(f"ck_{table}_{name}", table)
    for name in ("aspect_sums", "aspect_counts"):
        op.drop_column("performer", name)
    for name in reversed(_ASPECTS):
        op.drop_column("review", name)
