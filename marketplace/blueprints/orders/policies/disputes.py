"""What a dispute does to the clocks of an order: pure functions (decision 0044)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from marketplace.blueprints.orders.policies.cancellation import part_of
from marketplace.blueprints.orders.ports import OrderView, Refund

DECIDE_AFTER = timedelta(hours=72)
"""How long the parties have for themselves before staff may decide unasked."""
NO_DISPUTE: Mapping[str, Any] = {"disputed_from": None, "disputed_by": None, "disputed_after": None}
"""Values of an order without a dispute. When staff may decide stays: it counts for a later dispute too."""
DEFAULT_REFUND = {"completed": 0, "cancelled": 100}
"""The percent that goes back to the customer, by the outcome, where nothing else is said."""


def decision_due(order: OrderView) -> datetime:
    """From when on staff may decide on a disputed order. Code of before did not store it."""
    return order.decision_due_at or order.state_entered_at + DECIDE_AFTER


def freeze(order: OrderView, role: str, now: datetime) -> Mapping[str, Any]:
    """What the order keeps of the status that the dispute interrupts: which, and for how long it had lasted.

    The parties have their time once: a dispute that is opened anew after it was withdrawn begins with what
    the first one has left of it, so that nobody keeps an order from its end by opening one after the other.
    """
    return {
        "disputed_from": order.status,
        "disputed_by": role,
        "disputed_after": now - order.state_entered_at,
        "decision_due_at": order.decision_due_at or now + DECIDE_AFTER,
    }


def thaw(order: OrderView, _role: str, now: datetime) -> Mapping[str, Any]:
    """The interrupted status goes on as if the time of the dispute had not been. Nothing that happens to a
    confirmed order counts from there but an absence, and nobody had to come during the dispute.
    """
    assert order.disputed_after is not None
    lasted = timedelta(0) if order.disputed_from == "confirmed" else order.disputed_after
    return {**NO_DISPUTE, "state_entered_at": now - lasted}


def hurry(_order: OrderView, _role: str, now: datetime) -> Mapping[str, Any]:
    """A party asks staff: the decision is due now."""
    return {"decision_due_at": now}


def refund_of(order: OrderView, outcome: str, percent: int | None) -> Refund:
    """What `outcome` gives back to the customer: `percent` of the price of the whole order, rounded once,
    half to even, on whole minor units.
    """
    share = DEFAULT_REFUND[outcome] if percent is None else percent
    return Refund(share, part_of(order, share))
