"""The bookable times of a performer: what is shown, what customers may book, and what performers may take."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from marketplace.blueprints.availability.contracts import Booking, Calendar, Place
from marketplace.blueprints.availability.errors import (
    OutsideSchedule,
    OwnService,
    SlotTaken,
    StartsInPast,
    TooClose,
    TooFarAhead,
    TooShortNotice,
)
from marketplace.blueprints.availability.ports.slots import HoldRepository, Slot, SlotRepository, SlotsView
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.texts import Text

STEP = timedelta(minutes=15)
"""The offsets of all time zones differ by quarters of an hour, so a quarter in UTC is one everywhere."""
MAX_AHEAD = timedelta(days=365)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AWAY = Text("The performer does not work at this time.")
_SOONER = Text("This is sooner than the performer takes bookings.")


def starts_within(start: datetime, end: datetime, takes: timedelta) -> Iterator[datetime]:
    """The beginning of free time and each quarter of an hour after it, as long as the service ends in it."""
    while start + takes <= end:
        yield start
        start += STEP - (start - _EPOCH) % STEP


class SlotService(Calendar):
    """Which of two callers gets a time is decided when one of them takes it: an order that is accepted, or a
    hold.
    """

    def __init__(self, rows: SlotRepository, holds: HoldRepository, clock: Clock) -> None:
        self._rows = rows
        self._holds = holds
        self._clock = clock

    def list_free(
        self, performer_id: int, service_id: int, start: datetime, end: datetime, place: Place | None = None
    ) -> SlotsView:
        """The times when the service may start at `place` (the performer's city without one), so that it is
        over by `end`.

        Raises NotFound when the performer is not public, or has no such service.
        """
        free = self._rows.find_free(performer_id, service_id, start, end, self._clock.now(), place)
        if free is None:
            raise NotFound
        takes = timedelta(minutes=free.duration_minutes)
        slots = [
            Slot(at, at + takes) for lower, upper in free.spans for at in starts_within(lower, upper, takes)
        ]
        return SlotsView(free.timezone, free.duration_minutes, slots)

    def check_start(self, starts_at: datetime) -> None:
        now = self._clock.now()
        if starts_at <= now:
            raise StartsInPast(errors={"json": {"starts_at": ["This must lie in the future."]}})
        if starts_at - now > MAX_AHEAD:
            limit = Text("This must be within {days} days.", days=MAX_AHEAD.days)
            raise TooFarAhead(errors={"json": {"starts_at": [limit]}})

    def book(
        self,
        service: BookableService,
        starts_at: datetime,
        *,
        customer_id: int,
        place: Place | None = None,
    ) -> Booking:
        if service.performer_user_id == customer_id:
            raise OwnService
        self.check_start(starts_at)
        found = self._rows.check(
            service.performer_id,
            starts_at,
            starts_at + timedelta(minutes=service.duration_minutes),
            self._clock.now(),
            customer_id=customer_id,
            place=place,
        )
        if found.bookable:
            return found.booking
        if found.too_short_notice:
            raise TooShortNotice(errors={"json": {"starts_at": [_SOONER]}})
        if found.outside_schedule:
            raise OutsideSchedule(errors={"json": {"starts_at": [_AWAY]}})
        raise SlotTaken

    def make_room(
        self, booking: Booking, *, order_id: int, customer_id: int, despite_conflicts: bool
    ) -> None:
        now = self._clock.now()
        self._holds.lock_calendar(booking.performer_id)
        self._holds.clear_ended(booking.performer_id, now)
        self._holds.end(customer_id, now, performer_id=booking.performer_id, around=booking)
        found = self._rows.find_conflicts(booking, now, order_id=order_id)
        if found.overlaps:
            raise SlotTaken
        if found.too_close and not despite_conflicts:
            raise TooClose

    def check_notice(self, booking: Booking) -> None:
        if booking.starts_at - booking.notice <= self._clock.now():
            raise TooShortNotice(errors={"json": {"starts_at": [_SOONER]}})

    def end_hold(self, customer_id: int, performer_id: int) -> None:
        self._holds.end(customer_id, self._clock.now(), performer_id=performer_id)
