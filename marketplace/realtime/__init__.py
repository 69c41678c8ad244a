"""Push to sockets: the bus between processes, publish(), the base of namespaces."""

from marketplace.realtime.publish import publish, session_room, user_room

__all__ = ["publish", "session_room", "user_room"]
