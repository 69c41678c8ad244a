"""Claims: while a moderator looks at an item, nobody else decides on it."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.blueprints.moderation.errors import ClaimedByOther, NothingToClaim
from marketplace.blueprints.moderation.policies import CLAIM_TIME, claimed_by_other
from marketplace.blueprints.moderation.ports import ChangeKind, Claimable, ClaimRepository, ReportKind
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

T = TypeVar("T", bound=Claimable)


class Claims(Generic[T]):
    """The claims of one queue; `objection` gives the reason why somebody may not decide on an item, and
    `shown` completes an item for its reader. A claim ends by itself after policies.CLAIM_TIME, and with the
    decision.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        queue: ClaimRepository[T],
        audit: AuditLog,
        clock: Clock,
        *,
        subject: str,
        objection: Callable[[Principal, T, datetime], AppError | None],
        shown: Callable[[T], T] = lambda item: item,
    ) -> None:
        self._uow = uow
        self._queue = queue
        self._audit = audit
        self._clock = clock
        self._subject = subject
        self._objection = objection
        self._shown = shown

    def claim(self, actor: Principal, item_id: int) -> T:
        """Claim an item; one of two concurrent callers gets it, and the holder of a claim extends it.

        Raises NotFound, ClaimedByOther, and what keeps `actor` from deciding.
        """
        with self._uow:
            now = self._clock.now()
            item = self._queue.claim(item_id, actor.user_id, now, now + CLAIM_TIME)
            if item is None:
                raise self._objection(actor, self._found(item_id), now) or ClaimedByOther()
            return self._audited("claimed", actor, item)

    def claim_next(self, actor: Principal, kind: ChangeKind | ReportKind) -> T:
        """Claim the oldest free item; two concurrent callers get different ones. Raises NothingToClaim."""
        with self._uow:
            now = self._clock.now()
            item = self._queue.claim_next(actor.user_id, now, now + CLAIM_TIME, kind)
            if item is None:
                raise NothingToClaim
            return self._audited("claimed", actor, item)

    def release(self, actor: Principal, item_id: int) -> T:
        """Release a claim; admins may release anybody's. Without a claim nothing happens.

        Raises NotFound, ClaimedByOther.
        """
        with self._uow:
            now = self._clock.now()
            item = self._queue.release(item_id, None if actor.is_admin else actor.user_id)
            if item is not None:
                return self._audited("released", actor, item)
            item = self._found(item_id)
            if claimed_by_other(actor, item, now):
                raise ClaimedByOther
            return self._shown(item)

    def _found(self, item_id: int) -> T:
        item = self._queue.find(item_id)
        if item is None:
            raise NotFound
        return item

    def _audited(self, action: str, actor: Principal, item: T) -> T:
        claim = {"claimed_by": item.claimed_by}
        self._audit.write(f"{self._subject}.{action}", self._subject, item.id, actor=actor, after=claim)
        return self._shown(item)
