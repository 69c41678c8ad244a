"""publish(): sends an event to all sockets of a room, in whichever process they are."""

from collections.abc import Mapping
from typing import Any

from marketplace.extensions import socketio

NAMESPACE = "/chat"


def user_room(user_id: int) -> str:
    """The room of all sockets of a user."""
    return f"user:{user_id}"


def session_room(session_id: int) -> str:
    """The room of all sockets of one sign-in."""
    return f"session:{session_id}"


def publish(room: str, name: str, payload: Mapping[str, Any]) -> None:
    """Send event `name` to `room`. Call it after the commit, from an effect handler of the outbox:
    a sent event cannot be taken back. A bus that is down is logged; clients catch up by `sync`.
    """
    socketio.emit(name, dict(payload), namespace=NAMESPACE, to=room)
