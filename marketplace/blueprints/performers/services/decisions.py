"""The decisions of staff on performers, single or in bulk, and how they are taken back."""

from collections.abc import Sequence
from typing import Any

from marketplace.blueprints.moderation.contracts import AuditLog, BulkDecision
from marketplace.blueprints.performers import policies
from marketplace.blueprints.performers.changes import SUBJECT
from marketplace.blueprints.performers.contracts import (
    FullProfile,
    PerformerApproved,
    PerformerRejected,
    PerformerReopened,
    PerformerSuspended,
)
from marketplace.blueprints.performers.errors import OwnPerformer
from marketplace.blueprints.performers.ports import (
    PerformerDirectory,
    PerformerRepository,
    PerformerStatus,
    StaffSearch,
)
from marketplace.kernel.bulk import CHANGED_SINCE, BulkOutcome, Moved, state
from marketplace.kernel.errors import AppError, Invalid, NotFound
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork


class DecisionService(BulkDecision):
    """Decides on performers, single or in bulk, by the same code."""

    def __init__(
        self,
        uow: UnitOfWork,
        performers: PerformerRepository,
        directory: PerformerDirectory,
        audit: AuditLog,
    ) -> None:
        self._uow = uow
        self._performers = performers
        self._directory = directory
        self._audit = audit

    def search(self, search: StaffSearch, page: PageRequest, language: str) -> Page[FullProfile]:
        """Raises InvalidCursor."""
        return self._directory.list_full(search, page, language)

    def decide(
        self, actor: Principal, performer_id: int, status: str, reason: str | None, language: str
    ) -> FullProfile:
        """Move one performer. Raises NotFound, OwnPerformer, StatusNotAllowed."""
        with self._uow:
            error = self._move(actor, [performer_id], status, reason)[0][performer_id]
            if error is not None:
                raise error
            return self._directory.get_full(performer_id, language)

    def apply(self, ids: Sequence[int], status: str, reason: str | None, actor: Principal) -> BulkOutcome:
        outcome, moved = self._move(actor, ids, status, reason)
        return BulkOutcome({key: error.code if error else None for key, error in outcome.items()}, moved)

    def _move(
        self, actor: Principal, ids: Sequence[int], status: str, reason: str | None
    ) -> tuple[dict[int, AppError | None], list[Moved]]:
        """Returns for each id what prevented the move, and what was moved.

        Raises Invalid for a status that staff do not set, or without the reason that it needs.
        """
        if status not in policies.ALLOWED_FROM:
            choices = ", ".join(policies.ALLOWED_FROM)
            raise Invalid(
                errors={"json": {"status": [Text("This must be one of: {choices}.", choices=choices)]}}
            )
        if status in policies.NEEDS_REASON and not reason:
            raise Invalid(errors={"json": {"reason": ["Say why: the performer will read it."]}})
        kept = reason if status in policies.NEEDS_REASON else None
        outcome: dict[int, AppError | None] = {performer_id: NotFound() for performer_id in ids}
        moved = []
        with self._uow:
            moving = []
            for row in self._performers.lock_statuses(ids):
                outcome[row.id] = policies.objection(actor, row, status)
                if outcome[row.id] is None:
                    moving.append(row)
            if moving:
                self._performers.set_status([row.id for row in moving], status, kept)
                after = state(status=status, status_reason=kept)
                moved = [Moved(row.id, _state(row), after) for row in moving]
                subjects = [(one.id, one.before, one.after) for one in moved]
                self._audit.write_many(f"{SUBJECT}.{status}", SUBJECT, subjects, actor=actor, reason=reason)
                self._uow.record_many([_decided(row, status, reason or "") for row in moving])
        return outcome, moved

    def undo(self, moved: Sequence[Moved], actor: Principal) -> dict[int, str | None]:
        wanted = {one.id: one for one in moved}
        codes: dict[int, str | None] = dict.fromkeys(wanted, NotFound.code)
        with self._uow:
            back = []
            for row in self._performers.lock_statuses(list(wanted)):
                if row.user_id == actor.user_id:
                    codes[row.id] = OwnPerformer.code
                elif _state(row) != wanted[row.id].after:
                    codes[row.id] = CHANGED_SINCE
                else:
                    codes[row.id] = None
                    back.append(row)
            restored = {row.id: wanted[row.id].before for row in back}
            self._performers.restore(restored)
            subjects = [(row.id, _state(row), restored[row.id]) for row in back]
            self._audit.write_many(f"{SUBJECT}.undone", SUBJECT, subjects, actor=actor)
            self._uow.record_many(
                [
                    _decided(row, restored[row.id]["status"], restored[row.id]["status_reason"] or "")
                    for row in back
                ]
            )
        return codes


def _state(row: PerformerStatus) -> dict[str, Any]:
    return state(status=row.status, status_reason=row.status_reason)


def _decided(row: PerformerStatus, status: str, reason: str) -> DomainEvent:
    if status == policies.PENDING:
        return PerformerReopened(performer_id=row.id, user_id=row.user_id)
    if status == policies.APPROVED:
        return PerformerApproved(performer_id=row.id, user_id=row.user_id)
    kind = PerformerRejected if status == policies.REJECTED else PerformerSuspended
    return kind(performer_id=row.id, user_id=row.user_id, reason=reason)
