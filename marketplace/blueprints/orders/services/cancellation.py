"""Cancellation: the policies of performers, what cancelling costs, and the fees that staff waive."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.blueprints.orders.contracts import OrderFeeWaived
from marketplace.blueprints.orders.errors import NothingToWaive, TransitionNotAllowed, WrongParty
from marketplace.blueprints.orders.policies.cancellation import (
    FREE,
    PRESETS,
    Fault,
    PolicyName,
    cost_of,
    free_until,
    has_cost,
    next_tier,
    unordered,
)
from marketplace.blueprints.orders.policies.life import TRANSITIONS, OrderRole, StepTimes, standing
from marketplace.blueprints.orders.ports import (
    CancellationCost,
    CancellationQuote,
    CancellationTier,
    OrderRepository,
    OrderView,
    PerformerPolicy,
    PolicyRepository,
    Remark,
)
from marketplace.blueprints.orders.services.shared import event_of, role_of, seen_by
from marketplace.kernel.changes import check_version
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.kernel.identity import Principal, own_performer_id
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork

_OWN_TIERS = Text("Only a policy of the name `custom` has tiers of its own, and it needs them.")
_LATER = Text("This tier must begin nearer to the start, and cost more, than the one before.")


class PolicyService:
    """The cancellation policies of performers."""

    def __init__(self, uow: UnitOfWork, rows: PolicyRepository, clock: Clock) -> None:
        self._uow = uow
        self._rows = rows
        self._clock = clock

    def get(self, caller: Principal) -> PerformerPolicy:
        """The caller's own policy; `free` until one was chosen."""
        return self._rows.find(own_performer_id(caller)) or PerformerPolicy(FREE.name, FREE.tiers)

    def get_public(self, performer_id: int) -> PerformerPolicy:
        """What a new order with the performer would copy. Raises NotFound for who is not public."""
        found = self._rows.find_public(performer_id)
        if found is None:
            raise NotFound
        return found

    def replace(
        self, caller: Principal, name: str, tiers: Sequence[Mapping[str, int]] | None, expected: int | None
    ) -> PerformerPolicy:
        """Choose a policy by its name, or `custom` with own tiers, for orders from now on.

        Raises Invalid for tiers that are missing, not wanted or not in order, PreconditionFailed.
        """
        performer_id = own_performer_id(caller)
        chosen = PolicyName(name)
        if (chosen is PolicyName.CUSTOM) == (not tiers):
            raise Invalid(errors={"json": {"tiers": [_OWN_TIERS]}})
        own = tuple(CancellationTier(**tier) for tier in tiers or ())
        if wrong := unordered(own):
            raise Invalid(errors={"json": {"tiers": {place: [_LATER] for place in wrong}}})
        with self._uow:
            self._rows.lock(performer_id)
            before = self._rows.find(performer_id)
            version = 0 if before is None else before.version
            check_version(version, expected)
            policy = PerformerPolicy(chosen, own or PRESETS[chosen], version + 1)
            self._rows.set(performer_id, policy, self._clock.now())
            return policy


class CancellationService:
    """What cancelling an order would cost, and what staff forgive."""

    def __init__(
        self, uow: UnitOfWork, orders: OrderRepository, audit: AuditLog, clock: Clock, times: StepTimes
    ) -> None:
        self._uow = uow
        self._orders = orders
        self._audit = audit
        self._clock = clock
        self._times = times

    def quote(self, caller: Principal, order_id: int) -> CancellationQuote:
        """What cancelling now would cost, by the same function that stores it: the same for all who may see
        the order.

        Raises NotFound for strangers, TransitionNotAllowed where the order cannot be cancelled.
        """
        order = self._found(order_id)
        role_of(caller, order)
        now = self._clock.now()
        status = standing(order, now)
        if status not in TRANSITIONS["cancel"].sources:
            raise TransitionNotAllowed(Text("The order is {status}", status=status), order_status=status)
        return CancellationQuote(
            policy=order.cancellation_policy,
            by_customer=self._cost(order, OrderRole.CUSTOMER),
            by_performer=self._cost(order, OrderRole.PERFORMER),
            free_until=free_until(order, now),
            next_tier=next_tier(order, now),
        )

    def _cost(self, order: OrderView, role: OrderRole) -> CancellationCost:
        ending: Callable[..., Any] | None = TRANSITIONS["cancel"].ending
        assert ending is not None
        return cost_of(ending(order, role, self._clock.now()))

    def waive(self, actor: Principal, order_id: int, reason: str) -> OrderView:
        """Take away the fee of a cancelled order, and the fault, as an admin; it is audited.

        Raises NotFound, WrongParty (an own order), NothingToWaive.
        """
        with self._uow:
            order = self._found(order_id, lock=True)
            if role_of(actor, order) is not OrderRole.STAFF:
                raise WrongParty("Another admin decides on your own orders")
            ending = order.cancellation
            now = self._clock.now()
            if ending is None or not has_cost(order) or not self._orders.waive(order_id, ending.fault, now):
                raise NothingToWaive
            amount = None if ending.amount is None else ending.amount.amount
            before = {"fault": ending.fault, "percent": ending.percent, "amount": amount}
            self._orders.add_remark(
                Remark(order_id, "waiver", actor.user_id, OrderRole.STAFF, reason, now, data=before)
            )
            self._audit.write(
                "order.waive",
                "order",
                order_id,
                actor=actor,
                before=before,
                after={"fault": Fault.NONE, "percent": 0, "amount": None if amount is None else 0},
                reason=reason,
            )
            waived = self._found(order_id)
            self._uow.record(event_of(OrderFeeWaived, waived, actor.user_id))
            return seen_by(waived, OrderRole.STAFF, now, self._times)

    def _found(self, order_id: int, *, lock: bool = False) -> OrderView:
        order = self._orders.find(order_id, lock=lock)
        if order is None:
            raise NotFound
        return order
