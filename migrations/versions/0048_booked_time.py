"""Keep what blocks a performer's calendar in one table: booked orders with their buffers, and holds.

Safe beside running old code: it leaves the new columns NULL or at their defaults, and the trigger books the time of
the orders that it confirms. Its orders have no buffers, as before.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint

from alembic import op
from marketplace.database import functions

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order", sa.Column("padded", TSTZRANGE))
    op.add_column("order", sa.Column("latitude", sa.Double()))
    op.add_column("order", sa.Column("longitude", sa.Double()))
    for name in ("despite_conflicts", "proposed_despite_conflicts"):
        op.add_column("order", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(
        "performer_schedule", sa.Column("travel_kmh", sa.BigInteger(), server_default="30", nullable=False)
    )
    op.execute(
        'ALTER TABLE "order" ADD CONSTRAINT ck_order_padded'
        " CHECK (padded IS NULL OR padded @> tstzrange(starts_at, ends_at)) NOT VALID"
    )
    op.execute(
        "ALTER TABLE performer_schedule ADD CONSTRAINT ck_performer_schedule_travel_kmh"
        " CHECK (travel_kmh BETWEEN 0 AND 300) NOT VALID"
    )
    op.create_table(
        "booked_time",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("span", TSTZRANGE, nullable=False),
        sa.Column("padded", TSTZRANGE, nullable=False),
        sa.Column("latitude", sa.Double()),
        sa.Column("longitude", sa.Double()),
        sa.Column("despite_conflicts", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("order_id", sa.BigInteger()),
        sa.Column("customer_id", sa.BigInteger()),
        sa.Column("service_id", sa.BigInteger()),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("counted_from", sa.DateTime(timezone=True)),
        sa.Column("count", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("padded @> span", name="padded"),
        sa.CheckConstraint("(order_id IS NULL) = (expires_at IS NOT NULL)", name="kind"),
        sa.CheckConstraint("(customer_id IS NULL) = (expires_at IS NULL)", name="holder"),
        ExcludeConstraint(("performer_id", "="), ("span", "&&"), using="gist", name="ex_booked_time_span"),
        ExcludeConstraint(
            ("performer_id", "="),
            ("padded", "&&"),
            where=sa.text("NOT despite_conflicts"),
            using="gist",
            name="ex_booked_time_padded",
        ),
        sa.ForeignKeyConstraint(["performer_id"], ["performer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["customer_id"], ["user.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("uq_booked_time_order_id", "booked_time", ["order_id"], unique=True)
    op.create_index(
        "uq_booked_time_hold",
        "booked_time",
        ["customer_id", "performer_id"],
        unique=True,
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )
    op.create_index(
        "ix_booked_time_service_id",
        "booked_time",
        ["service_id"],
        postgresql_where=sa.text("service_id IS NOT NULL"),
    )
    op.execute(
        functions.install("travel_time", "working_hours", "taken_time", "bookable_time", "order_books_time")
    )


def downgrade() -> None:
    op.execute('DROP TRIGGER order_books_time ON "order"')
    op.execute("DROP FUNCTION order_books_time(), bookable_time, taken_time, working_hours, travel_time")
    op.drop_table("booked_time")
    op.drop_constraint("ck_performer_schedule_travel_kmh", "performer_schedule")
    op.drop_constraint("ck_order_padded", "order")
    op.drop_column("performer_schedule", "travel_kmh")
    for name in ("proposed_despite_conflicts", "despite_conflicts", "longitude", "latitude", "padded"):
        op.drop_column("order", name)
