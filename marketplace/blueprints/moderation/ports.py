"""What the services of moderation need, and what other domains hand to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.kernel.changes import Change, FieldStrategy
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class ModeratedSubject:
    """A kind of thing whose edits wait for staff; registered by the domain that owns it.

    `load` gives the subject locked and raises NotFound; `changed` is called after a field was applied,
    to record the domain's own event.
    """

    name: str
    strategies: Mapping[str, FieldStrategy]
    load: Callable[[int], Any]
    changed: Callable[[Any, list[Change]], None]


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

    @property
    def subject(self) -> dict[str, Any]:
        """What is edited, as the API names it."""
        return {"type": self.subject_type, "id": self.subject_id}


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


class BulkAction(Protocol):
    """What `POST /admin/<name>/status` does for one kind of thing."""

    @property
    def name(self) -> str: ...

    @property
    def statuses(self) -> tuple[str, ...]: ...

    def apply(
        self, ids: Sequence[int], status: str, reason: str | None, actor: Principal
    ) -> Mapping[int, str | None]:
        """Move what may be moved, in one UPDATE, within the caller's unit of work; audits and records
        events. For each id the code of what kept it from moving, None for success.
        """
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

    def lock_pending(self, ids: Sequence[int]) -> set[int]:
        """Which of `ids` are pending; locked in the order of their ids, in one query."""
        ...

    def decide(
        self, ids: Sequence[int], status: str, reason: str | None, actor_id: int, at: datetime
    ) -> list[ChangeView]:
        """Move those of `ids` that are pending to `status`, in one UPDATE; returns what was moved."""
        ...

    def pending(self, subject_type: str, subject_id: int) -> list[ChangeView]: ...

    def replace_item(self, subject_type: str, field_name: str, old: int, new: int) -> int:
        """In pending requests whose values are lists of ids, `new` for `old`; how many."""
        ...

    def list_all(
        self, page: PageRequest, *, status: str | None, field_name: str | None
    ) -> Page[ChangeView]: ...

    def list_own(self, user_id: int, page: PageRequest, *, status: str | None) -> Page[ChangeView]: ...


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

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[ReportView]:
        """Oldest first; `filters` are columns and their values."""
        ...
