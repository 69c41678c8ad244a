"""The own certificates of a performer: send, list, delete."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from marketplace.blueprints.accounts.contracts import PictureAllowance
from marketplace.blueprints.certificates import policies
from marketplace.blueprints.certificates.contracts import CertificateRemoved, NewCertificate
from marketplace.blueprints.certificates.ports import (
    CertificateRecord,
    CertificateRepository,
    CertificateView,
    Holder,
)
from marketplace.blueprints.certificates.services.intake import Intake
from marketplace.blueprints.certificates.services.proofs import ProofService
from marketplace.blueprints.certificates.services.shelf import Shelf
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.kernel.identity import Principal, own_performer_id
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork

DELETE_FILE_JOB = "performers.delete_certificate_file"


class OwnCertificates:
    """A performer's own certificates."""

    def __init__(
        self,
        uow: UnitOfWork,
        certificates: CertificateRepository,
        shelf: Shelf,
        intake: Intake,
        proofs: ProofService,
        allowance: PictureAllowance,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._certificates = certificates
        self._shelf = shelf
        self._intake = intake
        self._proofs = proofs
        self._allowance = allowance
        self._clock = clock

    def prepare(self, caller: Principal, values: Mapping[str, Any], file: BinaryIO) -> NewCertificate:
        """Check and store what was sent, before a transaction is open.

        Raises Invalid for impossible dates, TooManyCertificates, PicturesSpent, and what `Intake.take` and
        `Intake.keep` raise.
        """
        issued_on, expires_on = values["issued_on"], values.get("expires_on")
        with self._uow:
            holder = self._holder(caller)
            self._intake.check_room(holder.id, 1)
        errors = policies.date_errors(
            issued_on, expires_on, policies.local_day(self._clock.now(), holder.timezone)
        )
        if errors:
            raise Invalid(errors={"form": errors})
        self._allowance.spend(caller, self._intake.look(file))
        document = self._intake.take(file, caller.user_id)
        return self._intake.keep(document, values["title"], issued_on, expires_on)

    def discard(self, new: NewCertificate) -> None:
        """Delete a file that will not be added; if the storage is out of reach, the sweep deletes it
        later.
        """
        self._intake.discard(new)

    def add(self, caller: Principal, new: NewCertificate) -> CertificateView:
        """Add a certificate that waits for staff. Raises TooManyCertificates."""
        with self._uow:
            holder = self._holder(caller, lock=True)
            self._intake.check_room(holder.id, 1)
            made = self._intake.add(holder.id, holder.user_id, new)
            return self._shelf.view(made, policies.OWNER)

    def get(self, caller: Principal, certificate_id: int) -> CertificateView:
        """Raises NotFound, also for somebody else's."""
        return self._shelf.view(self._own(caller, certificate_id), policies.OWNER)

    def list_own(self, caller: Principal, page: PageRequest) -> Page[CertificateView]:
        """Newest first. Raises InvalidCursor."""
        found = self._certificates.list_own(own_performer_id(caller), page)
        items = [self._shelf.view(record, policies.OWNER) for record in found.items]
        return Page(items, found.next, found.previous)

    def remove(self, caller: Principal, certificate_id: int) -> None:
        """Delete a certificate with its file, whatever its status. Raises NotFound."""
        with self._uow:
            holder = self._holder(caller, lock=True)
            record = self._own(caller, certificate_id)
            self._certificates.delete(record.id)
            self._uow.enqueue(DELETE_FILE_JOB, {"key": record.file_key})
            self._uow.record(
                CertificateRemoved(certificate_id=record.id, performer_id=holder.id, user_id=holder.user_id)
            )
            self._proofs.reconsider(holder, "removed", caller)

    def _own(self, caller: Principal, certificate_id: int) -> CertificateRecord:
        found = self._certificates.find(certificate_id, performer_id=own_performer_id(caller))
        if found is None:
            raise NotFound
        return found

    def _holder(self, caller: Principal, *, lock: bool = False) -> Holder:
        found = self._certificates.find_holder(own_performer_id(caller), lock=lock)
        if found is None:
            raise NotFound
        return found
