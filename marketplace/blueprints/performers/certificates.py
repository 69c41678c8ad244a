"""The use cases of certificates: sent by performers, decided on by staff, shown to everybody."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from marketplace.blueprints.performers import certificate_policies as rules
from marketplace.blueprints.performers.certificate_events import (
    CertificateApproved,
    CertificateRejected,
    CertificateRemoved,
    CertificateRevoked,
    CertificateSubmitted,
)
from marketplace.blueprints.performers.certificate_ports import (
    Allowance,
    CertificateRecord,
    CertificateRepository,
    CertificateView,
    Document,
    Documents,
    FileStore,
    Holder,
    Links,
    NewCertificate,
    PublicCertificate,
)
from marketplace.blueprints.performers.errors import (
    CertificateDecided,
    CertificateExpired,
    CertificateNeeded,
    OwnPerformer,
    StatusNotAllowed,
    TooManyCertificates,
)
from marketplace.blueprints.performers.events import PerformerUnverified, PerformerVerified
from marketplace.blueprints.performers.ports import AuditLog, FullProfile, PerformerDirectory
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Forbidden, Invalid, NotFound, Unavailable
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork

KIND = "certificate"
DELETE_FILE_JOB = "performers.delete_certificate_file"
SUBJECT = "performer"


class Shelf:
    """Certificates with links to their files, for those who may open them."""

    def __init__(self, certificates: CertificateRepository, links: Links, clock: Clock) -> None:
        self._certificates = certificates
        self._links = links
        self._clock = clock

    def list_public(self, performer_id: int, timezone: str) -> list[PublicCertificate]:
        """What everybody may see of a performer: approved, and still good."""
        today = rules.local_day(self._clock.now(), timezone)
        return [
            PublicCertificate(
                id=found.id,
                title=found.title,
                issued_on=found.issued_on,
                expires_on=found.expires_on,
                file_url=self._link(found, rules.PUBLIC),
            )
            for found in self._certificates.list_valid(performer_id, today)
        ]

    def view(self, record: CertificateRecord, audience: str) -> CertificateView:
        """For the owner or staff."""
        today = rules.local_day(self._clock.now(), record.timezone)
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
            valid=record.status == rules.APPROVED and not rules.is_over(record.expires_on, today),
            decided_by=record.decided_by,
            decided_at=record.decided_at,
            created_at=record.created_at,
            version=record.version,
            file_url=self._link(record, audience),
        )

    def find_file(self, certificate_id: int, right: str) -> CertificateRecord | None:
        """What a link opens that was made for `right`; None when that is over: staff have decided since, the
        last day has come, or the performer is not shown any more.
        """
        found = self._certificates.find_file(certificate_id)
        audience, _, status = right.partition(":")
        if found is None or found.certificate.status != status:
            return None
        record = found.certificate
        today = rules.local_day(self._clock.now(), record.timezone)
        public = found.shown and status == rules.APPROVED and not rules.is_over(record.expires_on, today)
        may = {rules.PUBLIC: public, rules.OWNER: found.owner_active, rules.STAFF: True}
        return record if may.get(audience, False) else None

    def _link(self, record: CertificateRecord, audience: str) -> str:
        # A decision ends the links that were made before it.
        return self._links.link(KIND, record.id, f"{audience}:{record.status}")


class Verification:
    """Whether staff vouch for a performer; used within a transaction, with the performer locked."""

    def __init__(
        self, uow: UnitOfWork, certificates: CertificateRepository, audit: AuditLog, clock: Clock
    ) -> None:
        self._uow = uow
        self._certificates = certificates
        self._audit = audit
        self._clock = clock

    def has_valid(self, holder: Holder) -> bool:
        """Whether there is an approved certificate whose last day is not over."""
        today = rules.local_day(self._clock.now(), holder.timezone)
        return bool(self._certificates.list_valid(holder.id, today))

    def grant(self, holder: Holder, actor: Principal) -> None:
        """Vouch for the performer."""
        self._set(holder, actor, "performer.verified", verified=True)
        self._uow.record(PerformerVerified(performer_id=holder.id, user_id=holder.user_id))

    def reconsider(self, holder: Holder, cause: str, actor: Principal | None) -> None:
        """Vouch no more for a performer without a valid certificate; `actor` is None for the clock."""
        if holder.verified and not self.has_valid(holder):
            self._set(holder, actor, "performer.unverified", verified=False, reason=cause)
            self._uow.record(PerformerUnverified(performer_id=holder.id, user_id=holder.user_id, cause=cause))

    def _set(
        self,
        holder: Holder,
        actor: Principal | None,
        action: str,
        *,
        verified: bool,
        reason: str | None = None,
    ) -> None:
        self._certificates.set_verified(holder.id, verified=verified)
        change = (holder.id, {"verified": not verified}, {"verified": verified})
        self._audit.write_many(action, SUBJECT, [change], actor=actor, reason=reason)


class CertificateService:
    """The own certificates."""

    def __init__(
        self,
        uow: UnitOfWork,
        certificates: CertificateRepository,
        shelf: Shelf,
        verification: Verification,
        allowance: Allowance,
        documents: Documents,
        files: FileStore,
        folder: str,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._certificates = certificates
        self._shelf = shelf
        self._verification = verification
        self._allowance = allowance
        self._documents = documents
        self._files = files
        self._folder = folder
        self._clock = clock

    def look(self, file: BinaryIO) -> int:
        """How much work it is to take `file`, in pixels.

        Raises NotADocument, DocumentTooLarge, PictureTooLarge.
        """
        return self._documents.look(file)

    def take(self, file: BinaryIO, owner: int) -> Document:
        """What is to be kept of `file`.

        Raises NotADocument, DocumentTooLarge, PictureTooLarge, TooManyRequests, Unavailable.
        """
        return self._documents.take(file, owner)

    def store(self, document: Document, values: Mapping[str, Any]) -> NewCertificate:
        """Keep the file, by a name of our own; what nobody adds is swept away.

        Raises StorageFull, Unavailable.
        """
        key = f"{self._folder}/{secrets.token_hex(16)}.{document.suffix}"
        self._files.put(key, document.content, document.content_type)
        return NewCertificate(
            title=values["title"],
            issued_on=values.get("issued_on"),
            expires_on=values.get("expires_on"),
            file_key=key,
            content_type=document.content_type,
            size=len(document.content),
            sha256=hashlib.sha256(document.content).hexdigest(),
        )

    def discard(self, new: NewCertificate) -> None:
        """Delete the file of what is not added after all; one that cannot be reached is swept away later."""
        with suppress(Unavailable):
            self._files.delete(new.file_key)

    def prepare(self, caller: Principal, values: Mapping[str, Any], file: BinaryIO) -> NewCertificate:
        """Check and keep what was sent, before a transaction is open.

        Raises Invalid for dates that cannot be, TooManyCertificates, and what `take` and `store` raise.
        """
        with self._uow:
            holder = self._holder(caller)
            self._check_room(holder.id, 1)
        today = rules.local_day(self._clock.now(), holder.timezone)
        errors = rules.date_errors(values["issued_on"], values.get("expires_on"), today)
        if errors:
            raise Invalid(errors={"form": errors})
        self._allowance.spend(caller, self.look(file))
        return self.store(self.take(file, caller.user_id), values)

    def add(self, caller: Principal, new: NewCertificate) -> CertificateView:
        """A certificate that waits for staff. Raises TooManyCertificates."""
        with self._uow:
            holder = self._holder(caller, lock=True)
            [made] = self.add_to(holder.id, holder.user_id, [new])
            return self._shelf.view(made, rules.OWNER)

    def add_to(
        self, performer_id: int, user_id: int, new: Sequence[NewCertificate]
    ) -> list[CertificateRecord]:
        """Within a transaction that holds the performer. Raises TooManyCertificates."""
        self._check_room(performer_id, len(new))
        made = [self._certificates.add(performer_id, one, self._clock.now()) for one in new]
        for one in made:
            self._uow.record(
                CertificateSubmitted(certificate_id=one.id, performer_id=performer_id, user_id=user_id)
            )
        return made

    def get(self, caller: Principal, certificate_id: int) -> CertificateView:
        """Raises NotFound, also for somebody else's."""
        return self._shelf.view(self._own(caller, certificate_id), rules.OWNER)

    def list_own(self, caller: Principal, page: PageRequest) -> Page[CertificateView]:
        """Newest first. Raises InvalidCursor."""
        found = self._certificates.list_own(_performer_id(caller), page)
        items = [self._shelf.view(record, rules.OWNER) for record in found.items]
        return Page(items, found.next, found.previous)

    def remove(self, caller: Principal, certificate_id: int) -> None:
        """Delete it with its file, whatever its status. Raises NotFound."""
        with self._uow:
            holder = self._holder(caller, lock=True)
            record = self._own(caller, certificate_id)
            self._certificates.delete(record.id)
            self._uow.enqueue(DELETE_FILE_JOB, {"key": record.file_key})
            self._uow.record(
                CertificateRemoved(certificate_id=record.id, performer_id=holder.id, user_id=holder.user_id)
            )
            self._verification.reconsider(holder, "removed", caller)

    def _own(self, caller: Principal, certificate_id: int) -> CertificateRecord:
        found = self._certificates.find(certificate_id, performer_id=_performer_id(caller))
        if found is None:
            raise NotFound
        return found

    def _holder(self, caller: Principal, *, lock: bool = False) -> Holder:
        found = self._certificates.find_holder(_performer_id(caller), lock=lock)
        if found is None:
            raise NotFound
        return found

    def _check_room(self, performer_id: int, more: int) -> None:
        if self._certificates.count(performer_id) + more > rules.MAX_CERTIFICATES:
            raise TooManyCertificates(f"You may have {rules.MAX_CERTIFICATES} certificates: delete one first")


class CertificateDecisions:
    """What staff decide on certificates, and on performers who have some."""

    def __init__(
        self,
        uow: UnitOfWork,
        certificates: CertificateRepository,
        shelf: Shelf,
        verification: Verification,
        directory: PerformerDirectory,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._certificates = certificates
        self._shelf = shelf
        self._verification = verification
        self._directory = directory
        self._audit = audit
        self._clock = clock

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[CertificateView]:
        """Oldest first. Raises InvalidCursor."""
        found = self._certificates.list_all(page, filters)
        items = [self._shelf.view(record, rules.STAFF) for record in found.items]
        return Page(items, found.next, found.previous)

    def approve(self, actor: Principal, certificate_id: int) -> CertificateView:
        """Raises NotFound, OwnCertificate, CertificateDecided, CertificateExpired."""
        with self._uow:
            holder, record = self._held(actor, certificate_id)
            if record.status == rules.PENDING:
                today = rules.local_day(self._clock.now(), record.timezone)
                if rules.is_over(record.expires_on, today):
                    raise CertificateExpired
            view = self._decide(actor, record, rules.PENDING, rules.APPROVED, None)
            self._uow.record(
                CertificateApproved(certificate_id=view.id, performer_id=holder.id, user_id=holder.user_id)
            )
            return view

    def reject(self, actor: Principal, certificate_id: int, reason: str) -> CertificateView:
        """Refuse one that waits. Raises NotFound, OwnCertificate, CertificateDecided."""
        with self._uow:
            holder, record = self._held(actor, certificate_id)
            view = self._decide(actor, record, rules.PENDING, rules.REJECTED, reason)
            self._uow.record(
                CertificateRejected(
                    certificate_id=view.id, performer_id=holder.id, user_id=holder.user_id, reason=reason
                )
            )
            return view

    def revoke(self, actor: Principal, certificate_id: int, reason: str) -> CertificateView:
        """Take an approval back; `verified` falls when nothing else holds it.

        Raises NotFound, OwnCertificate, CertificateDecided.
        """
        with self._uow:
            holder, record = self._held(actor, certificate_id)
            view = self._decide(actor, record, rules.APPROVED, rules.REJECTED, reason)
            self._uow.record(
                CertificateRevoked(
                    certificate_id=view.id, performer_id=holder.id, user_id=holder.user_id, reason=reason
                )
            )
            self._verification.reconsider(holder, "revoked", actor)
            return view

    def verify(self, actor: Principal, performer_id: int, language: str) -> FullProfile:
        """Vouch for a performer. Raises NotFound, OwnPerformer, StatusNotAllowed, CertificateNeeded."""
        with self._uow:
            holder = self._certificates.find_holder(performer_id, lock=True)
            if holder is None:
                raise NotFound
            if holder.user_id == actor.user_id:
                raise OwnPerformer
            if holder.verified:
                raise StatusNotAllowed("This performer is verified already")
            if not self._verification.has_valid(holder):
                raise CertificateNeeded
            self._verification.grant(holder, actor)
            return self._directory.get_full(performer_id, language)

    def _held(self, actor: Principal, certificate_id: int) -> tuple[Holder, CertificateRecord]:
        """A certificate with its performer locked: the order in which everybody takes the locks."""
        record = self._certificates.find(certificate_id)
        if record is None:
            raise NotFound
        holder = self._certificates.find_holder(record.performer_id, lock=True)
        # Read again: its owner may have deleted it, or a colleague decided, while the lock was waited for.
        record = self._certificates.find(certificate_id)
        if record is None or holder is None:
            raise NotFound
        error = rules.objection(actor, record)
        if error is not None:
            raise error
        return holder, record

    def _decide(
        self, actor: Principal, record: CertificateRecord, expected: str, status: str, reason: str | None
    ) -> CertificateView:
        now = self._clock.now()
        if not self._certificates.decide(record.id, expected, status, reason, actor.user_id, now):
            raise CertificateDecided(
                f"It is {record.status}, and only one that is {expected} may become {status}"
            )
        change = (record.id, {"status": expected}, {"status": status})
        self._audit.write_many(f"{KIND}.{status}", KIND, [change], actor=actor, reason=reason)
        found = self._certificates.find(record.id)
        assert found is not None
        return self._shelf.view(found, rules.STAFF)


def _performer_id(caller: Principal) -> int:
    if caller.performer_id is None:
        raise Forbidden("Only performers may do this")
    return caller.performer_id
