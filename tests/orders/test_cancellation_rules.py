"""What cancelling costs, without a database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.blueprints.orders.policies.cancellation import (
    PRESETS,
    PolicyName,
    cancelled_by,
    free_until,
    missed_by_other,
    next_tier,
    part_of,
    total_of,
    unordered,
)
from marketplace.blueprints.orders.ports import CancellationPolicy, CancellationTier, OrderView
from marketplace.kernel.money import Money
from marketplace.testing import START

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
TIERS = (CancellationTier(48, 25), CancellationTier(24, 50), CancellationTier(0, 100))
ORDER = OrderView(
    id=1,
    status="confirmed",
    customer_id=1,
    performer_id=2,
    performer_user_id=3,
    completed_at=None,
    service_id=4,
    title="Lamp",
    pricing="fixed",
    price=Money(5001, "EUR"),
    starts_at=START,
    ends_at=START + timedelta(minutes=90),
    notice_minutes=0,
    padded_from=None,
    padded_to=None,
    latitude=None,
    longitude=None,
    despite_conflicts=False,
    address={},
    note="",
    proposed_starts_at=None,
    proposed_by=None,
    proposed_despite_conflicts=False,
    resolution=None,
    resolution_by=None,
    state_entered_at=START,
    state_entry=1,
    created_at=START,
    updated_at=START,
    version=1,
    cancellation_policy=CancellationPolicy("custom", TIERS),
)


@pytest.mark.parametrize(
    ("before", "percent"),
    [
        (49 * HOUR, 0),
        (48 * HOUR + SECOND, 0),
        (48 * HOUR, 25),
        (24 * HOUR + SECOND, 25),
        (24 * HOUR, 50),
        (SECOND, 50),
        (timedelta(0), 100),
        (-HOUR, 100),
    ],
)
def test_a_tier_begins_at_its_second(before: timedelta, percent: int) -> None:
    ending = cancelled_by(ORDER, "customer", START - before)
    assert (ending.fault, ending.percent, ending.amount) == ("customer", percent, part_of(ORDER, percent))


def test_half_cents_go_to_the_even_side() -> None:
    assert part_of(ORDER, 50) == Money(2500, "EUR")
    assert part_of(replace(ORDER, price=Money(5003, "EUR")), 50) == Money(2502, "EUR")
    assert part_of(ORDER, 25) == Money(1250, "EUR")


def test_an_hourly_price_counts_for_the_booked_time() -> None:
    hourly = replace(ORDER, pricing="hourly")
    assert total_of(hourly) == Money(7502, "EUR")
    # Rounded once: 50 % of 75.015 is 37.5075, not half of 75.02.
    assert part_of(hourly, 50) == Money(3751, "EUR")


def test_no_price_no_amount() -> None:
    ending = cancelled_by(replace(ORDER, price=None), "customer", START)
    assert (ending.percent, ending.amount) == (100, None)


def test_a_performer_and_staff_cost_nothing() -> None:
    for role, fault in (("performer", "performer"), ("staff", "none")):
        ending = cancelled_by(ORDER, role, START)
        assert (ending.fault, ending.percent, ending.amount) == (fault, 0, Money(0, "EUR"))


def test_who_does_not_come() -> None:
    absent_customer = missed_by_other(ORDER, "performer", START + HOUR)
    assert (absent_customer.fault, absent_customer.percent) == ("customer", 100)
    absent_performer = missed_by_other(ORDER, "customer", START + HOUR)
    assert (absent_performer.fault, absent_performer.percent) == ("performer", 0)
    for policy in (None, CancellationPolicy("free", ())):
        ending = missed_by_other(replace(ORDER, cancellation_policy=policy), "performer", START + HOUR)
        assert (ending.fault, ending.percent) == ("customer", 0)


def test_what_comes_next() -> None:
    assert free_until(ORDER, START - 49 * HOUR) == START - 48 * HOUR
    assert free_until(ORDER, START - 48 * HOUR) is None
    upcoming = next_tier(ORDER, START - 30 * HOUR)
    assert upcoming is not None
    assert (upcoming.starts_at, upcoming.percent) == (START - 24 * HOUR, 50)
    assert next_tier(ORDER, START) is None
    assert free_until(replace(ORDER, cancellation_policy=None), START) is None


def test_orders_of_before_cost_nothing() -> None:
    assert cancelled_by(replace(ORDER, cancellation_policy=None), "customer", START).percent == 0


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_in_order(name: PolicyName) -> None:
    assert unordered(PRESETS[name]) == []
    assert all(0 <= tier.percent <= 100 for tier in PRESETS[name])


def test_tiers_out_of_order() -> None:
    def tiers(*pairs: tuple[int, int]) -> list[CancellationTier]:
        return [CancellationTier(*pair) for pair in pairs]

    assert unordered(tiers((24, 50), (24, 60))) == [1]
    assert unordered(tiers((24, 50), (0, 50))) == [1]
    assert unordered(tiers((24, 50), (48, 60), (0, 10))) == [1, 2]
