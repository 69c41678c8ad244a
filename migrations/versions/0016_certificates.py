"""Certificates of performers."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("file_key", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected')", name=op.f("ck_certificate_status")
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (decided_at IS NULL)", name=op.f("ck_certificate_decided_at")
        ),
        sa.CheckConstraint("(status = 'rejected') = (reason IS NOT NULL)", name=op.f("ck_certificate_reason")),
        sa.CheckConstraint("expires_on > issued_on", name=op.f("ck_certificate_expires_on")),
        sa.ForeignKeyConstraint(
            ["performer_id"], ["performer.id"], name=op.f("fk_certificate_performer_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name=op.f("fk_certificate_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
    )
    op.create_index("uq_certificate_file_key", "certificate", ["file_key"], unique=True)
    op.create_index("ix_certificate_performer_id", "certificate", ["performer_id", "id"])
    op.create_index("ix_certificate_queue", "certificate", ["status", "id"])
    op.create_index("ix_certificate_decided_by", "certificate", ["decided_by"])
    op.create_index(
        "ix_certificate_expires_on",
        "certificate",
        ["expires_on", "id"],
        postgresql_where=sa.text("status = 'approved' AND expired_at IS NULL AND expires_on IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("certificate")
