"""The limits of chat, and by what name a message is known."""

from uuid import UUID, uuid5

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

_NAMES = UUID("6f1d2f0c-3c0e-4f63-9d0e-0a2b7c1f5e44")
"""The namespace of names that are no UUIDs (RFC 9562, 5.5). It never changes: what was sent before has it."""


def named(client_id: str) -> tuple[UUID, str | None]:
    """The UUID by which a sender's message is known, and the name itself where that UUID does not tell it.

    A name that is a UUID, in whatever form, is that UUID; of any other it is one made of the name.
    """
    try:
        known = UUID(client_id)
    except ValueError:
        return uuid5(_NAMES, client_id), client_id
    return known, None if str(known) == client_id else client_id
