"""The limits of chat."""

MAX_TEXT = 4_000
"""Characters of one message."""
TYPING_SECONDS = 3.0
"""The least time between two `typing` events of a socket in one chat."""
SYNC_CHATS = 100
"""The limit of chats in one `sync`."""
SYNC_PER_CHAT = 200
SYNC_TOTAL = 500
"""The limit of messages in the ack of one `sync`, per chat and in total."""
UNREAD_CAP = 1_000
"""Unread messages are counted up to this number."""
PUBLISH_BATCH = 100
"""The number of messages sent to sockets in one transaction."""
