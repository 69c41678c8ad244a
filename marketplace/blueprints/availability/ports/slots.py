"""The interfaces that slots, bookings and holds need, and the views that they return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from marketplace.blueprints.availability.contracts import Booking, Place


@dataclass(frozen=True)
class FreeTime:
    """The spans in which a performer is free, ascending and not adjacent, for a service that takes
    `duration_minutes`.
    """

    timezone: str
    duration_minutes: int
    spans: Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True)
class Slot:
    """The start and the end of a possible booking."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class SlotsView:
    """The slots of a service, ascending; they overlap, because each is an alternative."""

    timezone: str
    duration_minutes: int
    items: Sequence[Slot]


@dataclass(frozen=True)
class TimeCheck:
    """Whether a customer may book a time, and if not, why; without one of these two reasons it is taken.
    `booking` is what the order would keep.
    """

    bookable: bool
    too_short_notice: bool
    outside_schedule: bool
    booking: Booking


@dataclass(frozen=True)
class DayLook:
    """A local day of a performer: the first start that can be booked, whether the performer works on what is
    left of it, and which day it is there now.
    """

    first_start: datetime | None
    works: bool
    today: date


@dataclass(frozen=True)
class Conflicts:
    """What stands in the way of an order of the performer: something at the same time, or too close."""

    overlaps: bool
    too_close: bool


@dataclass(frozen=True)
class HoldView:
    """A time that a customer holds until `expires_at`."""

    id: int
    performer_id: int
    service_id: int
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class HoldCount:
    """How often a customer has held time of a performer since `since`, and how much the customer holds of
    other performers now.
    """

    since: datetime | None
    times: int
    elsewhere: int


class SlotRepository(Protocol):
    """The free times of performers. Each method is one statement, so that it sees one moment whatever changes
    meanwhile.
    """

    def find_free(
        self,
        performer_id: int,
        service_id: int,
        start: datetime,
        end: datetime,
        now: datetime,
        place: Place | None,
    ) -> FreeTime | None:
        """The free time; None when the performer or the service is not public."""
        ...

    def check(
        self,
        performer_id: int,
        starts: Sequence[datetime],
        takes: timedelta,
        now: datetime,
        *,
        customer_id: int | None,
        place: Place | None,
    ) -> Sequence[TimeCheck]:
        """The verdict on a booking from each of the starts, in their order. Raises NotFound when there is no
        such performer.
        """
        ...

    def look_at_day(
        self,
        performer_id: int,
        day: date,
        takes: timedelta,
        now: datetime,
        place: Place | None,
        *,
        customer_id: int,
    ) -> DayLook:
        """The local day `day` for a booking of `takes`; what the customer holds on it counts as free.

        Raises NotFound when there is no such performer.
        """
        ...

    def find_conflicts(self, bookings: Mapping[int, Booking], now: datetime) -> Mapping[int, Conflicts]:
        """What stands in the way of each of these orders, which are all of one performer, by their ids."""
        ...


class HoldRepository(Protocol):
    """The times that customers hold."""

    def lock_customer(self, customer_id: int) -> None:
        """Holds of one customer are placed one after the other; taken before `lock_calendar`."""
        ...

    def lock_calendar(self, performer_id: int) -> None:
        """Booked time of one performer changes in one transaction after the other."""
        ...

    def clear_ended(self, performer_id: int, now: datetime) -> None:
        """Give back the time of the performer's holds that have ended."""
        ...

    def find(self, customer_id: int, performer_id: int, now: datetime) -> HoldView | None:
        """The hold that the customer has with the performer now."""
        ...

    def count(self, customer_id: int, performer_id: int, now: datetime) -> HoldCount:
        """The customer's holds, without offers."""
        ...

    def place(
        self, booking: Booking, customer_id: int, service_id: int, expires_at: datetime, counted: HoldCount
    ) -> HoldView:
        """Hold the time, in place of what the customer held with this performer before. Raises SlotTaken."""
        ...

    def offer(self, booking: Booking, customer_id: int, service_id: int, expires_at: datetime) -> None:
        """Hold the time for a customer who holds nothing else with this performer, without counting it.
        Raises SlotTaken.
        """
        ...

    def end(
        self,
        customer_id: int,
        now: datetime,
        *,
        performer_id: int,
        around: Sequence[Booking] | None = None,
    ) -> bool:
        """End the customer's hold with the performer, or only one that stands in the way of any `around`;
        False when there was none.
        """
        ...

    def find_by_id(self, customer_id: int, hold_id: int, now: datetime) -> HoldView | None:
        """The customer's own hold of this id, if it has not ended."""
        ...

    def remove_ended(self, before: datetime) -> int:
        """Delete the rows of holds that ended before; returns how many."""
        ...
