"""The end of an order, by many at once: one winner each."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.extensions import db
from marketplace.models import AuditEntry, Order, OrderTransition
from marketplace.testing import START, Factory
from tests.orders.conftest import event_names
from tests.orders.test_order_races import at_once

HOUR = timedelta(hours=1)
RUNS = range(3)
REFUSED = {"transition_not_allowed", "resource_busy"}


class Race:
    """A customer, a performer and two admins, and requests of theirs."""

    def __init__(self, app: Flask, auth: Callable[[Any], dict[str, str]]) -> None:
        self.app = app
        with app.app_context():
            make = Factory()
            self.customer, performer = make.user(), make.user()
            self.service = make.service(make.performer(performer))
            self.headers = {
                "customer": auth(self.customer),
                "performer": auth(performer),
                "staff": auth(make.staff("admin")),
                "other_staff": auth(make.staff("admin")),
            }

    def order(self, status: str, **values: Any) -> int:
        with self.app.app_context():
            return int(Factory().order(self.customer, self.service, status=status, **values).id)

    def call(self, role: str, order_id: int, name: str, body: Any = None) -> Callable[[], Any]:
        prefix = "/api/v1/admin" if name == "waive" else "/api/v1"
        path = f"{prefix}/orders/{order_id}/{name}"
        return lambda: self.app.test_client().post(path, json=body or {}, headers=self.headers[role])


@pytest.fixture
def race(committed: Flask, auth: Callable[[Any], dict[str, str]]) -> Race:
    return Race(committed, auth)


def won(answers: list[Any], codes: set[str] = REFUSED) -> int:
    """How many succeeded; the others are refused by one of `codes`."""
    lost = {answer.json["code"] for answer in answers if answer.status_code != 200}
    assert lost <= codes
    return Counter(answer.status_code for answer in answers)[200]


@pytest.mark.parametrize("_run", range(20))
def test_accept_and_cancel(race: Race, _run: int) -> None:
    order_id = race.order("pending", starts_at=START + HOUR)
    calls = [race.call("performer", order_id, "accept"), race.call("customer", order_id, "cancel")]
    answers = at_once(calls * 25)
    with race.app.app_context():
        order = db.session.get_one(Order, order_id)
        steps = db.session.scalars(select(OrderTransition.transition).order_by(OrderTransition.id)).all()
        assert steps in (["cancel"], ["accept", "cancel"])
        assert won(answers) == len(steps)
        assert event_names() == [
            {"accept": "order.accepted", "cancel": "order.cancelled"}[one] for one in steps
        ]
        # Whoever cancels a confirmed order does it by own fault, and nobody else.
        assert (order.status, order.fault) == ("cancelled", "customer" if "accept" in steps else "none")


@pytest.mark.parametrize("_run", RUNS)
def test_cancel_and_no_show(race: Race, _run: int) -> None:
    order_id = race.order("confirmed", starts_at=START - HOUR)
    answers = at_once(
        [race.call("customer", order_id, "cancel"), race.call("performer", order_id, "no-show")] * 10
    )
    assert won(answers) == 1
    with race.app.app_context():
        assert len(event_names()) == 1
        assert len(db.session.scalars(select(OrderTransition.id)).all()) == 1


@pytest.mark.parametrize("_run", RUNS)
def test_two_no_shows(race: Race, _run: int) -> None:
    order_id = race.order("confirmed", starts_at=START - HOUR)
    answers = at_once(
        [race.call("customer", order_id, "no-show"), race.call("performer", order_id, "no-show")] * 10
    )
    assert won(answers) == 1
    [winner] = [answer.json for answer in answers if answer.status_code == 200]
    with race.app.app_context():
        [role] = db.session.scalars(select(OrderTransition.actor_role))
        fault = db.session.get_one(Order, order_id).fault
        assert fault == winner["cancellation"]["fault"] == {"customer": "performer"}.get(role, "customer")
        assert event_names() == ["order.no_show"]


@pytest.mark.parametrize("_run", RUNS)
def test_two_waivers(race: Race, _run: int) -> None:
    order_id = race.order("cancelled", fault="customer", cancellation_percent=50, cancellation_amount=2500)
    body = {"reason": "Ill"}
    answers = at_once([race.call(role, order_id, "waive", body) for role in ("staff", "other_staff")] * 10)
    assert won(answers, {"nothing_to_waive", "resource_busy"}) == 1
    with race.app.app_context():
        assert event_names() == ["order.fee_waived"]
        assert len(db.session.scalars(select(AuditEntry.id)).all()) == 1


def test_fifty_guesses_are_five_checks(race: Race) -> None:
    order_id = race.order("confirmed", starts_at=START + HOUR, arrival_code="0417")
    answers = at_once(
        [race.call("performer", order_id, "arrive", {"code": f"{number:04}"}) for number in range(1000, 1050)]
    )
    codes = Counter(answer.json["code"] for answer in answers)
    assert codes["wrong_arrival_code"] <= 5
    assert set(codes) <= {"wrong_arrival_code", "too_many_arrival_tries", "resource_busy"}
    with race.app.app_context():
        assert db.session.get_one(Order, order_id).arrival_tries == codes["wrong_arrival_code"]


def test_fifty_right_codes_arrive_once(race: Race) -> None:
    order_id = race.order("confirmed", starts_at=START + HOUR, arrival_code="0417")
    answers = at_once([race.call("performer", order_id, "arrive", {"code": "0417"})] * 50)
    assert won(answers, {*REFUSED, "too_many_arrival_tries"}) == 1
    with race.app.app_context():
        assert event_names() == ["order.arrived"]
        assert db.session.get_one(Order, order_id).arrival_tries <= 5
