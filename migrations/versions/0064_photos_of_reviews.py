"""Add photos of reviews.

Safe beside running old code: it knows nothing of the new table.
"""

import sqlalchemy as sa

from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_photo",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("review_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("thumbnail_key", sa.Text(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0", name="size"),
        sa.CheckConstraint("position BETWEEN 0 AND 4", name="position"),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uq_review_photo_position", "review_photo", ["review_id", "position"], unique=True)
    op.create_index("uq_review_photo_key", "review_photo", ["key"], unique=True)
    op.create_index("uq_review_photo_thumbnail_key", "review_photo", ["thumbnail_key"], unique=True)


def downgrade() -> None:
    op.drop_table("review_photo")
