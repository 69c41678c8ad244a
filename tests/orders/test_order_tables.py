"""The tables of orders are the only truth: what else names a status, a step or an event agrees with them."""

from typing import Any

import pytest
from flask import Flask

from marketplace.blueprints.notifications.handlers import TOLD
from marketplace.blueprints.orders import contracts
from marketplace.blueprints.orders.contracts import DisputeOutcome, OrderParty
from marketplace.blueprints.orders.policies.life import (
    FINAL,
    TIMERS,
    TRANSITIONS,
    OrderRole,
    OrderStatus,
    TimerName,
    TransitionName,
)
from marketplace.models.orders import STATUSES, Order
from scripts import order_guide


def test_every_name_has_its_row() -> None:
    assert set(TRANSITIONS) == set(TransitionName)
    assert set(TIMERS) == set(TimerName)


def test_every_status_is_reached_and_stored() -> None:
    reached = {target for step in TRANSITIONS.values() for target in step.targets}
    assert reached == set(OrderStatus) == set(STATUSES)
    assert {source for step in TRANSITIONS.values() for source in step.sources} == set(OrderStatus) - set(
        FINAL
    )
    assert set(DisputeOutcome) == TRANSITIONS["resolve"].targets
    assert set(OrderParty) <= set(OrderRole)


def test_every_event_belongs_to_a_row() -> None:
    steps = [kind for step in TRANSITIONS.values() for kind in (step.event, step.proposal) if kind]
    assert len(set(steps)) == len(steps)
    assert set(steps) == set(contracts.ALL_EVENTS)
    reminders = set(contracts.OrderReminder.__subclasses__())
    assert {timer.event for timer in TIMERS.values() if timer.event} == reminders
    assert {*contracts.ALL_EVENTS, *reminders} <= {kind for kind, _ in TOLD}


def test_timers_fit_their_steps() -> None:
    for timer in TIMERS.values():
        assert (timer.step is None) != (timer.event is None)
        if timer.step is not None:
            step = TRANSITIONS[timer.step]
            assert timer.status in step.sources
            assert OrderRole.SYSTEM in step.roles
            assert step.target is not None
        else:
            assert timer.of is not None
            # That a decision is due stays true, however late it is told.
            assert timer.until is not None or timer.name == TimerName.DECISION_DUE
    by_itself = {name for name, step in TRANSITIONS.items() if OrderRole.SYSTEM in step.roles}
    assert by_itself == {timer.step for timer in TIMERS.values() if timer.step}


def test_every_step_of_people_is_a_route(app: Flask) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    prefix = "/api/v1/orders/<int:order_id>/"
    names = {
        name.replace("_", "-")
        for name, step in TRANSITIONS.items()
        if step.roles != {OrderRole.SYSTEM} and step.sources
    }
    assert {prefix + name for name in names} <= rules
    assert "/api/v1/orders" in rules


def test_final_orders_need_no_sweep() -> None:
    [index] = [one for one in Order.__table__.indexes if one.name == "ix_order_without_timers"]  # type: ignore[attr-defined]  # a Table
    condition = str(index.dialect_options["postgresql"]["where"])
    assert all(f"'{status}'" in condition for status in FINAL)
    assert condition.count("'") == 2 * len(FINAL)


@pytest.mark.parametrize(
    ("path", "text"), order_guide.files().items(), ids=lambda value: getattr(value, "name", "")
)
def test_the_guide_says_what_the_tables_say(path: Any, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run `python -m scripts.order_guide`"


def test_every_status_has_a_place_in_the_diagram() -> None:
    assert set(order_guide.PLACES) == set(OrderStatus)
    assert len(set(order_guide.PLACES.values())) == len(order_guide.PLACES)
