"""What 0029 demands of new schedules holds for the old ones too."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("notice_minutes", "buffer_before_minutes", "buffer_after_minutes"):
        op.execute(f"ALTER TABLE performer_schedule VALIDATE CONSTRAINT ck_performer_schedule_{name}")


def downgrade() -> None:
    pass
