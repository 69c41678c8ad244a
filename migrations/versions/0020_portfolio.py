"""Performers show pictures of their work."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "portfolio_image",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("thumbnail_key", sa.Text(), nullable=True),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("caption", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_portfolio_image_size")),
        sa.ForeignKeyConstraint(
            ["performer_id"], ["performer.id"], name=op.f("fk_portfolio_image_performer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portfolio_image")),
    )
    op.create_index("ix_portfolio_image_performer_id", "portfolio_image", ["performer_id", "position", "id"])
    op.create_index("uq_portfolio_image_key", "portfolio_image", ["key"], unique=True)
    op.create_index("uq_portfolio_image_thumbnail_key", "portfolio_image", ["thumbnail_key"], unique=True)


def downgrade() -> None:
    op.drop_table("portfolio_image")
