"""Orders come to be, and are read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from marketplace.blueprints.orders import events
from marketplace.blueprints.orders.errors import (
    OutsideSchedule,
    OwnService,
    PriceNeeded,
    SlotTaken,
    TooShortNotice,
)
from marketplace.blueprints.orders.policies import (
    Role,
    Status,
)
from marketplace.blueprints.orders.ports import (
    Calendar,
    HistoryEntry,
    OrderRepository,
    OrderView,
    ServiceCatalog,
    Step,
    TimeCheck,
)
from marketplace.blueprints.orders.services.shared import SOONER, check_start, event_of, role_of, seen_by
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork


def _check_time(time: TimeCheck) -> None:
    if time.too_short_notice:
        raise TooShortNotice(errors={"json": {"starts_at": [SOONER]}})
    if time.outside_schedule:
        raise OutsideSchedule(errors={"json": {"starts_at": ["The performer does not work at this time."]}})


class BookingService:
    """Orders come to be, and are read."""

    def __init__(
        self,
        uow: UnitOfWork,
        orders: OrderRepository,
        catalog: ServiceCatalog,
        calendar: Calendar,
        clock: Clock,
        start_early: timedelta,
    ) -> None:
        self._uow = uow
        self._orders = orders
        self._catalog = catalog
        self._calendar = calendar
        self._clock = clock
        self._start_early = start_early

    def book(self, caller: Principal, values: Mapping[str, Any]) -> OrderView:
        """Book `service_id` from `starts_at`. What was agreed is copied onto the order.

        Raises NotFound (no such service), OwnService, PriceNeeded, StartsInPast, TooFarAhead, TooShortNotice,
        OutsideSchedule, SlotTaken, AlreadyRequested.
        """
        with self._uow:
            now = self._clock.now()
            service = self._catalog(values["service_id"])
            if service.performer_user_id == caller.user_id:
                raise OwnService
            if service.price is None:
                raise PriceNeeded(errors={"json": {"service_id": ["This service is priced for each order."]}})
            starts_at = values["starts_at"]
            check_start(starts_at, now)
            parties = {caller.user_id, service.performer_user_id}
            if self._orders.hold_parties(parties) != parties:
                raise NotFound
            ends_at = starts_at + timedelta(minutes=service.duration_minutes)
            time = self._calendar(service.performer_id, starts_at, ends_at)
            _check_time(time)
            if self._orders.is_taken(service.performer_id, starts_at - time.gap, ends_at + time.gap):
                raise SlotTaken
            order_id = self._orders.add(
                {
                    "customer_id": caller.user_id,
                    "performer_id": service.performer_id,
                    "service_id": service.id,
                    "title": service.title,
                    "pricing": service.pricing,
                    "price_amount": service.price.amount,
                    "price_currency": service.price.currency,
                    "starts_at": starts_at,
                    "ends_at": ends_at,
                    "notice_minutes": time.notice // timedelta(minutes=1),
                    "address": values["address"],
                    "note": values.get("note", ""),
                    "state_entered_at": now,
                    "created_at": now,
                    "updated_at": now,
                }
            )
            self._orders.add_steps(
                [
                    Step(
                        order_id=order_id,
                        transition="create",
                        from_status=None,
                        to_status=Status.PENDING,
                        actor_id=caller.user_id,
                        actor_role=Role.CUSTOMER,
                        reason=None,
                        created_at=now,
                    )
                ]
            )
            order = self._found(order_id)
            self._uow.record(event_of(events.OrderCreated, order, caller.user_id))
            return self._seen(order, Role.CUSTOMER)

    def get(self, caller: Principal, order_id: int) -> OrderView:
        """An order with what the caller may do next. Raises NotFound for strangers."""
        order = self._found(order_id)
        return self._seen(order, role_of(caller, order))

    def history(self, caller: Principal, order_id: int, page: PageRequest) -> Page[HistoryEntry]:
        """The steps of an order, oldest first. Raises NotFound for strangers."""
        role_of(caller, self._found(order_id))
        return self._orders.history(order_id, page)

    def list_own(
        self, caller: Principal, page: PageRequest, role: str | None, filters: Mapping[str, Any]
    ) -> Page[OrderView]:
        """The caller's orders in `role` (both when None), newest first."""
        found = self._orders.list_own(page, caller, role, filters)
        seen = [self._seen(order, role_of(caller, order)) for order in found.items]
        return replace(found, items=seen)

    def list_all(self, caller: Principal, page: PageRequest, filters: Mapping[str, Any]) -> Page[OrderView]:
        """Everybody's orders, for staff."""
        found = self._orders.list_all(page, filters)
        return replace(found, items=[self._seen(order, role_of(caller, order)) for order in found.items])

    def find(self, order_id: int) -> OrderView | None:
        """An order, whoever asks."""
        return self._orders.find(order_id)

    def has_engaged(self, customer_id: int, performer_id: int) -> bool:
        """Whether the performer ever accepted an order of the customer that was not cancelled."""
        return self._orders.has_engaged(customer_id, performer_id)

    def _seen(self, order: OrderView, role: Role | None) -> OrderView:
        return seen_by(order, role, self._clock.now() + self._start_early)

    def _found(self, order_id: int) -> OrderView:
        order = self._orders.find(order_id)
        if order is None:
            raise NotFound
        return order
