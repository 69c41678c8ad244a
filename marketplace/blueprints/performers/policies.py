"""The rules of performers: which changes of status are allowed to whom."""

from collections.abc import Sequence

from marketplace.blueprints.performers.errors import OwnPerformer, StatusNotAllowed
from marketplace.blueprints.performers.ports import PerformerStatus
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.kernel.texts import Text

PENDING, APPROVED, REJECTED, SUSPENDED = "pending", "approved", "rejected", "suspended"

ALLOWED_FROM: dict[str, frozenset[str]] = {
    APPROVED: frozenset({PENDING, REJECTED, SUSPENDED}),
    REJECTED: frozenset({PENDING}),
    SUSPENDED: frozenset({APPROVED}),
}
"""Target status -> the statuses that staff may move from."""

NEEDS_REASON = frozenset({REJECTED, SUSPENDED})


def objection(actor: Principal, performer: PerformerStatus, status: str) -> AppError | None:
    """The reason why `actor` may not move `performer` to `status`; None when there is none."""
    if performer.user_id == actor.user_id:
        return OwnPerformer()
    if performer.status not in ALLOWED_FROM.get(status, frozenset()):
        return StatusNotAllowed(
            Text("From {status} there is no step to {wanted}", status=performer.status, wanted=status)
        )
    return None


def normal_ids(ids: Sequence[int]) -> list[int]:
    """Category ids in the one order in which they are compared and stored."""
    return sorted(set(ids))
