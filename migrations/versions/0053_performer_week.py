"""Keep when performers work in the week in one small row each, which the lists ask before they decide.

Safe beside running old code: triggers keep the table, whoever writes. Functions that were SQL become PL/pgSQL, with the
same arguments and answers.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE

from alembic import op
from marketplace.database import functions

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "performer_week",
        sa.Column("performer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("weekly", INT4MULTIRANGE),
        sa.ForeignKeyConstraint(["performer_id"], ["performer.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("performer_id"),
    )
    op.execute(
        functions.install(
            "first_instant",
            "working_hours",
            "taken_time",
            "bookable_time",
            "week_overlaps",
            "performer_weeks",
            "performer_week_zone",
        )
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION performer_weeks(), performer_week_zone() CASCADE")
    op.execute("DROP FUNCTION week_overlaps")
    op.drop_table("performer_week")
