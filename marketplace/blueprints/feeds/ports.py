"""The interfaces that the service of feeds needs, and the views that it returns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Side(StrEnum):
    """Whose orders a feed shows: those that the user booked, or those that the user performs."""

    CUSTOMER = "customer"
    PERFORMER = "performer"


@dataclass(frozen=True)
class FeedView:
    """When the feed of a side was made; None when there is none."""

    created_at: datetime | None


@dataclass(frozen=True)
class NewFeed:
    """A feed with its address, which is told this once."""

    url: str
    created_at: datetime


@dataclass(frozen=True)
class FeedRef:
    """Whose feed, and which."""

    user_id: int
    side: Side


@dataclass(frozen=True)
class FeedOrder:
    """An order as a calendar shows it. `party` is the other party's name; `address` is None where the side
    may not see it.
    """

    id: int
    status: str
    title: str
    party: str
    address: Mapping[str, Any] | None
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    updated_at: datetime
    version: int


class FeedRepository(Protocol):
    """Feeds by user and side, and the orders that they show."""

    def find_created(self, user_id: int, side: Side) -> datetime | None:
        """When the feed was made; None when there is none."""
        ...

    def put(self, user_id: int, side: Side, secret_hash: bytes, now: datetime) -> None:
        """Make the feed of a side, or give it another secret: the one before opens nothing any more."""
        ...

    def remove(self, user_id: int, side: Side) -> None:
        """Remove the feed of a side, if there is one."""
        ...

    def find(self, secret_hash: bytes) -> FeedRef | None:
        """The feed of an active user; None when there is none."""
        ...

    def orders(self, feed: FeedRef, since: datetime, until: datetime, limit: int) -> Sequence[FeedOrder]:
        """The orders of a side that start within that time, the earliest first: those that wait for an
        answer, those that are agreed, and those that were cancelled since `since`.
        """
        ...

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: which feeds there are."""
        ...

    def forget(self, user_id: int) -> None:
        """Delete the feeds of a user who has left."""
        ...


class FeedWriter(Protocol):
    """Writes calendars."""

    def write(self, side: Side, orders: Sequence[FeedOrder]) -> bytes:
        """The orders as an iCalendar file (RFC 5545); the same bytes for the same orders."""
        ...
