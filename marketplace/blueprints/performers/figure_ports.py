"""What the figures of performers need from outside, and what they hand on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Figures:
    """As they are counted: see `marketplace.models.figures`."""

    asked: int = 0
    answered: int = 0
    response_p33: int | None = None
    response_p66: int | None = None
    completed: int = 0
    withdrawn: int = 0


@dataclass(frozen=True)
class ResponseTime:
    """In how many minutes a third, and two thirds, of the answers came."""

    p33: int
    p66: int


@dataclass(frozen=True)
class ShownFigures:
    """What the public sees of them; None while there is too little to go by."""

    response_rate: float | None
    response_time_minutes: ResponseTime | None
    completion_rate: float | None


class FiguresRepository(Protocol):
    def lock(self, performer_id: int) -> None:
        """Until the transaction ends nobody else recomputes: who counted first must not write last."""
        ...

    def find(self, performer_id: int) -> Figures:
        """As they were counted last; all none when they never were."""
        ...

    def recompute(self, performer_id: int, now: datetime) -> Figures | None:
        """Count anew; None when nothing changed."""
        ...

    def list_ids(self, after: int, limit: int) -> Sequence[int]:
        """Performers who have or may have figures, by id."""
        ...
