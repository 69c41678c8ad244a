"""Notifications inside the program."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class Notification(Base):
    """One in-app notification; `event_id` prevents a second one for a repeated event."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("uq_notification_event_id_user_id", "event_id", "user_id", unique=True),
        Index("ix_notification_user_id", "user_id", text("id DESC")),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    event_id: Mapped[UUID]
    topic: Mapped[str]
    data: Mapped[dict[str, Any]]
    read_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
