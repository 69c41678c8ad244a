"""One transition a call, and those that happen by themselves."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from marketplace.blueprints.orders import events
from marketplace.blueprints.orders.errors import (
    SlotTaken,
    TooShortNotice,
    TransitionNotAllowed,
    WrongParty,
)
from marketplace.blueprints.orders.policies import (
    BATCH,
    TIMED,
    TRANSITIONS,
    Role,
    Status,
    Transition,
    allowed_transitions,
    has_run_out,
)
from marketplace.blueprints.orders.ports import (
    AuditLog,
    OrderRepository,
    OrderView,
    Step,
)
from marketplace.blueprints.orders.services.shared import (
    SOONER,
    check_start,
    event_of,
    notice_of,
    role_of,
    seen_by,
)
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

NO_PROPOSALS = {
    "proposed_starts_at": None,
    "proposed_by": None,
    "resolution": None,
    "resolution_by": None,
}
"""What a new status makes void."""


class TransitionService:
    """One transition is one row lock, one status change, one history row, one event, one transaction."""

    def __init__(
        self,
        uow: UnitOfWork,
        orders: OrderRepository,
        audit: AuditLog,
        clock: Clock,
        start_early: timedelta,
    ) -> None:
        self._uow = uow
        self._orders = orders
        self._audit = audit
        self._clock = clock
        self._start_early = start_early

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

        Raises as `move`, StartsInPast, TooFarAhead, TooShortNotice (nobody could answer a pending order any
        more), and SlotTaken when the time is taken by now.
        """
        with self._uow:
            order, role, _ = self._begin(caller, order_id, "reschedule")
            now = self._clock.now()
            check_start(starts_at, now)
            if order.status == Status.PENDING and starts_at - notice_of(order) <= now:
                raise TooShortNotice(errors={"json": {"starts_at": [SOONER]}})
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
            self._uow.record(event_of(events.BY_TRANSITION[name], order, None))
        return len(moved)

    def _begin(self, caller: Principal, order_id: int, name: str) -> tuple[OrderView, Role, Transition]:
        order = self._orders.find(order_id, lock=True)
        if order is None:
            raise NotFound
        role = role_of(caller, order)
        step = TRANSITIONS[name]
        if role is None or role not in step.roles:
            raise WrongParty
        status, now = order.status, self._clock.now()
        if status == Status.PENDING and has_run_out(order.created_at, order.starts_at, notice_of(order), now):
            # The job that says so runs once a minute.
            status = Status.EXPIRED
        if status not in step.sources:
            raise TransitionNotAllowed(
                f"The order is {status}",
                order_status=status,
                allowed_transitions=allowed_transitions(status, role),
            )
        earliest = order.starts_at - self._start_early
        if name in TIMED and now < earliest:
            raise TransitionNotAllowed(
                "This is too early; the order can be started from `allowed_from`",
                order_status=status,
                allowed_from=earliest.isoformat().replace("+00:00", "Z"),
                allowed_transitions=allowed_transitions(status, role, too_early=True),
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
        self._uow.record(event_of(kind, moved, caller.user_id))
        return seen_by(moved, role, self._clock.now() + self._start_early)
