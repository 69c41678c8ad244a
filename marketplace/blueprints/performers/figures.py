"""Response and completion figures: recomputed after each change, and daily, as their window moves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from marketplace.blueprints.performers.events import PerformerFiguresChanged
from marketplace.kernel.clock import Clock
from marketplace.kernel.transactions import UnitOfWork

REFRESH_JOB = "performers.refresh_figures"
REFRESH_ALL_JOB = "performers.refresh_all_figures"
BATCH = 200


class FiguresRepository(Protocol):
    def recompute(self, performer_id: int, now: datetime) -> bool:
        """False when nothing changed."""
        ...

    def list_ids(self, after: int, limit: int) -> Sequence[int]:
        """Performers with figures, by id."""
        ...


class FigureService:
    """How reliably performers answer and finish."""

    def __init__(self, uow: UnitOfWork, rows: FiguresRepository, clock: Clock) -> None:
        self._uow = uow
        self._rows = rows
        self._clock = clock

    def ask(self, performer_id: int, at: datetime | None = None) -> None:
        """In the caller's transaction: recompute a performer's figures after it, or at `at`."""
        self._uow.enqueue(REFRESH_JOB, {"performer_id": performer_id}, run_at=at)

    def refresh(self, performer_id: int) -> None:
        """Recompute a performer's figures."""
        with self._uow:
            if self._rows.recompute(performer_id, self._clock.now()):
                self._uow.record(PerformerFiguresChanged(performer_id=performer_id))

    def refresh_all(self, after: int = 0) -> None:
        """A batch of all figures there are, each in a job of its own, and a job for the next batch."""
        with self._uow:
            ids = self._rows.list_ids(after, BATCH)
            for performer_id in ids:
                self.ask(performer_id)
            if len(ids) == BATCH:
                self._uow.enqueue(REFRESH_ALL_JOB, {"after": ids[-1]})
