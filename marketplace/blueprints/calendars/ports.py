"""The interfaces that the service of external calendars needs, and the views that it returns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.kernel.texts import Text

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class CalendarError:
    """Why the last fetch failed: a stable word, and the sentence for people."""

    code: str
    detail: Text


@dataclass(frozen=True)
class CalendarView:
    """An external calendar as its owner sees it; `url` is empty when it cannot be deciphered any more."""

    id: int
    name: str
    url: str
    status: str
    fetched_at: datetime | None
    error: CalendarError | None
    busy_count: int
    created_at: datetime


@dataclass(frozen=True)
class CalendarRow:
    """An external calendar as it is stored."""

    id: int
    name: str
    url_sealed: bytes
    status: str
    fetched_at: datetime | None
    error: str | None
    busy_count: int
    created_at: datetime
    refresh_asked_at: datetime | None


@dataclass(frozen=True)
class CalendarSource:
    """What a fetch needs to know; `timezone` is the performer's."""

    performer_id: int
    user_id: int
    timezone: str
    url_sealed: bytes
    etag: str | None
    last_modified: str | None
    content_hash: bytes | None
    read_at: datetime | None
    read_zone: str | None
    failures: int


class AddressVault(Protocol):
    """Keeps addresses of calendars, which are secrets."""

    def seal(self, url: str) -> bytes:
        """`url` encrypted."""
        ...

    def open(self, sealed: bytes) -> str | None:
        """The address; None when the key has changed since."""
        ...

    def digest(self, url: str) -> bytes:
        """A keyed hash by which an address is known again."""
        ...


class CalendarRepository(Protocol):
    """External calendars and their busy times."""

    def lock_owner(self, performer_id: int) -> None:
        """Lock, so that a performer's calendars are added one after the other."""
        ...

    def list_own(self, performer_id: int) -> Sequence[CalendarRow]:
        """The oldest first."""
        ...

    def find_own(self, performer_id: int, calendar_id: int, *, lock: bool = False) -> CalendarRow | None: ...

    def add(self, performer_id: int, name: str, sealed: bytes, digest: bytes, now: datetime) -> CalendarRow:
        """Raises CalendarKnown for an address that the performer has entered already."""
        ...

    def remove(self, performer_id: int, calendar_id: int) -> bool:
        """Remove a calendar with its busy times; False when there is none."""
        ...

    def begin(self, calendar_id: int, until: datetime, asked: datetime | None = None) -> int:
        """Number the next fetch, which supersedes the others, and count it as lost when it is not over
        `until` then. `asked` is the moment at which the owner asked for it.
        """
        ...

    def begin_due(self, now: datetime, until: datetime, limit: int) -> Sequence[tuple[int, int]]:
        """As `begin`, for calendars of active users whose next fetch is due; their ids and numbers.

        Those that somebody else has locked are left out.
        """
        ...

    def find_source(self, calendar_id: int, number: int) -> CalendarSource | None:
        """None when there is no such calendar, or a later fetch has begun."""
        ...

    def lock_fetch(self, calendar_id: int, number: int) -> bool:
        """Lock a calendar; False when there is none, or a later fetch has begun."""
        ...

    def replace_busy(self, calendar_id: int, performer_id: int, spans: Sequence[Span], now: datetime) -> bool:
        """Store these busy times and no others, by writing only what differs; whether the time from `now` on
        has changed.
        """
        ...

    def update(self, calendar_id: int, values: Mapping[str, Any]) -> None:
        """Set columns of a calendar."""
        ...

    def export(self, user_id: int) -> Iterator[CalendarRow]:
        """For an export: the calendars of a user."""
        ...

    def forget(self, user_id: int) -> None:
        """Delete the calendars of a performer who has left."""
        ...
