"""What reaches the network: messages and files."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Protocol


class Mailer(Protocol):
    def send(self, *, to: str, topic: str, subject: str, text: str, data: dict[str, str]) -> None:
        """Deliver now; reaches the network."""
        ...


class SmsSender(Protocol):
    def send(self, *, to: str, topic: str, text: str, data: dict[str, str]) -> None:
        """Deliver now to an E.164 number; reaches the network."""
        ...

    def ready(self) -> None:
        """Raises Postponed while the provider is put aside; sends nothing."""
        ...


class StoredFile(Protocol):
    """A file that is kept, and when it was written."""

    @property
    def key(self) -> str: ...

    @property
    def changed_at(self) -> datetime: ...


class FileStore(Protocol):
    """Keeps files; reaches the network."""

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Raises StorageFull, Unavailable."""
        ...

    def put_file(self, key: str, source: BinaryIO, content_type: str) -> None:
        """As `put`, without holding the file in memory."""
        ...

    def find_size(self, key: str) -> int | None:
        """In bytes, None when there is none. Raises Unavailable."""
        ...

    def read(self, key: str, start: int, length: int) -> bytes | None:
        """That part of the content, None when there is none. Raises Unavailable."""
        ...

    def delete(self, key: str) -> None:
        """Raises Unavailable."""
        ...

    def list_files(self, prefix: str) -> Iterator[StoredFile]: ...


class Pictures(Protocol):
    """Checks what strangers send as a picture, and encodes it anew."""

    def look(self, source: BinaryIO) -> int:
        """How much work it is, in pixels; nothing is decoded. Raises an Invalid."""
        ...

    def encode(self, source: BinaryIO, side: int, owner: int | None = None) -> bytes:
        """A WebP that fits into a square of `side` pixels; `owner` sent it. Raises an Invalid,
        TooManyRequests, Unavailable.
        """
        ...
