"""Events of certificates, and the interfaces that they give to other domains."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, ClassVar, Protocol

from marketplace.kernel.events import DomainEvent
from marketplace.outside.ports import Document


@dataclass(frozen=True, kw_only=True)
class CertificateSubmitted(DomainEvent):
    """A performer sent a certificate; it waits for staff."""

    name: ClassVar[str] = "certificate.submitted"
    certificate_id: int
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class CertificateApproved(DomainEvent):
    """Staff approved a certificate; everybody may see it."""

    name: ClassVar[str] = "certificate.approved"
    certificate_id: int
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class CertificateRejected(DomainEvent):
    """Staff rejected a certificate that was waiting."""

    name: ClassVar[str] = "certificate.rejected"
    certificate_id: int
    performer_id: int
    user_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class CertificateRevoked(DomainEvent):
    """Staff took an approval back."""

    name: ClassVar[str] = "certificate.revoked"
    certificate_id: int
    performer_id: int
    user_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class CertificateRemoved(DomainEvent):
    """A performer deleted a certificate."""

    name: ClassVar[str] = "certificate.removed"
    certificate_id: int
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class CertificateExpiring(DomainEvent):
    """An approved certificate ends within 30 days; `expires_on` is its last day."""

    name: ClassVar[str] = "certificate.expiring"
    certificate_id: int
    performer_id: int
    user_id: int
    expires_on: str


@dataclass(frozen=True, kw_only=True)
class CertificateExpired(DomainEvent):
    """The last day of an approved certificate is over."""

    name: ClassVar[str] = "certificate.expired"
    certificate_id: int
    performer_id: int
    user_id: int


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
    """A certificate whose file is already stored."""

    title: str
    issued_on: date | None
    expires_on: date | None
    file_key: str
    content_type: str
    size: int
    sha256: str


class CertificateShelf(Protocol):
    """Public reads of certificates."""

    def list_public(self, performer_id: int, timezone: str) -> Sequence[PublicCertificate]:
        """The public certificates of a performer in `timezone`: approved and not expired; oldest first."""
        ...


class CertificateIntake(Protocol):
    """Takes certificates from a performer who sends them together with something else.

    `look`, `take` and `store` are called outside of a transaction, `add_to` within the one that creates the
    performer.
    """

    def look(self, file: BinaryIO) -> int:
        """The work of taking `file`, in pixels; nothing is decoded.

        Raises NotADocument, DocumentTooLarge, PictureTooLarge.
        """
        ...

    def take(self, file: BinaryIO, owner: int) -> Document:
        """The part of `file` to store; the user `owner` sent it.

        Raises NotADocument, DocumentTooLarge, PictureTooLarge, TooManyAtOnce, Unavailable.
        """
        ...

    def store(self, document: Document, file_name: str | None) -> NewCertificate:
        """Store the file; the certificate gets the file's name. The sweep deletes one that nobody adds.

        Raises StorageFull, Unavailable.
        """
        ...

    def discard(self, new: NewCertificate) -> None:
        """Delete a file that will not be added; if the storage is out of reach, the sweep deletes it
        later.
        """
        ...

    def add_to(self, performer_id: int, user_id: int, new: Sequence[NewCertificate]) -> None:
        """Add them as waiting for staff; the transaction holds the performer. Raises TooManyCertificates."""
        ...
