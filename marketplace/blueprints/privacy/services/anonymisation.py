"""Anonymisation: removes what is held on a deleted user once nobody can take the deletion back."""

from collections.abc import Sequence

from marketplace.blueprints.accounts.contracts import RESTORE_TIME
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.blueprints.privacy.contracts import UserAnonymised
from marketplace.blueprints.privacy.policies import ANONYMISE_BATCH
from marketplace.blueprints.privacy.ports import DueDeletions
from marketplace.kernel.clock import Clock
from marketplace.kernel.personal_data import Erasure
from marketplace.kernel.transactions import UnitOfWork

ANONYMISE_JOB = "accounts.anonymise"
ANONYMISE_ONE_JOB = "accounts.anonymise_user"


class AnonymisationService:
    """Anonymises users; rows that others need stay, without the name."""

    def __init__(
        self,
        uow: UnitOfWork,
        deletions: DueDeletions,
        erasures: Sequence[Erasure],
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._deletions = deletions
        self._audit = audit
        self._clock = clock
        self._erasures = erasures

    def enqueue_due(self, after_id: int = 0) -> None:
        """Add a job for each account whose time is over: if one cannot be anonymised, the others still
        are.
        """
        with self._uow:
            due = self._deletions.list_due(self._clock.now() - RESTORE_TIME, after_id, ANONYMISE_BATCH)
            for one in due:
                # The time is in the key, because the same account may be deleted, restored and deleted again.
                key = f"{ANONYMISE_ONE_JOB}:{one.user_id}:{int(one.deleted_at.timestamp())}"
                self._uow.enqueue(ANONYMISE_ONE_JOB, {"user_id": one.user_id}, key=key)
            if len(due) == ANONYMISE_BATCH:
                self._uow.enqueue(ANONYMISE_JOB, {"after_id": due[-1].user_id})

    def anonymise(self, user_id: int) -> None:
        """Remove what is held on a user for good, unless the deletion was taken back."""
        with self._uow:
            if not self._deletions.lock_due(user_id, self._clock.now() - RESTORE_TIME):
                return
            self._erase(user_id, last=False)
            self._uow.record(UserAnonymised(user_id=user_id))
            # Lock what is edited before the change request, as an approval does.
            self._erase(user_id, last=True)
            self._audit.write("user.anonymised", "user", user_id, actor=None)

    def _erase(self, user_id: int, *, last: bool) -> None:
        for erasure in self._erasures:
            if erasure.last is last:
                erasure.forget(user_id)
