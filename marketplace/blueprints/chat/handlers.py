"""Handlers and background jobs of chat: they push changes to sockets after the commit."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.contracts import SessionRevoked
from marketplace.blueprints.chat.contracts import ChatOpened, MessageCreated
from marketplace.blueprints.chat.ports import MessageView
from marketplace.blueprints.chat.schemas.pushes import CHAT_UPDATED, MESSAGE_NEW, RECEIPT, SESSION_REVOKED
from marketplace.blueprints.chat.services import RECEIPT_JOB
from marketplace.blueprints.chat.wiring import Chats
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.realtime import session_room, user_room
from marketplace.web.runtime import Runtime


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of chat."""
    built = parts.get(Chats)

    def publish_messages(event: MessageCreated) -> None:
        built.messages.publish_pending(event.chat_id, _send)

    def publish_if_free(event: MessageCreated) -> None:
        # If another worker is publishing, it may have looked before this commit, so the job looks again.
        built.messages.publish_pending(event.chat_id, _send, wait=False)

    def tell_members(event: ChatOpened) -> None:
        state = built.chats.state(event.chat_id)
        for user_id in built.chats.members(event.chat_id):
            CHAT_UPDATED.publish(user_room(user_id), state)

    return [
        Handler(
            MessageCreated,
            publish_messages,
            key="chat.publish",
            effect=True,
            at_once=True,
            now=publish_if_free,
            lane=Lane.SOCKETS,
        ),
        Handler(ChatOpened, tell_members, key="chat.opened", effect=True, lane=Lane.SOCKETS),
        Handler(SessionRevoked, _tell_session, key="chat.session_revoked", effect=True, lane=Lane.SOCKETS),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """The background jobs of chat."""
    built = parts.get(Chats)

    def tell_receipt(marks: dict[str, Any]) -> None:
        for user_id in built.chats.members(marks["chat_id"]):
            RECEIPT.publish(user_room(user_id), marks)

    return [Job(RECEIPT_JOB, tell_receipt, effect=True, lane=Lane.SOCKETS)]


def _send(user_id: int, message: MessageView) -> None:
    MESSAGE_NEW.publish(user_room(user_id), message)


def _tell_session(event: SessionRevoked) -> None:
    # The sweeper of each server closes the sockets themselves.
    SESSION_REVOKED.publish(session_room(event.session_id), {})
