"""Takes steps of orders within the caller's transaction: the one way in which an order changes."""

from collections.abc import Mapping
from typing import Any, NoReturn

from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.blueprints.orders import contracts as events
from marketplace.blueprints.orders.errors import TransitionNotAllowed, WrongParty
from marketplace.blueprints.orders.policies.life import (
    TRANSITIONS,
    OrderRole,
    OrderStatus,
    StepTimes,
    Transition,
    allowed_transitions,
    next_entry,
    standing,
)
from marketplace.blueprints.orders.ports import OrderRepository, OrderView, Step
from marketplace.blueprints.orders.services.shared import (
    event_of,
    plan_timers,
    rfc3339,
    role_of,
    seen_by,
    without_arrival,
)
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork

NO_PROPOSALS = {
    "proposed_starts_at": None,
    "proposed_by": None,
    "proposed_despite_conflicts": False,
    "resolution": None,
    "resolution_by": None,
}
"""Values that reset the proposals of the parties; every new status does."""


class Steps:
    """One step is one row lock, one change of the order, one history row, one event, and the timers of the
    status that it enters. The caller's `with uow:` is around all of it.
    """

    def __init__(
        self, uow: UnitOfWork, orders: OrderRepository, audit: AuditLog, clock: Clock, times: StepTimes
    ) -> None:
        self._uow = uow
        self._orders = orders
        self._audit = audit
        self._clock = clock
        self._times = times

    def begin(self, caller: Principal, order_id: int, name: str) -> tuple[OrderView, OrderRole, Transition]:
        """Lock an order for the step `name` of the caller: the order, the caller's role in it, and the step.

        Raises NotFound (stranger), WrongParty, TransitionNotAllowed.
        """
        order = self._orders.find(order_id, lock=True)
        if order is None:
            raise NotFound
        role = role_of(caller, order)
        step = TRANSITIONS[name]
        if role is None or role not in step.roles:
            raise WrongParty
        now = self._clock.now()
        status = standing(order, now)
        allowed = allowed_transitions(order, role, now, self._times)
        if status not in step.sources:
            raise TransitionNotAllowed(
                Text("The order is {status}", status=status), order_status=status, allowed_transitions=allowed
            )
        if not step.is_fit(order, role):
            self.refuse(order, role, step)
        if step.opens is not None and not step.is_open(order, now, self._times):
            raise TransitionNotAllowed(
                "This is too early; the step can be taken from `allowed_from` on",
                order_status=status,
                allowed_from=rfc3339(step.opens(order, self._times)),
                allowed_transitions=allowed,
            )
        return order, role, step

    def refuse(self, order: OrderView, role: OrderRole, step: Transition) -> NoReturn:
        """Raises TransitionNotAllowed for a step that the facts of a locked order rule out."""
        now = self._clock.now()
        raise TransitionNotAllowed(
            step.fits_text,
            order_status=standing(order, now),
            allowed_transitions=allowed_transitions(order, role, now, self._times),
        )

    def create(self, values: Mapping[str, Any], caller: Principal) -> OrderView:
        """Store a new order of the caller, in the status that `create` leads to."""
        now = self._clock.now()
        moments = {"state_entered_at": now, "created_at": now, "updated_at": now}
        order = self._orders.add({**values, **moments, "state_entry": 1})
        return self._note(
            TRANSITIONS["create"].event, None, order, caller, OrderRole.CUSTOMER, "create", None, {}
        )

    def enter(
        self,
        actor: Principal | None,
        order: OrderView,
        role: OrderRole,
        name: str,
        target: OrderStatus | None = None,
        reason: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> OrderView:
        """Bring a locked order into the status `target`, or into the one that the step `name` leads to.

        `actor` is None for a step that no user takes; `more` are further columns to set. What staff do is
        audited.
        """
        step = TRANSITIONS[name]
        target = target or step.target
        assert target is not None
        now = self._clock.now()
        values: dict[str, Any] = {
            **(more or {}),
            **NO_PROPOSALS,
            "status": target,
            "state_entry": next_entry(order),
            "state_entered_at": now,
        }
        if target is OrderStatus.COMPLETED:
            values["completed_at"] = now
        if step.ending is not None:
            values["cancellation"] = step.ending(order, role, now)
        moved = self._change(actor, order, role, name, values, reason, {}, step.event)
        if actor is not None and role is OrderRole.STAFF:
            self._audit.write(
                f"order.{name}",
                "order",
                order.id,
                actor=actor,
                before={"status": order.status},
                after={"status": target},
                reason=reason,
            )
        return moved

    def agree(
        self,
        caller: Principal,
        order: OrderView,
        role: OrderRole,
        name: str,
        values: Mapping[str, Any],
        data: dict[str, Any],
    ) -> OrderView:
        """Take a step that both parties agree on and that keeps the status; its timers are made anew."""
        values = {**values, **NO_PROPOSALS, **without_arrival(order), "state_entry": next_entry(order)}
        return self._change(caller, order, role, name, values, None, data, TRANSITIONS[name].event)

    def keep(
        self, caller: Principal, order: OrderView, role: OrderRole, name: str, values: Mapping[str, Any]
    ) -> OrderView:
        """Take a step of one party that keeps the status and its timers."""
        return self._change(caller, order, role, name, values, None, {}, TRANSITIONS[name].event)

    def propose(
        self,
        caller: Principal,
        order: OrderView,
        role: OrderRole,
        name: str,
        values: Mapping[str, Any],
        data: dict[str, Any],
        reason: str | None = None,
    ) -> OrderView:
        """Note a party's proposal of a step, which changes nothing else. The history tells it from the step
        by `proposal` in its data.
        """
        kind = TRANSITIONS[name].proposal
        assert kind is not None
        return self._change(caller, order, role, name, values, reason, {**data, "proposal": True}, kind)

    def _change(
        self,
        actor: Principal | None,
        order: OrderView,
        role: OrderRole,
        name: str,
        values: Mapping[str, Any],
        reason: str | None,
        data: dict[str, Any],
        kind: type[events.OrderEvent],
    ) -> OrderView:
        if not self._orders.move(order.id, order.status, {**values, "updated_at": self._clock.now()}):
            raise TransitionNotAllowed
        moved = self._orders.find(order.id)
        assert moved is not None
        return self._note(kind, order, moved, actor, role, name, reason, data)

    def _note(
        self,
        kind: type[events.OrderEvent],
        before: OrderView | None,
        order: OrderView,
        actor: Principal | None,
        role: OrderRole,
        name: str,
        reason: str | None,
        data: dict[str, Any],
    ) -> OrderView:
        now = self._clock.now()
        actor_id = None if actor is None else actor.user_id
        step = Step(
            order_id=order.id,
            transition=name,
            from_status=None if before is None else before.status,
            to_status=order.status,
            actor_id=actor_id,
            actor_role=role,
            reason=reason,
            created_at=now,
            data=data,
        )
        self._orders.add_steps([step])
        if before is None or before.state_entry != order.state_entry:
            plan_timers(self._uow, [order], now)
        self._uow.record(event_of(kind, order, actor_id))
        return seen_by(order, role, now, self._times)
