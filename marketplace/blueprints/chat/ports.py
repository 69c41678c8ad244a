"""What the services of chat need from outside, and the shapes that they hand around."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from marketplace.kernel.identity import Principal
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
    client_id: UUID
    text: str
    created_at: datetime


@dataclass(frozen=True)
class ChatView:
    """A chat as one of its two members sees it; `other_*` are the marks of the other one."""

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
    """How far a chat is."""

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
    """How far a member has received and read."""

    chat_id: int
    user_id: int
    delivered_seq: int
    read_seq: int


@dataclass(frozen=True)
class SyncedChat:
    """What a client missed in one chat. `reset`: it knew of messages that do not exist, so it should
    forget what it has and begin at 0. `more`: ask again from the last item on.
    """

    chat_id: int
    last_seq: int
    items: list[MessageView]
    more: bool
    reset: bool


@dataclass(frozen=True)
class Synced:
    """`unlisted` are own chats that the client did not name, newest activity first; `refused` are the
    ids that are not chats of the caller.
    """

    chats: list[SyncedChat]
    unlisted: list[ChatState]
    refused: list[int]


@dataclass(frozen=True)
class FirstMessage:
    """The first that a member writes in a chat."""

    performer_id: int
    by_customer: bool


class ChatRepository(Protocol):
    def find(self, customer_id: int, performer_id: int) -> int | None:
        """The id of the chat of these two."""
        ...

    def add(self, customer_id: int, performer_id: int, performer_user_id: int) -> int | None:
        """The id of a new chat with its two members; None when there is one already."""
        ...

    def get(self, chat_id: int, user_id: int) -> ChatView:
        """Raises NotFound, also for the chat of others."""
        ...

    def list_own(self, user_id: int, page: PageRequest) -> Page[ChatView]: ...

    def last_seq(self, chat_id: int, user_id: int | None) -> int:
        """`user_id` None asks for staff. Raises NotFound, also for the chat of others."""
        ...

    def state(self, chat_id: int) -> ChatState:
        """Raises NotFound."""
        ...

    def lock(self, chat_id: int, user_id: int) -> None:
        """Holds the chat until the end of the transaction. Raises NotFound, also for the chat of others."""
        ...

    def members(self, chat_id: int) -> list[int]: ...

    def mark(self, chat_id: int, user_id: int, up_to_seq: int, *, read: bool) -> tuple[Marks, bool]:
        """The member's marks and whether they moved; never back, never past the last message.
        Raises NotFound.
        """
        ...

    def states_of(self, user_id: int, chat_ids: Sequence[int]) -> list[ChatState]:
        """Those of `chat_ids` that are chats of the user."""
        ...

    def states_besides(self, user_id: int, chat_ids: Sequence[int], limit: int) -> list[ChatState]:
        """The user's other chats with messages, newest activity first."""
        ...


class MessageRepository(Protocol):
    def first_of_its_side(self, chat_id: int, sender_id: int, seq: int) -> FirstMessage | None:
        """None when its sender wrote in the chat before."""
        ...

    def append(self, chat_id: int, sender_id: int, client_id: UUID, text: str) -> MessageView | None:
        """The next message of a chat that is locked; None, and no number used, when the sender's
        `client_id` was stored in the meantime.
        """
        ...

    def find_by_client_id(self, sender_id: int, client_id: UUID) -> MessageView | None: ...

    def list(self, chat_id: int, window: Window) -> list[MessageView]:
        """One more than the window's limit when there are more; oldest first."""
        ...

    def missed(
        self, ranges: Mapping[int, tuple[int, int]], *, per_chat: int, total: int
    ) -> Sequence[MessageView]:
        """Messages after the first and up to the second `seq` of each chat, in order."""
        ...

    def lock_publishing(self, chat_id: int, *, wait: bool) -> bool:
        """Nobody else sends this chat's messages to sockets then; holds without blocking writers. False when
        somebody does and is not to be waited for.
        """
        ...

    def unpublished(self, chat_id: int, limit: int) -> Sequence[MessageView]:
        """In order."""
        ...

    def mark_published(self, chat_id: int, seq: int) -> None: ...


@dataclass(frozen=True)
class Counterpart:
    """A performer whom one may write to."""

    id: int
    user_id: int


@dataclass(frozen=True)
class Parties:
    """Who takes part in an order."""

    customer_id: int
    performer_id: int
    performer_user_id: int


class Directory(Protocol):
    """What chat asks of other domains."""

    def find_performer(self, performer_id: int) -> Counterpart | None:
        """One that the public may see."""
        ...

    def find_parties(self, order_id: int) -> Parties | None: ...


class Audit(Protocol):
    def write(
        self,
        action: str,
        subject_type: str,
        subject_id: int | None,
        *,
        actor: Principal | None,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None: ...
