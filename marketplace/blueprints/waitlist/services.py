"""The waiting list: customers come and leave, and get the time that becomes free, one after the other."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from marketplace.blueprints.accounts.contracts import Notifier, Users
from marketplace.blueprints.availability.contracts import Place, SlotOffers
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.blueprints.performers.contracts import PerformerRef
from marketplace.blueprints.waitlist.contracts import (
    WaitlistJoined,
    WaitlistLeft,
    WaitlistOffered,
    WaitlistOfferLapsed,
)
from marketplace.blueprints.waitlist.errors import DayNotFull, TooManyDays, WaitlistFull
from marketplace.blueprints.waitlist.messages import OFFERED
from marketplace.blueprints.waitlist.policies import (
    AT_ONCE,
    BATCH,
    MAX_DAYS,
    MAX_OFFERS,
    MAX_WAITING,
    OFFER,
    REST,
)
from marketplace.blueprints.waitlist.ports import Candidate, DayCount, EntryView, WaitlistRepository
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.kernel.identity import Principal, own_performer_id
from marketplace.kernel.lanes import Postponed
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.kernel.zones import zone

TEND_JOB = "waitlist.tend"
RUN_OUT_JOB = "waitlist.run_out"
SOONEST_SECONDS = 0.1
"""The shortest time for which a job is put off: the clocks of two servers differ by so much."""
_NO_SERVICE = Text("The performer has no service that can be booked at a price.")


def _rfc3339(moment: datetime) -> str:
    """A time in UTC, as clients get it."""
    return moment.isoformat().replace("+00:00", "Z")


class WaitlistService:
    """The caller's own entries, and the performer's view of them."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: WaitlistRepository,
        times: SlotOffers,
        bookable: Callable[[int], BookableService],
        find_visible: Callable[[int], PerformerRef | None],
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._times = times
        self._bookable = bookable
        self._find_visible = find_visible
        self._clock = clock

    def join(self, caller: Principal, performer_id: int, values: Mapping[str, Any]) -> EntryView:
        """Wait for the day `date` of a performer with a service (the shortest one when left out). Who waits
        already keeps the place in the queue, and may change the service.

        Raises NotFound, Invalid, OwnService, StartsInPast, TooFarAhead, OutsideSchedule, DayNotFull,
        TooManyDays, WaitlistFull.
        """
        day: date = values["date"]
        place = Place(values["latitude"], values["longitude"]) if "latitude" in values else None
        with self._uow:
            service = self._service(performer_id, values.get("service_id"))
            self._rows.lock_customer(caller.user_id)
            now = self._clock.now()
            known = self._rows.find(caller.user_id, performer_id, day, now)
            changes = known is None or (known.service_id, known.place) != (service.id, place)
            if changes and (known is None or known.offer is None):
                # A change too: else a service that never fits would open a day that is not full.
                self._check_full(caller, service, day, place)
            if known is None:
                self._check_limits(caller, service, day)
            self._rows.put(caller.user_id, performer_id, day, service_id=service.id, place=place, now=now)
            if changes:
                # The day may have changed since it was looked at, and another service may fit now.
                self._uow.enqueue(TEND_JOB, {"performer_id": performer_id})
            if known is None:
                self._uow.record(
                    WaitlistJoined(
                        customer_id=caller.user_id, performer_id=performer_id, date=day.isoformat()
                    )
                )
            found = self._rows.find(caller.user_id, performer_id, day, now)
            assert found is not None
            return found

    def _service(self, performer_id: int, service_id: int | None) -> BookableService:
        if service_id is None:
            if self._find_visible(performer_id) is None:
                raise NotFound
            service_id = self._rows.find_shortest_service(performer_id)
            if service_id is None:
                raise Invalid(errors={"json": {"service_id": [_NO_SERVICE]}})
        service = self._bookable(service_id)
        if service.performer_id != performer_id:
            raise NotFound
        if service.price is None:
            raise Invalid(errors={"json": {"service_id": ["This service is priced for each order."]}})
        return service

    def _check_full(
        self, caller: Principal, service: BookableService, day: date, place: Place | None
    ) -> None:
        free = self._times.find_first_start(service, day, customer_id=caller.user_id, place=place)
        if free is not None:
            raise DayNotFull

    def _check_limits(self, caller: Principal, service: BookableService, day: date) -> None:
        if self._rows.count_days(caller.user_id) >= MAX_DAYS:
            raise TooManyDays
        self._rows.lock_queue(service.performer_id)
        if self._rows.count_waiting(service.performer_id, day) >= MAX_WAITING:
            raise WaitlistFull

    def leave(self, caller: Principal, performer_id: int, day: date) -> None:
        """Wait no longer; an offer ends with it. Leaving again changes nothing. Raises NotFound for a
        performer for whom the caller does not wait and who is not public.
        """
        with self._uow:
            now = self._clock.now()
            if self._rows.find(caller.user_id, performer_id, day, now) is None:
                if self._find_visible(performer_id) is None:
                    raise NotFound
                return
            # So that no offer is made while the entry goes.
            self._times.lock(performer_id)
            known = self._rows.find(caller.user_id, performer_id, day, now)
            if known is None:
                return
            if known.offer is not None:
                self._times.end_hold(caller.user_id, performer_id)
            self._rows.remove([known.id])
            self._uow.record(
                WaitlistLeft(customer_id=caller.user_id, performer_id=performer_id, date=day.isoformat())
            )
            self._uow.enqueue(TEND_JOB, {"performer_id": performer_id})

    def list_own(self, caller: Principal, page: PageRequest) -> Page[EntryView]:
        """The days that the caller waits for. Raises InvalidCursor."""
        return self._rows.list_own(caller.user_id, page, self._clock.now())

    def list_days(self, caller: Principal, page: PageRequest) -> Page[DayCount]:
        """How many wait for which day of the caller. Raises InvalidCursor."""
        return self._rows.list_days(own_performer_id(caller), page)


class OfferingService:
    """Offers time that is free to those who wait. Late, doubled, early and lost calls do nothing wrong: each
    decides by what there is.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        rows: WaitlistRepository,
        times: SlotOffers,
        bookable: Callable[[int], BookableService],
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._times = times
        self._bookable = bookable
        self._clock = clock

    def tend(self, performer_id: int) -> None:
        """Note the offers of the performer's time that are over, and offer what is free to who is next."""
        with self._uow:
            if not self._rows.is_awaited(performer_id) or not self._has_work(performer_id):
                return
            # What was seen without the lock is looked at again.
            self._times.lock(performer_id)
            now = self._clock.now()
            self._remove_ordered(performer_id)
            self._note_ended(performer_id)
            for _ in range(AT_ONCE):
                found = self._rows.find_next(performer_id, now)
                if found is None:
                    return
                self._offer(performer_id, found)
            self._uow.enqueue(TEND_JOB, {"performer_id": performer_id})

    def _has_work(self, performer_id: int) -> bool:
        now = self._clock.now()
        return bool(
            self._rows.find_ended(performer_id, now)
            or self._rows.find_ordered(performer_id, now)
            or self._rows.find_next(performer_id, now)
        )

    def _remove_ordered(self, performer_id: int) -> None:
        found = self._rows.find_ordered(performer_id, self._clock.now())
        for one in found:
            if one.is_offered:
                # Offered in the moment of the order, which uses offers up.
                self._times.end_hold(one.customer_id, performer_id)
        self._rows.remove([one.entry_id for one in found])

    def _note_ended(self, performer_id: int) -> None:
        now = self._clock.now()
        for ended in self._rows.find_ended(performer_id, now):
            waiting = ended.offers < MAX_OFFERS
            if waiting:
                self._rows.mark_ended(ended.entry_id, now + REST)
            else:
                self._rows.remove([ended.entry_id])
            self._uow.record(
                WaitlistOfferLapsed(
                    customer_id=ended.customer_id,
                    performer_id=performer_id,
                    date=ended.day.isoformat(),
                    waiting=waiting,
                )
            )

    def _offer(self, performer_id: int, found: Candidate) -> None:
        if not self._rows.hold_customer(found.customer_id):
            # Since a moment ago; whoever looks again finds somebody else.
            return
        service = self._bookable(found.service_id)
        offer = self._times.offer(
            service,
            found.starts_at,
            customer_id=found.customer_id,
            place=found.place,
            until=self._clock.now() + OFFER,
        )
        number = self._rows.mark_offered(found.entry_id, offer.expires_at)
        self._uow.enqueue(
            RUN_OUT_JOB,
            {"entry_id": found.entry_id, "number": number},
            key=f"waitlist:{found.entry_id}:{number}",
            run_at=offer.expires_at,
        )
        self._uow.record(
            WaitlistOffered(
                customer_id=found.customer_id,
                performer_id=performer_id,
                date=found.day.isoformat(),
                service_id=service.id,
                starts_at=_rfc3339(offer.starts_at),
                expires_at=_rfc3339(offer.expires_at),
            )
        )

    def run_out(self, entry_id: int, number: int) -> None:
        """At the end of the offer `number` of an entry, go on to the next. Raises Postponed before it."""
        with self._uow:
            found = self._rows.find_offer_end(entry_id, number)
            if found is None:
                return
            performer_id, expires_at = found
            wait = (expires_at - self._clock.now()).total_seconds()
            if wait > 0:
                raise Postponed("the offer has not ended", max(wait, SOONEST_SECONDS), exactly=True)
            self.tend(performer_id)

    def withdraw(self, customer_id: int) -> None:
        """Take back what is offered to a customer who may not book any more."""
        with self._uow:
            for performer_id in sorted(self._rows.list_offered(customer_id, self._clock.now())):
                self._times.lock(performer_id)
                self._times.end_hold(customer_id, performer_id)
                self._uow.enqueue(TEND_JOB, {"performer_id": performer_id})

    def sweep(self, after: int) -> int | None:
        """Remove entries of past days, and have those performers tended for whom there is something to do:
        those after the id `after`. For holds that ran out, of which nothing tells. Gives where to go on, None
        at the end.
        """
        with self._uow:
            found = self._rows.list_performers(after, BATCH)
            self._rows.remove_past(found, self._clock.now())
            for performer_id in found:
                if self._has_work(performer_id):
                    self._uow.enqueue(TEND_JOB, {"performer_id": performer_id})
            return found[-1] if len(found) == BATCH else None


class OfferMail:
    """Tells customers by mail what they are offered: half an hour is short for who does not look."""

    def __init__(
        self, uow: UnitOfWork, rows: WaitlistRepository, users: Users, notifier: Notifier, clock: Clock
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._users = users
        self._notifier = notifier
        self._clock = clock

    def send(self, customer_id: int, performer_id: int, day: date) -> None:
        """Mail a live offer, outside of a transaction; nothing when it has ended."""
        with self._uow:
            offer = self._rows.find_offered(customer_id, performer_id, day, self._clock.now())
            user = None if offer is None else self._users.find(customer_id)
        if offer is None or user is None or not user.is_active:
            return
        if user.email is None or not user.email_verified:
            return
        starts_at = offer.starts_at.astimezone(zone(offer.timezone))
        until = offer.expires_at.astimezone(zone(offer.timezone))
        self._notifier.mail(
            user.email,
            OFFERED.name,
            user.locale,
            name=user.first_name,
            performer=offer.performer,
            title=offer.title,
            day=starts_at.date().isoformat(),
            time=f"{starts_at:%H:%M}",
            until=f"{until:%H:%M}",
            timezone=offer.timezone,
        )
