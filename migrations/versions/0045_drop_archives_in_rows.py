"""Drop the column that held archives of exports before they lay in the storage.

No release wrote an archive there: what is in it is empty. The code reads the status alone.
"""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "-- squawk-ignore ban-drop-column\n"  # no release reads it; its check goes with it
        "ALTER TABLE data_export DROP COLUMN IF EXISTS archive"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE data_export ADD COLUMN archive bytea")
