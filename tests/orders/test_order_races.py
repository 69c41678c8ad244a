"""Many at once, on real connections: one winner, and a history that tells what happened."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.blueprints.orders.services.timers import TimerService
from marketplace.blueprints.orders.wiring import Orders
from marketplace.database.tables import JobRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.lanes import Postponed
from marketplace.models import Order, OrderTransition
from marketplace.testing import START, Factory
from tests.orders.conftest import event_names

THREADS = 25


class Market:
    """One performer with a service, and a customer, both signed in."""

    def __init__(self, app: Flask, auth: Callable[[Any], dict[str, str]]) -> None:
        self.app = app
        with app.app_context():
            make = Factory()
            customer, performer = make.user(), make.user()
            self.service = make.service(make.performer(performer))
            self.customer = customer
            self.headers = {"customer": auth(customer), "performer": auth(performer)}

    def order(self, status: str = "pending", **values: Any) -> int:
        with self.app.app_context():
            return int(Factory().order(self.customer, self.service, status=status, **values).id)

    def timers(self) -> TimerService:
        found: TimerService = self.app.extensions["marketplace"].get(Orders).timers
        return found

    def post(self, role: str, order_id: int, name: str, body: Any = None) -> Any:
        url = f"/api/v1/orders/{order_id}/{name}"
        return self.app.test_client().post(url, json=body, headers=self.headers[role])


@pytest.fixture
def market(committed: Flask, auth: Callable[[Any], dict[str, str]]) -> Market:
    return Market(committed, auth)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What the calls return; all start together, `THREADS` at a time."""
    barrier = Barrier(min(len(calls), THREADS))

    def run(numbered: tuple[int, Callable[[], Any]]) -> Any:
        number, call = numbered
        if number < barrier.parties:
            barrier.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, enumerate(calls)))


@pytest.mark.parametrize("_run", range(20))
def test_fifty_accepts_have_one_winner(market: Market, _run: int) -> None:
    order_id = market.order()
    answers = at_once([lambda: market.post("performer", order_id, "accept")] * 50)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    assert {a.json["code"] for a in answers if a.status_code == 409} <= {
        "transition_not_allowed",
        "resource_busy",
    }
    with market.app.app_context():
        assert len(db.session.scalars(select(OrderTransition.id)).all()) == 1
        assert event_names() == ["order.accepted"]


def test_twenty_retries_with_one_key_book_once(market: Market) -> None:
    body = {
        "service_id": market.service.id,
        "starts_at": (START + timedelta(days=1)).isoformat(),
        "address": {"line1": "Side Street 2"},
    }
    headers = market.headers["customer"] | {"Idempotency-Key": "k"}
    answers = at_once(
        [lambda: market.app.test_client().post("/api/v1/orders", json=body, headers=headers)] * 20
    )
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) <= {201, 409}
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    with market.app.app_context():
        assert len(db.session.scalars(select(Order.id)).all()) == 1


@pytest.mark.parametrize("round_", range(5))
def test_overlapping_orders_accepted_at_once(market: Market, round_: int) -> None:
    ids = [market.order(starts_at=START + timedelta(days=1, minutes=minutes)) for minutes in (0, 30)]
    answers = at_once(
        [lambda order_id=order_id: market.post("performer", order_id, "accept") for order_id in ids]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (lost,) = (answer for answer in answers if answer.status_code == 409)
    assert lost.json["code"] == "slot_taken"
    with market.app.app_context():
        assert sorted(db.session.scalars(select(Order.status))) == ["confirmed", "pending"]
        assert event_names() == ["order.accepted"]


def test_a_time_that_two_orders_move_to_at_once(market: Market) -> None:
    target = START + timedelta(days=9)
    ids = [market.order("confirmed", starts_at=START + timedelta(days=day)) for day in (1, 2)]
    body = {"starts_at": target.isoformat()}
    for order_id in ids:
        assert market.post("customer", order_id, "reschedule", body).status_code == 200
    answers = at_once(
        [lambda order_id=order_id: market.post("performer", order_id, "reschedule", body) for order_id in ids]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    with market.app.app_context():
        assert sorted(db.session.scalars(select(Order.starts_at)))[1:] == [target]


@pytest.mark.parametrize("run_out", [True, False])
@pytest.mark.parametrize("round_", range(3))
def test_accept_cancel_and_expire_at_once(
    market: Market, clock: FrozenClock, round_: int, run_out: bool
) -> None:
    age = timedelta(days=1) if run_out else timedelta(0)
    order_id = market.order(starts_at=START + timedelta(days=3), created_at=START - age, state_entry=1)

    def expire() -> None:
        with market.app.app_context(), suppress(Postponed):
            market.timers().run(order_id, 1, "expire")

    calls: list[Callable[[], Any]] = [expire] * 4
    calls += [lambda: market.post("performer", order_id, "accept")] * 8
    calls += [lambda: market.post("customer", order_id, "cancel", {})] * 8
    answers = [answer for answer in at_once(calls) if answer is not None]
    with market.app.app_context():
        rows = db.session.execute(
            select(OrderTransition.from_status, OrderTransition.to_status).order_by(OrderTransition.id)
        ).all()
        status, version = db.session.execute(select(Order.status, Order.version)).one()
        # Accepted and then cancelled is right, too; each step starts where the one before it ended.
        assert rows[0][0] == "pending"
        assert all(before[1] == after[0] for before, after in pairwise(rows))
        assert rows[-1][1] == status
        assert version == 1 + len(rows)
        assert len(event_names()) == len(rows)
    good = sum(answer.status_code == 200 for answer in answers)
    if run_out:
        assert (status, good) == ("expired", 0)
    else:
        assert status == "cancelled"
        assert good == len(rows)


def test_many_workers_complete_an_order_once(market: Market, clock: FrozenClock) -> None:
    ids = [
        market.order("delivered", starts_at=START + timedelta(days=day), state_entry=4) for day in range(6)
    ]
    clock.set(START + timedelta(days=2))

    def complete(order_id: int) -> None:
        with market.app.app_context():
            market.timers().run(order_id, 4, "complete")

    at_once([partial(complete, order_id) for order_id in ids * 5])
    with market.app.app_context():
        assert Counter(db.session.scalars(select(OrderTransition.to_status))) == {"completed": 6}
        assert event_names() == ["order.completed"] * 6


def test_several_sweeps_share_what_has_no_timers(market: Market) -> None:
    for day in range(30):
        market.order("delivered", starts_at=START + timedelta(days=day))

    def heal() -> int:
        with market.app.app_context():
            return market.timers().heal()

    assert sum(at_once([heal] * 8)) == 30
    with market.app.app_context():
        assert list(db.session.scalars(select(Order.state_entry).distinct())) == [1]
        keys = list(db.session.scalars(select(JobRow.key).where(JobRow.kind == "orders.timer")))
        assert len(keys) == len(set(keys)) == 60
