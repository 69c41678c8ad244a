"""Events of chat."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class ChatOpened(DomainEvent):
    """A chat was opened: a customer and a performer can write to each other."""

    name: ClassVar[str] = "chat.opened"
    chat_id: int
    customer_id: int
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class MessageCreated(DomainEvent):
    """A message was stored; the event omits its text, which must not enter the log of events."""

    name: ClassVar[str] = "message.created"
    message_id: int
    chat_id: int
    seq: int
    sender_id: int
