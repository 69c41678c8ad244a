"""Builds the services of chat."""

from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.chat.ports import Counterpart, Parties
from marketplace.blueprints.chat.privacy_repositories import SqlChatRecords
from marketplace.blueprints.chat.repositories import SqlChatRepository, SqlMessageRepository
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


class Neighbours:
    """What other domains know of performers and orders."""

    def find_performer(self, performer_id: int) -> Counterpart | None:
        """One that the public may see."""
        found = performers.find_visible_performer(performer_id)
        return None if found is None else Counterpart(found.id, found.user_id)

    def find_parties(self, order_id: int) -> Parties | None:
        """Who takes part in an order."""
        found = orders.find_order(order_id)
        if found is None:
            return None
        return Parties(found.customer_id, found.performer_id, found.performer_user_id)


def build(parts: Runtime) -> Chats:
    """Wire services to their adapters, and register what an export holds of chats."""
    records = SqlChatRecords(parts.uow)
    accounts.register_export(parts, accounts.ExportSection("chats", records.chats))
    accounts.register_export(parts, accounts.ExportSection("messages", records.messages))
    chats = SqlChatRepository(parts.uow, parts.cursors)
    messages = SqlMessageRepository(parts.uow)

    def sender(caller: Principal, message_id: int) -> int | None:
        return messages.find_sender(message_id, caller.user_id)

    moderation.register_reportable(parts, moderation.Reportable("message", sender))
    return Chats(
        chats=ChatService(parts.uow, chats, Neighbours()),
        messages=MessageService(parts.uow, chats, messages, moderation.audit(parts)),
    )


def chats() -> Chats:
    """The services of the current application."""
    return runtime().get(Chats)
