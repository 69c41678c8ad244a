"""The states of moderation, and who may decide."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from marketplace.blueprints.moderation.errors import (
    ChangeDecided,
    ClaimedByOther,
    OwnChange,
    OwnReport,
    ReportClosed,
)
from marketplace.blueprints.moderation.ports import ChangeView, Claimable, ReportView
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


class Claimed(StrEnum):
    """Whose claim a list asks for."""

    MINE = "mine"
    NONE = "none"


class ReportStatus(StrEnum):
    """Where a report stands."""

    OPEN = "open"
    CLOSED = "closed"


class ReportOutcome(StrEnum):
    """What staff makes of a report."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


STATS_DAYS = 30
"""So many days of numbers without being asked for others."""
MAX_STATS_DAYS = 92
UNDO_TIME = timedelta(minutes=10)
"""How long a bulk decision may be taken back."""
CLAIM_TIME = timedelta(minutes=15)
"""How long nobody else decides on what a moderator has claimed."""


def live_claim(item: Claimable, now: datetime) -> dict[str, Any]:
    """Who has claimed `item` until when; None for a claim that is over."""
    live = item.claimed_until is not None and item.claimed_until > now
    return {
        "claimed_by": item.claimed_by if live else None,
        "claimed_until": item.claimed_until if live else None,
    }


def claimed_by_other(actor: Principal, item: Claimable, now: datetime) -> bool:
    """Whether somebody else than `actor` looks at `item`."""
    return live_claim(item, now)["claimed_by"] not in {None, actor.user_id}


def objection(actor: Principal, change: ChangeView, now: datetime) -> AppError | None:
    """What keeps `actor` from deciding on `change`, None when nothing does."""
    if change.requested_by == actor.user_id:
        return OwnChange()
    if change.status != ChangeStatus.PENDING:
        return ChangeDecided()
    return ClaimedByOther() if claimed_by_other(actor, change, now) else None


def report_objection(actor: Principal, report: ReportView, now: datetime) -> AppError | None:
    """What keeps `actor` from deciding on `report`, None when nothing does."""
    if actor.user_id in {report.reporter_id, report.owner_id}:
        return OwnReport()
    if report.status != ReportStatus.OPEN:
        return ReportClosed()
    return ClaimedByOther() if claimed_by_other(actor, report, now) else None
