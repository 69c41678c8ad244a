"""Interfaces that the services of privacy need: the store of copies, the signer of links, due deletions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Download:
    """A file to send: `size` bytes, in parts."""

    size: int
    parts: Iterator[bytes]


@dataclass(frozen=True)
class ExportView:
    """A copy as its user sees it; `url` fetches a ready one for a while."""

    id: int
    user_id: int
    status: str
    created_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None
    url: str | None = None


@dataclass(frozen=True)
class DueDeletion:
    """An account whose deletion was not taken back in time."""

    user_id: int
    deleted_at: datetime


class ExportRepository(Protocol):
    """Copies of people's data; their archives are in the storage."""

    def find_pending(self, user_id: int) -> ExportView | None:
        """The pending copy of a user; there is at most one."""
        ...

    def find_newest(self, user_id: int, at: datetime) -> ExportView | None:
        """The newest copy of a user that has not expired."""
        ...

    def start(self, user_id: int, at: datetime) -> ExportView:
        """Start a pending copy, and remove all that are done."""
        ...

    def lock_pending(self, export_id: int) -> int | None:
        """Lock a pending copy and return its user; None when it is no longer pending."""
        ...

    def find_pending_owner(self, export_id: int) -> int | None:
        """As `lock_pending`, without the lock."""
        ...

    def finish(self, export_id: int, ready_at: datetime, expires_at: datetime) -> None:
        """Mark a copy as ready, with its archive in the storage."""
        ...

    def fail(self, export_id: int, expires_at: datetime) -> None: ...

    def is_ready(self, export_id: int, user_id: int, at: datetime) -> bool:
        """Whether the archive may be fetched: the copy has not expired, and its user is neither blocked nor
        deleted.
        """
        ...

    def existing(self, ids: Sequence[int]) -> set[int]:
        """Those of `ids` that are ids of copies."""
        ...

    def purge(self, at: datetime) -> None:
        """Delete copies that have expired."""
        ...

    def discard(self, user_id: int) -> None:
        """Delete all copies of a user, including unfinished ones."""
        ...

    def fail_pending(self, started_before: datetime, expires_at: datetime) -> None:
        """Give up unfinished copies."""
        ...


class LinkSigner(Protocol):
    def sign(self, export_id: int, user_id: int, until: datetime) -> str:
        """A token for the right to fetch one copy until then."""
        ...

    def read(self, token: str, now: datetime) -> tuple[int, int] | None:
        """Returns (export id, user id); None for a token that is damaged, expired or signed with another
        key.
        """
        ...


class DueDeletions(Protocol):
    """Deleted accounts that can no longer be restored."""

    def list_due(self, deleted_before: datetime, after_id: int, limit: int) -> list[DueDeletion]:
        """Due accounts with ids above `after_id`, by id; accounts that somebody has locked are left for the
        next time.
        """
        ...

    def lock_due(self, user_id: int, deleted_before: datetime) -> bool:
        """Lock the account; False when it was restored or anonymised meanwhile."""
        ...
