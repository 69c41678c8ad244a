"""Books and reads orders."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marketplace.blueprints.availability.contracts import Calendar, Place
from marketplace.blueprints.orders.policies.life import OrderRole, StepTimes
from marketplace.blueprints.orders.ports import HistoryEntry, OrderFilters, OrderRepository, OrderView
from marketplace.blueprints.orders.services.desk import Desk
from marketplace.blueprints.orders.services.shared import role_of, seen_by
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
        desk: Desk,
        calendar: Calendar,
        clock: Clock,
        times: StepTimes,
    ) -> None:
        self._uow = uow
        self._orders = orders
        self._desk = desk
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
            service = self._desk.find_service(values["service_id"])
            place = Place.of_address(values["address"])
            time = self._calendar.book(service, values["starts_at"], customer_id=caller.user_id, place=place)
            [order] = self._desk.book(caller, service, values, [(time, None)])
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
