"""Pushing to sockets: the bus between processes, publish(), the base of namespaces."""

from marketplace.realtime.publish import chat_room, publish, session_room, user_room

__all__ = ["chat_room", "publish", "session_room", "user_room"]
