"""Moves orders for their parties and staff: one transition per call."""

from datetime import datetime

from marketplace.blueprints.availability.contracts import Calendar
from marketplace.blueprints.orders.errors import WrongParty
from marketplace.blueprints.orders.policies.disputes import NO_DISPUTE, refund_of
from marketplace.blueprints.orders.policies.life import BOOKED, OrderRole, OrderStatus, TransitionName
from marketplace.blueprints.orders.ports import OrderView, Refund
from marketplace.blueprints.orders.services.rescheduling import Rescheduling
from marketplace.blueprints.orders.services.shared import booking_of
from marketplace.blueprints.orders.services.steps import Steps
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork


class TransitionService:
    """Each method is one transition in one transaction."""

    def __init__(self, uow: UnitOfWork, steps: Steps, calendar: Calendar) -> None:
        self._uow = uow
        self._steps = steps
        self._calendar = calendar
        self._moves = Rescheduling(steps, calendar)

    def accept(self, caller: Principal, order_id: int, *, despite_conflicts: bool) -> OrderView:
        """Confirm an order: its time is booked, `despite_conflicts` with buffers and ways to other orders.

        Raises as `move`, SlotTaken, TooClose.
        """
        with self._uow:
            order, role, _ = self._steps.begin(caller, order_id, "accept")
            self._calendar.make_room(
                booking_of(order),
                order_id=order.id,
                customer_id=order.customer_id,
                despite_conflicts=despite_conflicts,
            )
            values = {"despite_conflicts": despite_conflicts}
            return self._steps.enter(caller, order, role, "accept", more=values)

    def move(self, caller: Principal, order_id: int, name: str, reason: str | None = None) -> OrderView:
        """Take the step `name`, which needs nothing but a reason.

        Raises NotFound (stranger), WrongParty, TransitionNotAllowed.
        """
        if name == TransitionName.ACCEPT:
            return self.accept(caller, order_id, despite_conflicts=False)
        if name == TransitionName.WITHDRAW:
            return self.withdraw(caller, order_id, reason)
        if name == TransitionName.ESCALATE:
            return self.escalate(caller, order_id, reason)
        with self._uow:
            order, role, _ = self._steps.begin(caller, order_id, name)
            return self._steps.enter(caller, order, role, name, reason=reason)

    def withdraw(self, caller: Principal, order_id: int, reason: str | None) -> OrderView:
        """Take back a dispute, as the party that opened it: the status before goes on with the time that it
        had left. Where it takes the performer's time, that has to be free, since others could book it.

        Raises as `move`, SlotTaken, TooClose.
        """
        with self._uow:
            order, role, _ = self._steps.begin(caller, order_id, "withdraw")
            assert order.disputed_from is not None
            target = OrderStatus(order.disputed_from)
            if target in BOOKED:
                self._calendar.make_room(
                    booking_of(order),
                    order_id=order.id,
                    customer_id=order.customer_id,
                    despite_conflicts=order.despite_conflicts,
                )
            return self._steps.enter(caller, order, role, "withdraw", target, reason)

    def escalate(self, caller: Principal, order_id: int, reason: str | None) -> OrderView:
        """Ask staff to decide on a dispute now, as a party of it. Raises as `move`."""
        with self._uow:
            order, role, _ = self._steps.begin(caller, order_id, "escalate")
            return self._steps.renew(caller, order, role, "escalate", reason)

    def resolve(
        self,
        caller: Principal,
        order_id: int,
        outcome: str,
        reason: str | None,
        refund_percent: int | None = None,
    ) -> OrderView:
        """End a dispute: an admin when the decision is due, a party when the other one has proposed the same
        outcome and the same refund (by default nothing of a completed order, all of a cancelled one).

        Raises as `move`.
        """
        with self._uow:
            order, role, _ = self._steps.begin(caller, order_id, "resolve")
            refund = refund_of(order, outcome, refund_percent)
            if role is OrderRole.STAFF or _is_agreed(order, role, outcome, refund):
                return self._end(caller, order, role, outcome, refund, reason)
            proposal = {
                "resolution": outcome,
                "resolution_by": role,
                "resolution_refund_percent": refund.percent,
            }
            data = {"outcome": outcome, "refund_percent": refund.percent}
            return self._steps.propose(caller, order, role, "resolve", proposal, data, reason)

    def decide(
        self,
        actor: Principal,
        order_id: int,
        outcome: str,
        reason: str,
        refund_percent: int | None = None,
    ) -> OrderView:
        """End a dispute between others, as an admin. Raises NotFound, WrongParty (an own order),
        TransitionNotAllowed (the decision is not due, too).
        """
        with self._uow:
            order, role, _ = self._steps.begin(actor, order_id, "resolve")
            if role is not OrderRole.STAFF:
                raise WrongParty("Another admin decides on your own orders")
            refund = refund_of(order, outcome, refund_percent)
            return self._end(actor, order, role, outcome, refund, reason)

    def _end(
        self,
        actor: Principal,
        order: OrderView,
        role: OrderRole,
        outcome: str,
        refund: Refund,
        reason: str | None,
    ) -> OrderView:
        values = {**NO_DISPUTE, "refund": refund}
        data = {"refund_percent": refund.percent}
        return self._steps.enter(actor, order, role, "resolve", OrderStatus(outcome), reason, values, data)

    def reschedule(
        self, caller: Principal, order_id: int, starts_at: datetime, *, despite_conflicts: bool = False
    ) -> OrderView:
        """Propose a new start, or accept the other party's proposal by sending the same start. The performer
        says `despite_conflicts` with the proposal, or when accepting one.

        Raises as `move`, StartsInPast, TooFarAhead, TooShortNotice (nobody could answer a pending order any
        longer), SlotTaken, TooClose, OnlyPerformer (`despite_conflicts` of a customer).
        """
        with self._uow:
            order, role, _ = self._steps.begin(caller, order_id, "reschedule")
            starts = {order_id: starts_at}
            found = self._moves.refuse([order], starts, role, despite=despite_conflicts)
            refusal = found[order_id]
            if refusal is not None:
                raise refusal
            [moved] = self._moves.move(caller, [order], starts, role, despite=despite_conflicts)
            return moved


def _is_agreed(order: OrderView, role: OrderRole, outcome: str, refund: Refund) -> bool:
    """Whether the other party has proposed just this. Code of before proposed without a refund."""
    if order.resolution != outcome or order.resolution_by in {None, role}:
        return False
    return refund.percent == refund_of(order, outcome, order.resolution_refund_percent).percent
