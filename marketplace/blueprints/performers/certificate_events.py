"""What happens to certificates."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent


@dataclass(frozen=True, kw_only=True)
class CertificateSubmitted(DomainEvent):
    """A performer sent a certificate; it waits for staff."""

    name: ClassVar[str] = "certificate.submitted"
    certificate_id: int
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class CertificateApproved(DomainEvent):
    """Staff found a certificate to be good; everybody may see it."""

    name: ClassVar[str] = "certificate.approved"
    certificate_id: int
    performer_id: int
    user_id: int


@dataclass(frozen=True, kw_only=True)
class CertificateRejected(DomainEvent):
    """Staff refused a certificate that waited."""

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
