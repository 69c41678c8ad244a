"""The interface that the waiting list needs, and the views that it returns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from marketplace.blueprints.availability.contracts import Place
from marketplace.kernel.pages import Page, PageRequest


@dataclass(frozen=True)
class OfferView:
    """Time that is kept for the customer until `expires_at`."""

    hold_id: int
    service_id: int
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class EntryView:
    """A day that a customer waits for, with the live offer, if there is one."""

    id: int
    performer_id: int
    service_id: int
    date: date
    place: Place | None
    created_at: datetime
    offer: OfferView | None


@dataclass(frozen=True)
class DayCount:
    """How many customers wait for a day of a performer."""

    date: date
    waiting: int


@dataclass(frozen=True)
class Candidate:
    """Who is to be offered a time: the first of those for whose service there is one."""

    entry_id: int
    customer_id: int
    service_id: int
    day: date
    place: Place | None
    starts_at: datetime


@dataclass(frozen=True)
class EndedOffer:
    """An entry whose offer has ended; `offers` counts it too."""

    entry_id: int
    customer_id: int
    day: date
    offers: int


@dataclass(frozen=True)
class OrderedEntry:
    """An entry of a customer who has ordered; `is_offered` when there is a live offer too."""

    entry_id: int
    customer_id: int
    is_offered: bool


@dataclass(frozen=True)
class OfferedTime:
    """What a mail tells of a live offer: which service, with whom (the last name is an initial), and when.
    It tells the times in the performer's zone.
    """

    title: str
    performer: str
    timezone: str
    starts_at: datetime
    expires_at: datetime


class WaitlistRepository(Protocol):
    """The entries of the waiting list."""

    def lock_customer(self, customer_id: int) -> None:
        """Entries of one customer are made one after the other; taken before the lock of a calendar."""
        ...

    def lock_queue(self, performer_id: int) -> None:
        """Entries for days of one performer are counted and made one after the other; taken last."""
        ...

    def find_shortest_service(self, performer_id: int) -> int | None:
        """The public service with a price of a public performer that takes the least time."""
        ...

    def find(self, customer_id: int, performer_id: int, day: date, now: datetime) -> EntryView | None: ...

    def count_days(self, customer_id: int) -> int:
        """How many days the customer waits for."""
        ...

    def count_waiting(self, performer_id: int, day: date) -> int: ...

    def put(
        self,
        customer_id: int,
        performer_id: int,
        day: date,
        *,
        service_id: int,
        place: Place | None,
        now: datetime,
    ) -> None:
        """Wait for a day; an entry that there is keeps its place in the queue, and gets the service and the
        place.
        """
        ...

    def remove(self, entry_ids: Sequence[int]) -> None: ...

    def list_own(self, customer_id: int, page: PageRequest, now: datetime) -> Page[EntryView]:
        """By day. Raises InvalidCursor."""
        ...

    def list_days(self, performer_id: int, page: PageRequest) -> Page[DayCount]:
        """By day. Raises InvalidCursor."""
        ...

    def is_awaited(self, performer_id: int) -> bool:
        """Whether anybody waits for a day of the performer."""
        ...

    def find_next(self, performer_id: int, now: datetime) -> Candidate | None:
        """Who is to be offered which time of the performer next, in one statement."""
        ...

    def find_ended(self, performer_id: int, now: datetime) -> Sequence[EndedOffer]:
        """The entries whose offer has ended, by its time, by its customer, or by an order."""
        ...

    def find_ordered(self, performer_id: int, now: datetime) -> Sequence[OrderedEntry]:
        """The entries of who has ordered for the day since, unless the order has come to nothing."""
        ...

    def hold_customer(self, customer_id: int) -> bool:
        """Keep the row of a customer who may book as it is until the end of the transaction, so that a block
        or deletion comes before an offer or sees it; False for one who may not.
        """
        ...

    def mark_offered(self, entry_id: int, expires_at: datetime) -> int:
        """Note an offer; returns how many there were, with it. Raises NotFound when the entry is gone."""
        ...

    def mark_ended(self, entry_id: int, rests_until: datetime) -> None:
        """Note the end of an offer: there is no other one until `rests_until`."""
        ...

    def find_offer_end(self, entry_id: int, number: int) -> tuple[int, datetime] | None:
        """The performer and the end of the offer `number` of an entry, unless its end is noted."""
        ...

    def list_offered(self, customer_id: int, now: datetime) -> Sequence[int]:
        """The performers whose time is offered to the customer now."""
        ...

    def find_offered(
        self, customer_id: int, performer_id: int, day: date, now: datetime
    ) -> OfferedTime | None:
        """The live offer of a customer for a day of a performer."""
        ...

    def list_performers(self, after: int, limit: int) -> Sequence[int]:
        """Performers for whom somebody waits, by id, from `after` on."""
        ...

    def remove_past(self, performer_ids: Sequence[int], now: datetime) -> None:
        """Remove the entries for days of these performers that are over where they are."""
        ...

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: the days that the user waits for."""
        ...

    def forget(self, user_id: int) -> None:
        """Delete the user's entries, and those of who waits for the user as a performer."""
        ...
