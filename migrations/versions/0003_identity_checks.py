"""Identity, second step: look at the rows that were there before the new rules."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE user_session VALIDATE CONSTRAINT fk_user_session_acting_admin_id")
    op.execute("ALTER TABLE one_time_token VALIDATE CONSTRAINT ck_one_time_token_purpose")
    op.execute('ALTER TABLE "user" VALIDATE CONSTRAINT ck_user_username_form')


def downgrade() -> None:
    """A checked rule is not unchecked."""
