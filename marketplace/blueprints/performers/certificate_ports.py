"""What the services of certificates need from outside, and the views that they hand on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, Protocol

from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class CertificateRecord:
    """A certificate, and whose it is; `timezone` is the performer's."""

    id: int
    performer_id: int
    user_id: int
    timezone: str
    title: str
    issued_on: date | None
    expires_on: date | None
    file_key: str
    content_type: str
    size: int
    sha256: str
    status: str
    reason: str | None
    decided_by: int | None
    decided_at: datetime | None
    expired_at: datetime | None
    created_at: datetime
    version: int


@dataclass(frozen=True)
class CertificateView:
    """A certificate as its owner and staff see it. `valid`: approved, and its last day is not over."""

    id: int
    performer_id: int
    user_id: int
    title: str
    issued_on: date | None
    expires_on: date | None
    content_type: str
    size: int
    sha256: str
    status: str
    reason: str | None
    valid: bool
    decided_by: int | None
    decided_at: datetime | None
    created_at: datetime
    version: int
    file_url: str


@dataclass(frozen=True)
class PublicCertificate:
    """A certificate as everybody may see it."""

    id: int
    title: str
    issued_on: date | None
    expires_on: date | None
    file_url: str


@dataclass(frozen=True)
class NewCertificate:
    """A certificate whose file is stored already."""

    title: str
    issued_on: date | None
    expires_on: date | None
    file_key: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Holder:
    """The performer of certificates, as far as they matter."""

    id: int
    user_id: int
    timezone: str
    verified: bool


@dataclass(frozen=True)
class FileState:
    """A certificate, and whether its owner may sign in and its performer is shown to the public."""

    certificate: CertificateRecord
    owner_active: bool
    shown: bool


@dataclass(frozen=True)
class Addressee:
    """Whom a mail goes to."""

    email: str
    first_name: str
    locale: str


class CertificateRepository(Protocol):
    def find_holder(self, performer_id: int, *, lock: bool = False) -> Holder | None:
        """With `lock`, whoever changes certificates or `verified` of this performer does so alone."""
        ...

    def count(self, performer_id: int) -> int: ...

    def add(self, performer_id: int, new: NewCertificate, at: datetime) -> CertificateRecord: ...

    def find(self, certificate_id: int, *, performer_id: int | None = None) -> CertificateRecord | None:
        """With `performer_id`, only one of that performer."""
        ...

    def find_file(self, certificate_id: int) -> FileState | None: ...

    def list_own(self, performer_id: int, page: PageRequest) -> Page[CertificateRecord]:
        """Newest first. Raises InvalidCursor."""
        ...

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[CertificateRecord]:
        """Oldest first; `filters` are columns and their values. Raises InvalidCursor."""
        ...

    def list_valid(self, performer_id: int, today: date) -> list[CertificateRecord]:
        """The approved ones whose last day is not before `today`, oldest first."""
        ...

    def decide(
        self, certificate_id: int, expected: str, status: str, reason: str | None, actor_id: int, at: datetime
    ) -> bool:
        """Move one whose status is `expected`; False when it is not, or there is none."""
        ...

    def delete(self, certificate_id: int) -> None: ...

    def set_verified(self, performer_id: int, *, verified: bool) -> None: ...

    def list_watched(
        self, last_day: date, limit: int, *, after: tuple[date, int] | None, reminded: bool | None = None
    ) -> list[CertificateRecord]:
        """Approved ones that end on `last_day` or before and are not noted as expired, by `expires_on` and
        id; `reminded` narrows them to those whose owner was reminded, or was not.
        """
        ...

    def mark(self, certificate_id: int, column: str, at: datetime) -> bool:
        """Note an approved one as `reminded_at` or `expired_at`; False when it was, or is not approved."""
        ...

    def find_addressee(self, user_id: int) -> Addressee | None:
        """None for who may not sign in, or has not confirmed the address."""
        ...

    def keys_in_use(self, keys: Sequence[str]) -> set[str]: ...

    def forget(self, user_id: int) -> list[str]:
        """Delete all certificates of a user; returns the keys of their files."""
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

    def delete(self, key: str) -> None:
        """Raises Unavailable."""
        ...

    def list_files(self, prefix: str) -> Iterator[StoredFile]: ...


class Document(Protocol):
    """What is kept of a document that somebody sent."""

    @property
    def content(self) -> bytes: ...

    @property
    def content_type(self) -> str: ...

    @property
    def suffix(self) -> str: ...


class Documents(Protocol):
    """Checks what strangers send as a document."""

    def look(self, source: BinaryIO) -> int:
        """How much work it is, in pixels; nothing is decoded. Raises an Invalid."""
        ...

    def take(self, source: BinaryIO, owner: int | None = None) -> Document:
        """`owner` sent it. Raises an Invalid, TooManyRequests, Unavailable."""
        ...


class Allowance(Protocol):
    """What a user may have done to pictures in a day."""

    def spend(self, caller: Principal, pixels: int) -> None:
        """Raises TooManyRequests."""
        ...


class Links(Protocol):
    """Signed links to files that not everybody may see."""

    def link(self, kind: str, row_id: int, right: str) -> str: ...


class Mailer(Protocol):
    def send(self, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str]) -> None:
        """Deliver now; reaches the network."""
        ...


class Avatars(Protocol):
    """The pictures of accounts."""

    def look(self, picture: BinaryIO) -> int:
        """How much work it is, in pixels; nothing is decoded. Raises an Invalid."""
        ...

    def encode(self, picture: BinaryIO, owner: int) -> bytes:
        """Raises an Invalid, TooManyRequests, Unavailable."""
        ...

    def store(self, content: bytes) -> str:
        """The key of the file. Raises StorageFull, Unavailable."""
        ...

    def discard(self, key: str) -> None:
        """Delete a stored file that is not shown after all, if it can be reached."""
        ...

    def show(self, caller: Principal, key: str) -> None:
        """Make it the caller's, within the transaction."""
        ...
