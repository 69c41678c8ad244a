"""The states of moderation, and who may decide."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from marketplace.blueprints.moderation.contracts import ChangeView
from marketplace.blueprints.moderation.errors import (
    ChangeNotPending,
    ClaimedByOther,
    OwnChange,
    OwnReport,
    ReportNotOpen,
)
from marketplace.blueprints.moderation.ports import Claimable, ReportView
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal


class ChangeStatus(StrEnum):
    """The states of a change request."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVISION_REQUESTED = "revision_requested"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class ClaimFilter(StrEnum):
    """The claims that a list is narrowed to."""

    MINE = "mine"
    NONE = "none"


class ReportStatus(StrEnum):
    """The states of a report."""

    OPEN = "open"
    CLOSED = "closed"


class ReportOutcome(StrEnum):
    """How staff decides on a report."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


STATS_DAYS = 30
"""The default number of days in statistics."""
MAX_STATS_DAYS = 92
UNDO_TIME = timedelta(minutes=10)
"""The time in which a bulk decision may be taken back."""
CLAIM_TIME = timedelta(minutes=15)
"""The time in which nobody else decides on what a moderator has claimed."""


def live_claim(item: Claimable, now: datetime) -> dict[str, Any]:
    """The holder and the end of the claim on `item`; both are None when there is none or it is over."""
    live = item.claimed_until is not None and item.claimed_until > now
    return {
        "claimed_by": item.claimed_by if live else None,
        "claimed_until": item.claimed_until if live else None,
    }


def claimed_by_other(actor: Principal, item: Claimable, now: datetime) -> bool:
    """Whether somebody other than `actor` has claimed `item`."""
    return live_claim(item, now)["claimed_by"] not in {None, actor.user_id}


def objection(actor: Principal, change: ChangeView, now: datetime) -> AppError | None:
    """The reason why `actor` may not decide on `change`; None when there is none."""
    if change.requested_by == actor.user_id:
        return OwnChange()
    if change.status != ChangeStatus.PENDING:
        return ChangeNotPending()
    return ClaimedByOther() if claimed_by_other(actor, change, now) else None


def report_objection(actor: Principal, report: ReportView, now: datetime) -> AppError | None:
    """The reason why `actor` may not decide on `report`; None when there is none."""
    if actor.user_id in {report.reporter_id, report.owner_id}:
        return OwnReport()
    if report.status != ReportStatus.OPEN:
        return ReportNotOpen()
    return ClaimedByOther() if claimed_by_other(actor, report, now) else None
