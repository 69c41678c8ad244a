"""publish(): send an event to everybody in a room, whichever process their socket is on."""

from collections.abc import Mapping
from typing import Any

from marketplace.extensions import socketio

NAMESPACE = "/chat"


def user_room(user_id: int) -> str:
    """The room of all sockets of a user."""
    return f"user:{user_id}"


def chat_room(chat_id: int) -> str:
    """The room of all sockets that take part in a chat."""
    return f"chat:{chat_id}"


def session_room(session_id: int) -> str:
    """The room of all sockets of one sign-in."""
    return f"session:{session_id}"


def publish(room: str, name: str, payload: Mapping[str, Any]) -> None:
    """Send event `name` to `room`. Call it after the commit, from an effect handler of the outbox:
    what is sent cannot be taken back. A bus that is down is logged; clients catch up by `sync`.
    """
    socketio.emit(name, dict(payload), namespace=NAMESPACE, to=room)
