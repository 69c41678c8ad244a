"""Copies of people's data, and how deleted users are shown."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, case, func, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id
from marketplace.models.accounts import User

DELETED_NAME = "Deleted user"
"""The first name of everybody whose account is deleted; there is no last name."""


def anonymous_email(name: str) -> str:
    """An address that leads nowhere (RFC 2606) for an account that no longer has one."""
    return f"{name}@deleted.invalid"


def shown_first_name(user: Any = User) -> ColumnElement[str]:
    """The first name that others see, of `user` or an alias of it."""
    return case((user.deleted_at.is_(None), user.first_name), else_=DELETED_NAME)


def shown_initial(user: Any = User) -> ColumnElement[str]:
    """The initial of the last name that others see."""
    return case((user.deleted_at.is_(None), func.left(user.last_name, 1)), else_="")


def shown_avatar(user: Any = User) -> ColumnElement[str | None]:
    """The key of the avatar that others see."""
    return case((user.deleted_at.is_(None), user.avatar_key), else_=None)


class DataExport(Base):
    """A copy of all data held on a user, as a ZIP; one at a time is being made."""

    __tablename__ = "data_export"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'ready', 'failed')", name="status"),
        CheckConstraint("(status = 'pending') = (expires_at IS NULL)", name="expires_at"),
        Index("uq_data_export_pending", "user_id", unique=True, postgresql_where=text("status = 'pending'")),
        Index("ix_data_export_user_id", "user_id"),
        Index("ix_data_export_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(server_default="pending")
    created_at: Mapped[CreatedAt]
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
