"""Many at once: what `POST /admin/<name>/status` does."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.blueprints.moderation.errors import ChangeDecided
from marketplace.blueprints.moderation.policies import ChangeStatus
from marketplace.blueprints.moderation.ports import BulkAction, ChangeView
from marketplace.blueprints.moderation.services.changes import ChangeRequests
from marketplace.kernel.errors import AppError, Invalid, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

NOT_ALLOWED = "transition_not_allowed"
"""The code, in results of bulk decisions, of a thing whose state does not allow the new one."""


class BulkDecisions:
    """`POST /admin/<name>/status`: many at once, a result for each."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._actions: dict[str, BulkAction] = {}

    def register(self, action: BulkAction) -> None:
        """Raises ValueError for a name that is taken."""
        if action.name in self._actions:
            raise ValueError(f"the bulk action {action.name!r} is registered twice")
        self._actions[action.name] = action

    def run(
        self, actor: Principal, name: str, ids: Sequence[int], status: str, reason: str | None
    ) -> list[dict[str, Any]]:
        """A result for each id, in their order: `{id, ok}` and, where it is not ok, `code`.

        Raises NotFound for a name that nobody registered, Invalid for a status that it does not have.
        """
        action = self._actions.get(name)
        if action is None:
            raise NotFound
        if status not in action.statuses:
            allowed = ", ".join(action.statuses)
            raise Invalid(errors={"json": {"status": [f"This must be one of: {allowed}."]}})
        with self._uow:
            failures = action.apply(ids, status, reason, actor)
        return [_result(subject_id, failures.get(subject_id, NotFound.code)) for subject_id in ids]


class BulkChanges:
    """What `POST /admin/changes/status` does."""

    name = "changes"
    statuses = (ChangeStatus.APPROVED, ChangeStatus.REJECTED)

    def __init__(self, requests: ChangeRequests) -> None:
        self._requests = requests

    def apply(
        self, ids: Sequence[int], status: str, reason: str | None, actor: Principal
    ) -> Mapping[int, str | None]:
        """See `BulkAction.apply`. Raises Invalid for a rejection without a reason."""
        if status == ChangeStatus.REJECTED and not reason:
            raise Invalid(errors={"json": {"reason": ["Say why: who asked for the change will read it."]}})
        outcome = self._requests.decide_many(actor, ids, status, reason)
        return {change_id: _code(result) for change_id, result in outcome.items()}


def _code(result: ChangeView | AppError) -> str | None:
    if isinstance(result, ChangeDecided):
        return NOT_ALLOWED
    return result.code if isinstance(result, AppError) else None


def _result(subject_id: int, code: str | None) -> dict[str, Any]:
    return {"id": subject_id, "ok": True} if code is None else {"id": subject_id, "ok": False, "code": code}
