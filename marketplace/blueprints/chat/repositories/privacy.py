"""The SQL of one user's chats and messages, for the copy of the user's data."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import and_, case, or_, select
from sqlalchemy.orm import aliased

from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.accounts import User
from marketplace.models.chat import Chat, ChatMember, Message
from marketplace.models.privacy import shown_first_name

_Other = aliased(ChatMember, name="other")


class SqlChatRecords(SqlRepository):
    """A user's side of every chat. It includes what others said to the user, with only their first names."""

    def chats(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """The user's chats: the other member, and how far the user has read."""
        return stream_rows(
            self.session,
            select(
                Chat.id,
                shown_first_name().label("with"),
                Chat.last_seq,
                ChatMember.delivered_seq,
                ChatMember.read_seq,
                ChatMember.muted_at,
                Chat.created_at,
                Chat.last_message_at,
            )
            .join(ChatMember, ChatMember.chat_id == Chat.id)
            .join(_Other, and_(_Other.chat_id == Chat.id, _Other.user_id != user_id))
            .join(User, User.id == _Other.user_id)
            .where(ChatMember.user_id == user_id)
            .order_by(Chat.id),
        )

    def messages(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """All messages of these chats, in their order; those that the other member took back are without
        text.
        """
        own = Message.sender_id == user_id
        return stream_rows(
            self.session,
            select(
                Message.chat_id,
                Message.seq,
                case((own, "you"), else_=shown_first_name()).label("from"),
                case((or_(own, Message.deleted_at.is_(None)), Message.text)).label("text"),
                Message.created_at,
                Message.edited_at,
                Message.deleted_at,
            )
            .join(ChatMember, ChatMember.chat_id == Message.chat_id)
            .join(User, User.id == Message.sender_id)
            .where(ChatMember.user_id == user_id)
            .order_by(Message.chat_id, Message.seq),
        )
