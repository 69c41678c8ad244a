"""The schema of the first release: tables and their indexes by subject, and the functions that the database runs.

It stands for the migrations before it: a database at the last of these, which had the same number, has nothing to do.
Safe beside running old code: there is none before it.
"""

from pathlib import Path

from alembic import op
from alembic.util import CommandError

from marketplace.database import functions

revision = "0042"
down_revision = None
branch_labels = None
depends_on = None

replaces = tuple(f"{number:04}" for number in range(1, 42))
"""Revisions that no file is left of. A database at one of them is brought to 0042 by the release that has them."""

# Indexes are built on it.
FOLDING = "text_fold"
# In the order of their references.
SUBJECTS = (
    "mechanisms",
    "accounts",
    "privacy",
    "moderation",
    "catalog",
    "banners",
    "performers",
    "offers",
    "certificates",
    "portfolio",
    "availability",
    "orders",
    "reviews",
    "chat",
    "reliability",
    "directory",
    "notifications",
)
# Not whatever the folder has: what a later migration brings, it installs itself.
FUNCTIONS = (
    "audit_log_append_only",
    "category_listings",
    "city_folded",
    "first_instant",
    "job_notify_lanes",
    "listings_changed",
    "performer_category_end_listings",
    "performer_category_listings",
    "performer_free",
    "performer_hours",
    "performer_listing_of",
    "performer_listings",
    "refresh_listings",
    "search_expand",
    "search_fold",
    "search_stems",
    "search_symbols",
    "search_words",
    "service_change_listings",
    "service_end_listings",
    "service_listing_of",
    "service_listings",
    "text_pattern",
    "user_listings",
)
FOLDER = Path(__file__).parent.parent / "baseline"


def upgrade() -> None:
    _run("extensions")
    op.execute(functions.install(FOLDING))
    for subject in SUBJECTS:
        _run(subject)
    op.execute(functions.install(*FUNCTIONS))


def _run(subject: str) -> None:
    op.execute(functions.literal((FOLDER / f"{subject}.sql").read_text(encoding="utf-8")))


def downgrade() -> None:
    """All data would go. Who wants that drops the database."""
    raise CommandError("0042 is the first migration: there is nothing to go back to")
