"""Chat that misses nothing: it connects anew by itself, and asks for what was missed after every connect."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import socketio  # type: ignore[import-untyped]  # it ships no types

from .session import Session
from .sockets import ChatEvents, Message, MessageAck, Nothing, Problem, SocketError, Synced

CHATS_AT_ONCE = 100
ACK_SECONDS = 10


class RefusedEvent(Exception):
    """An event that the server refused; the socket lives on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem['code']}: {problem['detail']}")
        self.problem = problem


class Chat:
    """`on_message` gets each message once, in the order of its chat, in the thread of the socket.

    `seen` is the last `seq` of each chat: keep it where it outlives the program.
    """

    def __init__(
        self, session: Session, on_message: Callable[[Message], None], seen: Mapping[int, int] | None = None
    ) -> None:
        self.seen = dict(seen or {})
        self._session = session
        self._on_message = on_message
        self._closed = False
        self._client = socketio.Client(handle_sigint=False)
        self.events = ChatEvents(self._client)
        self.events.on("message:new", self._take)
        self.events.on("sync:required", self._sync)
        self._client.on("connect", self._sync, self.events.NAMESPACE)
        self._client.on("disconnect", self._left, self.events.NAMESPACE)

    def connect(self) -> None:
        """Connect, and stay connected until `close`. Raises SignedOut and ConnectionError of socketio."""
        self._closed = False
        self._client.connect(
            self._session.base_url,
            auth=lambda: {"token": self._session.fresh_token()},
            transports=["websocket"],
            namespaces=[self.events.NAMESPACE],
            wait_timeout=ACK_SECONDS,
        )

    def close(self) -> None:
        """Stay away until `connect`."""
        self._closed = True
        self._client.shutdown()

    def send(self, chat_id: int, text: str, client_id: str) -> MessageAck:
        """Send a message; the same `client_id` again stores nothing twice. Raises RefusedEvent."""
        message = self.events.call(
            "message:send", {"chat_id": chat_id, "client_id": client_id, "text": text}, ACK_SECONDS
        )
        if "error" in message:
            raise RefusedEvent(message["error"])
        return message

    def read(self, chat_id: int, up_to_seq: int) -> None:
        """Say how far one has read. Raises RefusedEvent."""
        mark = self.events.call("message:read", {"chat_id": chat_id, "up_to_seq": up_to_seq}, ACK_SECONDS)
        if "error" in mark:
            raise RefusedEvent(mark["error"])

    def _left(self, reason: str) -> None:
        # The library connects anew when the network fails, but not when the server closes the socket.
        if not self._closed and reason == self._client.reason.SERVER_DISCONNECT:
            self._client.start_background_task(self.connect)

    def _take(self, message: Message) -> None:
        last = self.seen.setdefault(message["chat_id"], 0)
        if message["seq"] > last + 1:
            # Some before it are missing: it comes after them.
            self._sync()
        elif message["seq"] > last:
            self.seen[message["chat_id"]] = message["seq"]
            self._on_message(message)

    def _sync(self, _nothing: Nothing | None = None) -> None:
        known = [(str(chat), seq) for chat, seq in self.seen.items()]
        for first in range(0, max(len(known), 1), CHATS_AT_ONCE):
            chats = dict(known[first : first + CHATS_AT_ONCE])
            self.events.emit("sync", {"chats": chats}, self._synced)

    def _synced(self, answer: Synced | SocketError) -> None:
        if "error" in answer:
            return
        more = False
        for chat in answer["chats"]:
            if chat["reset"]:
                self.seen[chat["chat_id"]] = 0
            for message in chat["items"]:
                self._take(message)
            more |= chat["more"] or chat["reset"]
        for state in answer["unlisted"]:
            if state["chat_id"] not in self.seen:
                self.seen[state["chat_id"]] = 0
                more = True
        if more:
            self._sync()
