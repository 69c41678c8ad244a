"""The decisions of staff on certificates."""

from marketplace.blueprints.certificates import policies
from marketplace.blueprints.certificates.contracts import (
    CertificateApproved,
    CertificateRejected,
    CertificateRevoked,
)
from marketplace.blueprints.certificates.errors import CertificateDecided, CertificateIsOver
from marketplace.blueprints.certificates.ports import (
    CertificateFilter,
    CertificateRecord,
    CertificateRepository,
    CertificateView,
    Holder,
)
from marketplace.blueprints.certificates.services.proofs import ProofService
from marketplace.blueprints.certificates.services.shelf import KIND, Shelf
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork


class CertificateDecisions:
    """Approves, rejects and revokes certificates; each decision locks the performer."""

    def __init__(
        self,
        uow: UnitOfWork,
        certificates: CertificateRepository,
        shelf: Shelf,
        proofs: ProofService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._certificates = certificates
        self._shelf = shelf
        self._proofs = proofs
        self._audit = audit
        self._clock = clock

    def list_all(self, page: PageRequest, wanted: CertificateFilter) -> Page[CertificateView]:
        """Oldest first. Raises InvalidCursor."""
        found = self._certificates.list_all(page, wanted)
        items = [self._shelf.view(record, policies.STAFF) for record in found.items]
        return Page(items, found.next, found.previous)

    def approve(self, actor: Principal, certificate_id: int) -> CertificateView:
        """Approve a certificate. Raises NotFound, OwnCertificate, CertificateDecided, CertificateIsOver."""
        with self._uow:
            holder, record = self._held(actor, certificate_id)
            if record.status == policies.PENDING:
                today = policies.local_day(self._clock.now(), record.timezone)
                if policies.is_over(record.expires_on, today):
                    raise CertificateIsOver
            view = self._decide(actor, record, policies.PENDING, policies.APPROVED, None)
            self._uow.record(
                CertificateApproved(certificate_id=view.id, performer_id=holder.id, user_id=holder.user_id)
            )
            return view

    def reject(self, actor: Principal, certificate_id: int, reason: str) -> CertificateView:
        """Reject a certificate that waits. Raises NotFound, OwnCertificate, CertificateDecided."""
        with self._uow:
            holder, record = self._held(actor, certificate_id)
            view = self._decide(actor, record, policies.PENDING, policies.REJECTED, reason)
            self._uow.record(
                CertificateRejected(
                    certificate_id=view.id, performer_id=holder.id, user_id=holder.user_id, reason=reason
                )
            )
            return view

    def revoke(self, actor: Principal, certificate_id: int, reason: str) -> CertificateView:
        """Revoke an approval; `verified` is withdrawn when no other certificate supports it.

        Raises NotFound, OwnCertificate, CertificateDecided.
        """
        with self._uow:
            holder, record = self._held(actor, certificate_id)
            view = self._decide(actor, record, policies.APPROVED, policies.REJECTED, reason)
            self._uow.record(
                CertificateRevoked(
                    certificate_id=view.id, performer_id=holder.id, user_id=holder.user_id, reason=reason
                )
            )
            self._proofs.reconsider(holder, "revoked", actor)
            return view

    def _held(self, actor: Principal, certificate_id: int) -> tuple[Holder, CertificateRecord]:
        """A certificate with its performer locked first, as everywhere."""
        record = self._certificates.find(certificate_id)
        if record is None:
            raise NotFound
        holder = self._certificates.find_holder(record.performer_id, lock=True)
        # Read again: while the lock was awaited, the owner may have deleted it, or a colleague decided.
        record = self._certificates.find(certificate_id)
        if record is None or holder is None:
            raise NotFound
        error = policies.objection(actor, record)
        if error is not None:
            raise error
        return holder, record

    def _decide(
        self, actor: Principal, record: CertificateRecord, expected: str, status: str, reason: str | None
    ) -> CertificateView:
        now = self._clock.now()
        if not self._certificates.decide(record.id, expected, status, reason, actor.user_id, now):
            raise CertificateDecided(
                Text(
                    "It is {status}, and only one that is {expected} may become {wanted}",
                    status=record.status,
                    expected=expected,
                    wanted=status,
                )
            )
        self._audit.write(
            f"{KIND}.{status}",
            KIND,
            record.id,
            actor=actor,
            before={"status": expected},
            after={"status": status},
            reason=reason,
        )
        found = self._certificates.find(record.id)
        assert found is not None
        return self._shelf.view(found, policies.STAFF)
