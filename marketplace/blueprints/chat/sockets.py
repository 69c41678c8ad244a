"""The Socket.IO entry points of chat: namespace `/chat`.

Messages, receipts and the like go to the rooms of the members' users, which every socket joins when it
connects: no room of a chat needs to be joined or left.
"""

import threading
from time import monotonic
from typing import Any, ClassVar

from marketplace.blueprints.chat.policies import TYPING_SECONDS
from marketplace.blueprints.chat.ports import Marks, Synced
from marketplace.blueprints.chat.schemas import chats as schemas
from marketplace.blueprints.chat.schemas.pushes import TYPING
from marketplace.blueprints.chat.wiring import Chats
from marketplace.kernel.identity import Principal
from marketplace.realtime import user_room
from marketplace.realtime.namespace import BaseNamespace, Connected, event
from marketplace.realtime.publish import NAMESPACE
from marketplace.web.access import Access, check


class ChatNamespace(BaseNamespace):
    """The events of chat. Unverified users are refused, as they are over HTTP."""

    max_typing: ClassVar[int] = 1_000
    """The limit of chats remembered per socket for the limit of `typing`; more than anybody writes in within
    3 s.
    """

    def __init__(self, services: Chats) -> None:
        super().__init__(NAMESPACE)
        self._services = services
        self._typing: dict[str, dict[int, float]] = {}
        self._typing_lock = threading.Lock()

    def connected(self, caller: Principal, sid: str) -> None:  # noqa: ARG002 - the base's signature
        """Raises NotVerified."""
        check(Access.VERIFIED, caller)

    def disconnected(self, connected: Connected, sid: str) -> None:  # noqa: ARG002 - the base's signature
        """Forget the socket."""
        with self._typing_lock:
            self._typing.pop(sid, None)

    @event("message:send", schemas.MessageSend, schemas.MessageAck)
    def send_message(self, caller: Principal, data: dict[str, Any], sid: str) -> dict[str, Any]:  # noqa: ARG002 - as all events
        """Send a message; the same `client_id` again gives the first ack and stores nothing"""
        check(Access.VERIFIED, caller)
        sent = self._services.messages.send(caller, data["chat_id"], data["client_id"], data["text"])
        return {"id": sent.message.id, "seq": sent.message.seq, "duplicate": sent.duplicate}

    @event("message:delivered", schemas.MarkUpTo, schemas.Receipt)
    def mark_delivered(self, caller: Principal, data: dict[str, Any], sid: str) -> Marks:  # noqa: ARG002 - as all events
        """Say how far you have received; the mark never goes back"""
        check(Access.VERIFIED, caller)
        return self._services.chats.mark_delivered(caller, data["chat_id"], data["up_to_seq"])

    @event("message:read", schemas.MarkUpTo, schemas.Receipt)
    def mark_read(self, caller: Principal, data: dict[str, Any], sid: str) -> Marks:  # noqa: ARG002 - as all events
        """Say how far you have read; the mark never goes back"""
        check(Access.VERIFIED, caller)
        return self._services.chats.mark_read(caller, data["chat_id"], data["up_to_seq"])

    @event("sync", schemas.Sync, schemas.Synced)
    def sync(self, caller: Principal, data: dict[str, Any], sid: str) -> Synced:  # noqa: ARG002 - as all events
        """Get what you missed, in order; do it after every connect"""
        check(Access.VERIFIED, caller)
        return self._services.messages.sync(caller, data["chats"])

    @event("typing", schemas.Typing, schemas.Nothing)
    def typing(self, caller: Principal, data: dict[str, Any], sid: str) -> dict[str, Any]:
        """Tell the other one that you are writing; more than once in 3 s is dropped"""
        check(Access.VERIFIED, caller)
        chat_id = data["chat_id"]
        others = self._services.chats.others(caller, chat_id)
        if self._may_type(sid, chat_id):
            for user_id in others:
                TYPING.publish(user_room(user_id), {"chat_id": chat_id, "user_id": caller.user_id})
        return {}

    def _may_type(self, sid: str, chat_id: int) -> bool:
        now = monotonic()
        with self._typing_lock:
            last = self._typing.setdefault(sid, {})
            if now - last.get(chat_id, float("-inf")) < TYPING_SECONDS:
                return False
            if len(last) >= self.max_typing:
                last.clear()
            last[chat_id] = now
            return True
