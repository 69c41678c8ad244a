"""Interfaces that the services of chat need, and the views that they return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class Person:
    """A user as others see one: of the last name only the initial."""

    id: int
    first_name: str
    last_name: str
    avatar_url: str | None = None


@dataclass(frozen=True)
class MessageView:
    """A message as it is shown; `seq` is its place in the chat."""

    id: int
    chat_id: int
    seq: int
    sender_id: int
    client_id: str
    text: str
    created_at: datetime


@dataclass(frozen=True)
class ChatView:
    """A chat as one of its two members sees it; `other_*` are the marks of the other member."""

    id: int
    customer_id: int
    performer_id: int
    other: Person
    last_seq: int
    last_message: MessageView | None
    last_message_at: datetime
    unread_count: int
    delivered_seq: int
    read_seq: int
    other_delivered_seq: int
    other_read_seq: int
    created_at: datetime


@dataclass(frozen=True)
class ChatState:
    """The number and the time of the last message of a chat."""

    chat_id: int
    last_seq: int
    last_message_at: datetime


@dataclass(frozen=True)
class Window:
    """Which messages are wanted: those after a `seq`, those before one, or the newest; oldest first."""

    after_seq: int | None
    before_seq: int | None
    limit: int


@dataclass(frozen=True)
class MessageList:
    """`items` in order; `has_more` says that the window left some out in its direction."""

    items: list[MessageView]
    last_seq: int
    has_more: bool


@dataclass(frozen=True)
class Sent:
    """The ack of a message; `duplicate` when it had been stored before."""

    message: MessageView
    duplicate: bool


@dataclass(frozen=True)
class Marks:
    """The last messages that a member has received and read."""

    chat_id: int
    user_id: int
    delivered_seq: int
    read_seq: int


@dataclass(frozen=True)
class SyncedChat:
    """What a client missed in one chat. `reset`: the client knew of messages that do not exist, so it should
    forget what it has and begin at 0. `more`: ask again from the last item on.
    """

    chat_id: int
    last_seq: int
    items: list[MessageView]
    more: bool
    reset: bool


@dataclass(frozen=True)
class Synced:
    """The answer of `sync`. `unlisted` are own chats that the client did not name, newest activity first;
    `refused` are the ids that are not chats of the caller.
    """

    chats: list[SyncedChat]
    unlisted: list[ChatState]
    refused: list[int]


class ChatRepository(Protocol):
    """Chats and their members."""

    def find(self, customer_id: int, performer_id: int) -> int | None:
        """The id of the chat of these two users."""
        ...

    def add(self, customer_id: int, performer_id: int, performer_user_id: int) -> int | None:
        """Add a chat with its two members and return its id; None when there is one already."""
        ...

    def get(self, chat_id: int, user_id: int) -> ChatView:
        """Raises NotFound, also for the chat of others."""
        ...

    def list_own(self, user_id: int, page: PageRequest) -> Page[ChatView]:
        """Newest activity first."""
        ...

    def last_seq(self, chat_id: int, user_id: int | None) -> int:
        """The number of the last message; `user_id` None asks for staff. Raises NotFound, also for the chat
        of others.
        """
        ...

    def state(self, chat_id: int) -> ChatState:
        """Raises NotFound."""
        ...

    def lock(self, chat_id: int, user_id: int) -> None:
        """Lock the chat until the end of the transaction. Raises NotFound, also for the chat of others."""
        ...

    def members(self, chat_id: int) -> list[int]:
        """The users of a chat."""
        ...

    def mark(self, chat_id: int, user_id: int, up_to_seq: int, *, read: bool) -> tuple[Marks, bool]:
        """Move the member's marks, never back and never past the last message; returns them and whether they
        moved. Raises NotFound.
        """
        ...

    def states_of(self, user_id: int, chat_ids: Sequence[int]) -> list[ChatState]:
        """Those of `chat_ids` that are chats of the user."""
        ...

    def states_besides(self, user_id: int, chat_ids: Sequence[int], limit: int) -> list[ChatState]:
        """The user's other chats with messages, newest activity first."""
        ...


class MessageRepository(Protocol):
    """Messages."""

    def append(self, chat_id: int, sender_id: int, client_id: str, text: str) -> MessageView | None:
        """Add the next message of a locked chat; None, and no number used, when a message with the sender's
        `client_id` was stored in the meantime.
        """
        ...

    def find_sender(self, message_id: int, user_id: int) -> int | None:
        """The sender of a message in one of the user's chats; None for any other."""
        ...

    def find_by_client_id(self, sender_id: int, client_id: str) -> MessageView | None:
        """The message for which the sender used this `client_id`."""
        ...

    def list(self, chat_id: int, window: Window) -> list[MessageView]:
        """The messages of the window, oldest first; one more than its limit when there are more."""
        ...

    def missed(
        self, ranges: Mapping[int, tuple[int, int]], *, per_chat: int, total: int
    ) -> Sequence[MessageView]:
        """Messages after the first and up to the second `seq` of each chat, in order."""
        ...

    def lock_publishing(self, chat_id: int, *, wait: bool) -> bool:
        """Lock the sending of this chat's messages to sockets, without blocking writers. False when another
        caller has the lock and `wait` is false.
        """
        ...

    def unpublished(self, chat_id: int, limit: int) -> Sequence[MessageView]:
        """Up to `limit` messages that were not sent to sockets yet, in order."""
        ...

    def mark_published(self, chat_id: int, seq: int) -> None:
        """Record that everything up to `seq` was sent to sockets."""
        ...
