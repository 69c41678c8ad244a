"""Books and reads orders."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from marketplace.blueprints.availability.contracts import Calendar, Place
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.blueprints.orders.errors import PriceNeeded
from marketplace.blueprints.orders.policies.life import OrderRole, StepTimes
from marketplace.blueprints.orders.ports import HistoryEntry, OrderFilters, OrderRepository, OrderView
from marketplace.blueprints.orders.services.shared import new_arrival_code, role_of, seen_by
from marketplace.blueprints.orders.services.steps import Steps
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork


class BookingService:
    """Books and reads orders."""

    def __init__(
        self,
        uow: UnitOfWork,
        orders: OrderRepository,
        steps: Steps,
        bookable: Callable[[int], BookableService],
        calendar: Calendar,
        clock: Clock,
        times: StepTimes,
    ) -> None:
        self._uow = uow
        self._orders = orders
        self._steps = steps
        self._bookable = bookable
        self._calendar = calendar
        self._clock = clock
        self._times = times

    def book(self, caller: Principal, values: Mapping[str, Any]) -> OrderView:
        """Book `service_id` from `starts_at`. The agreed terms are copied into the order, and the customer's
        hold with the performer is used up.

        Raises NotFound (no such service), OwnService, PriceNeeded, StartsInPast, TooFarAhead, TooShortNotice,
        OutsideSchedule, SlotTaken, AlreadyRequested.
        """
        with self._uow:
            service = self._bookable(values["service_id"])
            if service.price is None:
                raise PriceNeeded(errors={"json": {"service_id": ["This service is priced for each order."]}})
            parties = {caller.user_id, service.performer_user_id}
            if self._orders.hold_parties(parties) != parties:
                raise NotFound
            address = values["address"]
            place = Place(address["latitude"], address["longitude"]) if "latitude" in address else None
            time = self._calendar.book(service, values["starts_at"], customer_id=caller.user_id, place=place)
            order = self._steps.create(
                {
                    "customer_id": caller.user_id,
                    "performer_id": service.performer_id,
                    "service_id": service.id,
                    "title": service.title,
                    "pricing": service.pricing,
                    "price_amount": service.price.amount,
                    "price_currency": service.price.currency,
                    "starts_at": time.starts_at,
                    "ends_at": time.ends_at,
                    "padded": (time.padded_from, time.padded_to),
                    "latitude": time.place and time.place.latitude,
                    "longitude": time.place and time.place.longitude,
                    "notice_minutes": time.notice // timedelta(minutes=1),
                    "address": address,
                    "note": values.get("note", ""),
                    "arrival_code": new_arrival_code() if values.get("arrival_code") else None,
                },
                caller,
            )
            self._calendar.end_hold(caller.user_id, service.performer_id)
            return order

    def get(self, caller: Principal, order_id: int) -> OrderView:
        """An order with the steps that the caller may take. Raises NotFound for strangers."""
        order = self._found(order_id)
        return self._seen(order, role_of(caller, order))

    def history(self, caller: Principal, order_id: int, page: PageRequest) -> Page[HistoryEntry]:
        """The steps of an order, oldest first. Raises NotFound for strangers."""
        role_of(caller, self._found(order_id))
        return self._orders.history(order_id, page)

    def list_own(
        self, caller: Principal, page: PageRequest, role: str | None, filters: OrderFilters
    ) -> Page[OrderView]:
        """The caller's orders in `role` (both when None), newest first."""
        found = self._orders.list_own(page, caller, role, filters)
        seen = [self._seen(order, role_of(caller, order)) for order in found.items]
        return replace(found, items=seen)

    def list_all(self, caller: Principal, page: PageRequest, filters: OrderFilters) -> Page[OrderView]:
        """The orders of all users, for staff."""
        found = self._orders.list_all(page, filters)
        return replace(found, items=[self._seen(order, role_of(caller, order)) for order in found.items])

    def _seen(self, order: OrderView, role: OrderRole | None) -> OrderView:
        return seen_by(order, role, self._clock.now(), self._times)

    def _found(self, order_id: int) -> OrderView:
        order = self._orders.find(order_id)
        if order is None:
            raise NotFound
        return order
