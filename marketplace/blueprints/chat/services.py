"""The use cases of chat."""

from collections.abc import Callable, Mapping

from marketplace.blueprints.chat import policies
from marketplace.blueprints.chat.contracts import ChatOpened, MessageCreated
from marketplace.blueprints.chat.errors import MessageAlreadySent, OwnProfile
from marketplace.blueprints.chat.ports import (
    ChatRepository,
    ChatState,
    ChatView,
    Marks,
    MessageList,
    MessageRepository,
    MessageView,
    Sent,
    Synced,
    SyncedChat,
    Window,
)
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.blueprints.orders.contracts import OrderRef
from marketplace.blueprints.performers.contracts import PerformerRef
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

RECEIPT_JOB = "chat.receipt"


class ChatService:
    """Chats, and how far their members have read."""

    def __init__(
        self,
        uow: UnitOfWork,
        chats: ChatRepository,
        find_performer: Callable[[int], PerformerRef | None],
        find_order: Callable[[int], OrderRef | None],
    ) -> None:
        self._uow = uow
        self._chats = chats
        self._find_performer = find_performer
        self._find_order = find_order

    def open_with_performer(self, caller: Principal, performer_id: int) -> tuple[ChatView, bool]:
        """The caller's chat with a performer, and whether it is new. Raises NotFound, OwnProfile."""
        if caller.performer_id == performer_id:
            raise OwnProfile
        found = self._find_performer(performer_id)
        if found is None:
            # A chat remains when the performer has left the market.
            existing = self._chats.find(caller.user_id, performer_id)
            if existing is None:
                raise NotFound("There is no such performer")
            return self._chats.get(existing, caller.user_id), False
        return self._open(caller, caller.user_id, found.id, found.user_id)

    def open_for_order(self, caller: Principal, order_id: int) -> tuple[ChatView, bool]:
        """The chat of an order's two parties, and whether it is new. Raises NotFound for orders of others."""
        order = self._find_order(order_id)
        if order is None or caller.user_id not in {order.customer_id, order.performer_user_id}:
            raise NotFound("There is no such order")
        return self._open(caller, order.customer_id, order.performer_id, order.performer_user_id)

    def _open(
        self, caller: Principal, customer_id: int, performer_id: int, performer_user_id: int
    ) -> tuple[ChatView, bool]:
        with self._uow:
            chat_id = self._chats.find(customer_id, performer_id)
            created = False
            if chat_id is None:
                chat_id = self._chats.add(customer_id, performer_id, performer_user_id)
                created = chat_id is not None
            if chat_id is None:
                # Somebody else opened it at the same moment.
                chat_id = self._chats.find(customer_id, performer_id)
            assert chat_id is not None
            if created:
                self._uow.record(
                    ChatOpened(chat_id=chat_id, customer_id=customer_id, performer_id=performer_id)
                )
            return self._chats.get(chat_id, caller.user_id), created

    def mark_delivered(self, caller: Principal, chat_id: int, up_to_seq: int) -> Marks:
        """Record that the caller has received everything up to `up_to_seq`; a mark never goes back. Raises
        NotFound.
        """
        return self._mark(caller, chat_id, up_to_seq, read=False)

    def mark_read(self, caller: Principal, chat_id: int, up_to_seq: int) -> Marks:
        """Record that the caller has read, and so received, everything up to `up_to_seq`. Raises NotFound."""
        return self._mark(caller, chat_id, up_to_seq, read=True)

    def _mark(self, caller: Principal, chat_id: int, up_to_seq: int, *, read: bool) -> Marks:
        with self._uow:
            marks, moved = self._chats.mark(chat_id, caller.user_id, up_to_seq, read=read)
            if moved:
                self._uow.enqueue(
                    RECEIPT_JOB,
                    {
                        "chat_id": marks.chat_id,
                        "user_id": marks.user_id,
                        "delivered_seq": marks.delivered_seq,
                        "read_seq": marks.read_seq,
                    },
                )
            return marks

    def others(self, caller: Principal, chat_id: int) -> list[int]:
        """The users that the caller chats with in `chat_id`. Raises NotFound."""
        with self._uow:
            members = self._chats.members(chat_id)
        if caller.user_id not in members:
            raise NotFound
        return [user_id for user_id in members if user_id != caller.user_id]

    def members(self, chat_id: int) -> list[int]:
        """The users of a chat, without checking the caller."""
        with self._uow:
            return self._chats.members(chat_id)

    def state(self, chat_id: int) -> ChatState:
        """The state of a chat, without checking the caller. Raises NotFound."""
        with self._uow:
            return self._chats.state(chat_id)


class MessageService:
    """Stores, numbers and reads messages, catches clients up, and sends messages to sockets."""

    def __init__(
        self, uow: UnitOfWork, chats: ChatRepository, messages: MessageRepository, audit: AuditLog
    ) -> None:
        self._uow = uow
        self._chats = chats
        self._messages = messages
        self._audit = audit

    def send(self, caller: Principal, chat_id: int, client_id: str, text: str) -> Sent:
        """Store a message once for its sender and `client_id`; a repeated one gets the first ack, whatever
        its text.

        The chat is locked while the number is taken, so numbers have no gaps and follow the order of commits.
        Raises NotFound for a chat of others.
        """
        with self._uow:
            self._chats.lock(chat_id, caller.user_id)
            first = self._messages.find_by_client_id(caller.user_id, client_id)
            if first is not None:
                return Sent(first, duplicate=True)
            message = self._messages.append(chat_id, caller.user_id, client_id, text)
            if message is None:
                # The same client_id came at the same moment in another chat, which this lock does not cover.
                first = self._messages.find_by_client_id(caller.user_id, client_id)
                if first is None:
                    raise MessageAlreadySent
                return Sent(first, duplicate=True)
            self._uow.record(
                MessageCreated(
                    message_id=message.id, chat_id=chat_id, seq=message.seq, sender_id=caller.user_id
                )
            )
            return Sent(message, duplicate=False)

    def list(self, caller: Principal, chat_id: int, window: Window) -> MessageList:
        """Messages of one of the caller's chats. Raises NotFound."""
        return self._list(chat_id, caller.user_id, window)

    def list_for_staff(self, caller: Principal, chat_id: int, window: Window) -> MessageList:
        """Messages of any chat; the audit log records that staff looked. Raises NotFound."""
        with self._uow:
            found = self._list(chat_id, None, window)
            seen = [found.items[0].seq, found.items[-1].seq] if found.items else []
            self._audit.write("chat.read", "chat", chat_id, actor=caller, after={"seq": seen})
            return found

    def _list(self, chat_id: int, user_id: int | None, window: Window) -> MessageList:
        last_seq = self._chats.last_seq(chat_id, user_id)
        found = self._messages.list(chat_id, window)
        has_more = len(found) > window.limit
        if has_more:
            found = found[: window.limit] if window.after_seq is not None else found[-window.limit :]
        # A message may have arrived between the two queries.
        newest = max([last_seq, *(message.seq for message in found[-1:])])
        return MessageList(found, newest, has_more)

    def sync(self, caller: Principal, known: Mapping[int, int]) -> Synced:
        """What the caller missed; `known` is the last `seq` that the client has of each chat."""
        chats = self._chats.states_of(caller.user_id, list(known))
        ranges = {
            chat.chat_id: (known[chat.chat_id], chat.last_seq)
            for chat in chats
            if known[chat.chat_id] < chat.last_seq
        }
        items: dict[int, list[MessageView]] = {}
        missed = self._messages.missed(ranges, per_chat=policies.SYNC_PER_CHAT, total=policies.SYNC_TOTAL)
        for message in missed:
            items.setdefault(message.chat_id, []).append(message)
        found = {chat.chat_id for chat in chats}
        return Synced(
            chats=[_synced(chat, known[chat.chat_id], items.get(chat.chat_id, [])) for chat in chats],
            unlisted=self._chats.states_besides(caller.user_id, list(known), policies.SYNC_CHATS),
            refused=[chat_id for chat_id in known if chat_id not in found],
        )

    def publish_pending(
        self, chat_id: int, send: Callable[[int, MessageView], None], *, wait: bool = True
    ) -> int:
        """Give the messages that were not sent to sockets yet to `send(user_id, message)`, for each member,
        in order; returns the number of messages. Without `wait` it returns at once when another caller is
        publishing.

        One worker at a time does this for a chat, so the order holds with many workers. What a crash
        interrupts is sent again: clients recognise a message by its `seq`.
        """
        count = 0
        while True:
            with self._uow:
                # The open transaction holds only an advisory lock, so no writer waits for it.
                if not self._messages.lock_publishing(chat_id, wait=wait):
                    return count
                pending = self._messages.unpublished(chat_id, policies.PUBLISH_BATCH)
                if pending:
                    members = self._chats.members(chat_id)
                    for message in pending:
                        for user_id in members:
                            send(user_id, message)
                    self._messages.mark_published(chat_id, pending[-1].seq)
            count += len(pending)
            if len(pending) < policies.PUBLISH_BATCH:
                return count


def _synced(chat: ChatState, known: int, items: list[MessageView]) -> SyncedChat:
    reached = items[-1].seq if items else known
    return SyncedChat(
        chat_id=chat.chat_id,
        last_seq=chat.last_seq,
        items=items,
        more=reached < chat.last_seq,
        reset=known > chat.last_seq,
    )
