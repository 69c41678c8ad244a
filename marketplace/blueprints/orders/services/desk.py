"""Books and moves several orders at once."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from marketplace.blueprints.availability.contracts import Booking, Calendar
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.blueprints.orders.contracts import (
    AcceptOutcome,
    MoveOutcome,
    OrderDesk,
    OrderRef,
    SeriesPlace,
)
from marketplace.blueprints.orders.errors import PriceNeeded
from marketplace.blueprints.orders.policies.life import StepTimes
from marketplace.blueprints.orders.ports import OrderRepository, OrderView
from marketplace.blueprints.orders.services.rescheduling import Rescheduling
from marketplace.blueprints.orders.services.shared import booking_of, new_arrival_code, role_of, seen_by
from marketplace.blueprints.orders.services.steps import Steps
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork


class Desk(OrderDesk):
    """The order that is booked alone comes by here too."""

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
        self._moves = Rescheduling(steps, calendar)
        self._clock = clock
        self._times = times

    def find_service(self, service_id: int) -> BookableService:
        service = self._bookable(service_id)
        if service.price is None:
            raise PriceNeeded(errors={"json": {"service_id": ["This service is priced for each order."]}})
        return service

    def book(
        self,
        caller: Principal,
        service: BookableService,
        terms: Mapping[str, Any],
        times: Sequence[tuple[Booking, SeriesPlace | None]],
    ) -> Sequence[OrderView]:
        assert service.price is not None
        copied = {
            "customer_id": caller.user_id,
            "performer_id": service.performer_id,
            "service_id": service.id,
            "title": service.title,
            "pricing": service.pricing,
            "price_amount": service.price.amount,
            "price_currency": service.price.currency,
            "address": terms["address"],
            "note": terms.get("note", ""),
        }
        with self._uow:
            parties = {caller.user_id, service.performer_user_id}
            if self._orders.hold_parties(parties) != parties:
                raise NotFound
            orders = self._steps.create(
                [
                    {
                        **copied,
                        "starts_at": time.starts_at,
                        "ends_at": time.ends_at,
                        "padded": (time.padded_from, time.padded_to),
                        "latitude": time.place and time.place.latitude,
                        "longitude": time.place and time.place.longitude,
                        "notice_minutes": time.notice // timedelta(minutes=1),
                        "arrival_code": new_arrival_code() if terms.get("arrival_code") else None,
                        "series_id": place and place.series_id,
                        "series_position": place and place.position,
                    }
                    for time, place in times
                ],
                caller,
            )
            self._calendar.end_hold(caller.user_id, service.performer_id)
            return orders

    def list_seen(self, caller: Principal, order_ids: Sequence[int]) -> Sequence[OrderView]:
        now = self._clock.now()
        return [
            seen_by(order, role_of(caller, order), now, self._times)
            for order in self._orders.find_many(order_ids)
        ]

    def cancel(
        self, caller: Principal, order_ids: Sequence[int], *, named: int, expected: int | None
    ) -> Sequence[OrderRef]:
        with self._uow:
            orders, role = self._steps.begin_many(caller, order_ids, "cancel", named=named, expected=expected)
            return self._steps.enter_many(caller, orders, role, "cancel")

    def accept(
        self, caller: Principal, order_ids: Sequence[int], *, despite_conflicts: bool
    ) -> Sequence[AcceptOutcome]:
        with self._uow:
            orders, role = self._steps.begin_many(caller, order_ids, "accept")
            refusals = self._calendar.make_room_for_many(
                {order.id: booking_of(order) for order in orders},
                customer_id=orders[0].customer_id,
                despite_conflicts={order.id for order in orders} if despite_conflicts else (),
            )
            free = [order for order in orders if refusals[order.id] is None]
            values = {"despite_conflicts": despite_conflicts}
            accepted = self._steps.enter_many(caller, free, role, "accept", more=values)
            now = self._clock.now()
            seen = {order.id: seen_by(order, role, now, self._times) for order in orders}
            seen |= {order.id: order for order in accepted}
            return [AcceptOutcome(seen[order.id], refusals[order.id]) for order in orders]

    def move(
        self,
        caller: Principal,
        order_ids: Sequence[int],
        plan: Callable[[Sequence[OrderRef]], Mapping[int, datetime]],
        *,
        named: int,
        expected: int | None,
        despite_conflicts: bool,
    ) -> Sequence[MoveOutcome]:
        with self._uow:
            orders, role = self._steps.begin_many(
                caller, order_ids, "reschedule", named=named, expected=expected
            )
            starts = plan(orders)
            refusals = self._moves.refuse(orders, starts, role, despite=despite_conflicts)
            if not any(refusals.values()):
                orders = self._moves.move(caller, orders, starts, role, despite=despite_conflicts)
            return [MoveOutcome(order, starts[order.id], refusals[order.id]) for order in orders]
