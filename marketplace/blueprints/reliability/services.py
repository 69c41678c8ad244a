"""Response and completion figures, recomputed after each change, and daily as their window moves."""

from datetime import datetime

from marketplace.blueprints.reliability.contracts import PerformerFiguresChanged, shown_figures
from marketplace.blueprints.reliability.policies import ANSWER_DUE
from marketplace.blueprints.reliability.ports import FiguresRepository
from marketplace.kernel.clock import Clock
from marketplace.kernel.transactions import UnitOfWork

REFRESH_JOB = "performers.refresh_figures"
REFRESH_ALL_JOB = "performers.refresh_all_figures"
BATCH = 200


class FigureService:
    """The response and completion figures of performers."""

    def __init__(self, uow: UnitOfWork, rows: FiguresRepository, clock: Clock) -> None:
        self._uow = uow
        self._rows = rows
        self._clock = clock

    def ask(self, performer_id: int, at: datetime | None = None) -> None:
        """Ask for a job, in the caller's transaction, that recomputes a performer's figures after it, or at
        `at`.
        """
        self._uow.enqueue(REFRESH_JOB, {"performer_id": performer_id}, run_at=at)

    def note_message(self, chat_id: int, sender_id: int, seq: int) -> None:
        """Note a message in the transaction that stores it: only the first one of each side counts. For a
        question the figures are recomputed when its answer is due, for an answer at once.
        """
        first = self._rows.find_first_message(chat_id, sender_id, seq)
        if first is not None:
            self.ask(first.performer_id, self._clock.now() + ANSWER_DUE if first.by_customer else None)

    def refresh(self, performer_id: int) -> None:
        """Recompute a performer's figures; an event is recorded only when the public figures change."""
        with self._uow:
            self._rows.lock(performer_id)
            before = self._rows.find(performer_id)
            after = self._rows.recompute(performer_id, self._clock.now())
            if after is not None and shown_figures(after) != shown_figures(before):
                self._uow.record(PerformerFiguresChanged(performer_id=performer_id))

    def refresh_all(self, after: int = 0) -> None:
        """Add a job for each performer of a batch, and a job for the next batch."""
        with self._uow:
            ids = self._rows.list_ids(after, BATCH)
            for performer_id in ids:
                self.ask(performer_id)
            if len(ids) == BATCH:
                self._uow.enqueue(REFRESH_ALL_JOB, {"after": ids[-1]})
