"""Response and completion figures: recomputed after each change, and daily, as their window moves."""

from datetime import datetime

from marketplace.blueprints.performers.events import PerformerFiguresChanged
from marketplace.blueprints.performers.figure_ports import FiguresRepository
from marketplace.blueprints.performers.policies import shown_figures
from marketplace.kernel.clock import Clock
from marketplace.kernel.transactions import UnitOfWork

REFRESH_JOB = "performers.refresh_figures"
REFRESH_ALL_JOB = "performers.refresh_all_figures"
BATCH = 200


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
        """Recompute a performer's figures; what the public sees of them is told only when it changes."""
        with self._uow:
            self._rows.lock(performer_id)
            before = self._rows.find(performer_id)
            after = self._rows.recompute(performer_id, self._clock.now())
            if after is not None and shown_figures(after) != shown_figures(before):
                self._uow.record(PerformerFiguresChanged(performer_id=performer_id))

    def refresh_all(self, after: int = 0) -> None:
        """A batch of all figures there are, each in a job of its own, and a job for the next batch."""
        with self._uow:
            ids = self._rows.list_ids(after, BATCH)
            for performer_id in ids:
                self.ask(performer_id)
            if len(ids) == BATCH:
                self._uow.enqueue(REFRESH_ALL_JOB, {"after": ids[-1]})
