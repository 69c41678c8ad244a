"""Events of moderation, what other domains give to it, and the interfaces that it gives to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from marketplace.kernel.bulk import BulkOutcome, Moved
from marketplace.kernel.changes import Change, FieldStore, ModeratedField
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.identity import Principal


@dataclass(frozen=True, kw_only=True)
class ChangeSubmitted(DomainEvent):
    """An edit waits for staff."""

    name: ClassVar[str] = "change.submitted"
    change_id: int
    subject_type: str
    subject_id: int
    field_name: str


@dataclass(frozen=True, kw_only=True)
class ChangeDecided(DomainEvent):
    """Staff decided on an edit; `status` is `approved`, `rejected` or `revision_requested`."""

    name: ClassVar[str] = "change.decided"
    change_id: int
    subject_type: str
    subject_id: int
    field_name: str
    requested_by: int
    status: str


@dataclass(frozen=True, kw_only=True)
class ChangeReopened(DomainEvent):
    """Staff took back a decision on an edit, which waits again."""

    name: ClassVar[str] = "change.reopened"
    change_id: int
    subject_type: str
    subject_id: int
    field_name: str
    requested_by: int


@dataclass(frozen=True, kw_only=True)
class ReportFiled(DomainEvent):
    """A user reported something to staff."""

    name: ClassVar[str] = "report.filed"
    report_id: int
    content_type: str
    content_id: int


@dataclass(frozen=True, kw_only=True)
class ReportClosed(DomainEvent):
    """Staff decided on a report of `reporter_id`; `outcome` is `upheld` or `dismissed`."""

    name: ClassVar[str] = "report.closed"
    report_id: int
    content_type: str
    content_id: int
    reporter_id: int
    outcome: str


@dataclass(frozen=True)
class ChangeView:
    """A change request as it is shown."""

    id: int
    subject_type: str
    subject_id: int
    requested_by: int
    field_name: str
    old_value: Any
    new_value: Any
    status: str
    reason: str | None
    decided_by: int | None
    decided_at: datetime | None
    created_at: datetime
    claimed_by: int | None = None
    claimed_until: datetime | None = None
    old_display: Any = None
    new_display: Any = None

    @property
    def subject(self) -> dict[str, Any]:
        """The subject of the edit, as the API names it."""
        return {"type": self.subject_type, "id": self.subject_id}


class AuditLog(Protocol):
    """A log of who did what to whom; written in the same transaction as the act."""

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
        """Write one entry; `before` and `after` are values that JSON can hold."""
        ...

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
        ...


class ChangeRequests(Protocol):
    """Edits of moderated fields that wait for staff."""

    def submit(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change]
    ) -> Sequence[ChangeView]:
        """Store `changes` as pending; a newer one supersedes one of the same field that is pending or that
        staff asked to revise. Changes whose value is the present one are skipped.
        """
        ...

    def pending(self, subject_type: str, subject_id: int) -> Sequence[ChangeView]:
        """Edits that wait for staff, or for their owner since staff asked for a revision; at most one for
        each moderated field.
        """
        ...

    def replace_item(self, subject_type: str, field_name: str, old: int, new: int) -> int:
        """Replace `old` by `new` in pending requests of a field whose values are lists of ids, after the
        thing with the id `old` was merged into the other. Returns how many requests changed.
        """
        ...


class SubjectStore(FieldStore, Protocol):
    """The storage of the subjects of one kind, for moderation."""

    def lock_many(self, ids: Sequence[int]) -> Mapping[int, Any]:
        """Lock those of `ids` (ascending) that exist, in the order of their ids; returns them by id, as the
        fields read them.
        """
        ...


@dataclass(frozen=True)
class ModeratedSubject:
    """A kind of thing whose edits wait for staff, given by the domain that owns it, with a strategy for each
    field. `store()` gives the storage of the things; `changed` is called with the things by id whose fields
    were stored, to record the domain's own events.
    """

    name: str
    fields: Mapping[str, ModeratedField]
    store: Callable[[], SubjectStore]
    changed: Callable[[Mapping[int, Any]], None]


@dataclass(frozen=True)
class ReportedContent:
    """What staff reads of a reported thing beside the report: its text, the addresses of its pictures, and
    whether staff has hidden it.
    """

    text: str
    pictures: Sequence[str] = ()
    hidden: bool = False


@dataclass(frozen=True)
class Reportable:
    """A kind of thing that users can report, given by the domain that owns it.

    `find_owner(caller, id)` returns the user who owns the thing, None for what `caller` may not know of.
    `show(ids)` returns what staff reads of things, by id, in a number of queries that does not depend on how
    many they are. `hide(actor, id, reason)` hides a thing that is not hidden yet, within the caller's unit of
    work, and as its last statements; it raises what keeps `actor` from deciding. Without them, staff looks at
    things and hides them elsewhere.
    """

    name: str
    find_owner: Callable[[Principal, int], int | None]
    show: Callable[[Sequence[int]], Mapping[int, ReportedContent]] | None = None
    hide: Callable[[Principal, int, str], None] | None = None


class BulkDecision(Protocol):
    """Decides on many things of one kind at once."""

    def apply(self, ids: Sequence[int], status: str, reason: str | None, actor: Principal) -> BulkOutcome:
        """Change what may be changed, in one UPDATE, within the caller's unit of work, with audit entries and
        events. Raises Invalid without the reason that `status` needs.
        """
        ...

    def undo(self, moved: Sequence[Moved], actor: Principal) -> Mapping[int, str | None]:
        """Restore things that are still as `apply` left them to the state before it, likewise. Returns for
        each id the code of what prevented it (`kernel.bulk.CHANGED_SINCE`), None for success.
        """
        ...


@dataclass(frozen=True)
class BulkAction:
    """The implementation of `POST /admin/<name>/status` for one kind of thing, given by the domain that owns
    it; `decision()` returns the object that decides.
    """

    name: str
    statuses: tuple[str, ...]
    decision: Callable[[], BulkDecision]
