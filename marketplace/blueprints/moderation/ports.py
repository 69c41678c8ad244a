"""What the services of moderation need, and what other domains hand to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from marketplace.kernel.bulk import BulkOutcome, Moved
from marketplace.kernel.changes import Change, FieldStore, ModeratedField
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest


class SubjectStore(FieldStore, Protocol):
    """Where the subjects of one kind are stored, to be moderated."""

    def lock_many(self, ids: Sequence[int]) -> Mapping[int, Any]:
        """Those of `ids` (rising) that exist, by id, as the fields read them; locked in the order of their
        ids.
        """
        ...


@dataclass(frozen=True)
class ModeratedSubject:
    """A kind of thing whose edits wait for staff; registered by the domain that owns it, with a strategy for
    each field. `changed` is called with the subjects, by id, of which fields were stored, to record the
    domain's own events.
    """

    name: str
    fields: Mapping[str, ModeratedField]
    store: SubjectStore
    changed: Callable[[Mapping[int, Any]], None]


class Claimable(Protocol):
    """What waits in a queue of staff."""

    @property
    def id(self) -> int: ...

    @property
    def claimed_by(self) -> int | None: ...

    @property
    def claimed_until(self) -> datetime | None: ...


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
        """What is edited, as the API names it."""
        return {"type": self.subject_type, "id": self.subject_id}


@dataclass(frozen=True)
class ChangeFilters:
    """What a list of change requests is narrowed to; `claimed` is `mine` or `none`."""

    status: str | None = None
    field_name: str | None = None
    subject_type: str | None = None
    claimed: str | None = None


@dataclass(frozen=True)
class AuditView:
    """An entry of the audit log as it is shown. When an admin acted as a user, `actor_id` is the admin and
    `on_behalf_of` the user.
    """

    id: int
    actor_id: int | None
    on_behalf_of: int | None
    action: str
    subject_type: str
    subject_id: int | None
    before: Any
    after: Any
    reason: str | None
    request_id: str | None
    ip: str | None
    created_at: datetime


@dataclass(frozen=True)
class Reportable:
    """A kind of thing that users report; registered by the domain that owns it.

    `find_owner(caller, id)` gives the user whose it is, None for what `caller` may not know of.
    """

    name: str
    find_owner: Callable[[Principal, int], int | None]


@dataclass(frozen=True)
class ReportView:
    """A report as staff sees it."""

    id: int
    reporter_id: int
    content_type: str
    content_id: int
    owner_id: int
    reason: str
    status: str
    outcome: str | None
    note: str | None
    closed_by: int | None
    closed_at: datetime | None
    created_at: datetime
    claimed_by: int | None
    claimed_until: datetime | None


class BulkAction(Protocol):
    """What `POST /admin/<name>/status` does for one kind of thing."""

    @property
    def name(self) -> str: ...

    @property
    def statuses(self) -> tuple[str, ...]: ...

    def apply(self, ids: Sequence[int], status: str, reason: str | None, actor: Principal) -> BulkOutcome:
        """Move what may be moved, in one UPDATE, within the caller's unit of work; audits and records
        events.
        """
        ...

    def undo(self, moved: Sequence[Moved], actor: Principal) -> Mapping[int, str | None]:
        """Give what is still as `apply` left it the state that it had before, likewise. For each id the code
        of what kept it (`kernel.bulk.CHANGED_SINCE`), None for success.
        """
        ...


@dataclass(frozen=True)
class BulkOperation:
    """A bulk decision that may be taken back."""

    id: int
    kind: str
    actor_id: int
    items: Sequence[Moved]
    created_at: datetime
    undone_at: datetime | None


class OperationRepository(Protocol):
    def add(self, kind: str, actor_id: int, items: Sequence[Moved], at: datetime) -> int:
        """Gives its id."""
        ...

    def lock(self, operation_id: int) -> BulkOperation | None: ...

    def mark_undone(self, operation_id: int, actor_id: int, at: datetime) -> None: ...

    def prune(self, before: datetime) -> int:
        """Delete those from before; how many."""
        ...


class ChangeRepository(Protocol):
    def add(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change], at: datetime
    ) -> list[ChangeView]:
        """Store as pending; what was pending for the same fields is superseded. Of two at once the
        second waits, and supersedes the first.
        """
        ...

    def find(self, change_id: int) -> ChangeView | None: ...

    def find_many(self, ids: Sequence[int]) -> list[ChangeView]:
        """Those that exist, in one query."""
        ...

    def lock_many(self, ids: Sequence[int]) -> list[ChangeView]:
        """Those that exist, as they are now; locked in the order of their ids, in one query."""
        ...

    def decide(
        self, changes: Sequence[ChangeView], status: str, reason: str | None, actor_id: int, at: datetime
    ) -> list[ChangeView]:
        """Move those of `changes` that are pending to `status`, in one UPDATE, and keep their `old_value`
        where it is another than the stored one. Returns what was moved.
        """
        ...

    def open_fields(self, changes: Sequence[ChangeView]) -> set[tuple[str, int, str]]:
        """Subjects and fields of these that another request is about, pending or to be revised."""
        ...

    def reopen(self, ids: Sequence[int]) -> None:
        """Let these wait for staff again, in one UPDATE."""
        ...

    def withdraw(self, change_id: int, user_id: int, at: datetime) -> bool:
        """False when it neither waits for staff nor for its owner."""
        ...

    def list_open(self, subject_type: str, subject_id: int) -> list[ChangeView]:
        """Pending, or to be revised; at most one for each moderated field."""
        ...

    def replace_item(self, subject_type: str, field_name: str, old: int, new: int) -> int:
        """In pending requests whose values are lists of ids, `new` for `old`; how many."""
        ...

    def list_all(
        self, page: PageRequest, filters: ChangeFilters, reader_id: int, now: datetime
    ) -> Page[ChangeView]:
        """Oldest first."""
        ...

    def list_own(self, user_id: int, page: PageRequest, *, status: str | None) -> Page[ChangeView]: ...


C_co = TypeVar("C_co", bound=Claimable, covariant=True)


class ClaimRepository(Protocol[C_co]):
    """The claims of one queue."""

    def find(self, item_id: int, /) -> C_co | None: ...

    def claim(self, item_id: int, actor_id: int, now: datetime, until: datetime) -> C_co | None:
        """Of two at once one has it. None when it does not wait, is claimed by another, or is
        of `actor_id`.
        """
        ...

    def claim_next(
        self, actor_id: int, now: datetime, until: datetime, filters: Mapping[str, Any]
    ) -> C_co | None:
        """The oldest that `claim` would give; what others are claiming at this moment is passed over."""
        ...

    def release(self, item_id: int, actor_id: int | None) -> C_co | None:
        """End the claim of `actor_id`, of whoever has it for None. None when there is no such claim."""
        ...


class AuditRepository(Protocol):
    def add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """One statement for all."""
        ...

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[AuditView]: ...


class ReportRepository(Protocol):
    def add(self, values: Mapping[str, Any]) -> ReportView:
        """Raises AlreadyReported, by the database."""
        ...

    def find(self, report_id: int, *, lock: bool = False) -> ReportView | None: ...

    def close(self, report_id: int, values: Mapping[str, Any]) -> ReportView: ...

    def list_all(
        self, page: PageRequest, filters: Mapping[str, Any], reader_id: int, now: datetime
    ) -> Page[ReportView]:
        """Oldest first; `filters` are columns and their values, and `claimed`."""
        ...
