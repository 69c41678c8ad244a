"""Accounts: users, sessions, one-time tokens and codes, second factors, daily budgets."""

from datetime import date, datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import KNOWN_ZONE, Base, CreatedAt, Id
from marketplace.database.folding import folded_index

UNCONFIRMED = (
    "deleted_at IS NULL AND ("
    "(NOT email_verified AND email IS NOT NULL) OR (NOT phone_verified AND phone IS NOT NULL))"
)
"""Users with an unconfirmed address."""


class User(Base):
    """A person with an account. An address is unique among those that confirmed it; an unconfirmed one may
    stand in several accounts, until somebody confirms it or it lapses (docs/decisions/0020). `roles` holds
    staff roles only; `is_staff` follows from it.

    A username is ASCII, so two that look alike differ only by case, which the unique index folds.
    `deleted_at` hides an account at once; it can be restored until `anonymised_at` says that its data are
    gone.
    """

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("roles <@ ARRAY['moderator', 'admin']", name="roles"),
        CheckConstraint("char_length(username) BETWEEN 3 AND 50", name="username"),
        CheckConstraint(KNOWN_ZONE, name="timezone"),
        CheckConstraint("username ~ '^[A-Za-z0-9_][A-Za-z0-9._-]{2,49}$'", name="username_form"),
        Index("uq_user_username", func.lower(text("username")), unique=True),
        Index(
            "uq_user_email_confirmed",
            func.lower(text("email")),
            unique=True,
            postgresql_where=text("email_verified"),
        ),
        Index("uq_user_phone_confirmed", "phone", unique=True, postgresql_where=text("phone_verified")),
        Index("ix_user_email", func.lower(text("email"))),
        Index("ix_user_phone", "phone"),
        Index(
            "ix_user_unconfirmed",
            "date_joined",
            postgresql_where=text(UNCONFIRMED),
        ),
        Index("ix_user_is_staff", "is_staff"),
        Index("ix_user_is_active", "is_active"),
        Index("ix_user_date_joined", "date_joined"),
        Index(
            "ix_user_deleted_at",
            "deleted_at",
            postgresql_where=text("deleted_at IS NOT NULL AND anonymised_at IS NULL"),
        ),
        Index("ix_user_avatar_key", "avatar_key", postgresql_where=text("avatar_key IS NOT NULL")),
        folded_index(
            "ix_user_folded",
            # Written as PostgreSQL writes it, so that the planner recognises it.
            "text_fold((((((((username || ' '::text) || COALESCE(email, ''::text)) || ' '::text)"
            " || COALESCE(phone, ''::text)) || ' '::text) || first_name) || ' '::text) || last_name)",
        ),
    )

    id: Mapped[Id]
    username: Mapped[str]
    email: Mapped[str | None]
    email_verified: Mapped[bool] = mapped_column(server_default=text("false"))
    phone: Mapped[str | None]
    phone_verified: Mapped[bool] = mapped_column(server_default=text("false"))
    password_hash: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    avatar_key: Mapped[str | None]
    locale: Mapped[str] = mapped_column(server_default="en")
    timezone: Mapped[str] = mapped_column(server_default="UTC")
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    is_staff: Mapped[bool] = mapped_column(Boolean, Computed("cardinality(roles) > 0", persisted=True))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    blocked_reason: Mapped[str | None]
    blocked_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    anonymised_at: Mapped[datetime | None]
    date_joined: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version, "eager_defaults": True}


def searched_text() -> ColumnElement[str]:
    """The text that staff searches users by, as in `ix_user_folded`."""
    blank, nothing = literal_column("' '", Text), literal_column("''", Text)
    return (
        User.username
        + blank
        + func.coalesce(User.email, nothing)
        + blank
        + func.coalesce(User.phone, nothing)
        + blank
        + User.first_name
        + blank
        + User.last_name
    )


class UserSession(Base):
    """One sign-in on one device: the family of its refresh tokens, of which only hashes are kept.

    `acting_admin_id` is set when an admin acts as the user; such a session has no refresh token.
    """

    __tablename__ = "user_session"
    __table_args__ = (
        Index("ix_user_session_user_id", "user_id"),
        Index("ix_user_session_expires_at", "expires_at"),
        Index("uq_user_session_refresh_hash", "refresh_hash", unique=True),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    refresh_hash: Mapped[bytes] = mapped_column(LargeBinary)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    acting_admin_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    rotated_at: Mapped[datetime | None]
    device: Mapped[str] = mapped_column(server_default="")
    ip: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class OneTimeToken(Base):
    """A token sent to somebody's address, of which only the hash is kept."""

    __tablename__ = "one_time_token"
    __table_args__ = (
        CheckConstraint(
            "purpose IN ('verify_email', 'change_email', 'reset_password', 'restore_account')", name="purpose"
        ),
        Index("uq_one_time_token_token_hash", "token_hash", unique=True),
        Index("ix_one_time_token_user_id", "user_id"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    target: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OneTimeCode(Base):
    """The newest code sent to a phone for a purpose. The code itself is not stored: it follows from `nonce`
    by the server's key, so a stolen table gives no codes. `version` counts how often it was superseded;
    `user_id` is whose account a new phone is for (purpose `change_phone`).
    """

    __tablename__ = "one_time_code"
    __table_args__ = (
        CheckConstraint(
            "purpose IN ('sign_in', 'verify_phone', 'reset_password', 'change_phone')", name="purpose"
        ),
        CheckConstraint("(purpose = 'change_phone') = (user_id IS NOT NULL)", name="user_id"),
        Index("uq_one_time_code_phone", "phone", "purpose", text("coalesce(user_id, 0)"), unique=True),
        Index("ix_one_time_code_expires_at", "expires_at"),
        Index("ix_one_time_code_user_id", "user_id"),
    )

    id: Mapped[Id]
    phone: Mapped[str]
    purpose: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(server_default="1")
    tries: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Budget(Base):
    """How often something was done on a day (UTC): limits that protect accounts and costs hold even when
    Redis is away. `key` is a digest: neither phones nor addresses are kept.
    """

    __tablename__ = "budget"
    __table_args__ = (Index("ix_budget_day", "day"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    spent: Mapped[int]


class SecondFactor(Base):
    """A user's TOTP secret (RFC 6238), encrypted. It counts once `confirmed_at` is set; `last_step` is the
    time step of the last code that was used, `failures` the wrong ones since `failures_since`.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    failures_since: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class RecoveryCode(Base):
    """A code that replaces a lost second factor once; only its keyed hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("uq_recovery_code_user_id_code_hash", "user_id", "code_hash", unique=True),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
