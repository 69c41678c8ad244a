"""Identity: one-time codes, second factors, budgets, acting sessions, deletion in two steps."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

USERNAME = "username ~ '^[A-Za-z0-9_][A-Za-z0-9._-]{2,49}$'"


def _check(table: str, name: str, rule: str) -> None:
    """Rows that are there are looked at later, without the lock that adding a check takes."""
    op.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT {name} CHECK ({rule}) NOT VALID')


def upgrade() -> None:
    op.add_column("user", sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user", sa.Column("anonymised_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("audit_log", sa.Column("on_behalf_of", sa.BigInteger(), nullable=True))
    op.add_column("user_session", sa.Column("acting_admin_id", sa.BigInteger(), nullable=True))
    op.execute(
        "ALTER TABLE user_session ADD CONSTRAINT fk_user_session_acting_admin_id"
        ' FOREIGN KEY (acting_admin_id) REFERENCES "user" (id) NOT VALID'
    )
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider rule follows
        "ALTER TABLE one_time_token DROP CONSTRAINT ck_one_time_token_purpose"
    )
    _check(
        "one_time_token",
        "ck_one_time_token_purpose",
        "purpose IN ('verify_email', 'change_email', 'reset_password', 'restore_account')",
    )
    _check("user", "ck_user_username_form", USERNAME)

    op.create_table(
        "budget",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", "day", name=op.f("pk_budget")),
    )
    op.create_index("ix_budget_day", "budget", ["day"])
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('sign_in', 'verify_phone', 'reset_password', 'change_phone')",
            name=op.f("ck_one_time_code_purpose"),
        ),
        sa.CheckConstraint(
            "(purpose = 'change_phone') = (user_id IS NOT NULL)", name=op.f("ck_one_time_code_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_one_time_code_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    op.create_index(
        "uq_one_time_code_phone",
        "one_time_code",
        ["phone", "purpose", sa.literal_column("coalesce(user_id, 0)")],
        unique=True,
    )
    op.create_index("ix_one_time_code_expires_at", "one_time_code", ["expires_at"])
    op.create_index("ix_one_time_code_user_id", "one_time_code", ["user_id"])
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_second_factor_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_recovery_code_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(
        "uq_recovery_code_user_id_code_hash", "recovery_code", ["user_id", "code_hash"], unique=True
    )


def downgrade() -> None:
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
    op.drop_table("one_time_code")
    op.drop_table("budget")
    op.drop_constraint("ck_user_username_form", "user")
    op.execute("DELETE FROM one_time_token WHERE purpose IN ('change_email', 'restore_account')")
    op.drop_constraint("ck_one_time_token_purpose", "one_time_token")
    op.create_check_constraint(
        "ck_one_time_token_purpose", "one_time_token", "purpose IN ('verify_email', 'reset_password')"
    )
    op.drop_constraint("fk_user_session_acting_admin_id", "user_session")
    op.drop_column("user_session", "acting_admin_id")
    op.drop_column("audit_log", "on_behalf_of")
    op.drop_column("user", "anonymised_at")
    op.drop_column("user", "blocked_at")
