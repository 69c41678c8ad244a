"""Many at once: what `POST /admin/<name>/status` does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketplace.blueprints.moderation.errors import (
    AlreadyUndone,
    ChangeDecided,
    ForeignOperation,
    UndoExpired,
)
from marketplace.blueprints.moderation.policies import UNDO_TIME, ChangeStatus
from marketplace.blueprints.moderation.ports import BulkAction, ChangeView, OperationRepository
from marketplace.blueprints.moderation.services.audit import AuditLog
from marketplace.blueprints.moderation.services.changes import ChangeRequests, decided_state
from marketplace.kernel.bulk import BulkOutcome, Moved, state
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Invalid, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

KEPT = timedelta(days=1)
"""After that nobody asks any more why something cannot be taken back."""
NOT_ALLOWED = "transition_not_allowed"
"""The code, in results of bulk decisions, of a thing whose state does not allow the new one."""


@dataclass(frozen=True)
class BulkResult:
    """A result for each id, in their order: `{id, ok}` and, where it is not ok, `code`. What was moved may be
    taken back as `operation_id` until `undo_until`; both are None when nothing was.
    """

    results: Sequence[Mapping[str, Any]]
    operation_id: int | None = None
    undo_until: datetime | None = None


class BulkDecisions:
    """`POST /admin/<name>/status`: many at once, a result for each, and back again for a while."""

    def __init__(
        self, uow: UnitOfWork, operations: OperationRepository, audit: AuditLog, clock: Clock
    ) -> None:
        self._uow = uow
        self._operations = operations
        self._audit = audit
        self._clock = clock
        self._actions: dict[str, BulkAction] = {}

    def register(self, action: BulkAction) -> None:
        """Raises ValueError for a name that is taken."""
        if action.name in self._actions:
            raise ValueError(f"the bulk action {action.name!r} is registered twice")
        self._actions[action.name] = action

    def run(
        self, actor: Principal, name: str, ids: Sequence[int], status: str, reason: str | None
    ) -> BulkResult:
        """Raises NotFound for a name that nobody registered, Invalid for a status that it does not have."""
        action = self._actions.get(name)
        if action is None:
            raise NotFound
        if status not in action.statuses:
            allowed = ", ".join(action.statuses)
            raise Invalid(errors={"json": {"status": [f"This must be one of: {allowed}."]}})
        with self._uow:
            outcome = action.apply(ids, status, reason, actor)
            results = [_result(one, outcome.codes.get(one, NotFound.code)) for one in ids]
            if not outcome.moved:
                return BulkResult(results)
            now = self._clock.now()
            operation_id = self._operations.add(name, actor.user_id, outcome.moved, now)
            return BulkResult(results, operation_id, now + UNDO_TIME)

    def undo(self, actor: Principal, operation_id: int) -> BulkResult:
        """Take a bulk decision back, once: what is still as it left it becomes what it was before; the others
        have the code `changed_since`, or what keeps `actor` from deciding on them.

        Raises NotFound, ForeignOperation, AlreadyUndone, UndoExpired.
        """
        with self._uow:
            now = self._clock.now()
            operation = self._operations.lock(operation_id)
            action = self._actions.get(operation.kind) if operation else None
            if operation is None or action is None:
                raise NotFound
            if operation.actor_id != actor.user_id and not actor.is_admin:
                raise ForeignOperation
            if operation.undone_at is not None:
                raise AlreadyUndone
            if now >= operation.created_at + UNDO_TIME:
                raise UndoExpired
            codes = action.undo(operation.items, actor)
            self._operations.mark_undone(operation_id, actor.user_id, now)
            results = [_result(one.id, codes.get(one.id, NotFound.code)) for one in operation.items]
            self._audit.write(
                "bulk.undone",
                "bulk_operation",
                operation_id,
                actor=actor,
                before={"kind": operation.kind, "moved": len(results)},
                after={"kind": operation.kind, "undone": sum(result["ok"] for result in results)},
            )
            return BulkResult(results)

    def prune(self) -> int:
        """Delete what can no longer be taken back; how many."""
        with self._uow:
            return self._operations.prune(self._clock.now() - KEPT)


class BulkChanges:
    """What `POST /admin/changes/status` does."""

    name = "changes"
    statuses = (ChangeStatus.APPROVED, ChangeStatus.REJECTED, ChangeStatus.REVISION_REQUESTED)

    def __init__(self, requests: ChangeRequests) -> None:
        self._requests = requests

    def apply(self, ids: Sequence[int], status: str, reason: str | None, actor: Principal) -> BulkOutcome:
        """See `BulkAction`. Raises Invalid where a reason is needed and there is none."""
        if status != ChangeStatus.APPROVED and not reason:
            raise Invalid(errors={"json": {"reason": ["Say why: who asked for the change will read it."]}})
        outcome = self._requests.decide_many(actor, ids, status, reason)
        moved = [
            Moved(one.id, state(status=ChangeStatus.PENDING, decided_at=None), decided_state(one))
            for one in outcome.values()
            if isinstance(one, ChangeView)
        ]
        return BulkOutcome({change_id: _code(result) for change_id, result in outcome.items()}, moved)

    def undo(self, moved: Sequence[Moved], actor: Principal) -> Mapping[int, str | None]:
        """See `BulkAction`. Of an approved change the old value is stored again where the field still has
        the new one.
        """
        outcome = self._requests.undo_many(actor, moved)
        return {change_id: error.code if error else None for change_id, error in outcome.items()}


def _code(result: ChangeView | AppError) -> str | None:
    if isinstance(result, ChangeDecided):
        return NOT_ALLOWED
    return result.code if isinstance(result, AppError) else None


def _result(subject_id: int, code: str | None) -> dict[str, Any]:
    return {"id": subject_id, "ok": True} if code is None else {"id": subject_id, "ok": False, "code": code}
