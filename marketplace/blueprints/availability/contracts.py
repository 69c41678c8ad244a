"""Events of availability, and the interface that it gives to other domains."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Protocol

from marketplace.blueprints.offers.contracts import BookableService
from marketplace.kernel.errors import AppError
from marketplace.kernel.events import DomainEvent

MAX_AHEAD = timedelta(days=365)
"""How far ahead time can be booked."""


@dataclass(frozen=True)
class Place:
    """A place on the globe, in degrees."""

    latitude: float
    longitude: float

    @classmethod
    def of_address(cls, address: Mapping[str, Any]) -> "Place | None":
        """The place of an address that has coordinates."""
        return cls(address["latitude"], address["longitude"]) if "latitude" in address else None


@dataclass(frozen=True)
class Booking:
    """The time of a booking, and what it keeps of the performer's rules: the notice, the time with its
    buffers, and the place that the performer travels to.
    """

    performer_id: int
    starts_at: datetime
    ends_at: datetime
    padded_from: datetime
    padded_to: datetime
    notice: timedelta
    place: Place | None


@dataclass(frozen=True)
class Verdict:
    """What a booking would be, and the error that refuses it; None where it may be made."""

    booking: Booking
    refusal: AppError | None


class Calendar(Protocol):
    """The calendars of performers: the one door to what is free. Errors name the field `starts_at`."""

    def check_start(self, starts_at: datetime) -> None:
        """Raises StartsInPast or TooFarAhead, which hold for everybody."""
        ...

    def book(
        self,
        service: BookableService,
        starts_at: datetime,
        *,
        customer_id: int,
        place: Place | None = None,
    ) -> Booking:
        """The booking of a service that a customer may make there and then; the customer's own hold does not
        stand in the way. Nothing is stored. Without a `place` it is in the performer's city.

        Raises NotFound, OwnService, StartsInPast, TooFarAhead, TooShortNotice, OutsideSchedule, SlotTaken.
        """
        ...

    def check_many(
        self,
        service: BookableService,
        starts: Sequence[datetime],
        *,
        customer_id: int,
        place: Place | None = None,
    ) -> Sequence[Verdict]:
        """For each start, in their order, what `book` would say, in one statement for all of them.

        Raises NotFound, OwnService.
        """
        ...

    def make_room(
        self, booking: Booking, *, order_id: int, customer_id: int, despite_conflicts: bool
    ) -> None:
        """Make sure that the performer may take an order for this time: hours and notice do not count any
        more, orders, holds and busy times of other calendars do. Buffers and travel do unless
        `despite_conflicts`. A hold of the order's own customer is used up by it. Until the end of the
        transaction nobody else books time of the performer.

        Raises SlotTaken, TooClose.
        """
        ...

    def make_room_for_many(
        self, bookings: Mapping[int, Booking], *, customer_id: int, despite_conflicts: Collection[int]
    ) -> Mapping[int, AppError | None]:
        """As `make_room`, for orders by their ids, which one customer has with one performer: for each the
        error that `make_room` would raise. They make room for each other too, the first ones first. Buffers
        and travel do not count for those in `despite_conflicts`. The number of statements does not depend on
        the number of orders.
        """
        ...

    def check_notice(self, booking: Booking) -> None:
        """Raises TooShortNotice when nobody could answer a request for this time any longer."""
        ...

    def end_hold(self, customer_id: int, performer_id: int) -> None:
        """End the hold that the customer has with the performer, if there is one."""
        ...


@dataclass(frozen=True)
class Offer:
    """A time that is kept for one customer until `expires_at`."""

    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


class SlotOffers(Protocol):
    """Time of performers that is kept for customers who have waited for it: holds that the program places."""

    def find_first_start(
        self, service: BookableService, day: date, *, customer_id: int, place: Place | None
    ) -> datetime | None:
        """The first time on a local day of the performer at which the customer may begin; None for a full
        day. Errors name the field `date`.

        Raises OwnService, StartsInPast (the day is over), TooFarAhead, OutsideSchedule (the performer does
        not work on what is left of the day).
        """
        ...

    def lock(self, performer_id: int) -> None:
        """Nobody else books or holds time of the performer until the end of the transaction."""
        ...

    def offer(
        self,
        service: BookableService,
        starts_at: datetime,
        *,
        customer_id: int,
        place: Place | None,
        until: datetime,
    ) -> Offer:
        """Keep a time for a customer who holds nothing with the performer, under the performer's `lock`:
        until `until`, or until the notice before its start begins. Raises as Calendar.book.
        """
        ...

    def end_hold(self, customer_id: int, performer_id: int) -> None:
        """End the hold that the customer has with the performer, an offer too."""
        ...


@dataclass(frozen=True, kw_only=True)
class PerformerScheduleChanged(DomainEvent):
    """A performer changed working hours, exceptions or vacations."""

    name: ClassVar[str] = "performer.schedule_changed"
    performer_id: int


@dataclass(frozen=True, kw_only=True)
class HoldEnded(DomainEvent):
    """A customer gave back time of a performer that was held."""

    name: ClassVar[str] = "hold.ended"
    performer_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class HoldPlaced(DomainEvent):
    """A customer holds time of a performer until `expires_at` (RFC 3339)."""

    name: ClassVar[str] = "hold.placed"
    performer_id: int
    customer_id: int
    expires_at: str
