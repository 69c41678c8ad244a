"""The bookable times of a performer: what is shown, what customers may book, and what performers may take."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from marketplace.blueprints.availability.contracts import MAX_AHEAD, Booking, Calendar, Place, Verdict
from marketplace.blueprints.availability.errors import (
    OutsideSchedule,
    OwnService,
    SlotTaken,
    StartsInPast,
    TooClose,
    TooFarAhead,
    TooShortNotice,
)
from marketplace.blueprints.availability.ports.slots import (
    Conflicts,
    HoldRepository,
    Slot,
    SlotRepository,
    SlotsView,
    TimeCheck,
)
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, NotFound
from marketplace.kernel.texts import Text

STEP = timedelta(minutes=15)
"""The offsets of all time zones differ by quarters of an hour, so a quarter in UTC is one everywhere."""

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
        refusal = _out_of_reach(starts_at, self._clock.now())
        if refusal is not None:
            raise refusal

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
        [verdict] = self.check_many(service, [starts_at], customer_id=customer_id, place=place)
        if verdict.refusal is not None:
            raise verdict.refusal
        return verdict.booking

    def check_many(
        self,
        service: BookableService,
        starts: Sequence[datetime],
        *,
        customer_id: int,
        place: Place | None = None,
    ) -> Sequence[Verdict]:
        if service.performer_user_id == customer_id:
            raise OwnService
        now = self._clock.now()
        takes = timedelta(minutes=service.duration_minutes)
        found = self._rows.check(
            service.performer_id, starts, takes, now, customer_id=customer_id, place=place
        )
        return [
            Verdict(one.booking, _out_of_reach(one.booking.starts_at, now) or _refusal(one)) for one in found
        ]

    def make_room(
        self, booking: Booking, *, order_id: int, customer_id: int, despite_conflicts: bool
    ) -> None:
        found = self.make_room_for_many(
            {order_id: booking},
            customer_id=customer_id,
            despite_conflicts={order_id} if despite_conflicts else (),
        )
        refusal = found[order_id]
        if refusal is not None:
            raise refusal

    def make_room_for_many(
        self, bookings: Mapping[int, Booking], *, customer_id: int, despite_conflicts: Collection[int]
    ) -> Mapping[int, AppError | None]:
        if not bookings:
            return {}
        now = self._clock.now()
        times = list(bookings.values())
        performer_id = times[0].performer_id
        self._holds.lock_calendar(performer_id)
        self._holds.clear_ended(performer_id, now)
        self._holds.end(customer_id, now, performer_id=performer_id, around=times)
        found = self._rows.find_conflicts(bookings, now)
        refusals: dict[int, AppError | None] = {}
        for order_id, time in bookings.items():
            besides = [bookings[other] for other, refusal in refusals.items() if refusal is None]
            refusals[order_id] = _conflict(
                found[order_id], time, besides, despite=order_id in despite_conflicts
            )
        return refusals

    def check_notice(self, booking: Booking) -> None:
        if booking.starts_at - booking.notice <= self._clock.now():
            raise TooShortNotice(errors={"json": {"starts_at": [_SOONER]}})

    def end_hold(self, customer_id: int, performer_id: int) -> None:
        self._holds.end(customer_id, self._clock.now(), performer_id=performer_id)


def _out_of_reach(starts_at: datetime, now: datetime) -> AppError | None:
    """What everybody is refused, whatever the calendar says."""
    if starts_at <= now:
        return StartsInPast(errors={"json": {"starts_at": ["This must lie in the future."]}})
    if starts_at - now > MAX_AHEAD:
        limit = Text("This must be within {days} days.", days=MAX_AHEAD.days)
        return TooFarAhead(errors={"json": {"starts_at": [limit]}})
    return None


def _refusal(found: TimeCheck) -> AppError | None:
    if found.bookable:
        return None
    if found.too_short_notice:
        return TooShortNotice(errors={"json": {"starts_at": [_SOONER]}})
    if found.outside_schedule:
        return OutsideSchedule(errors={"json": {"starts_at": [_AWAY]}})
    return SlotTaken()


def _conflict(
    found: Conflicts, time: Booking, besides: Sequence[Booking], *, despite: bool
) -> AppError | None:
    """The refusal of an order that has these conflicts, and would stand `besides` others."""
    if found.overlaps or any(
        time.starts_at < other.ends_at and other.starts_at < time.ends_at for other in besides
    ):
        return SlotTaken()
    close = found.too_close or any(
        time.padded_from < other.padded_to and other.padded_from < time.padded_to for other in besides
    )
    return TooClose() if close and not despite else None
