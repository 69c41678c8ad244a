"""The use cases of moderation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from marketplace.blueprints.moderation.errors import ChangeDecided, FieldNotModerated
from marketplace.blueprints.moderation.events import ChangeDecided as ChangeDecidedEvent
from marketplace.blueprints.moderation.events import ChangeSubmitted
from marketplace.blueprints.moderation.policies import ChangeStatus, objection
from marketplace.blueprints.moderation.ports import (
    AuditRepository,
    AuditView,
    BulkAction,
    ChangeRepository,
    ChangeView,
    ModeratedSubject,
)
from marketplace.kernel.changes import Change
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, Invalid, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork

NOT_ALLOWED = "transition_not_allowed"
"""The code, in results of bulk decisions, of a thing whose state does not allow the new one."""


@dataclass(frozen=True)
class Origin:
    """Where a request comes from."""

    request_id: str | None
    ip: str | None


class AuditLog:
    """Who did what to whom; written in the transaction of what was done."""

    def __init__(self, uow: UnitOfWork, entries: AuditRepository, origin: Callable[[], Origin]) -> None:
        self._uow = uow
        self._entries = entries
        self._origin = origin

    def write(
        self,
        action: str,
        subject_type: str,
        subject_id: int | None,
        *,
        actor: Principal | None,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None:
        """One entry; `before` and `after` are values that JSON knows."""
        self.write_many(action, subject_type, [(subject_id, before, after)], actor=actor, reason=reason)

    def write_many(
        self,
        action: str,
        subject_type: str,
        subjects: Sequence[tuple[int | None, Any, Any]],
        *,
        actor: Principal | None,
        reason: str | None = None,
    ) -> None:
        """One entry for each `(id, before, after)`, in one statement."""
        origin = self._origin()
        common = {
            "actor_id": (actor.acting_admin_id or actor.user_id) if actor else None,
            "on_behalf_of": actor.user_id if actor and actor.acting_admin_id else None,
            "action": action,
            "subject_type": subject_type,
            "reason": reason,
            "request_id": origin.request_id,
            "ip": origin.ip,
        }
        with self._uow:
            self._entries.add(
                [
                    {**common, "subject_id": subject_id, "before": before, "after": after}
                    for subject_id, before, after in subjects
                ]
            )

    def list_entries(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[AuditView]:
        """Newest first."""
        return self._entries.list_all(page, filters)


class ChangeRequests:
    """Edits that wait for staff, and what staff decides."""

    def __init__(self, uow: UnitOfWork, changes: ChangeRepository, audit: AuditLog, clock: Clock) -> None:
        self._uow = uow
        self._changes = changes
        self._audit = audit
        self._clock = clock
        self._subjects: dict[str, ModeratedSubject] = {}

    def register(self, subject: ModeratedSubject) -> None:
        """Raises ValueError for a name that is taken."""
        if subject.name in self._subjects:
            raise ValueError(f"the moderated subject {subject.name!r} is registered twice")
        self._subjects[subject.name] = subject

    def submit(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change]
    ) -> list[ChangeView]:
        """Store `changes` as pending; a newer one supersedes the pending one of the same field. Those whose
        value is the present one are skipped.
        """
        real = [change for change in changes if change.old != change.new]
        if not real:
            return []
        with self._uow:
            stored = self._changes.add(subject_type, subject_id, requested_by, real, self._clock.now())
            for view in stored:
                self._uow.record(
                    ChangeSubmitted(
                        change_id=view.id,
                        subject_type=view.subject_type,
                        subject_id=view.subject_id,
                        field_name=view.field_name,
                    )
                )
            return stored

    def pending(self, subject_type: str, subject_id: int) -> list[ChangeView]:
        """What waits for staff, at most one for each moderated field."""
        return self._changes.pending(subject_type, subject_id)

    def replace_item(self, subject_type: str, field_name: str, old: int, new: int) -> int:
        """Where pending requests of a field whose values are lists of ids hold `old`, let them hold `new`:
        the thing with the id `old` went into the other. How many requests that changed.
        """
        with self._uow:
            return self._changes.replace_item(subject_type, field_name, old, new)

    def list_own(self, user_id: int, page: PageRequest, status: str | None = None) -> Page[ChangeView]:
        """A user's own change requests, newest first."""
        return self._changes.list_own(user_id, page, status=status)

    def list_queue(
        self, page: PageRequest, *, status: str | None, field_name: str | None
    ) -> Page[ChangeView]:
        """Oldest first."""
        return self._changes.list_all(page, status=status, field_name=field_name)

    def withdraw(self, user_id: int, change_id: int) -> None:
        """Take a pending one back. Raises NotFound for a foreign one, ChangeDecided for one not pending."""
        with self._uow:
            known = self._changes.find(change_id)
            if known is None or known.requested_by != user_id:
                raise NotFound
            now = self._clock.now()
            if not self._changes.decide([change_id], ChangeStatus.WITHDRAWN, None, user_id, now):
                raise ChangeDecided

    def approve(self, actor: Principal, change_id: int) -> ChangeView:
        """Apply the change by its field's strategy. Of two moderators at once, one wins.

        Raises NotFound, OwnChange, ChangeDecided, FieldNotModerated, or what the strategy raises when it no
        longer can.
        """
        return self._decide(actor, change_id, ChangeStatus.APPROVED, None)

    def reject(self, actor: Principal, change_id: int, reason: str) -> ChangeView:
        """Raises as `approve`."""
        return self._decide(actor, change_id, ChangeStatus.REJECTED, reason)

    def request_revision(self, actor: Principal, change_id: int, reason: str) -> ChangeView:
        """Raises as `approve`."""
        return self._decide(actor, change_id, ChangeStatus.REVISION_REQUESTED, reason)

    def _decide(self, actor: Principal, change_id: int, status: str, reason: str | None) -> ChangeView:
        with self._uow:
            outcome = self.decide_many(actor, [change_id], status, reason)[change_id]
            if isinstance(outcome, AppError):
                raise outcome
            return outcome

    def decide_many(
        self, actor: Principal, ids: Sequence[int], status: str, reason: str | None
    ) -> dict[int, ChangeView | AppError]:
        """Decide on all that may be decided; for each id the decided request, or what kept it back.

        One UPDATE of the requests and one audit entry each, whatever their number; only the subjects of
        approved ones are loaded and changed one by one, since each field has a strategy of its own.
        """
        outcome: dict[int, ChangeView | AppError] = {change_id: NotFound() for change_id in ids}
        with self._uow:
            open_ones = []
            # By subject: every moderator takes the locks of subjects in the same order.
            for change in sorted(self._changes.find_many(ids), key=_by_subject):
                problem = objection(actor, change)
                if problem is None:
                    open_ones.append(change)
                else:
                    outcome[change.id] = problem
            if status == ChangeStatus.APPROVED:
                replaced = self._apply(open_ones, outcome)
            else:
                replaced = self._keep(open_ones, outcome)
            decided = self._changes.decide(list(replaced), status, reason, actor.user_id, self._clock.now())
            decided.sort(key=_by_subject)
            outcome.update({change.id: change for change in decided})
            for subject_type, group in groupby(decided, key=lambda change: change.subject_type):
                entries = [_audited(change, replaced[change.id]) for change in group]
                self._audit.write_many(f"change.{status}", subject_type, entries, actor=actor, reason=reason)
            for change in decided:
                self._uow.record(
                    ChangeDecidedEvent(
                        change_id=change.id,
                        subject_type=change.subject_type,
                        subject_id=change.subject_id,
                        field_name=change.field_name,
                        requested_by=change.requested_by,
                        status=status,
                    )
                )
        return outcome

    def _keep(
        self, changes: Sequence[ChangeView], outcome: dict[int, ChangeView | AppError]
    ) -> dict[int, Any]:
        """The ids of those that are still pending, now locked; nothing of their subjects changes."""
        pending = self._changes.lock_pending([change.id for change in changes])
        outcome.update({change.id: ChangeDecided() for change in changes if change.id not in pending})
        return dict.fromkeys(pending)

    def _apply(
        self, changes: Sequence[ChangeView], outcome: dict[int, ChangeView | AppError]
    ) -> dict[int, Any]:
        """Apply those that are still pending. Gives by id the value that the field really had; what kept
        the others back goes into `outcome`.
        """
        # Subjects before change requests: the order in which an edit takes its locks, too.
        subjects: dict[tuple[str, int], Any] = {}
        loaded = []
        for change in changes:
            try:
                self._load(change, subjects)
                loaded.append(change)
            except AppError as error:
                outcome[change.id] = error
        pending = self._keep(loaded, outcome)
        replaced: dict[int, Any] = {}
        for change in loaded:
            if change.id not in pending:
                continue
            try:
                entity = self._load(change, subjects)
                with self._uow.savepoint():
                    replaced[change.id] = self._apply_one(change, entity)
            except AppError as error:
                outcome[change.id] = error
                # What the savepoint undid, the entity may still show.
                subjects.pop((change.subject_type, change.subject_id), None)
        return replaced

    def _load(self, change: ChangeView, subjects: dict[tuple[str, int], Any]) -> Any:
        """The subject of `change`, locked; each one once."""
        known = self._subjects.get(change.subject_type)
        if known is None or change.field_name not in known.strategies:
            raise FieldNotModerated
        key = (change.subject_type, change.subject_id)
        if key not in subjects:
            subjects[key] = known.load(change.subject_id)
        return subjects[key]

    def _apply_one(self, change: ChangeView, entity: Any) -> Any:
        subject = self._subjects[change.subject_type]
        strategy = subject.strategies[change.field_name]
        before = strategy.read(entity)
        strategy.apply(entity, change.new_value)
        subject.changed(entity, [Change(change.field_name, before, change.new_value)])
        return before


class BulkDecisions:
    """`POST /admin/<name>/status`: many at once, a result for each."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._actions: dict[str, BulkAction] = {}

    def register(self, action: BulkAction) -> None:
        """Raises ValueError for a name that is taken."""
        if action.name in self._actions:
            raise ValueError(f"the bulk action {action.name!r} is registered twice")
        self._actions[action.name] = action

    def run(
        self, actor: Principal, name: str, ids: Sequence[int], status: str, reason: str | None
    ) -> list[dict[str, Any]]:
        """A result for each id, in their order: `{id, ok}` and, where it is not ok, `code`.

        Raises NotFound for a name that nobody registered, Invalid for a status that it does not have.
        """
        action = self._actions.get(name)
        if action is None:
            raise NotFound
        if status not in action.statuses:
            allowed = ", ".join(action.statuses)
            raise Invalid(errors={"json": {"status": [f"This must be one of: {allowed}."]}})
        with self._uow:
            failures = action.apply(ids, status, reason, actor)
        return [_result(subject_id, failures.get(subject_id, NotFound.code)) for subject_id in ids]


class BulkChanges:
    """What `POST /admin/changes/status` does."""

    name = "changes"
    statuses = (ChangeStatus.APPROVED, ChangeStatus.REJECTED)

    def __init__(self, requests: ChangeRequests) -> None:
        self._requests = requests

    def apply(
        self, ids: Sequence[int], status: str, reason: str | None, actor: Principal
    ) -> Mapping[int, str | None]:
        """See `BulkAction.apply`. Raises Invalid for a rejection without a reason."""
        if status == ChangeStatus.REJECTED and not reason:
            raise Invalid(errors={"json": {"reason": ["Say why: who asked for the change will read it."]}})
        outcome = self._requests.decide_many(actor, ids, status, reason)
        return {change_id: _code(result) for change_id, result in outcome.items()}


def _code(result: ChangeView | AppError) -> str | None:
    if isinstance(result, ChangeDecided):
        return NOT_ALLOWED
    return result.code if isinstance(result, AppError) else None


def _by_subject(change: ChangeView) -> tuple[str, int, int]:
    return change.subject_type, change.subject_id, change.id


def _audited(change: ChangeView, replaced: Any) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The subject's id, and what was before and after: of the field, or of a refused request its status."""
    before: dict[str, Any] = {"change_id": change.id}
    after = dict(before)
    if change.status == ChangeStatus.APPROVED:
        before[change.field_name] = replaced
        after[change.field_name] = change.new_value
    else:
        before["status"] = ChangeStatus.PENDING
        after["status"] = change.status
    return change.subject_id, before, after


def _result(subject_id: int, code: str | None) -> dict[str, Any]:
    return {"id": subject_id, "ok": True} if code is None else {"id": subject_id, "ok": False, "code": code}
