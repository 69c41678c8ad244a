"""Conversations: chats, their members with watermarks, messages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text as sql
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class Chat(Base):
    """A conversation of one customer with one performer; `last_seq` numbers its messages without
    gaps, `published_seq` is how far they have been sent to the sockets.
    """

    __tablename__ = "chat"
    __table_args__ = (
        Index("uq_chat_customer_id_performer_id", "customer_id", "performer_id", unique=True),
        Index("ix_chat_performer_id", "performer_id"),
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id"))
    last_seq: Mapped[int] = mapped_column(server_default="0")
    published_seq: Mapped[int] = mapped_column(server_default="0")
    last_message_at: Mapped[CreatedAt]
    created_at: Mapped[CreatedAt]


class ChatMember(Base):
    """A person in a chat and how far they have received and read; the marks never go back."""

    __tablename__ = "chat_member"
    __table_args__ = (Index("ix_chat_member_user_id", "user_id", "chat_id"),)

    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    delivered_seq: Mapped[int] = mapped_column(server_default="0")
    read_seq: Mapped[int] = mapped_column(server_default="0")
    muted_at: Mapped[datetime | None]


class Message(Base):
    """One message; `seq` is the order of commit within the chat, `client_id` the sender's own name for it: a
    UUID, or what stands for the text `client_key` (`chat.policies.named`).
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("char_length(text) <= 4000", name="text"),
        Index("uq_message_chat_id_seq", "chat_id", "seq", unique=True),
        Index("uq_message_sender_id_client_id", "sender_id", "client_id", unique=True),
    )

    id: Mapped[Id]
    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id", ondelete="CASCADE"))
    seq: Mapped[int]
    sender_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    client_id: Mapped[UUID]
    client_key: Mapped[str | None]
    text: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
