"""The bounds of chats."""

MAX_TEXT = 4_000
"""Characters of one message."""
TYPING_SECONDS = 3.0
"""At most one `typing` each, per chat and socket."""
SYNC_CHATS = 100
"""How many chats one `sync` may ask for."""
SYNC_PER_CHAT = 200
SYNC_TOTAL = 500
"""Messages in the ack of one `sync`: per chat, and in all."""
UNREAD_CAP = 1_000
"""Unread messages are counted up to here."""
PUBLISH_BATCH = 100
"""Messages sent to sockets in one transaction."""
