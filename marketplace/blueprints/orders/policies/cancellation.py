"""What cancelling an order costs, and whose fault its end is: pure functions (decision 0041)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from marketplace.blueprints.orders.ports import (
    CancellationCost,
    CancellationPolicy,
    CancellationTier,
    Ending,
    OrderView,
    UpcomingTier,
)
from marketplace.kernel.money import Money

MAX_TIERS = 10
MAX_HOURS = 365 * 24
"""Orders are booked at most 365 days ahead."""


class PolicyName(StrEnum):
    """Which cancellation policy a performer has: `free` (cancelling costs nothing), `flexible`, `moderate`,
    `strict`, or `custom` (tiers of the performer's own).
    """

    FREE = "free"
    FLEXIBLE = "flexible"
    MODERATE = "moderate"
    STRICT = "strict"
    CUSTOM = "custom"


class Fault(StrEnum):
    """Whose doing it is that an order was cancelled: the `customer`'s, the `performer`'s, or that of `none`
    of them.
    """

    CUSTOMER = "customer"
    PERFORMER = "performer"
    NONE = "none"


def _tiers(*pairs: tuple[int, int]) -> tuple[CancellationTier, ...]:
    return tuple(CancellationTier(hours, percent) for hours, percent in pairs)


PRESETS: dict[PolicyName, tuple[CancellationTier, ...]] = {
    PolicyName.FREE: (),
    PolicyName.FLEXIBLE: _tiers((24, 50), (0, 100)),
    PolicyName.MODERATE: _tiers((120, 50), (0, 100)),
    PolicyName.STRICT: _tiers((336, 50), (168, 100)),
}
"""The tiers of the policies with names; decision 0041 says where they come from."""
FREE = CancellationPolicy(PolicyName.FREE, ())
"""The policy of who has never chosen one."""


def unordered(tiers: Sequence[CancellationTier]) -> list[int]:
    """The places of tiers that do not come later before the start, and cost more, than the one before."""
    return [
        place
        for place, (before, after) in enumerate(pairwise(tiers), 1)
        if after.hours_before >= before.hours_before or after.percent <= before.percent
    ]


def total_of(order: OrderView) -> Money | None:
    """What the whole order costs, as agreed; None where there is no price. An hourly price counts for each
    booked minute.
    """
    return None if order.price is None else part_of(order, 100)


def part_of(order: OrderView, percent: int) -> Money | None:
    """`percent` of the price of the whole order, rounded once, half to even, on whole minor units."""
    if order.price is None:
        return None
    if order.pricing != "hourly":
        return order.price.share(percent, 100)
    minutes = (order.ends_at - order.starts_at) // timedelta(minutes=1)
    return order.price.share(percent * minutes, 100 * 60)


def percent_at(order: OrderView, now: datetime) -> int:
    """What cancelling the confirmed order at `now` costs its customer, in percent of its price."""
    policy = order.cancellation_policy or FREE
    begun = [tier.percent for tier in policy.tiers if now >= _begins(order, tier)]
    return begun[-1] if begun else 0


def free_until(order: OrderView, now: datetime) -> datetime | None:
    """Until when the customer cancels free of charge; None where that never ends, or has ended."""
    policy = order.cancellation_policy or FREE
    first = next((_begins(order, tier) for tier in policy.tiers if tier.percent > 0), None)
    return first if first is not None and first > now else None


def next_tier(order: OrderView, now: datetime) -> UpcomingTier | None:
    """The tier that begins next, with its time and what it costs."""
    policy = order.cancellation_policy or FREE
    for tier in policy.tiers:
        if (begins := _begins(order, tier)) > now:
            return UpcomingTier(begins, tier.percent, part_of(order, tier.percent))
    return None


def _begins(order: OrderView, tier: CancellationTier) -> datetime:
    return order.starts_at - timedelta(hours=tier.hours_before)


def free_of_charge(order: OrderView, fault: str = Fault.NONE) -> Ending:
    """An end that costs nobody anything."""
    return Ending(fault, 0, part_of(order, 0))


def cancelled_by(order: OrderView, role: str, now: datetime) -> Ending:
    """What it costs that `role` cancels the confirmed order: the customer pays by the policy that was copied
    onto the order; the performer pays nothing, and neither does the customer then; for staff nobody does.
    """
    if role == Fault.CUSTOMER:
        percent = percent_at(order, now)
        return Ending(Fault.CUSTOMER, percent, part_of(order, percent))
    return free_of_charge(order, Fault.PERFORMER if role == Fault.PERFORMER else Fault.NONE)


def missed_by_other(order: OrderView, role: str, _now: datetime) -> Ending:
    """What it costs that the other party of `role` did not come: a customer pays the last tier of the policy,
    a performer's absence costs the customer nothing.
    """
    if role == Fault.CUSTOMER:
        return free_of_charge(order, Fault.PERFORMER)
    policy = order.cancellation_policy or FREE
    percent = policy.tiers[-1].percent if policy.tiers else 0
    return Ending(Fault.CUSTOMER, percent, part_of(order, percent))


def cost_of(ending: Ending) -> CancellationCost:
    """What the end of an order costs, and who pays it."""
    pays = ending.percent > 0 and ending.fault == Fault.CUSTOMER
    return CancellationCost(Fault.CUSTOMER if pays else None, ending.percent, ending.amount, ending.fault)


def has_cost(order: OrderView) -> bool:
    """Whether there is a fault or a fee that staff can still take away from a cancelled order."""
    found = order.cancellation
    return found is not None and (found.fault != Fault.NONE or found.percent > 0)
