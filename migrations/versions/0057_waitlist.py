"""Add the waiting list for full days, and mark the holds that are offers to who waits.

Safe beside running old code: it knows neither the table nor the column, which has a constant default; its holds are no
offers. Where it replaces an offer by a hold, the mark stays, and the hold is not counted.
"""

import sqlalchemy as sa

from alembic import op
from marketplace.database import functions

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "booked_time", sa.Column("offered", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "waitlist_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("latitude", sa.Double()),
        sa.Column("longitude", sa.Double()),
        sa.Column("offers", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("offer_expires_at", _TIME),
        sa.Column("rests_until", _TIME),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("offers >= 0", name="offers"),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="place"),
        sa.ForeignKeyConstraint(["customer_id"], ["user.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["performer_id"], ["performer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("customer_id", "performer_id", "day", name="uq_waitlist_entry_customer_id_day"),
    )
    op.create_index(
        "ix_waitlist_entry_performer_id",
        "waitlist_entry",
        ["performer_id", "day", "offers", "created_at", "id"],
    )
    op.create_index("ix_waitlist_entry_service_id", "waitlist_entry", ["service_id"])
    op.execute(functions.install("first_start"))


def downgrade() -> None:
    op.execute("DROP FUNCTION first_start")
    op.drop_table("waitlist_entry")
    op.drop_column("booked_time", "offered")
