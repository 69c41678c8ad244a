"""What other domains may ask of the outside world."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol


class Mailer(Protocol):
    """Delivers e-mail."""

    def send(self, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str]) -> None:
        """Deliver now. Reaches the network or the disk: call it outside a transaction, from an effect
        handler. `data` holds the bare values of the message (a token or code) for programs that read it.
        Raises OSError when it cannot be delivered, and Postponed while the provider is put aside; the outbox
        tries again.
        """
        ...


class SmsSender(Protocol):
    """Delivers text messages."""

    def send(self, *, to: str, topic: str, text: str, data: Mapping[str, str]) -> None:
        """As `Mailer.send`; `to` is E.164."""
        ...

    def ready(self) -> None:
        """Raises Postponed while the provider is put aside; sends nothing. For whoever pays per try."""
        ...


CHUNK_BYTES = 256 * 1024
"""How much of a file is in memory where one goes from place to place."""


@dataclass(frozen=True)
class StoredFile:
    """A file that is kept, and when it was written."""

    key: str
    changed_at: datetime


@dataclass(frozen=True)
class PrivateFile:
    """A file that not everybody may see: where it is kept, its type, and the name for whoever saves it."""

    key: str
    content_type: str
    name: str


@dataclass(frozen=True)
class Document:
    """What is kept of a document that somebody sent; `suffix` is that of its key, without the dot."""

    content: bytes
    content_type: str
    suffix: str


class FileStore(Protocol):
    """Keeps files by key (`avatars/<hex>.webp`), which this program makes. May reach the network: call it
    outside a transaction.
    """

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store a file, whole or not at all. Raises StorageFull, Unavailable."""
        ...

    def put_file(self, key: str, source: BinaryIO, content_type: str) -> None:
        """As `put`, without holding the file in memory."""
        ...

    def get(self, key: str) -> bytes | None:
        """The content, None when there is none. Raises Unavailable."""
        ...

    def find_size(self, key: str) -> int | None:
        """In bytes, None when there is none. Raises Unavailable."""
        ...

    def read(self, key: str, start: int, length: int) -> bytes | None:
        """That part of the content, which is inside of it; None when there is none. Raises Unavailable."""
        ...

    def delete(self, key: str) -> None:
        """Forget a file, if it is there. Raises Unavailable."""
        ...

    def list_files(self, prefix: str) -> Iterator[StoredFile]:
        """What is stored below a folder, also what was left behind half stored. Raises Unavailable."""
        ...

    def signed_url(self, key: str, life: timedelta) -> str | None:
        """An address good for `life` where clients fetch it; None where this program serves it itself."""
        ...
