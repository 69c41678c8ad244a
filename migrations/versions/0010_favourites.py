"""Users mark performers."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "favourite",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_favourite_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["performer_id"], ["performer.id"], name=op.f("fk_favourite_performer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "performer_id", name=op.f("pk_favourite")),
    )
    op.create_index("ix_favourite_performer_id", "favourite", ["performer_id"])
    op.create_index(
        "ix_favourite_user_id", "favourite", ["user_id", sa.text("created_at DESC"), sa.text("performer_id DESC")]
    )


def downgrade() -> None:
    op.drop_table("favourite")
