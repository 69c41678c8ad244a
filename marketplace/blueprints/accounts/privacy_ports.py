"""What the export and the deletion of accounts need from outside."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.models.accounts import User


@dataclass(frozen=True)
class ExportFile:
    """A stored file of a user: its name in the export, which no other file there has, and its key."""

    name: str
    key: str


def _no_files(_user_id: int) -> Iterable[ExportFile]:
    return ()


@dataclass(frozen=True)
class ExportSection:
    """One JSON file of an export. `collect(user_id)` gives its rows, values that JSON knows or times; it runs
    inside a transaction, and gives them one by one: there may be many. `files(user_id)` names the stored
    files that belong to them; they are copied after the transaction.
    """

    name: str
    collect: Callable[[int], Iterable[Mapping[str, Any]]]
    files: Callable[[int], Iterable[ExportFile]] = _no_files


@dataclass(frozen=True)
class Download:
    """A file on its way out: `size` bytes, a part at a time."""

    size: int
    parts: Iterator[bytes]


@dataclass(frozen=True)
class ExportView:
    """An export as its user sees it; `url` is where a ready one can be fetched for a while."""

    id: int
    user_id: int
    status: str
    created_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None
    url: str | None = None


@dataclass(frozen=True)
class DueDeletion:
    """An account that nobody took back in time."""

    user_id: int
    deleted_at: datetime


class ExportRepository(Protocol):
    def find_pending(self, user_id: int) -> ExportView | None: ...

    def find_newest(self, user_id: int, at: datetime) -> ExportView | None:
        """Of those that have not expired."""
        ...

    def start(self, user_id: int, at: datetime) -> ExportView:
        """A pending one, in the place of all that are done."""
        ...

    def lock_pending(self, export_id: int) -> int | None:
        """Whose it is; None when it is no longer pending."""
        ...

    def find_pending_owner(self, export_id: int) -> int | None:
        """As `lock_pending`, without the lock."""
        ...

    def finish(self, export_id: int, ready_at: datetime, expires_at: datetime) -> None:
        """Ready, with its archive in the storage."""
        ...

    def fail(self, export_id: int, expires_at: datetime) -> None: ...

    def read(self, export_id: int, user_id: int, at: datetime) -> bytes | None:
        """The archive of a ready one that has not expired, of a user who is neither blocked nor deleted;
        empty when it lies in the storage, as all do but those of earlier versions.
        """
        ...

    def existing(self, ids: Sequence[int]) -> set[int]:
        """Those of `ids` that exports have."""
        ...

    def purge(self, at: datetime) -> None:
        """Remove those that have expired."""
        ...

    def discard(self, user_id: int) -> None:
        """Remove all of a user, those in the making too."""
        ...

    def fail_pending(self, started_before: datetime, expires_at: datetime) -> None:
        """Give those up that nobody finished."""
        ...


class LinkSigner(Protocol):
    def sign(self, export_id: int, user_id: int, until: datetime) -> str:
        """A token that stands for the right to fetch one export until then."""
        ...

    def read(self, token: str, now: datetime) -> tuple[int, int] | None:
        """(export id, user id); None for a token that is bent, of another key or over."""
        ...


class AccountRecords(Protocol):
    """All rows of accounts that belong to one user."""

    def sections(self) -> Sequence[ExportSection]:
        """What accounts themselves put into an export."""
        ...

    def find_deleted(self, user_id: int, *, lock: bool = False) -> User | None:
        """One who can still be restored: deleted, not anonymised."""
        ...

    def list_due(self, deleted_before: datetime, after_id: int, limit: int) -> list[DueDeletion]:
        """Those to be anonymised with ids above `after_id`, by id; those that somebody has locked are left
        for the next time.
        """
        ...

    def lock_due(self, user_id: int, deleted_before: datetime) -> User | None:
        """None when the account was restored or anonymised meanwhile."""
        ...

    def free_name(self, user_id: int) -> str:
        """A name that says nothing, for a username and an address that nobody else has."""
        ...

    def erase(self, user_id: int, email: str | None, phone: str | None) -> None:
        """Delete what hangs on the user: sessions, tokens, codes, factors, exports, failed mails."""
        ...


class ChangeRequests(Protocol):
    """Edits of moderated fields."""

    def forget(self, user_id: int, at: datetime) -> None:
        """Withdraw the user's pending ones, and blank the values of all."""
        ...


class Purgeable(Protocol):
    """Something with rows that serve for a time only."""

    def purge(self, before: datetime) -> None: ...
