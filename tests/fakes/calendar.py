"""A calendar that knows the orders of a `FakeOrderRepository`, and otherwise says what it is told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from marketplace.blueprints.availability.contracts import Booking, Calendar, Place, Verdict
from marketplace.blueprints.availability.errors import (
    OutsideSchedule,
    OwnService,
    SlotTaken,
    StartsInPast,
    TooClose,
    TooFarAhead,
    TooShortNotice,
)
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError
from tests.fakes.orders import FakeOrderRepository


class FakeCalendar(Calendar):
    """Between two orders lies `gap`; customers book after `notice`, unless `outside`."""

    def __init__(self, orders: FakeOrderRepository, clock: Clock) -> None:
        self._orders = orders
        self._clock = clock
        self.gap = self.notice = timedelta(0)
        self.outside = False
        self.ended: list[tuple[int, int]] = []

    def check_start(self, starts_at: datetime) -> None:
        now = self._clock.now()
        if starts_at <= now:
            raise StartsInPast
        if starts_at - now > timedelta(days=365):
            raise TooFarAhead

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
        if starts_at - self.notice < self._clock.now():
            raise TooShortNotice
        if self.outside:
            raise OutsideSchedule
        ends_at = starts_at + timedelta(minutes=service.duration_minutes)
        if self._orders.is_taken(service.performer_id, starts_at - self.gap, ends_at + self.gap):
            raise SlotTaken
        return Booking(service.performer_id, starts_at, ends_at, starts_at, ends_at, self.notice, place)

    def check_many(
        self,
        service: BookableService,
        starts: Sequence[datetime],
        *,
        customer_id: int,
        place: Place | None = None,
    ) -> Sequence[Verdict]:
        found = []
        for start in starts:
            end = start + timedelta(minutes=service.duration_minutes)
            booking = Booking(service.performer_id, start, end, start, end, self.notice, place)
            try:
                self.book(service, start, customer_id=customer_id, place=place)
            except OwnService:
                raise
            except AppError as refusal:
                found.append(Verdict(booking, refusal))
            else:
                found.append(Verdict(booking, None))
        return found

    def make_room_for_many(
        self, bookings: Mapping[int, Booking], *, customer_id: int, despite_conflicts: Collection[int]
    ) -> Mapping[int, AppError | None]:
        found: dict[int, AppError | None] = {}
        for order_id, booking in bookings.items():
            try:
                self.make_room(
                    booking,
                    order_id=order_id,
                    customer_id=customer_id,
                    despite_conflicts=order_id in despite_conflicts,
                )
            except AppError as refusal:
                found[order_id] = refusal
            else:
                found[order_id] = None
        return found

    def make_room(
        self, booking: Booking, *, order_id: int, customer_id: int, despite_conflicts: bool
    ) -> None:
        start, end = booking.starts_at, booking.ends_at
        if self._orders.is_taken(booking.performer_id, start, end, besides=order_id):
            raise SlotTaken
        padded = (start - self.gap, end + self.gap)
        if not despite_conflicts and self._orders.is_taken(booking.performer_id, *padded, besides=order_id):
            raise TooClose

    def check_notice(self, booking: Booking) -> None:
        if booking.starts_at - booking.notice <= self._clock.now():
            raise TooShortNotice

    def end_hold(self, customer_id: int, performer_id: int) -> None:
        self.ended.append((customer_id, performer_id))
