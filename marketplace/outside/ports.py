"""The interfaces of mail, text messages, stored files, pictures, documents and requests to strangers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol


class Mailer(Protocol):
    """Delivers e-mail."""

    def send(
        self, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str], html: str = ""
    ) -> None:
        """Deliver now; `html` is the same text for readers that show pages. Reaches the network or the disk:
        call it outside a transaction, from an effect handler. `data` holds the bare values of the message (a
        token or code) for programs that read it. Raises OSError when it cannot be delivered, and Postponed
        while the circuit breaker is open; the outbox tries again.
        """
        ...


class SmsSender(Protocol):
    """Delivers text messages."""

    def send(self, *, to: str, topic: str, text: str, data: Mapping[str, str]) -> None:
        """As `Mailer.send`; `to` is E.164."""
        ...

    def ready(self) -> None:
        """Raises Postponed while the circuit breaker is open; sends nothing. For callers that pay per try."""
        ...


CHUNK_BYTES = 256 * 1024
"""The part of a file that is in memory while the file is copied."""


@dataclass(frozen=True)
class StoredFile:
    """A stored file, and when it was written."""

    key: str
    changed_at: datetime


@dataclass(frozen=True)
class PrivateFile:
    """A file that not everybody may see: its key, its type, and the name under which it is saved."""

    key: str
    content_type: str
    name: str


@dataclass(frozen=True)
class PrivateKind:
    """A kind of row with a private file, given by its domain. `find(row_id, right)` names the file for the
    right that a link was made for; a link no longer opens a file that `find` does not return.
    """

    name: str
    find: Callable[[int, str], PrivateFile | None]


@dataclass(frozen=True)
class PublicFolder:
    """A folder of stored files, given by its domain. `is_shown(key)` tells, in a transaction of its own,
    whether everybody may see a file; all files of a folder that no domain gives are public.
    """

    name: str
    is_shown: Callable[[str], bool]


@dataclass(frozen=True)
class Document:
    """The stored form of a received document; `suffix` is that of its key, without the dot."""

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
        """The size in bytes, None when there is no file. Raises Unavailable."""
        ...

    def read(self, key: str, start: int, length: int) -> bytes | None:
        """That part of the content, which has to be inside it; None without a file. Raises Unavailable."""
        ...

    def delete(self, key: str) -> None:
        """Delete a file, if it exists. Raises Unavailable."""
        ...

    def list_files(self, prefix: str) -> Iterator[StoredFile]:
        """The files below a folder, including partly written ones left behind. Raises Unavailable."""
        ...

    def signed_url(self, key: str, life: timedelta) -> str | None:
        """An address where clients can fetch it for `life`; None when this program serves it itself."""
        ...


class Pictures(Protocol):
    """Checks pictures from strangers, and re-encodes them."""

    def look(self, source: BinaryIO) -> int:
        """The work that a picture takes, in pixels, by its headers: nothing is decoded.

        Each scan of a JPEG covers all pixels; as many scans as encoders write are free. Raises NotAPicture,
        PictureTooLarge.
        """
        ...

    def encode(self, source: BinaryIO, side: int, owner: int | None = None) -> bytes:
        """A WebP in sRGB that fits into a square of `side` pixels, upright. `owner` is the sender: one
        picture of each owner is processed at a time.

        Raises NotAPicture, PictureTooLarge, TooManyAtOnce; Unavailable when too many are being processed.
        """
        ...

    def size_of(self, content: bytes) -> tuple[int, int]:
        """Width and height in pixels of a picture that `encode` made."""
        ...


class Documents(Protocol):
    """Recognises documents by their bytes; the name and type that the sender gave are ignored."""

    def look(self, source: BinaryIO) -> int:
        """The work that `source` takes, in pixels (see `Pictures.look`); 0 for a PDF.

        Raises NotADocument, DocumentTooLarge, PictureTooLarge.
        """
        ...

    def take(self, source: BinaryIO, owner: int | None = None) -> Document:
        """The form of `source` to store: a PDF unchanged, a picture as a WebP. `owner` is the sender.

        A PDF may hold scripts: keep it as a private file, which is served as an attachment only.
        Raises NotADocument, DocumentTooLarge, PictureTooLarge, TooManyAtOnce; Unavailable when too many
        pictures are being processed.
        """
        ...


class PrivateLinks(Protocol):
    """Signed links to files that not everybody may see."""

    def link(self, kind: str, row_id: int, right: str) -> str:
        """A path that opens the file of a row for anybody who has it, until `right` or the path expires.

        It is the same within a window of some minutes, so that responses with it can be cached.
        """
        ...


@dataclass(frozen=True)
class HttpAnswer:
    """An answer to a request; the names of `headers` are lower-case, of doubled ones the first counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    """Requests to addresses that users gave: to http and https of the public Internet alone, with a deadline
    for the whole and an end to what is read. Raises FetchFailed (AddressRefused, Unreachable, FetchTimedOut,
    AnswerTooLarge, BadAnswer). Reaches the network: call it outside a transaction, from a job with effect.
    """

    def normal(self, url: str) -> str:
        """`url` in its usual form, without fragment. Asks nothing of the network, so a name may still lead to
        where no request goes. Raises AddressRefused.
        """
        ...

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """The answer of `url`; a few redirects are followed, each to an address that is checked anew."""
        ...

    def post(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        """The answer of `url` to `body`; redirects are answers."""
        ...


class CalendarReader(Protocol):
    """Reads `.ics` files from strangers."""

    def busy(
        self, content: bytes, zone: str, start: datetime, end: datetime
    ) -> Sequence[tuple[datetime, datetime]]:
        """The times within the window in which the owner of the calendar is busy: merged, ascending, in UTC
        and whole seconds. Whole days and times without a zone are those of `zone` (IANA).

        Takes up to seconds: call it outside a transaction. Raises CalendarRefused.
        """
        ...
