"""Events of reliability, its views, and the rule for what of them is shown."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.events import DomainEvent

MIN_SHOWN = 5
"""With fewer answers, or finished orders, their figures are not shown."""


@dataclass(frozen=True)
class Figures:
    """The counted figures: see `marketplace.models.figures`."""

    asked: int = 0
    answered: int = 0
    response_p33: int | None = None
    response_p66: int | None = None
    completed: int = 0
    withdrawn: int = 0


@dataclass(frozen=True)
class ResponseTime:
    """The minutes within which one third, and two thirds, of the answers came."""

    p33: int
    p66: int


@dataclass(frozen=True)
class ShownFigures:
    """The public figures; None while there is too little data."""

    response_rate: float | None
    response_time_minutes: ResponseTime | None
    completion_rate: float | None


def shown_figures(found: Figures) -> ShownFigures:
    """The public part of a performer's figures: shares to two digits."""
    answers = found.answered >= MIN_SHOWN
    times = None
    if answers and found.response_p33 is not None and found.response_p66 is not None:
        times = ResponseTime(found.response_p33, found.response_p66)
    finished = found.completed + found.withdrawn
    return ShownFigures(
        response_rate=round(found.answered / found.asked, 2) if answers else None,
        response_time_minutes=times,
        completion_rate=round(found.completed / finished, 2) if finished >= MIN_SHOWN else None,
    )


@dataclass(frozen=True, kw_only=True)
class PerformerFiguresChanged(DomainEvent):
    """The public figures of a performer have changed."""

    name: ClassVar[str] = "performer.figures_changed"
    performer_id: int
