"""Figures of how performers answer and finish."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "performer_figures",
        sa.Column("performer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=False),
        sa.Column("response_p33", sa.BigInteger(), nullable=True),
        sa.Column("response_p66", sa.BigInteger(), nullable=True),
        sa.Column("completed", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.BigInteger(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("answered BETWEEN 0 AND asked", name=op.f("ck_performer_figures_answered")),
        sa.ForeignKeyConstraint(
            ["performer_id"],
            ["performer.id"],
            name=op.f("fk_performer_figures_performer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("performer_id", name=op.f("pk_performer_figures")),
    )


def downgrade() -> None:
    op.drop_table("performer_figures")
