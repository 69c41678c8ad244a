"""Interfaces that the services of disputes need, and the views that they return."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.blueprints.orders.contracts import Settlement
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class EvidenceCounts:
    """How many files each party has added."""

    customer: int
    performer: int


@dataclass(frozen=True, kw_only=True)
class DisputeRecord:
    """A dispute and what staff's queue shows of its order."""

    id: int
    order_id: int
    order_title: str
    customer_id: int
    performer_id: int
    opened_by: str
    category: str
    reason: str
    text: str
    opened_at: datetime
    due_at: datetime
    asked_by: str | None
    asked_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    outcome: str | None
    decision: str | None
    evidence_counts: EvidenceCounts


@dataclass(frozen=True)
class EvidenceRecord:
    """A stored piece of evidence."""

    id: int
    order_id: int
    user_id: int
    side: str
    note: str
    file_key: str
    content_type: str
    size: int
    sha256: str
    created_at: datetime


@dataclass(frozen=True)
class NewEvidence:
    """A file that is stored already, and the note for it."""

    note: str
    file_key: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class EvidenceView:
    """A piece of evidence with a link to its file for the caller; `mine` is the caller's own."""

    id: int
    side: str
    note: str
    content_type: str
    size: int
    sha256: str
    created_at: datetime
    mine: bool
    file_url: str


@dataclass(frozen=True, kw_only=True)
class DisputeView(DisputeRecord):
    """A dispute as its parties and staff see it. `allowed_transitions` are the caller's, and `evidence_left`
    is how many files the caller may still add.
    """

    proposal: Settlement | None
    settlement: Settlement | None
    evidence: Sequence[EvidenceView]
    evidence_left: int
    allowed_transitions: Sequence[str]


@dataclass(frozen=True)
class DisputeFilter:
    """The filters of staff's queue: with `due`, whether staff may decide already; with `asked`, whether a
    party has asked for it.
    """

    due: bool | None = None
    asked: bool | None = None
    category: str | None = None


class DisputeRepository(Protocol):
    """Disputes. The methods that follow an order read what its last step has left, and do nothing when that
    is noted already.
    """

    def open_missing(self, order_id: int | None, limit: int) -> int:
        """Make the rows of disputed orders that have none: of one order, or of up to `limit`. Returns how
        many there were.
        """
        ...

    def note_asked(self, order_id: int) -> None:
        """Note that a party has asked staff to decide the open dispute, and when that may be."""
        ...

    def close_ended(self, order_id: int | None) -> int:
        """End the disputes of orders that are disputed no more: of one, or of all. Returns how many."""
        ...

    def describe(self, order_id: int, category: str, text: str) -> None:
        """Set what the open dispute is about."""
        ...

    def lock_open(self, order_id: int) -> int | None:
        """The id of the order's open dispute, None without one. Until the end of the transaction nobody else
        ends it, or changes its evidence.
        """
        ...

    def find_latest(self, order_id: int) -> DisputeRecord | None:
        """The open dispute of an order, or the last one that has ended."""
        ...

    def find(self, dispute_id: int) -> DisputeRecord | None:
        """A dispute by its id."""
        ...

    def list_open(self, page: PageRequest, wanted: DisputeFilter, now: datetime) -> Page[DisputeRecord]:
        """The open disputes, those whose decision is due first before the others. Raises InvalidCursor."""
        ...


class EvidenceRepository(Protocol):
    """The evidence in disputes."""

    def count(self, order_id: int, side: str) -> int:
        """How many files a party has added."""
        ...

    def add(self, order_id: int, user_id: int, side: str, new: NewEvidence, at: datetime) -> EvidenceRecord:
        """Add a piece of evidence."""
        ...

    def list(self, order_id: int) -> Sequence[EvidenceRecord]:
        """All evidence of an order, oldest first: a few files."""
        ...

    def list_page(self, order_id: int, page: PageRequest) -> Page[EvidenceRecord]:
        """Likewise, in pages. Raises InvalidCursor."""
        ...

    def remove(self, order_id: int, evidence_id: int, user_id: int) -> str | None:
        """Delete a user's own piece of evidence; returns the key of its file, None when there is no such."""
        ...

    def find_for(self, evidence_id: int, user_id: int) -> EvidenceRecord | None:
        """A piece of evidence, if the user is a party of its order or staff, and may sign in."""
        ...

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that evidence refers to."""
        ...

    def list_keys(self, user_id: int) -> Sequence[tuple[int, str]]:
        """The id of each piece of evidence of a user, and the key of its file."""
        ...


class DisputeRecords(Protocol):
    """What the disputes hold on a user."""

    def disputes(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: the disputes about the user's orders, as both parties see them."""
        ...

    def evidence(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: the user's own evidence."""
        ...

    def forget(self, user_id: int) -> Sequence[str]:
        """Delete the user's evidence and blank what the user wrote. Returns the keys of the files."""
        ...
