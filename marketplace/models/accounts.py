"""People: users, their sessions and one-time tokens."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, Computed, ForeignKey, Index, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class User(Base):
    """A person with an account. `roles` holds staff roles only; `is_staff` follows from it."""

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("roles <@ ARRAY['moderator', 'admin']", name="roles"),
        CheckConstraint("char_length(username) BETWEEN 3 AND 50", name="username"),
        Index("uq_user_username", func.lower(text("username")), unique=True),
        Index("uq_user_email", func.lower(text("email")), unique=True),
        Index("uq_user_phone", "phone", unique=True),
        Index("ix_user_is_staff", "is_staff"),
        Index("ix_user_is_active", "is_active"),
        Index("ix_user_date_joined", "date_joined"),
    )

    id: Mapped[Id]
    username: Mapped[str]
    email: Mapped[str]
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
    deleted_at: Mapped[datetime | None]
    date_joined: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version, "eager_defaults": True}


class UserSession(Base):
    """One sign-in on one device: the family of its refresh tokens, of which only hashes are kept."""

    __tablename__ = "user_session"
    __table_args__ = (
        Index("ix_user_session_user_id", "user_id"),
        Index("uq_user_session_refresh_hash", "refresh_hash", unique=True),
        Index("ix_user_session_previous_hash", "previous_hash"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    refresh_hash: Mapped[bytes] = mapped_column(LargeBinary)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
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
        CheckConstraint("purpose IN ('verify_email', 'reset_password')", name="purpose"),
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
