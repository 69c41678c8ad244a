"""Change requests: edits that wait for staff, and the decisions of staff."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import groupby
from typing import Any

from marketplace.blueprints.moderation.contracts import (
    AuditLog,
    ChangeDecided,
    ChangeReopened,
    ChangeRequests,
    ChangeSubmitted,
    ChangeView,
    ModeratedSubject,
)
from marketplace.blueprints.moderation.errors import (
    ChangedSince,
    ChangeNotPending,
    FieldNotModerated,
    OwnChange,
    SubjectGone,
)
from marketplace.blueprints.moderation.policies import ChangeStatus, live_claim, objection
from marketplace.blueprints.moderation.ports import ChangeFilters, ChangeRepository
from marketplace.kernel.bulk import Moved, state
from marketplace.kernel.changes import Change
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork

Outcome = dict[int, ChangeView | AppError]
"""For each id the decided request, or the error that prevented the decision."""


class ChangeRequestService(ChangeRequests):
    """Edits that wait for staff, and the decisions of staff, single or in bulk, by the same code."""

    def __init__(
        self,
        uow: UnitOfWork,
        changes: ChangeRepository,
        audit: AuditLog,
        clock: Clock,
        subjects: Iterable[ModeratedSubject],
    ) -> None:
        self._uow = uow
        self._changes = changes
        self._audit = audit
        self._clock = clock
        self._subjects = {subject.name: subject for subject in subjects}

    def submit(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change]
    ) -> list[ChangeView]:
        real = [change for change in changes if change.old != change.new]
        if not real:
            return []
        with self._uow:
            stored = self._changes.add(subject_type, subject_id, requested_by, real, self._clock.now())
            self._uow.record_many(
                [
                    ChangeSubmitted(
                        change_id=view.id,
                        subject_type=view.subject_type,
                        subject_id=view.subject_id,
                        field_name=view.field_name,
                    )
                    for view in stored
                ]
            )
            return stored

    def pending(self, subject_type: str, subject_id: int) -> list[ChangeView]:
        return self._changes.list_open(subject_type, subject_id)

    def replace_item(self, subject_type: str, field_name: str, old: int, new: int) -> int:
        with self._uow:
            return self._changes.replace_item(subject_type, field_name, old, new)

    def list_own(
        self, user_id: int, page: PageRequest, language: str, *, status: str | None = None
    ) -> Page[ChangeView]:
        """A user's own change requests, newest first."""
        return self._shown_page(self._changes.list_own(user_id, page, status=status), language)

    def list_queue(
        self, page: PageRequest, filters: ChangeFilters, reader: Principal, language: str
    ) -> Page[ChangeView]:
        """Oldest first. Raises InvalidCursor."""
        now = self._clock.now()
        return self._shown_page(self._changes.list_all(page, filters, reader.user_id, now), language)

    def shown(self, change: ChangeView, language: str) -> ChangeView:
        """Changes with names for ids, and without expired claims."""
        return self._shown([change], language)[0]

    def _shown_page(self, page: Page[ChangeView], language: str) -> Page[ChangeView]:
        return replace(page, items=self._shown(page.items, language))

    def _shown(self, changes: Sequence[ChangeView], language: str) -> list[ChangeView]:
        now = self._clock.now()
        shown = {
            change.id: replace(
                change,
                old_display=change.old_value,
                new_display=change.new_value,
                **live_claim(change, now),
            )
            for change in changes
        }
        for (subject_type, field_name), group in _by_field(changes):
            known = self._subjects.get(subject_type)
            if known is None or field_name not in known.fields:
                continue
            values = [value for change in group for value in (change.old_value, change.new_value)]
            displays = known.fields[field_name].show(values, language)
            for change, old, new in zip(group, displays[::2], displays[1::2], strict=True):
                shown[change.id] = replace(shown[change.id], old_display=old, new_display=new)
        return [shown[change.id] for change in changes]

    def withdraw(self, user_id: int, change_id: int) -> None:
        """Withdraw a request that is pending or to be revised. Raises NotFound for a foreign one,
        ChangeNotPending for one that is neither.
        """
        with self._uow:
            known = self._changes.find(change_id)
            if known is None or known.requested_by != user_id:
                raise NotFound
            if not self._changes.withdraw(change_id, user_id, self._clock.now()):
                raise ChangeNotPending

    def approve(self, actor: Principal, change_id: int, language: str) -> ChangeView:
        """Apply the change by its field's strategy. One of two concurrent moderators wins. If the field holds
        another value by now, it gets the new one all the same, and the log records which value was replaced.

        Raises NotFound, OwnChange, ChangeNotPending, ClaimedByOther, SubjectGone, FieldNotModerated, or the
        errors of the strategy.
        """
        return self._decide(actor, change_id, ChangeStatus.APPROVED, None, language)

    def reject(self, actor: Principal, change_id: int, reason: str, language: str) -> ChangeView:
        """Raises NotFound, OwnChange, ChangeNotPending, ClaimedByOther."""
        return self._decide(actor, change_id, ChangeStatus.REJECTED, reason, language)

    def request_revision(self, actor: Principal, change_id: int, reason: str, language: str) -> ChangeView:
        """Raises as `reject`."""
        return self._decide(actor, change_id, ChangeStatus.REVISION_REQUESTED, reason, language)

    def _decide(
        self, actor: Principal, change_id: int, status: str, reason: str | None, language: str
    ) -> ChangeView:
        with self._uow:
            outcome = self.decide_many(actor, [change_id], status, reason)[change_id]
            if isinstance(outcome, AppError):
                raise outcome
            return self.shown(outcome, language)

    def decide_many(self, actor: Principal, ids: Sequence[int], status: str, reason: str | None) -> Outcome:
        """Decide on every request where this is allowed; the number of statements grows only with the
        fields.
        """
        outcome: Outcome = {change_id: NotFound() for change_id in ids}
        with self._uow:
            now = self._clock.now()

            def objected(change: ChangeView) -> AppError | None:
                return objection(actor, change, now)

            open_ones = _passing(self._changes.find_many(ids), objected, outcome)
            # Subjects are locked before change requests, as an edit does.
            subjects = self._lock_subjects(open_ones) if status == ChangeStatus.APPROVED else {}
            locked = self._changes.lock_many([change.id for change in open_ones])
            # Check again: somebody may have been faster.
            open_ones = _passing(locked, objected, outcome)
            if status == ChangeStatus.APPROVED:
                open_ones = self._apply(open_ones, subjects, outcome)
            decided = self._changes.decide(open_ones, status, reason, actor.user_id, now)
            outcome.update({change.id: change for change in decided})
            for subject_type, group in groupby(sorted(decided, key=_by_subject), key=_type_of):
                entries = [_audited(change) for change in group]
                self._audit.write_many(f"change.{status}", subject_type, entries, actor=actor, reason=reason)
            self._uow.record_many([_decided(change) for change in sorted(decided, key=_by_subject)])
        return outcome

    def undo_many(self, actor: Principal, moved: Sequence[Moved]) -> dict[int, AppError | None]:
        """Make requests that are still as a bulk decision left them wait again; the number of statements
        grows only with the fields. Returns for each what prevented it. The field of an approved request gets
        the replaced value back, unless it holds something else by now. A request that a newer one has
        followed is not reopened.
        """
        outcome: dict[int, AppError | None] = {one.id: NotFound() for one in moved}
        with self._uow:
            known = self._changes.find_many(list(outcome))
            subjects = self._lock_subjects(known)
            locked = self._changes.lock_many([change.id for change in known])
            left = {one.id: one.after for one in moved}
            followed = self._changes.open_fields(locked)

            def problem(change: ChangeView) -> AppError | None:
                key = (change.subject_type, change.subject_id)
                if change.requested_by == actor.user_id:
                    return OwnChange()
                if decided_state(change) != left[change.id] or (*key, change.field_name) in followed:
                    return ChangedSince()
                if change.status != ChangeStatus.APPROVED:
                    return None
                if key not in subjects:
                    return SubjectGone()
                present = self._subjects[key[0]].fields[change.field_name].read(subjects[key])
                return None if present == change.new_value else ChangedSince()

            failed: Outcome = {}
            back = _passing(locked, problem, failed)
            approved = [change for change in back if change.status == ChangeStatus.APPROVED]
            wanted = [replace(change, new_value=change.old_value) for change in approved]
            self._apply(wanted, subjects, failed)
            back = [change for change in back if change.id not in failed]
            outcome.update(dict.fromkeys([change.id for change in back]))
            outcome.update({key: error for key, error in failed.items() if isinstance(error, AppError)})
            self._changes.reopen([change.id for change in back])
            for subject_type, group in groupby(sorted(back, key=_by_subject), key=_type_of):
                entries = [_undone(change) for change in group]
                self._audit.write_many("change.undone", subject_type, entries, actor=actor)
            self._uow.record_many(
                [
                    ChangeReopened(
                        change_id=change.id,
                        subject_type=change.subject_type,
                        subject_id=change.subject_id,
                        field_name=change.field_name,
                        requested_by=change.requested_by,
                    )
                    for change in back
                ]
            )
        return outcome

    def _lock_subjects(self, changes: Sequence[ChangeView]) -> dict[tuple[str, int], Any]:
        """Lock the subjects that exist; returns them by type and id. Types are locked in the order in which
        their domains are loaded, ids ascending: everybody takes these locks in one order.
        """
        found: dict[tuple[str, int], Any] = {}
        for name, subject in self._subjects.items():
            ids = sorted({change.subject_id for change in changes if change.subject_type == name})
            if ids:
                found.update({(name, key): one for key, one in subject.store().lock_many(ids).items()})
        return found

    def _apply(
        self,
        changes: Sequence[ChangeView],
        subjects: Mapping[tuple[str, int], Any],
        outcome: Outcome,
    ) -> list[ChangeView]:
        """Store the new values. Returns the requests that were applied, with the replaced values as their
        `old_value`; errors of the others go into `outcome`.
        """

        def missing(change: ChangeView) -> AppError | None:
            known = self._subjects.get(change.subject_type)
            if known is None or change.field_name not in known.fields:
                return FieldNotModerated()
            return None if (change.subject_type, change.subject_id) in subjects else SubjectGone()

        good = _passing(changes, missing, outcome)
        # Copied before anything is stored, because a store may return the object that it writes to.
        before = {
            change.id: deepcopy(
                self._subjects[change.subject_type]
                .fields[change.field_name]
                .read(subjects[change.subject_type, change.subject_id])
            )
            for change in good
        }
        applied = []
        for (subject_type, field_name), group in _by_field(good):
            known = self._subjects[subject_type]
            strategy = known.fields[field_name]
            wanted = {change.subject_id: change.new_value for change in group}
            failed = strategy.write(known.store(), wanted)
            for change in group:
                if change.subject_id in failed:
                    outcome[change.id] = failed[change.subject_id]
                else:
                    applied.append(replace(change, old_value=before[change.id]))
        for name, subject in self._subjects.items():
            touched = sorted({change.subject_id for change in applied if change.subject_type == name})
            if touched:
                subject.changed({key: subjects[name, key] for key in touched})
        return applied


def _passing(
    changes: Sequence[ChangeView],
    problem: Callable[[ChangeView], AppError | None],
    outcome: Outcome,
) -> list[ChangeView]:
    """The requests without a problem; the problems of the others go into `outcome`."""
    passing = []
    for change in changes:
        found = problem(change)
        if found is None:
            passing.append(change)
        else:
            outcome[change.id] = found
    return passing


def _by_field(changes: Sequence[ChangeView]) -> list[tuple[tuple[str, str], list[ChangeView]]]:
    groups: dict[tuple[str, str], list[ChangeView]] = {}
    for change in changes:
        groups.setdefault((change.subject_type, change.field_name), []).append(change)
    return list(groups.items())


def _by_subject(change: ChangeView) -> tuple[str, int, int]:
    return change.subject_type, change.subject_id, change.id


def _type_of(change: ChangeView) -> str:
    return change.subject_type


def _decided(change: ChangeView) -> ChangeDecided:
    return ChangeDecided(
        change_id=change.id,
        subject_type=change.subject_type,
        subject_id=change.subject_id,
        field_name=change.field_name,
        requested_by=change.requested_by,
        status=change.status,
    )


def decided_state(change: ChangeView) -> dict[str, Any]:
    """The state that a decision sets, for a later comparison."""
    return state(status=change.status, decided_at=change.decided_at)


def _undone(change: ChangeView) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The reverse of `_audited`."""
    subject_id, before, after = _audited(change)
    return subject_id, after, before


def _audited(change: ChangeView) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The subject's id, and the state before and after: of the field, or the status if refused."""
    before: dict[str, Any] = {"change_id": change.id}
    after = dict(before)
    if change.status == ChangeStatus.APPROVED:
        before[change.field_name] = change.old_value
        after[change.field_name] = change.new_value
    else:
        before["status"] = ChangeStatus.PENDING
        after["status"] = change.status
    return change.subject_id, before, after
