"""Views of certificates, with links to their files for those who may open them."""

from marketplace.blueprints.certificates import policies
from marketplace.blueprints.certificates.contracts import CertificateShelf, PublicCertificate
from marketplace.blueprints.certificates.ports import (
    CertificateRecord,
    CertificateRepository,
    CertificateView,
)
from marketplace.kernel.clock import Clock
from marketplace.outside.ports import PrivateLinks

KIND = "certificate"


class Shelf(CertificateShelf):
    """Makes views of certificates, with links to their files for those who may open them."""

    def __init__(self, certificates: CertificateRepository, links: PrivateLinks, clock: Clock) -> None:
        self._certificates = certificates
        self._links = links
        self._clock = clock

    def list_public(self, performer_id: int, timezone: str) -> list[PublicCertificate]:
        today = policies.local_day(self._clock.now(), timezone)
        return [
            PublicCertificate(
                id=found.id,
                title=found.title,
                issued_on=found.issued_on,
                expires_on=found.expires_on,
                file_url=self._link(found, policies.PUBLIC),
            )
            for found in self._certificates.list_valid(performer_id, today)
        ]

    def view(self, record: CertificateRecord, audience: str) -> CertificateView:
        """The view for the owner or staff."""
        today = policies.local_day(self._clock.now(), record.timezone)
        return CertificateView(
            id=record.id,
            performer_id=record.performer_id,
            user_id=record.user_id,
            title=record.title,
            issued_on=record.issued_on,
            expires_on=record.expires_on,
            content_type=record.content_type,
            size=record.size,
            sha256=record.sha256,
            status=record.status,
            reason=record.reason,
            valid=record.status == policies.APPROVED and not policies.is_over(record.expires_on, today),
            decided_by=record.decided_by,
            decided_at=record.decided_at,
            created_at=record.created_at,
            version=record.version,
            file_url=self._link(record, audience),
        )

    def find_file(self, certificate_id: int, right: str) -> CertificateRecord | None:
        """The certificate that a link made for `right` opens. None when the right is over: staff have decided
        since, the certificate has expired, or the performer is no longer public.
        """
        found = self._certificates.find_file(certificate_id)
        audience, _, status = right.partition(":")
        if found is None or found.certificate.status != status:
            return None
        record = found.certificate
        today = policies.local_day(self._clock.now(), record.timezone)
        public = (
            found.shown and status == policies.APPROVED and not policies.is_over(record.expires_on, today)
        )
        may = {policies.PUBLIC: public, policies.OWNER: found.owner_active, policies.STAFF: True}
        return record if may.get(audience, False) else None

    def _link(self, record: CertificateRecord, audience: str) -> str:
        # A decision invalidates the links that were made before it.
        return self._links.link(KIND, record.id, f"{audience}:{record.status}")
