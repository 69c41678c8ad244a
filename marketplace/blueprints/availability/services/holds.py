"""Holds: a customer keeps a slot for a few minutes, while the booking is filled in."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from marketplace.blueprints.availability.contracts import HoldEnded, HoldPlaced, Place
from marketplace.blueprints.availability.errors import TooManyHolds
from marketplace.blueprints.availability.ports.slots import HoldCount, HoldRepository, HoldView
from marketplace.blueprints.availability.services.slots import SlotService
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

HOLD = timedelta(minutes=5)
MAX_HOLDS = 5
"""The limit of performers whose time one customer holds at once."""
MAX_TIMES = 4
COUNTED = timedelta(hours=1)
"""A customer holds time of one performer at most MAX_TIMES in this time: nobody keeps others from it by
holding again and again.
"""
KEPT = timedelta(days=1)
"""How long the row of an ended hold stays, for its count."""


class HoldService:
    """One live hold for each customer and performer: a new one replaces it."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: HoldRepository,
        slots: SlotService,
        bookable: Callable[[int], BookableService],
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._slots = slots
        self._bookable = bookable
        self._clock = clock

    def place(
        self,
        caller: Principal,
        performer_id: int,
        values: Mapping[str, Any],
    ) -> HoldView:
        """Keep the slot `starts_at` of `service_id` for 5 minutes. The same slot again gives the hold that
        there is, with its end.

        Raises NotFound, OwnService, StartsInPast, TooFarAhead, TooShortNotice, OutsideSchedule, SlotTaken,
        TooManyHolds.
        """
        service_id, starts_at = values["service_id"], values["starts_at"]
        place = Place(values["latitude"], values["longitude"]) if "latitude" in values else None
        with self._uow:
            service = self._bookable(service_id)
            if service.performer_id != performer_id:
                raise NotFound
            self._rows.lock_customer(caller.user_id)
            now = self._clock.now()
            held = self._rows.find(caller.user_id, performer_id, now)
            if held is not None and (held.service_id, held.starts_at) == (service_id, starts_at):
                return held
            counted = self._counted(caller.user_id, performer_id, now)
            # What is taken already is refused before anybody waits for the calendar.
            self._slots.book(service, starts_at, customer_id=caller.user_id, place=place)
            self._rows.lock_calendar(performer_id)
            self._rows.clear_ended(performer_id, now)
            booking = self._slots.book(service, starts_at, customer_id=caller.user_id, place=place)
            made = self._rows.place(booking, caller.user_id, service_id, now + HOLD, counted)
            if held is not None:
                self._uow.record(HoldEnded(performer_id=performer_id, customer_id=caller.user_id))
            self._uow.record(
                HoldPlaced(
                    performer_id=performer_id,
                    customer_id=caller.user_id,
                    expires_at=made.expires_at.isoformat(),
                )
            )
            return made

    def _counted(self, customer_id: int, performer_id: int, now: datetime) -> HoldCount:
        counted = self._rows.count(customer_id, performer_id, now)
        if counted.since is None or counted.since <= now - COUNTED:
            counted = replace(counted, since=now, times=0)
        if counted.times >= MAX_TIMES or counted.elsewhere >= MAX_HOLDS:
            raise TooManyHolds
        return replace(counted, times=counted.times + 1)

    def end(self, caller: Principal, hold_id: int) -> None:
        """Give the time back. Raises NotFound for a hold that is not the caller's, or has ended."""
        with self._uow:
            now = self._clock.now()
            held = self._rows.find_by_id(caller.user_id, hold_id, now)
            if held is None or not self._rows.end(caller.user_id, now, performer_id=held.performer_id):
                raise NotFound
            self._uow.record(HoldEnded(performer_id=held.performer_id, customer_id=caller.user_id))

    def remove_ended(self) -> None:
        """Delete the rows of holds that nobody counts any more."""
        with self._uow:
            self._rows.remove_ended(self._clock.now() - KEPT)
