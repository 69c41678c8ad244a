"""Interfaces that the services of certificates need, and the views that they return."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from marketplace.blueprints.certificates.contracts import NewCertificate
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class CertificateRecord:
    """A certificate and its performer; `timezone` is the performer's."""

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
class Holder:
    """The performer of certificates, reduced to what matters here."""

    id: int
    user_id: int
    timezone: str


@dataclass(frozen=True)
class FileState:
    """A certificate, whether its owner may sign in, and whether its performer is public."""

    certificate: CertificateRecord
    owner_active: bool
    shown: bool


@dataclass(frozen=True)
class CertificateFilter:
    """The filters of staff's list of certificates."""

    status: str | None = None
    performer_id: int | None = None


class CertificateRepository(Protocol):
    def find_holder(self, performer_id: int, *, lock: bool = False) -> Holder | None:
        """The performer; with `lock`, nobody else changes this performer or its certificates."""
        ...

    def count(self, performer_id: int) -> int:
        """The number of certificates, counting all statuses."""
        ...

    def add(self, performer_id: int, new: NewCertificate, at: datetime) -> CertificateRecord:
        """Add a pending certificate."""
        ...

    def find(self, certificate_id: int, *, performer_id: int | None = None) -> CertificateRecord | None:
        """A certificate; with `performer_id`, only if it is that performer's."""
        ...

    def find_file(self, certificate_id: int) -> FileState | None:
        """A certificate with what decides who may see it."""
        ...

    def list_own(self, performer_id: int, page: PageRequest) -> Page[CertificateRecord]:
        """Newest first. Raises InvalidCursor."""
        ...

    def list_all(self, page: PageRequest, wanted: CertificateFilter) -> Page[CertificateRecord]:
        """Oldest first. Raises InvalidCursor."""
        ...

    def list_valid(self, performer_id: int, today: date) -> list[CertificateRecord]:
        """The approved ones whose last day is not before `today`, oldest first."""
        ...

    def decide(
        self, certificate_id: int, expected: str, status: str, reason: str | None, actor_id: int, at: datetime
    ) -> bool:
        """Change the status if it is `expected`; False when it is not, or there is no such certificate."""
        ...

    def delete(self, certificate_id: int) -> None:
        """Delete the row alone; the caller deletes the file."""
        ...

    def list_watched(
        self, last_day: date, limit: int, *, after: tuple[date, int] | None, reminded: bool | None = None
    ) -> list[CertificateRecord]:
        """Approved certificates that end on `last_day` or before and are not marked as expired, by
        `expires_on` and id; `reminded` narrows them to those whose owner was reminded, or was not.
        """
        ...

    def mark(self, certificate_id: int, column: str, at: datetime) -> bool:
        """Set `reminded_at` or `expired_at` of an approved certificate, once. False when it was set before,
        and when the certificate is not approved.
        """
        ...

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that certificates refer to."""
        ...

    def forget(self, user_id: int) -> list[str]:
        """Delete all certificates of a user; returns the keys of their files."""
        ...
