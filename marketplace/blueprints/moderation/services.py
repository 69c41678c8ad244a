"""The use cases of moderation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.blueprints.moderation.errors import ChangeDecided, OwnSubject
from marketplace.blueprints.moderation.events import ChangeDecided as ChangeDecidedEvent
from marketplace.blueprints.moderation.events import ChangeSubmitted
from marketplace.blueprints.moderation.policies import ChangeStatus
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
            "actor_id": actor.user_id if actor else None,
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
        """Store `changes` as pending; a newer one supersedes the pending one of the same field."""
        if not changes:
            return []
        with self._uow:
            stored = self._changes.add(subject_type, subject_id, requested_by, changes, self._clock.now())
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
            if (
                self._changes.decide(change_id, ChangeStatus.WITHDRAWN, None, user_id, self._clock.now())
                is None
            ):
                raise ChangeDecided

    def approve(self, actor: Principal, change_id: int) -> ChangeView:
        """Apply the change by its field's strategy. Of two moderators at once, one wins.

        Raises NotFound, OwnSubject, ChangeDecided, or what the strategy raises when it no longer can.
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
            return self.decide_within(actor, change_id, status, reason)

    def decide_within(self, actor: Principal, change_id: int, status: str, reason: str | None) -> ChangeView:
        """Decide inside the caller's unit of work, in which a failure may be undone by a savepoint."""
        known = self._changes.find(change_id)
        if known is None:
            raise NotFound
        if known.requested_by == actor.user_id:
            raise OwnSubject
        # The subject before the change request: the order in which an edit takes its locks too.
        subject = self._subjects.get(known.subject_type)
        entity = subject.load(known.subject_id) if subject and status == ChangeStatus.APPROVED else None
        decided = self._changes.decide(change_id, status, reason, actor.user_id, self._clock.now())
        if decided is None:
            raise ChangeDecided
        before = decided.old_value
        if subject and entity is not None:
            strategy = subject.strategies[decided.field_name]
            before = strategy.read(entity)
            strategy.apply(entity, decided.new_value)
            subject.changed(entity, [Change(decided.field_name, before, decided.new_value)])
        self._audit.write(
            f"change.{status}",
            decided.subject_type,
            decided.subject_id,
            actor=actor,
            before={decided.field_name: before},
            after={decided.field_name: decided.new_value},
            reason=reason,
        )
        self._uow.record(
            ChangeDecidedEvent(
                change_id=decided.id,
                subject_type=decided.subject_type,
                subject_id=decided.subject_id,
                field_name=decided.field_name,
                requested_by=decided.requested_by,
                status=status,
            )
        )
        return decided


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
    """The bulk action for change requests. Each goes through its field's strategy, so it is a decision
    for each and not one UPDATE; what one of them raises keeps only that one back.
    """

    name = "changes"
    statuses = (ChangeStatus.APPROVED, ChangeStatus.REJECTED)

    def __init__(self, uow: UnitOfWork, requests: ChangeRequests) -> None:
        self._uow = uow
        self._requests = requests

    def apply(
        self, ids: Sequence[int], status: str, reason: str | None, actor: Principal
    ) -> Mapping[int, str | None]:
        """See `BulkAction.apply`."""
        results: dict[int, str | None] = {}
        for change_id in ids:
            try:
                with self._uow.savepoint():
                    self._requests.decide_within(actor, change_id, status, reason)
                results[change_id] = None
            except AppError as error:
                results[change_id] = error.code
        return results


def _result(subject_id: int, code: str | None) -> dict[str, Any]:
    return {"id": subject_id, "ok": True} if code is None else {"id": subject_id, "ok": False, "code": code}
