"""Helpers of the services: the caller's role in an order, its view, its events and timers."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from marketplace.blueprints.availability.contracts import Booking, Place
from marketplace.blueprints.orders import contracts as events
from marketplace.blueprints.orders.policies.disputes import decision_due, refund_of
from marketplace.blueprints.orders.policies.life import (
    OrderRole,
    OrderStatus,
    StepTimes,
    Timer,
    allowed_transitions,
    timers_of,
)
from marketplace.blueprints.orders.ports import OrderView, Refund
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import PlannedJob, UnitOfWork

TIMER_JOB = "orders.timer"
ARRIVAL_DIGITS = 4


def role_of(caller: Principal, order: OrderView) -> OrderRole | None:
    """The caller's role in the order; None for moderators, who only read. Raises NotFound for strangers."""
    if caller.user_id == order.customer_id:
        return OrderRole.CUSTOMER
    if caller.user_id == order.performer_user_id:
        return OrderRole.PERFORMER
    if caller.is_staff:
        return OrderRole.STAFF if caller.is_admin else None
    raise NotFound


def seen_by(order: OrderView, role: OrderRole | None, now: datetime, times: StepTimes) -> OrderView:
    """The order with the steps that a user in `role` may take at `now`; the code of arrival is the customer's
    alone, and what performers think of the customer is the performer's.
    """
    steps = [] if role is None else allowed_transitions(order, role, now, times)
    code = order.arrival_code if role is OrderRole.CUSTOMER else None
    rating = order.customer_rating if role is OrderRole.PERFORMER else None
    disputed = order.status == OrderStatus.DISPUTED
    return replace(
        order,
        allowed_transitions=steps,
        arrival_code=code,
        customer_rating=rating,
        decision_due_at=decision_due(order) if disputed else None,
        resolution_refund=proposed_refund(order),
    )


def proposed_refund(order: OrderView) -> Refund | None:
    """What the proposal of a party gives back to the customer; None without one."""
    if order.resolution is None:
        return None
    return refund_of(order, order.resolution, order.resolution_refund_percent)


def new_arrival_code() -> str:
    """Four digits that nobody can foresee."""
    return f"{secrets.randbelow(10**ARRIVAL_DIGITS):0{ARRIVAL_DIGITS}}"


def without_arrival(order: OrderView) -> dict[str, Any]:
    """The values of an order whose performer has to come again; a code that may have been given is replaced
    by a new one.
    """
    if order.arrived_at is None:
        return {}
    values: dict[str, Any] = {"arrived_at": None, "arrival_proven": False}
    if order.has_arrival_code:
        values |= {"arrival_code": new_arrival_code(), "arrival_tries": 0}
    return values


def notice_of(order: OrderView) -> timedelta:
    return timedelta(minutes=order.notice_minutes)


def booking_of(order: OrderView, starts_at: datetime | None = None) -> Booking:
    """The time that the order takes, or would take from `starts_at`, for the performer's calendar."""
    shift = timedelta(0) if starts_at is None else starts_at - order.starts_at
    place = None
    if order.latitude is not None and order.longitude is not None:
        place = Place(order.latitude, order.longitude)
    return Booking(
        performer_id=order.performer_id,
        starts_at=order.starts_at + shift,
        ends_at=order.ends_at + shift,
        padded_from=(order.padded_from or order.starts_at) + shift,
        padded_to=(order.padded_to or order.ends_at) + shift,
        notice=notice_of(order),
        place=place,
    )


def event_of(
    kind: type[events.OrderEvent], order: OrderView, actor_id: int | None, *, along_with: int | None = None
) -> events.OrderEvent:
    """The event of a step; `along_with` as in OrderEvent."""
    return kind(
        order_id=order.id,
        customer_id=order.customer_id,
        performer_id=order.performer_id,
        performer_user_id=order.performer_user_id,
        status=order.status,
        actor_id=actor_id,
        along_with=along_with,
    )


def reminder_of(timer: Timer, order: OrderView, event_id: UUID) -> events.OrderReminder:
    """The event of a timer that reminds."""
    assert timer.event is not None
    assert timer.of is not None
    return timer.event(
        event_id=event_id,
        order_id=order.id,
        customer_id=order.customer_id,
        performer_id=order.performer_id,
        performer_user_id=order.performer_user_id,
        status=order.status,
        actor_id=None,
        at=rfc3339(timer.of(order)),
    )


def rfc3339(moment: datetime) -> str:
    """A time in UTC, as clients get it."""
    return moment.isoformat().replace("+00:00", "Z")


def plan_timers(uow: UnitOfWork, orders: Sequence[OrderView], now: datetime) -> None:
    """Enqueue the timers of orders that have entered their statuses, in one statement. One that is made twice
    is the same: its key names the order, the entry and the timer.
    """
    jobs = []
    for order in orders:
        for timer in timers_of(order, now):
            due_at = timer.due(order)
            payload = {
                "order_id": order.id,
                "entry": order.state_entry,
                "name": timer.name.value,
                "due_at": rfc3339(due_at),
            }
            key = f"order:{order.id}:{order.state_entry}:{timer.name}"
            jobs.append(PlannedJob(payload, key, due_at))
    uow.enqueue_many(TIMER_JOB, jobs)
