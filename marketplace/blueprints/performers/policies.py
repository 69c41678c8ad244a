"""The rules of performers: who is moved where, how they rank, what is shown of their ratings."""

from collections.abc import Sequence
from datetime import timedelta

from marketplace.blueprints.performers.errors import OwnPerformer, StatusNotAllowed
from marketplace.blueprints.performers.figure_ports import Figures, ResponseTime, ShownFigures
from marketplace.blueprints.performers.ports import PerformerStatus
from marketplace.kernel.errors import AppError, Forbidden
from marketplace.kernel.identity import Principal

PENDING, APPROVED, REJECTED, SUSPENDED = "pending", "approved", "rejected", "suspended"

ALLOWED_FROM: dict[str, frozenset[str]] = {
    APPROVED: frozenset({PENDING, REJECTED, SUSPENDED}),
    REJECTED: frozenset({PENDING}),
    SUSPENDED: frozenset({APPROVED}),
}
"""Target status -> the statuses that staff may move from."""

NEEDS_REASON = frozenset({REJECTED, SUSPENDED})

MIN_SHOWN_REVIEWS = 3
"""Under so many reviews no average is shown, nor can one be found out by filtering."""

PRIOR_REVIEWS = 5
PRIOR_RATING = 4
"""Ranking by rating acts as if everybody began with five reviews of four stars, so that one review of
five stars does not outrank a hundred that average 4.9."""

MAX_NUMBERED_ROWS = 1_000
"""How many rows deep `?page=` may look."""


RESPONSE_WINDOW = timedelta(days=90)
"""How long a new order or chat counts towards the response figures."""
ANSWER_DUE = timedelta(days=1)
"""After so long, a first message without an answer counts as unanswered; orders expire by themselves."""
COMPLETION_WINDOW = timedelta(days=365)
"""How long an order counts towards the completion rate."""
MIN_SHOWN_FIGURES = 5
"""Under so many answers, or finished orders, nothing is shown of them."""


def shown_figures(found: Figures) -> ShownFigures:
    """What the public sees of a performer's figures: shares to two digits."""
    answers = found.answered >= MIN_SHOWN_FIGURES
    times = None
    if answers and found.response_p33 is not None and found.response_p66 is not None:
        times = ResponseTime(found.response_p33, found.response_p66)
    finished = found.completed + found.withdrawn
    return ShownFigures(
        response_rate=round(found.answered / found.asked, 2) if answers else None,
        response_time_minutes=times,
        completion_rate=round(found.completed / finished, 2) if finished >= MIN_SHOWN_FIGURES else None,
    )


def shown_rating(count: int, total: int) -> float | None:
    """The average of `count` reviews with `total` stars, to two digits; None where it is not shown."""
    return round(total / count, 2) if count >= MIN_SHOWN_REVIEWS else None


def objection(actor: Principal, performer: PerformerStatus, status: str) -> AppError | None:
    """Why `actor` may not move `performer` to `status`; None when that is fine."""
    if performer.user_id == actor.user_id:
        return OwnPerformer()
    if performer.status not in ALLOWED_FROM.get(status, frozenset()):
        return StatusNotAllowed(f"From {performer.status} there is no step to {status}")
    return None


def own_performer_id(caller: Principal) -> int:
    """The caller's own profile. Raises Forbidden for who has none."""
    if caller.performer_id is None:
        raise Forbidden("Only performers may do this")
    return caller.performer_id


def normal_ids(ids: Sequence[int]) -> list[int]:
    """Category ids in the one order in which they are compared and stored."""
    return sorted(set(ids))
