"""Interfaces that the services of moderation need, and the views that they return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from marketplace.blueprints.moderation.contracts import ChangeView, ReportedContent
from marketplace.kernel.bulk import Moved
from marketplace.kernel.changes import Change
from marketplace.kernel.pages import Page, PageRequest


class Claimable(Protocol):
    """Something that waits in a queue of staff."""

    @property
    def id(self) -> int: ...

    @property
    def claimed_by(self) -> int | None: ...

    @property
    def claimed_until(self) -> datetime | None: ...


@dataclass(frozen=True)
class ChangeKind:
    """The kind of change request to take the oldest of; None is any."""

    field_name: str | None = None
    subject_type: str | None = None


@dataclass(frozen=True)
class ChangeFilters(ChangeKind):
    """The filters of a list of change requests; `claimed` is `mine` or `none`."""

    status: str | None = None
    claimed: str | None = None


@dataclass(frozen=True)
class ReportKind:
    """The kind of report to take the oldest of; None is any."""

    content_type: str | None = None


@dataclass(frozen=True)
class ReportFilters(ReportKind):
    """The filters of a list of reports; `claimed` is `mine` or `none`."""

    status: str | None = None
    claimed: str | None = None
    owner_id: int | None = None


@dataclass(frozen=True)
class AuditFilters:
    """The filters of the audit log."""

    actor_id: int | None = None
    on_behalf_of: int | None = None
    action: str | None = None
    subject_type: str | None = None
    subject_id: int | None = None


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
    content: ReportedContent | None = None


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
        """Store a bulk decision; returns its id."""
        ...

    def lock(self, operation_id: int) -> BulkOperation | None:
        """Lock a bulk decision: the second of two callers who take it back finds it already taken back."""
        ...

    def mark_undone(self, operation_id: int, actor_id: int, at: datetime) -> None: ...

    def prune(self, before: datetime) -> int:
        """Delete those made before then; returns how many."""
        ...


class ChangeRepository(Protocol):
    def add(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change], at: datetime
    ) -> list[ChangeView]:
        """Store as pending; pending requests for the same fields are superseded. The second of two concurrent
        callers waits, and supersedes the first.
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
        """Change the status of pending ones among `changes` to `status`, in one UPDATE, and store their
        `old_value` where it differs. Returns what was changed.
        """
        ...

    def open_fields(self, changes: Sequence[ChangeView]) -> set[tuple[str, int, str]]:
        """The subjects and fields of these requests for which there is another request that is pending or to
        be revised.
        """
        ...

    def reopen(self, ids: Sequence[int]) -> None:
        """Make these wait for staff again, in one UPDATE."""
        ...

    def withdraw(self, change_id: int, user_id: int, at: datetime) -> bool:
        """Withdraw a request; False when it waits neither for staff nor for its owner."""
        ...

    def list_open(self, subject_type: str, subject_id: int) -> list[ChangeView]:
        """Pending, or to be revised; at most one for each moderated field."""
        ...

    def replace_item(self, subject_type: str, field_name: str, old: int, new: int) -> int:
        """Replace `old` by `new` in pending requests whose values are lists of ids; returns how many."""
        ...

    def list_all(
        self, page: PageRequest, filters: ChangeFilters, reader_id: int, now: datetime
    ) -> Page[ChangeView]:
        """Oldest first. Raises InvalidCursor."""
        ...

    def list_own(self, user_id: int, page: PageRequest, *, status: str | None) -> Page[ChangeView]:
        """Newest first."""
        ...


C_co = TypeVar("C_co", bound=Claimable, covariant=True)


class ClaimRepository(Protocol[C_co]):
    """The claims of one queue."""

    def find(self, item_id: int, /) -> C_co | None: ...

    def claim(self, item_id: int, actor_id: int, now: datetime, until: datetime) -> C_co | None:
        """Claim an item; one of two concurrent callers gets it. None when it does not wait, is claimed by
        another, or `actor_id` is a party to it.
        """
        ...

    def claim_next(
        self, actor_id: int, now: datetime, until: datetime, kind: ChangeKind | ReportKind
    ) -> C_co | None:
        """Claim the oldest item that `claim` would give; items that others are claiming at this moment are
        skipped.
        """
        ...

    def release(self, item_id: int, actor_id: int | None) -> C_co | None:
        """End the claim of `actor_id`, or anybody's if that is None. None when there is no such claim."""
        ...


class AuditRepository(Protocol):
    """The audit log, to which rows are only added."""

    def add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Add entries in one statement."""
        ...

    def list_all(self, page: PageRequest, filters: AuditFilters) -> Page[AuditView]:
        """Newest first. Raises InvalidCursor."""
        ...


class ReportRepository(Protocol):
    def add(self, values: Mapping[str, Any]) -> ReportView:
        """Add a report. Raises AlreadyReported, by the database."""
        ...

    def find(self, report_id: int, *, lock: bool = False) -> ReportView | None: ...

    def close(self, report_id: int, values: Mapping[str, Any]) -> ReportView: ...

    def list_all(
        self, page: PageRequest, filters: ReportFilters, reader_id: int, now: datetime
    ) -> Page[ReportView]:
        """Oldest first. Raises InvalidCursor."""
        ...
