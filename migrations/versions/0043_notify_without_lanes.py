"""Drop the function that woke the workers before there were lanes.

Safe beside running old code: the trigger of the table has called `job_notify_lanes` since, and nothing calls this one.
A database that was made at 0042 never had it.
"""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "-- squawk-ignore ban-drop-function\n"  # nothing calls it
        "DROP FUNCTION IF EXISTS job_notify()"
    )


def downgrade() -> None:
    """Nothing: what nobody calls need not come back."""
