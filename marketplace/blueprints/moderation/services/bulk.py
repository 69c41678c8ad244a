"""Bulk decisions: the use cases of `POST /admin/<name>/status`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marketplace.blueprints.moderation.contracts import AuditLog, BulkAction, BulkDecision, ChangeView
from marketplace.blueprints.moderation.errors import (
    AlreadyUndone,
    ChangeNotPending,
    ForeignOperation,
    UndoExpired,
)
from marketplace.blueprints.moderation.policies import UNDO_TIME, ChangeStatus
from marketplace.blueprints.moderation.ports import OperationRepository
from marketplace.blueprints.moderation.services.changes import ChangeRequestService, decided_state
from marketplace.kernel.bulk import BulkOutcome, Moved, state
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Invalid, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork

KEPT = timedelta(days=1)
"""How long a bulk decision is kept; afterwards nobody asks why it cannot be taken back."""
NOT_ALLOWED = "transition_not_allowed"
"""The code, in results of bulk decisions, of a thing whose state does not allow the new one."""


@dataclass(frozen=True)
class BulkResult:
    """A result for each id, in their order: `{id, ok}` and, where it is not ok, `code`. Changes may be taken
    back as `operation_id` until `undo_until`; both are None when nothing was changed.
    """

    results: Sequence[Mapping[str, Any]]
    operation_id: int | None = None
    undo_until: datetime | None = None


class BulkDecisions:
    """`POST /admin/<name>/status`: decide on many things at once, with a result for each, and take that back
    for a while.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        operations: OperationRepository,
        audit: AuditLog,
        clock: Clock,
        actions: Iterable[BulkAction],
    ) -> None:
        self._uow = uow
        self._operations = operations
        self._audit = audit
        self._clock = clock
        self._actions = {action.name: action for action in actions}

    @property
    def statuses(self) -> Mapping[str, Sequence[str]]:
        """The statuses that things of each kind can be moved to."""
        return {action.name: action.statuses for action in self._actions.values()}

    def run(
        self, actor: Principal, name: str, ids: Sequence[int], status: str, reason: str | None
    ) -> BulkResult:
        """Raises NotFound for a name that no domain gives, Invalid for a status that the name does not
        have.
        """
        action = self._actions.get(name)
        if action is None:
            raise NotFound
        if status not in action.statuses:
            allowed = ", ".join(action.statuses)
            raise Invalid(
                errors={"json": {"status": [Text("This must be one of: {choices}.", choices=allowed)]}}
            )
        with self._uow:
            outcome = action.decision().apply(ids, status, reason, actor)
            results = [_result(one, outcome.codes.get(one, NotFound.code)) for one in ids]
            if not outcome.moved:
                return BulkResult(results)
            now = self._clock.now()
            operation_id = self._operations.add(name, actor.user_id, outcome.moved, now)
            return BulkResult(results, operation_id, now + UNDO_TIME)

    def undo(self, actor: Principal, operation_id: int) -> BulkResult:
        """Take a bulk decision back, once: things that are still as it left them get their former state; the
        others get the code `changed_since`, or the code of what keeps `actor` from deciding on them.

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
            codes = action.decision().undo(operation.items, actor)
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
        """Delete decisions that are older than KEPT; returns how many."""
        with self._uow:
            return self._operations.prune(self._clock.now() - KEPT)


class BulkChanges(BulkDecision):
    """The bulk action of `POST /admin/changes/status`."""

    def __init__(self, requests: ChangeRequestService) -> None:
        self._requests = requests

    def apply(self, ids: Sequence[int], status: str, reason: str | None, actor: Principal) -> BulkOutcome:
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
        outcome = self._requests.undo_many(actor, moved)
        return {change_id: error.code if error else None for change_id, error in outcome.items()}


def _code(result: ChangeView | AppError) -> str | None:
    if isinstance(result, ChangeNotPending):
        return NOT_ALLOWED
    return result.code if isinstance(result, AppError) else None


def _result(subject_id: int, code: str | None) -> dict[str, Any]:
    return {"id": subject_id, "ok": True} if code is None else {"id": subject_id, "ok": False, "code": code}
