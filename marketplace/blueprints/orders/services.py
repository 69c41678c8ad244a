"""The use cases of orders: booking, reading, and one transition a call."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from marketplace.blueprints.orders import events
from marketplace.blueprints.orders.errors import (
    OutsideSchedule,
    OwnService,
    SlotTaken,
    StartsInPast,
    TooFarAhead,
    TooShortNotice,
    TransitionNotAllowed,
    WrongParty,
)
from marketplace.blueprints.orders.policies import (
    BATCH,
    MAX_AHEAD,
    TRANSITIONS,
    Role,
    Status,
    Transition,
    allowed_transitions,
    has_run_out,
)
from marketplace.blueprints.orders.ports import (
    AuditLog,
    Calendar,
    HistoryEntry,
    OrderRepository,
    OrderView,
    ServiceCatalog,
    Step,
    TimeCheck,
)
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork

NO_PROPOSALS = {
    "proposed_starts_at": None,
    "proposed_by": None,
    "resolution": None,
    "resolution_by": None,
}
"""What a new status makes void."""


def role_of(caller: Principal, order: OrderView) -> Role | None:
    """What the caller is to the order; None for moderators, who only read. Raises NotFound for strangers."""
    if caller.user_id == order.customer_id:
        return Role.CUSTOMER
    if caller.user_id == order.performer_user_id:
        return Role.PERFORMER
    if caller.is_staff:
        return Role.STAFF if caller.is_admin else None
    raise NotFound


def check_start(starts_at: datetime, now: datetime) -> None:
    """Raises StartsInPast or TooFarAhead."""
    if starts_at <= now:
        raise StartsInPast(errors={"json": {"starts_at": ["This must lie in the future."]}})
    if starts_at - now > MAX_AHEAD:
        limit = f"This must be within {MAX_AHEAD.days} days."
        raise TooFarAhead(errors={"json": {"starts_at": [limit]}})


def _check_time(time: TimeCheck) -> None:
    if time.too_short_notice:
        raise TooShortNotice(
            errors={"json": {"starts_at": ["This is sooner than the performer takes bookings."]}}
        )
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
    ) -> None:
        self._uow = uow
        self._orders = orders
        self._catalog = catalog
        self._calendar = calendar
        self._clock = clock

    def book(self, caller: Principal, values: Mapping[str, Any]) -> OrderView:
        """Book `service_id` from `starts_at`. What was agreed is copied onto the order.

        Raises NotFound (no such service), OwnService, StartsInPast, TooFarAhead, TooShortNotice,
        OutsideSchedule, SlotTaken.
        """
        with self._uow:
            now = self._clock.now()
            service = self._catalog(values["service_id"])
            if service.performer_user_id == caller.user_id:
                raise OwnService
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
                    "price_amount": service.price.amount if service.price else None,
                    "price_currency": service.price.currency if service.price else None,
                    "starts_at": starts_at,
                    "ends_at": ends_at,
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
            self._uow.record(_event(events.OrderCreated, order, caller.user_id))
            return _seen_by(order, Role.CUSTOMER)

    def get(self, caller: Principal, order_id: int) -> OrderView:
        """An order with what the caller may do next. Raises NotFound for strangers."""
        order = self._found(order_id)
        return _seen_by(order, role_of(caller, order))

    def history(self, caller: Principal, order_id: int, page: PageRequest) -> Page[HistoryEntry]:
        """The steps of an order, oldest first. Raises NotFound for strangers."""
        role_of(caller, self._found(order_id))
        return self._orders.history(order_id, page)

    def list_own(
        self, caller: Principal, page: PageRequest, role: str | None, filters: Mapping[str, Any]
    ) -> Page[OrderView]:
        """The caller's orders in `role` (both when None), newest first."""
        found = self._orders.list_own(page, caller, role, filters)
        seen = [_seen_by(order, role_of(caller, order)) for order in found.items]
        return replace(found, items=seen)

    def list_all(self, caller: Principal, page: PageRequest, filters: Mapping[str, Any]) -> Page[OrderView]:
        """Everybody's orders, for staff."""
        found = self._orders.list_all(page, filters)
        return replace(found, items=[_seen_by(order, role_of(caller, order)) for order in found.items])

    def find(self, order_id: int) -> OrderView | None:
        """An order, whoever asks."""
        return self._orders.find(order_id)

    def has_engaged(self, customer_id: int, performer_id: int) -> bool:
        """Whether the performer ever accepted an order of the customer that was not cancelled."""
        return self._orders.has_engaged(customer_id, performer_id)

    def _found(self, order_id: int) -> OrderView:
        order = self._orders.find(order_id)
        if order is None:
            raise NotFound
        return order


class TransitionService:
    """One transition is one row lock, one status change, one history row, one event, one transaction."""

    def __init__(self, uow: UnitOfWork, orders: OrderRepository, audit: AuditLog, clock: Clock) -> None:
        self._uow = uow
        self._orders = orders
        self._audit = audit
        self._clock = clock

    def move(self, caller: Principal, order_id: int, name: str, reason: str | None = None) -> OrderView:
        """Take the step `name`.

        Raises NotFound (stranger), WrongParty, TransitionNotAllowed, SlotTaken (accept).
        """
        with self._uow:
            order, role, step = self._begin(caller, order_id, name)
            assert step.target is not None
            return self._enter(caller, order, role, name, step.target, reason)

    def resolve(self, caller: Principal, order_id: int, outcome: str, reason: str | None) -> OrderView:
        """End a dispute: an admin at once, a party when the other one has proposed the same outcome.

        Raises as `move`.
        """
        with self._uow:
            order, role, _ = self._begin(caller, order_id, "resolve")
            agreed = order.resolution == outcome and order.resolution_by not in {None, role}
            if role is Role.STAFF or agreed:
                return self._enter(caller, order, role, "resolve", Status(outcome), reason)
            proposal = {"resolution": outcome, "resolution_by": role}
            data = {"outcome": outcome}
            return self._propose(
                caller, order, role, "resolve", proposal, data, events.ResolutionProposed, reason
            )

    def decide(self, actor: Principal, order_id: int, outcome: str, reason: str) -> OrderView:
        """An admin ends a dispute between others. Raises NotFound, WrongParty (an own order),
        TransitionNotAllowed.
        """
        with self._uow:
            order, role, _ = self._begin(actor, order_id, "resolve")
            if role is not Role.STAFF:
                raise WrongParty("Another admin decides on your own orders")
            return self._enter(actor, order, role, "resolve", Status(outcome), reason)

    def reschedule(self, caller: Principal, order_id: int, starts_at: datetime) -> OrderView:
        """Propose a new start, or accept the other party's proposal by sending the same start.

        Raises as `move`, StartsInPast, TooFarAhead, and SlotTaken when the time is taken by now.
        """
        with self._uow:
            order, role, _ = self._begin(caller, order_id, "reschedule")
            check_start(starts_at, self._clock.now())
            data = {"starts_at": starts_at.isoformat()}
            ends_at = starts_at + (order.ends_at - order.starts_at)
            if order.proposed_starts_at == starts_at and order.proposed_by != role:
                values = {"starts_at": starts_at, "ends_at": ends_at, **NO_PROPOSALS}
                return self._propose(caller, order, role, "reschedule", values, data, events.OrderRescheduled)
            if self._orders.is_taken(order.performer_id, starts_at, ends_at, besides=order.id):
                raise SlotTaken
            proposal = {"proposed_starts_at": starts_at, "proposed_by": role}
            return self._propose(caller, order, role, "reschedule", proposal, data, events.RescheduleProposed)

    def expire_due(self) -> int:
        """A batch of pending orders whose time is up expires; returns how many."""
        with self._uow:
            now = self._clock.now()
            return self._by_itself(self._orders.expire_due(now, BATCH), "expire", Status.PENDING, now)

    def complete_due(self) -> int:
        """A batch of delivered orders that nobody objected to is complete; returns how many."""
        with self._uow:
            now = self._clock.now()
            return self._by_itself(self._orders.complete_due(now, BATCH), "complete", Status.DELIVERED, now)

    def _by_itself(self, moved: Sequence[OrderView], name: str, from_status: Status, now: datetime) -> int:
        self._orders.add_steps(
            [
                Step(
                    order_id=order.id,
                    transition=name,
                    from_status=from_status,
                    to_status=order.status,
                    actor_id=None,
                    actor_role=Role.SYSTEM,
                    reason=None,
                    created_at=now,
                )
                for order in moved
            ]
        )
        for order in moved:
            self._uow.record(_event(events.BY_TRANSITION[name], order, None))
        return len(moved)

    def _begin(self, caller: Principal, order_id: int, name: str) -> tuple[OrderView, Role, Transition]:
        order = self._orders.find(order_id, lock=True)
        if order is None:
            raise NotFound
        role = role_of(caller, order)
        step = TRANSITIONS[name]
        if role is None or role not in step.roles:
            raise WrongParty
        status = order.status
        if status == Status.PENDING and has_run_out(order.created_at, order.starts_at, self._clock.now()):
            # The job that says so runs once a minute.
            status = Status.EXPIRED
        if status not in step.sources:
            raise TransitionNotAllowed(
                f"The order is {status}",
                order_status=status,
                allowed_transitions=allowed_transitions(status, role),
            )
        return order, role, step

    def _enter(
        self,
        caller: Principal,
        order: OrderView,
        role: Role,
        name: str,
        target: Status,
        reason: str | None,
    ) -> OrderView:
        now = self._clock.now()
        values: dict[str, Any] = {"status": target, "state_entered_at": now, "updated_at": now}
        if target is Status.COMPLETED:
            values["completed_at"] = now
        kind = events.BY_TRANSITION[name]
        moved = self._change(caller, order, role, name, {**values, **NO_PROPOSALS}, reason, {}, kind)
        if role is Role.STAFF:
            self._audit.write(
                f"order.{name}",
                "order",
                order.id,
                actor=caller,
                before={"status": order.status},
                after={"status": target},
                reason=reason,
            )
        return moved

    def _propose(
        self,
        caller: Principal,
        order: OrderView,
        role: Role,
        name: str,
        values: Mapping[str, Any],
        data: dict[str, Any],
        kind: type[events.OrderEvent],
        reason: str | None = None,
    ) -> OrderView:
        values = {**values, "updated_at": self._clock.now()}
        return self._change(caller, order, role, name, values, reason, data, kind)

    def _change(
        self,
        caller: Principal,
        order: OrderView,
        role: Role,
        name: str,
        values: Mapping[str, Any],
        reason: str | None,
        data: dict[str, Any],
        kind: type[events.OrderEvent],
    ) -> OrderView:
        if not self._orders.move(order.id, order.status, values):
            raise TransitionNotAllowed
        moved = self._orders.find(order.id)
        assert moved is not None
        step = Step(
            order_id=order.id,
            transition=name,
            from_status=order.status,
            to_status=moved.status,
            actor_id=caller.user_id,
            actor_role=role,
            reason=reason,
            created_at=self._clock.now(),
            data=data,
        )
        self._orders.add_steps([step])
        self._uow.record(_event(kind, moved, caller.user_id))
        return _seen_by(moved, role)


def _seen_by(order: OrderView, role: Role | None) -> OrderView:
    steps = [] if role is None else allowed_transitions(order.status, role)
    return replace(order, allowed_transitions=steps)


def _event(kind: type[events.OrderEvent], order: OrderView, actor_id: int | None) -> events.OrderEvent:
    return kind(
        order_id=order.id,
        customer_id=order.customer_id,
        performer_id=order.performer_id,
        performer_user_id=order.performer_user_id,
        status=order.status,
        actor_id=actor_id,
    )
