"""An account may be without an e-mail address: what nobody confirmed goes when somebody confirms the phone.

Beside old code: it reads no NULL before new code has written one, and shows that as null.
"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        # Old code shows null, and mails to nobody: the job of such a mail fails and is kept.
        "-- squawk-ignore ban-drop-not-null\n"
        'ALTER TABLE "user" ALTER COLUMN email DROP NOT NULL'
    )


def downgrade() -> None:
    op.execute("UPDATE \"user\" SET email = 'unknown-' || id || '@deleted.invalid' WHERE email IS NULL")
    op.execute('ALTER TABLE "user" ALTER COLUMN email SET NOT NULL')
