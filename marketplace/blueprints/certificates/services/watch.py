"""The background work of certificates: reminders, expiry and the deletion of files."""

from datetime import date

from marketplace.blueprints.accounts.contracts import Notifier, Users
from marketplace.blueprints.certificates import policies
from marketplace.blueprints.certificates.contracts import CertificateExpired, CertificateExpiring
from marketplace.blueprints.certificates.messages import EXPIRING
from marketplace.blueprints.certificates.ports import CertificateRecord, CertificateRepository
from marketplace.blueprints.certificates.services.own import DELETE_FILE_JOB
from marketplace.blueprints.certificates.services.proofs import ProofService
from marketplace.kernel.clock import Clock
from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import FileStore
from marketplace.outside.sweeping import sweep

BATCH = 200

After = tuple[date, int]


class CertificateWatch:
    """Finds certificates that are due, in batches; each method returns where the next batch starts, None at
    the end.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        certificates: CertificateRepository,
        proofs: ProofService,
        users: Users,
        notifier: Notifier,
        files: FileStore,
        folder: str,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._certificates = certificates
        self._proofs = proofs
        self._users = users
        self._notifier = notifier
        self._files = files
        self._folder = folder
        self._clock = clock

    def expire(self, after: After | None = None) -> After | None:
        """Mark certificates whose last day is over in their performer's zone as expired; `verified` is
        withdrawn with the last one.
        """
        now = self._clock.now()
        with self._uow:
            found = self._certificates.list_watched(policies.latest_day(now), BATCH, after=after)
            # Sorted by performer, the order in which these locks are taken everywhere.
            for record in sorted(found, key=lambda one: (one.performer_id, one.id)):
                self._expire(record)
            return _end_of(found)

    def _expire(self, record: CertificateRecord) -> None:
        holder = self._certificates.find_holder(record.performer_id, lock=True)
        now = self._clock.now()
        if holder is None or not policies.is_over(
            record.expires_on, policies.local_day(now, holder.timezone)
        ):
            return
        if not self._certificates.mark(record.id, "expired_at", now):
            return  # revoked or deleted meanwhile, or another worker was faster
        self._uow.record(
            CertificateExpired(certificate_id=record.id, performer_id=holder.id, user_id=holder.user_id)
        )
        self._proofs.reconsider(holder, "expired", None)

    def remind(self, after: After | None = None) -> After | None:
        """Remind the owners of certificates that end within 30 days, once for each."""
        now = self._clock.now()
        with self._uow:
            last_day = (now + policies.REMIND_BEFORE).date()
            found = self._certificates.list_watched(last_day, BATCH, after=after, reminded=False)
            for record in found:
                today = policies.local_day(now, record.timezone)
                if record.expires_on is None or policies.is_over(record.expires_on, today):
                    continue
                if self._certificates.mark(record.id, "reminded_at", now):
                    self._uow.record(
                        CertificateExpiring(
                            certificate_id=record.id,
                            performer_id=record.performer_id,
                            user_id=record.user_id,
                            expires_on=record.expires_on.isoformat(),
                        )
                    )
            return _end_of(found)

    def send_reminder(self, certificate_id: int) -> None:
        """Mail the reminder, outside of a transaction; do nothing when the certificate or its owner is
        gone.
        """
        with self._uow:
            record = self._certificates.find(certificate_id)
            user = None if record is None else self._users.find(record.user_id)
        if record is None or record.status != policies.APPROVED or record.expires_on is None:
            return
        if user is None or not user.is_active or user.email is None or not user.email_verified:
            return
        self._notifier.mail(
            user.email,
            EXPIRING.name,
            user.locale,
            name=user.first_name,
            title=record.title,
            last_day=record.expires_on.isoformat(),
        )

    def forget(self, user_id: int) -> None:
        """Delete the certificates of a user who is anonymised, and then their files."""
        for key in self._certificates.forget(user_id):
            self._uow.enqueue(DELETE_FILE_JOB, {"key": key})

    def delete_file(self, key: str) -> None:
        """Delete a file. Raises Unavailable; the outbox tries again."""
        self._files.delete(key)

    def sweep(self) -> int:
        """Delete the files that no certificate refers to; returns how many."""
        return sweep(self._uow, self._files, self._folder, self._clock.now(), self._certificates.keys_in_use)


def _end_of(found: list[CertificateRecord]) -> After | None:
    if len(found) < BATCH:
        return None
    last = found[-1]
    assert last.expires_on is not None
    return last.expires_on, last.id
