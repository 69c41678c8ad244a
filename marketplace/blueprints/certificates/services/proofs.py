"""Verification of performers by their certificates."""

from marketplace.blueprints.certificates import policies
from marketplace.blueprints.certificates.errors import CertificateNeeded
from marketplace.blueprints.certificates.ports import CertificateRepository, Holder
from marketplace.blueprints.performers.contracts import FullProfile, Verification
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork


class ProofService:
    """A performer stays verified as long as one approved certificate is valid."""

    def __init__(
        self, uow: UnitOfWork, certificates: CertificateRepository, verification: Verification, clock: Clock
    ) -> None:
        self._uow = uow
        self._certificates = certificates
        self._verification = verification
        self._clock = clock

    def verify(self, actor: Principal, performer_id: int, language: str) -> FullProfile:
        """Mark a performer as verified. Raises NotFound, OwnPerformer, StatusNotAllowed,
        CertificateNeeded.
        """
        with self._uow:
            holder = self._certificates.find_holder(performer_id, lock=True)
            if holder is None:
                raise NotFound
            profile = self._verification.grant(actor, performer_id, language)
            if not self._has_valid(holder):
                # This undoes the grant. It comes last because an actor who may not decide, or not again, must
                # be told that first.
                raise CertificateNeeded
            return profile

    def reconsider(self, holder: Holder, cause: str, actor: Principal | None) -> None:
        """Withdraw `verified` from a performer without a valid certificate, within a transaction that holds
        the performer; `actor` is None when time is the cause.
        """
        if not self._has_valid(holder):
            self._verification.withdraw(holder.id, cause, actor)

    def _has_valid(self, holder: Holder) -> bool:
        today = policies.local_day(self._clock.now(), holder.timezone)
        return bool(self._certificates.list_valid(holder.id, today))
