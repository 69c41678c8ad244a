"""Say once who is public, and what a rating counts in the order of a list.

Safe beside running old code: functions come that it does not call, and those that it calls give the same as before.
"""

from marketplace.database import functions
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        functions.install(
            "performer_is_public",
            "ranking_score",
            "service_is_public",
            "refresh_listings",
            "performer_listing_of",
            "service_listing_of",
        )
    )


def downgrade() -> None:
    """Nothing: what is in place does the same."""
