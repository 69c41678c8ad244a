"""Builds the services of chat."""

from dataclasses import dataclass

from marketplace.blueprints.chat.ports import ChatRepository, MessageRepository
from marketplace.blueprints.chat.repositories.chats import SqlChatRepository, SqlMessageRepository
from marketplace.blueprints.chat.repositories.privacy import SqlChatRecords
from marketplace.blueprints.chat.services import ChatService, MessageService
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.orders import public as orders
from marketplace.blueprints.performers import public as performers
from marketplace.kernel.identity import Principal
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Chats:
    """The services of chat."""

    chats: ChatService
    messages: MessageService
    rows: ChatRepository
    message_rows: MessageRepository
    records: SqlChatRecords


def build(parts: Runtime) -> Chats:
    """Wire services to their adapters."""
    chats = SqlChatRepository(parts.uow, parts.cursors)
    messages = SqlMessageRepository(parts.uow)
    return Chats(
        chats=ChatService(parts.uow, chats, performers.find_visible_performer, orders.find_order),
        messages=MessageService(parts.uow, chats, messages, moderation.audit(parts)),
        rows=chats,
        message_rows=messages,
        records=SqlChatRecords(parts.uow),
    )


def chats() -> Chats:
    """The services of the current application."""
    return runtime().get(Chats)


def find_sender(caller: Principal, message_id: int) -> int | None:
    """The sender of a message, for a member of its chat."""
    return chats().message_rows.find_sender(message_id, caller.user_id)
