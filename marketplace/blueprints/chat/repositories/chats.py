"""The SQL of chats."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, Text, cast, column, func, literal, select, true, update, values
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlalchemy.types import BigInteger

from marketplace.blueprints.chat.policies import UNREAD_CAP, named
from marketplace.blueprints.chat.ports import (
    ChatRepository,
    ChatState,
    ChatView,
    Marks,
    MessageRepository,
    MessageView,
    Person,
    Window,
)
from marketplace.database.advisory_locks import try_transaction_lock
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.media import media_url
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.chat import Chat, ChatMember, Message
from marketplace.models.privacy import shown_avatar, shown_first_name, shown_initial

_Me = aliased(ChatMember, name="me")
_Other = aliased(ChatMember, name="other")
_Last = aliased(Message, name="last")


def _client_id(message: Any) -> Any:
    """The sender's own name for a message, as it was sent."""
    return func.coalesce(message.client_key, cast(message.client_id, Text)).label("client_id")


_MESSAGE = (
    Message.id,
    Message.chat_id,
    Message.seq,
    Message.sender_id,
    _client_id(Message),
    Message.text,
    Message.created_at,
)
_STATE = (Chat.id, Chat.last_seq, Chat.last_message_at)


def _views(user_id: int) -> Select[Any]:
    """The chats of a user, with everything that a list shows of them: one query whatever their number."""
    unread = (
        select(literal(1))
        .where(
            Message.chat_id == Chat.id,
            Message.seq > _Me.read_seq,
            Message.sender_id != user_id,
            Message.deleted_at.is_(None),
        )
        .limit(UNREAD_CAP)
        .correlate(Chat, _Me)
        .subquery()
    )
    columns: tuple[Any, ...] = (
        Chat.id,
        Chat.customer_id,
        Chat.performer_id,
        Chat.last_seq,
        Chat.last_message_at,
        Chat.created_at,
        _Me.delivered_seq,
        _Me.read_seq,
        _Other.delivered_seq.label("other_delivered_seq"),
        _Other.read_seq.label("other_read_seq"),
        User.id.label("other_id"),
        shown_first_name().label("first_name"),
        shown_initial().label("initial"),
        shown_avatar().label("avatar_key"),
        _Last.id.label("message_id"),
        _Last.sender_id,
        _client_id(_Last),
        _Last.text,
        _Last.created_at.label("sent_at"),
        select(func.count()).select_from(unread).scalar_subquery().label("unread_count"),
    )
    return (
        select(*columns)
        .join(_Me, (_Me.chat_id == Chat.id) & (_Me.user_id == user_id))
        .join(_Other, (_Other.chat_id == Chat.id) & (_Other.user_id != user_id))
        .join(User, User.id == _Other.user_id)
        .outerjoin(_Last, (_Last.chat_id == Chat.id) & (_Last.seq == Chat.last_seq))
    )


def _view(row: Row[Any]) -> ChatView:
    last = None
    if row.message_id is not None:
        last = MessageView(
            id=row.message_id,
            chat_id=row.id,
            seq=row.last_seq,
            sender_id=row.sender_id,
            client_id=row.client_id,
            text=row.text,
            created_at=row.sent_at,
        )
    return ChatView(
        id=row.id,
        customer_id=row.customer_id,
        performer_id=row.performer_id,
        other=Person(row.other_id, row.first_name, row.initial, media_url(row.avatar_key)),
        last_seq=row.last_seq,
        last_message=last,
        last_message_at=row.last_message_at,
        unread_count=row.unread_count,
        delivered_seq=row.delivered_seq,
        read_seq=row.read_seq,
        other_delivered_seq=row.other_delivered_seq,
        other_read_seq=row.other_read_seq,
        created_at=row.created_at,
    )


class SqlChatRepository(SqlRepository, ChatRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def find(self, customer_id: int, performer_id: int) -> int | None:
        return self.session.scalar(
            select(Chat.id).where(Chat.customer_id == customer_id, Chat.performer_id == performer_id)
        )

    def add(self, customer_id: int, performer_id: int, performer_user_id: int) -> int | None:
        chat_id = self.session.scalar(
            insert(Chat)
            .values(customer_id=customer_id, performer_id=performer_id)
            .on_conflict_do_nothing(index_elements=[Chat.customer_id, Chat.performer_id])
            .returning(Chat.id)
        )
        if chat_id is not None:
            members = [{"chat_id": chat_id, "user_id": user} for user in (customer_id, performer_user_id)]
            self.session.execute(insert(ChatMember).values(members))
        return chat_id

    def get(self, chat_id: int, user_id: int) -> ChatView:
        row = self.session.execute(_views(user_id).where(Chat.id == chat_id)).one_or_none()
        if row is None:
            raise NotFound
        return _view(row)

    def list_own(self, user_id: int, page: PageRequest) -> Page[ChatView]:
        statement = _views(user_id).order_by(Chat.last_message_at.desc(), Chat.id.desc())
        found = fetch_page(
            self.session, statement, page, self._signer, name="chats", filters={"user": user_id}
        )
        return Page([_view(row) for row in found.items], found.next, found.previous)

    def last_seq(self, chat_id: int, user_id: int | None) -> int:
        statement = select(Chat.last_seq).where(Chat.id == chat_id)
        if user_id is not None:
            statement = statement.where(_is_member(user_id))
        found = self.session.scalar(statement)
        if found is None:
            raise NotFound
        return found

    def state(self, chat_id: int) -> ChatState:
        row = self.session.execute(select(*_STATE).where(Chat.id == chat_id)).one_or_none()
        if row is None:
            raise NotFound
        return ChatState(*row)

    def lock(self, chat_id: int, user_id: int) -> None:
        statement = (
            select(Chat.id)
            .where(Chat.id == chat_id, _is_member(user_id))
            .with_for_update(of=Chat, key_share=True)
        )
        if self.session.scalar(statement) is None:
            raise NotFound

    def members(self, chat_id: int) -> list[int]:
        statement = (
            select(ChatMember.user_id).where(ChatMember.chat_id == chat_id).order_by(ChatMember.user_id)
        )
        return list(self.session.scalars(statement))

    def mark(self, chat_id: int, user_id: int, up_to_seq: int, *, read: bool) -> tuple[Marks, bool]:
        reached = func.least(literal(up_to_seq, BigInteger), Chat.last_seq)
        moved: dict[str, Any] = {"delivered_seq": func.greatest(ChatMember.delivered_seq, reached)}
        mark = ChatMember.delivered_seq
        if read:
            moved["read_seq"] = func.greatest(ChatMember.read_seq, reached)
            mark = ChatMember.read_seq
        own = (ChatMember.chat_id == chat_id, ChatMember.user_id == user_id)
        shown = (ChatMember.chat_id, ChatMember.user_id, ChatMember.delivered_seq, ChatMember.read_seq)
        row = self.write(
            update(ChatMember)
            .where(*own, Chat.id == ChatMember.chat_id, mark < reached)
            .values(moved)
            .returning(*shown)
        ).one_or_none()
        if row is not None:
            return Marks(*row), True
        row = self.session.execute(select(*shown).where(*own)).one_or_none()
        if row is None:
            raise NotFound
        return Marks(*row), False

    def states_of(self, user_id: int, chat_ids: Sequence[int]) -> list[ChatState]:
        if not chat_ids:
            return []
        statement = select(*_STATE).where(Chat.id.in_(chat_ids), _is_member(user_id)).order_by(Chat.id)
        return [ChatState(*row) for row in self.session.execute(statement)]

    def states_besides(self, user_id: int, chat_ids: Sequence[int], limit: int) -> list[ChatState]:
        statement = (
            select(*_STATE)
            .join(ChatMember, ChatMember.chat_id == Chat.id)
            .where(ChatMember.user_id == user_id, Chat.id.not_in(chat_ids), Chat.last_seq > 0)
            .order_by(Chat.last_message_at.desc(), Chat.id.desc())
            .limit(limit)
        )
        return [ChatState(*row) for row in self.session.execute(statement)]


def _is_member(user_id: int) -> Any:
    return (
        select(literal(1))
        .where(ChatMember.chat_id == Chat.id, ChatMember.user_id == user_id)
        .correlate(Chat)
        .exists()
    )


class SqlMessageRepository(SqlRepository, MessageRepository):
    def append(self, chat_id: int, sender_id: int, client_id: str, text: str) -> MessageView | None:
        attempt = self.session.begin_nested()
        # The clock's time, not the transaction's: under the lock it grows with the number.
        seq, sent_at = self.write(
            update(Chat)
            .where(Chat.id == chat_id)
            .values(
                last_seq=Chat.last_seq + 1,
                last_message_at=func.greatest(Chat.last_message_at, func.clock_timestamp()),
            )
            .returning(Chat.last_seq, Chat.last_message_at)
        ).one()
        name, key = named(client_id)
        row = self.session.execute(
            insert(Message)
            .values(
                chat_id=chat_id,
                seq=seq,
                sender_id=sender_id,
                client_id=name,
                client_key=key,
                text=text,
                created_at=sent_at,
            )
            .on_conflict_do_nothing(index_elements=[Message.sender_id, Message.client_id])
            .returning(*_MESSAGE)
        ).one_or_none()
        if row is None:
            # The rollback takes the number back too, so there are no gaps.
            attempt.rollback()
            return None
        attempt.commit()
        return MessageView(*row)

    def find_sender(self, message_id: int, user_id: int) -> int | None:
        statement = (
            select(Message.sender_id)
            .join(ChatMember, ChatMember.chat_id == Message.chat_id)
            .where(Message.id == message_id, ChatMember.user_id == user_id)
        )
        return self.session.scalar(statement)

    def find_by_client_id(self, sender_id: int, client_id: str) -> MessageView | None:
        row = self.session.execute(
            select(*_MESSAGE).where(Message.sender_id == sender_id, Message.client_id == named(client_id)[0])
        ).one_or_none()
        return None if row is None else MessageView(*row)

    def list(self, chat_id: int, window: Window) -> list[MessageView]:
        statement = select(*_MESSAGE).where(Message.chat_id == chat_id).limit(window.limit + 1)
        if window.after_seq is not None:
            statement = statement.where(Message.seq > window.after_seq).order_by(Message.seq)
            return [MessageView(*row) for row in self.session.execute(statement)]
        if window.before_seq is not None:
            statement = statement.where(Message.seq < window.before_seq)
        found = [MessageView(*row) for row in self.session.execute(statement.order_by(Message.seq.desc()))]
        return found[::-1]

    def missed(
        self, ranges: Mapping[int, tuple[int, int]], *, per_chat: int, total: int
    ) -> Sequence[MessageView]:
        if not ranges:
            return []
        known = values(
            column("chat_id", BigInteger), column("low", BigInteger), column("high", BigInteger), name="known"
        ).data([(chat_id, low, high) for chat_id, (low, high) in ranges.items()])
        found = (
            select(*_MESSAGE)
            .where(
                Message.chat_id == known.c.chat_id,
                Message.seq > known.c.low,
                Message.seq <= known.c.high,
            )
            .order_by(Message.seq)
            .limit(per_chat)
            .lateral("found")
        )
        statement = (
            select(found)
            .select_from(known.join(found, true()))
            .order_by(found.c.chat_id, found.c.seq)
            .limit(total)
        )
        return [MessageView(*row) for row in self.session.execute(statement)]

    def lock_publishing(self, chat_id: int, *, wait: bool) -> bool:
        name = f"chat.publish:{chat_id}"
        if not wait:
            return bool(self.session.scalar(select(try_transaction_lock(name))))
        self.lock_name(name)
        return True

    def unpublished(self, chat_id: int, limit: int) -> Sequence[MessageView]:
        statement = (
            select(*_MESSAGE)
            .join(Chat, Chat.id == Message.chat_id)
            .where(Chat.id == chat_id, Message.seq > Chat.published_seq)
            .order_by(Message.seq)
            .limit(limit)
        )
        return [MessageView(*row) for row in self.session.execute(statement)]

    def mark_published(self, chat_id: int, seq: int) -> None:
        self.write(
            update(Chat)
            .where(Chat.id == chat_id)
            .values(published_seq=func.greatest(Chat.published_seq, seq))
        )
