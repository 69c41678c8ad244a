"""Views and clicks of banners, counted in shards."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "banner_count",
        sa.Column("banner_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shard", sa.BigInteger(), nullable=False),
        sa.Column("views", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("clicks", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["banner_id"], ["banner.id"], name=op.f("fk_banner_count_banner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("banner_id", "day", "shard", name=op.f("pk_banner_count")),
    )


def downgrade() -> None:
    op.drop_table("banner_count")
