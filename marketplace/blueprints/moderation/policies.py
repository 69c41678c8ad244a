"""The states of moderation, and who may decide."""

from enum import StrEnum

from marketplace.blueprints.moderation.errors import ChangeDecided, OwnChange
from marketplace.blueprints.moderation.ports import ChangeView
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal


class ChangeStatus(StrEnum):
    """Where a change request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVISION_REQUESTED = "revision_requested"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class ReportStatus(StrEnum):
    """Where a report stands."""

    OPEN = "open"
    CLOSED = "closed"


class ReportOutcome(StrEnum):
    """What staff makes of a report."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


def objection(actor: Principal, change: ChangeView) -> AppError | None:
    """What keeps `actor` from deciding on `change`, None when nothing does."""
    if change.requested_by == actor.user_id:
        return OwnChange()
    if change.status != ChangeStatus.PENDING:
        return ChangeDecided()
    return None
