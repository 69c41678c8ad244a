"""Takes steps of orders within the caller's transaction: the one way in which an order changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
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
from marketplace.blueprints.orders.ports import Move, OrderRepository, OrderView, Step
from marketplace.blueprints.orders.services.shared import (
    event_of,
    plan_timers,
    rfc3339,
    role_of,
    seen_by,
    without_arrival,
)
from marketplace.kernel.changes import check_version
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
    "resolution_refund_percent": None,
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
        role, step = self._entitled(caller, order, name)
        self._check_step(order, role, step)
        return order, role, step

    def begin_many(
        self,
        caller: Principal,
        order_ids: Sequence[int],
        name: str,
        *,
        named: int | None = None,
        expected: int | None = None,
    ) -> tuple[list[OrderView], OrderRole]:
        """Lock orders of one customer and performer for the step `name` of the caller: those with which it
        may be taken, at least one. One that is `named` must be among them, and have the `expected` version
        (None: any).

        Raises as `begin`, for that order; PreconditionFailed.
        """
        orders = self._orders.find_many(order_ids, lock=True)
        first = next((order for order in orders if named in {None, order.id}), None)
        if first is None:
            raise NotFound
        role, step = self._entitled(caller, first, name)
        check_version(first.version, expected)
        now = self._clock.now()
        found = [order for order in orders if name in allowed_transitions(order, role, now, self._times)]
        if not found or (named is not None and first not in found):
            self._check_step(first, role, step)
        return found, role

    def _entitled(self, caller: Principal, order: OrderView, name: str) -> tuple[OrderRole, Transition]:
        role = role_of(caller, order)
        step = TRANSITIONS[name]
        if role is None or role not in step.roles:
            raise WrongParty
        return role, step

    def _check_step(self, order: OrderView, role: OrderRole, step: Transition) -> None:
        now = self._clock.now()
        status = standing(order, now)
        allowed = allowed_transitions(order, role, now, self._times)
        if status not in step.sources:
            raise TransitionNotAllowed(
                Text("The order is {status}", status=status), order_status=status, allowed_transitions=allowed
            )
        if not step.is_fit(order, role, now):
            self.refuse(order, role, step)
        opens_at = step.opens_at(order, role, self._times)
        if opens_at is not None and now < opens_at:
            raise TransitionNotAllowed(
                "This is too early; the step can be taken from `allowed_from` on",
                order_status=status,
                allowed_from=rfc3339(opens_at),
                allowed_transitions=allowed,
            )

    def refuse(self, order: OrderView, role: OrderRole, step: Transition) -> NoReturn:
        """Raises TransitionNotAllowed for a step that the facts of a locked order rule out."""
        now = self._clock.now()
        raise TransitionNotAllowed(
            step.fits_text,
            order_status=standing(order, now),
            allowed_transitions=allowed_transitions(order, role, now, self._times),
        )

    def create(self, orders: Sequence[Mapping[str, Any]], caller: Principal) -> list[OrderView]:
        """Store new orders of the caller with one performer, in the status that `create` leads to."""
        now = self._clock.now()
        moments = {"state_entered_at": now, "created_at": now, "updated_at": now, "state_entry": 1}
        added = self._orders.add([{**values, **moments} for values in orders])
        fresh = [(None, order) for order in added]
        return self._note(TRANSITIONS["create"].event, fresh, caller, OrderRole.CUSTOMER, "create", None, {})

    def enter(
        self,
        actor: Principal | None,
        order: OrderView,
        role: OrderRole,
        name: str,
        target: OrderStatus | None = None,
        reason: str | None = None,
        more: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> OrderView:
        """Bring a locked order into the status `target`, or into the one that the step `name` leads to.

        `actor` is None for a step that no user takes; `more` are further columns to set, `data` is for the
        history. What staff do is audited.
        """
        [moved] = self.enter_many(actor, [order], role, name, target, reason, more, data)
        return moved

    def enter_many(
        self,
        actor: Principal | None,
        orders: Sequence[OrderView],
        role: OrderRole,
        name: str,
        target: OrderStatus | None = None,
        reason: str | None = None,
        more: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> list[OrderView]:
        """As `enter`, for several orders that take the step together. The number of statements does not
        depend on the number of orders, but for staff, each of whose steps is audited.
        """
        step = TRANSITIONS[name]
        target = target or step.target
        assert target is not None
        now = self._clock.now()
        values: dict[str, Any] = {
            **(more or {}),
            **NO_PROPOSALS,
            "status": target,
            "state_entered_at": now,
        }
        if target is OrderStatus.COMPLETED:
            values["completed_at"] = now
        data = dict(data or {})
        changes = []
        for order in orders:
            own: dict[str, Any] = {"state_entry": next_entry(order), **self._set_by(step, order, role, now)}
            if step.ending is not None:
                own["cancellation"] = step.ending(order, role, now)
            changes.append((order, values | own))
        moved = self._change(actor, changes, role, name, reason, data, step.event)
        if actor is not None and role is OrderRole.STAFF:
            for order in orders:
                self._audit.write(
                    f"order.{name}",
                    "order",
                    order.id,
                    actor=actor,
                    before={"status": order.status},
                    after={"status": target, **data},
                    reason=reason,
                )
        return moved

    def agree_many(
        self,
        caller: Principal,
        role: OrderRole,
        name: str,
        changes: Sequence[tuple[OrderView, Mapping[str, Any], Mapping[str, Any]]],
    ) -> list[OrderView]:
        """Take a step that both parties agree on and that keeps the status, with orders, the values to set
        and the data for the history; their timers are made anew.
        """
        moved = [
            (
                order,
                {**values, **NO_PROPOSALS, **without_arrival(order), "state_entry": next_entry(order)},
            )
            for order, values, _ in changes
        ]
        each = {order.id: data for order, _, data in changes}
        return self._change(caller, moved, role, name, None, {}, TRANSITIONS[name].event, each)

    def propose_many(
        self,
        caller: Principal,
        role: OrderRole,
        name: str,
        changes: Sequence[tuple[OrderView, Mapping[str, Any], Mapping[str, Any]]],
    ) -> list[OrderView]:
        """As `propose`, for several orders."""
        kind = TRANSITIONS[name].proposal
        assert kind is not None
        moved = [(order, values) for order, values, _ in changes]
        each = {order.id: data for order, _, data in changes}
        return self._change(caller, moved, role, name, None, {"proposal": True}, kind, each)

    def keep(
        self, caller: Principal, order: OrderView, role: OrderRole, name: str, values: Mapping[str, Any]
    ) -> OrderView:
        """Take a step of one party that keeps the status and its timers."""
        [moved] = self._change(caller, [(order, values)], role, name, None, {}, TRANSITIONS[name].event)
        return moved

    def renew(
        self, caller: Principal, order: OrderView, role: OrderRole, name: str, reason: str | None
    ) -> OrderView:
        """Take a step of one party that keeps the status and the proposals, and makes the timers anew."""
        step = TRANSITIONS[name]
        values = {**self._set_by(step, order, role, self._clock.now()), "state_entry": next_entry(order)}
        [moved] = self._change(caller, [(order, values)], role, name, reason, {}, step.event)
        return moved

    @staticmethod
    def _set_by(step: Transition, order: OrderView, role: OrderRole, now: datetime) -> Mapping[str, Any]:
        return {} if step.sets is None else step.sets(order, role, now)

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
        data = {**data, "proposal": True}
        [moved] = self._change(caller, [(order, values)], role, name, reason, data, kind)
        return moved

    def _change(
        self,
        actor: Principal | None,
        changes: Sequence[tuple[OrderView, Mapping[str, Any]]],
        role: OrderRole,
        name: str,
        reason: str | None,
        data: dict[str, Any],
        kind: type[events.OrderEvent],
        each: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> list[OrderView]:
        if not changes:
            return []
        now = self._clock.now()
        moves = [Move(order.id, order.status, {**values, "updated_at": now}) for order, values in changes]
        if not self._orders.move(moves):
            raise TransitionNotAllowed
        found = {order.id: order for order in self._orders.find_many([move.order_id for move in moves])}
        moved = [(order, found[order.id]) for order, _ in changes]
        return self._note(kind, moved, actor, role, name, reason, data, each)

    def _note(
        self,
        kind: type[events.OrderEvent],
        moved: Sequence[tuple[OrderView | None, OrderView]],
        actor: Principal | None,
        role: OrderRole,
        name: str,
        reason: str | None,
        data: dict[str, Any],
        each: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> list[OrderView]:
        """Write history, timers and events of orders, each as it was before and as it is now. `data` goes
        into the history of all, `each` into that of the order.
        """
        now = self._clock.now()
        actor_id = None if actor is None else actor.user_id
        self._orders.add_steps(
            [
                Step(
                    order_id=order.id,
                    transition=name,
                    from_status=None if before is None else before.status,
                    to_status=order.status,
                    actor_id=actor_id,
                    actor_role=role,
                    reason=reason,
                    created_at=now,
                    data={**data, **(each or {}).get(order.id, {})},
                )
                for before, order in moved
            ]
        )
        entered = [
            order for before, order in moved if before is None or before.state_entry != order.state_entry
        ]
        plan_timers(self._uow, entered, now)
        first = moved[0][1].id
        self._uow.record_many(
            [
                event_of(kind, order, actor_id, along_with=None if order.id == first else first)
                for _, order in moved
            ]
        )
        return [seen_by(order, role, now, self._times) for _, order in moved]
