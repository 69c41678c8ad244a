"""What happens to certificates by itself: reminders, their end, and files that nobody needs any more."""

from datetime import date, timedelta
from itertools import islice

from marketplace.blueprints.performers import certificate_policies as rules
from marketplace.blueprints.performers.certificate_events import CertificateExpired, CertificateExpiring
from marketplace.blueprints.performers.certificate_ports import (
    CertificateRecord,
    CertificateRepository,
    FileStore,
    Mailer,
)
from marketplace.blueprints.performers.certificates import DELETE_FILE_JOB, Verification
from marketplace.blueprints.performers.messages import TOPIC_EXPIRING, expiring
from marketplace.kernel.clock import Clock
from marketplace.kernel.transactions import UnitOfWork

LEFT_ALONE = timedelta(days=1)
"""A file that no certificate has yet may belong to a request that is under way."""
BATCH = 200

After = tuple[date, int]


class CertificateWatch:
    """Looks for what is due, in batches; each gives where the next one goes on, None at the end."""

    def __init__(
        self,
        uow: UnitOfWork,
        certificates: CertificateRepository,
        verification: Verification,
        mailer: Mailer,
        files: FileStore,
        folder: str,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._certificates = certificates
        self._verification = verification
        self._mailer = mailer
        self._files = files
        self._folder = folder
        self._clock = clock

    def expire(self, after: After | None = None) -> After | None:
        """Note those whose last day is over where their performer is; `verified` falls with the last one."""
        now = self._clock.now()
        with self._uow:
            found = self._certificates.list_watched(rules.latest_day(now), BATCH, after=after)
            # By performer: whoever takes more than one of these locks takes them in this order.
            for record in sorted(found, key=lambda one: (one.performer_id, one.id)):
                self._expire(record)
            return _end_of(found)

    def _expire(self, record: CertificateRecord) -> None:
        holder = self._certificates.find_holder(record.performer_id, lock=True)
        now = self._clock.now()
        if holder is None or not rules.is_over(record.expires_on, rules.local_day(now, holder.timezone)):
            return
        if not self._certificates.mark(record.id, "expired_at", now):
            return  # revoked or deleted meanwhile, or another worker was faster
        self._uow.record(
            CertificateExpired(certificate_id=record.id, performer_id=holder.id, user_id=holder.user_id)
        )
        self._verification.reconsider(holder, "expired", None)

    def remind(self, after: After | None = None) -> After | None:
        """Tell the owners of those that end within 30 days, once for each."""
        now = self._clock.now()
        with self._uow:
            last_day = (now + rules.REMIND_BEFORE).date()
            found = self._certificates.list_watched(last_day, BATCH, after=after, reminded=False)
            for record in found:
                today = rules.local_day(now, record.timezone)
                if record.expires_on is None or rules.is_over(record.expires_on, today):
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
        """Mail it, outside of a transaction; nothing when the certificate or its owner is gone."""
        with self._uow:
            record = self._certificates.find(certificate_id)
            person = None if record is None else self._certificates.find_addressee(record.user_id)
        if record is None or person is None or record.status != rules.APPROVED or record.expires_on is None:
            return
        letter = expiring(person.locale)
        text = letter.text.format(
            name=person.first_name, title=record.title, last_day=record.expires_on.isoformat()
        )
        self._mailer.send(to=person.email, topic=TOPIC_EXPIRING, subject=letter.subject, text=text, data={})

    def forget(self, user_id: int) -> None:
        """Delete the certificates of a user who is anonymised, and their files after that."""
        for key in self._certificates.forget(user_id):
            self._uow.enqueue(DELETE_FILE_JOB, {"key": key})

    def delete_file(self, key: str) -> None:
        """Raises Unavailable; the outbox tries again."""
        self._files.delete(key)

    def sweep(self) -> int:
        """Delete the files that no certificate has; returns how many."""
        before = self._clock.now() - LEFT_ALONE
        old = (file.key for file in self._files.list_files(self._folder) if file.changed_at < before)
        count = 0
        while keys := list(islice(old, BATCH)):
            with self._uow:
                used = self._certificates.keys_in_use(keys)
            for key in set(keys) - used:
                self._files.delete(key)
                count += 1
        return count


def _end_of(found: list[CertificateRecord]) -> After | None:
    if len(found) < BATCH:
        return None
    last = found[-1]
    assert last.expires_on is not None
    return last.expires_on, last.id
