"""Add series of orders, and the place of an order in one.

Safe beside running old code: a new table, and new columns that it leaves NULL. The constraints on the table `order` are
validated by a later migration.
"""

import sqlalchemy as sa

from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "order_series",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("repeat", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("starts_at", _TIME, nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("repeat IN ('weekly', 'fortnightly', 'monthly')", name="repeat"),
        sa.CheckConstraint("count BETWEEN 1 AND 52", name="count"),
        sa.CheckConstraint("timezone(timezone, 'epoch'::timestamptz) IS NOT NULL", name="timezone"),
        sa.ForeignKeyConstraint(["customer_id"], ["user.id"]),
        sa.ForeignKeyConstraint(["performer_id"], ["performer.id"]),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_order_series_customer_id", "order_series", ["customer_id", "performer_id"])
    op.create_index("ix_order_series_performer_id", "order_series", ["performer_id"])
    op.create_index("ix_order_series_service_id", "order_series", ["service_id"])
    op.add_column("order", sa.Column("series_id", sa.BigInteger()))
    op.add_column("order", sa.Column("series_position", sa.BigInteger()))
    op.execute(
        'ALTER TABLE "order" ADD CONSTRAINT fk_order_series_id FOREIGN KEY (series_id)'
        " REFERENCES order_series (id) NOT VALID"
    )
    op.execute(
        'ALTER TABLE "order" ADD CONSTRAINT ck_order_series'
        " CHECK ((series_id IS NULL) = (series_position IS NULL)) NOT VALID"
    )


def downgrade() -> None:
    op.drop_constraint("ck_order_series", "order")
    op.drop_constraint("fk_order_series_id", "order")
    op.drop_column("order", "series_position")
    op.drop_column("order", "series_id")
    op.drop_table("order_series")
