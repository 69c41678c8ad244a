"""Offers: time that is kept for a customer who has waited for it, as a hold that the program places."""

from datetime import date, datetime, timedelta

from marketplace.blueprints.availability.contracts import MAX_AHEAD, Offer, Place, SlotOffers
from marketplace.blueprints.availability.errors import OutsideSchedule, OwnService, StartsInPast, TooFarAhead
from marketplace.blueprints.availability.ports.slots import HoldRepository, SlotRepository
from marketplace.blueprints.availability.services.slots import SlotService
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.kernel.clock import Clock
from marketplace.kernel.texts import Text

_OVER = Text("This day is over where the performer is.")
_AWAY = Text("The performer does not work on this day, or not on what is left of it.")


class OfferService(SlotOffers):
    """Within the caller's transaction."""

    def __init__(
        self, times: SlotRepository, holds: HoldRepository, slots: SlotService, clock: Clock
    ) -> None:
        self._times = times
        self._holds = holds
        self._slots = slots
        self._clock = clock

    def find_first_start(
        self, service: BookableService, day: date, *, customer_id: int, place: Place | None
    ) -> datetime | None:
        if service.performer_user_id == customer_id:
            raise OwnService
        takes = timedelta(minutes=service.duration_minutes)
        found = self._times.look_at_day(
            service.performer_id, day, takes, self._clock.now(), place, customer_id=customer_id
        )
        if day < found.today:
            raise StartsInPast(errors={"json": {"date": [_OVER]}})
        if day - found.today > MAX_AHEAD:
            limit = Text("This must be within {days} days.", days=MAX_AHEAD.days)
            raise TooFarAhead(errors={"json": {"date": [limit]}})
        if not found.works:
            raise OutsideSchedule(errors={"json": {"date": [_AWAY]}})
        return found.first_start

    def lock(self, performer_id: int) -> None:
        self._holds.lock_calendar(performer_id)

    def offer(
        self,
        service: BookableService,
        starts_at: datetime,
        *,
        customer_id: int,
        place: Place | None,
        until: datetime,
    ) -> Offer:
        self._holds.clear_ended(service.performer_id, self._clock.now())
        booking = self._slots.book(service, starts_at, customer_id=customer_id, place=place)
        expires_at = min(until, booking.starts_at - booking.notice)
        self._holds.offer(booking, customer_id, service.id, expires_at)
        return Offer(booking.starts_at, booking.ends_at, expires_at)

    def end_hold(self, customer_id: int, performer_id: int) -> None:
        self._holds.end(customer_id, self._clock.now(), performer_id=performer_id)
