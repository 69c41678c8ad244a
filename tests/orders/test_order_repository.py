"""The fake and the real repository of orders keep the same promises."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.blueprints.orders.policies import Status
from marketplace.blueprints.orders.ports import OrderRepository, Step
from marketplace.blueprints.orders.repositories import SqlOrderRepository
from marketplace.extensions import db
from marketplace.kernel.money import Money
from marketplace.models import OrderTransition
from marketplace.models.orders import STATUSES
from marketplace.web.runtime import Runtime
from tests.conftest import START
from tests.factories import Factory
from tests.orders.fakes import FakeOrders

HOUR = timedelta(hours=1)
TOMORROW = START + timedelta(days=1)


class Bench:
    """A repository, and what its orders refer to."""

    def __init__(self, kind: str, runtime: Runtime, make: Factory) -> None:
        self.service = make.service()
        self.customer_id = make.user().id
        performer_id = self.service.performer_id
        self.repository: OrderRepository = (
            SqlOrderRepository(runtime.uow, runtime.cursors)
            if kind == "sql"
            else FakeOrders({performer_id: 7})
        )

    def add(self, status: str = "pending", starts_at: datetime = TOMORROW, **values: Any) -> int:
        return self.repository.add(
            {
                "customer_id": self.customer_id,
                "performer_id": self.service.performer_id,
                "service_id": self.service.id,
                "status": status,
                "title": "Install a lamp",
                "pricing": "fixed",
                "price_amount": 5000,
                "price_currency": "EUR",
                "starts_at": starts_at,
                "ends_at": starts_at + HOUR,
                "address": {"line1": "x"},
                "note": "",
                "state_entered_at": START,
                "created_at": START,
                "updated_at": START,
            }
            | values
        )

    def status(self, order_id: int) -> str:
        found = self.repository.find(order_id)
        assert found is not None
        return found.status


@pytest.fixture(params=["fake", "sql"])
def bench(request: pytest.FixtureRequest, runtime: Runtime, make: Factory) -> Bench:
    return Bench(request.param, runtime, make)


def test_what_is_added_is_found(bench: Bench) -> None:
    order_id = bench.add()
    found = bench.repository.find(order_id, lock=True)
    assert found is not None
    assert (found.id, found.status, found.version) == (order_id, "pending", 1)
    assert (found.price, found.ends_at - found.starts_at) == (Money(5000, "EUR"), HOUR)
    assert (found.proposed_starts_at, found.resolution, found.completed_at) == (None, None, None)
    assert bench.repository.find(2**62) is None


def test_a_move_needs_the_status_that_was_read(bench: Bench) -> None:
    order_id = bench.add()
    values = {"status": Status.CONFIRMED, "updated_at": TOMORROW}
    assert bench.repository.move(order_id, "delivered", values) is False
    assert bench.repository.move(order_id, "pending", values) is True
    assert bench.repository.move(order_id, "pending", values) is False
    found = bench.repository.find(order_id)
    assert found is not None
    assert (found.status, found.version, found.updated_at) == ("confirmed", 2, TOMORROW)


@pytest.mark.parametrize("status", STATUSES)
def test_what_takes_a_time(bench: Bench, status: str) -> None:
    order_id = bench.add(status)
    performer_id, taken = bench.service.performer_id, bench.repository.is_taken
    busy = status in {"confirmed", "in_progress"}
    half = HOUR / 2
    assert taken(performer_id, TOMORROW + half, TOMORROW + HOUR + half) is busy
    assert taken(performer_id, TOMORROW - half, TOMORROW + half) is busy
    assert taken(performer_id, TOMORROW - HOUR, TOMORROW) is False
    assert taken(performer_id, TOMORROW + HOUR, TOMORROW + 2 * HOUR) is False
    assert taken(performer_id, TOMORROW, TOMORROW + HOUR, besides=order_id) is False
    assert taken(performer_id + 1, TOMORROW, TOMORROW + HOUR) is False


@pytest.mark.parametrize("status", STATUSES)
def test_who_worked_for_whom(bench: Bench, status: str) -> None:
    bench.add(status)
    engaged = status not in {"pending", "declined", "expired", "cancelled"}
    assert bench.repository.has_engaged(bench.customer_id, bench.service.performer_id) is engaged
    assert bench.repository.has_engaged(bench.customer_id + 1, bench.service.performer_id) is False


def test_what_expires(bench: Bench) -> None:
    by_start = bench.add(starts_at=START + HOUR)
    by_age = bench.add(starts_at=START + 30 * HOUR)
    others = [
        bench.add(status, START + 40 * HOUR) for status in STATUSES if status not in {"pending", "confirmed"}
    ]
    before = [bench.status(order_id) for order_id in others]
    assert bench.repository.expire_due(START + HOUR - timedelta(seconds=1), 10) == []
    (moved,) = bench.repository.expire_due(START + HOUR, 10)
    assert (moved.id, moved.status, moved.version) == (by_start, "expired", 2)
    assert moved.state_entered_at == START + HOUR
    (moved,) = bench.repository.expire_due(START + 24 * HOUR, 10)
    assert moved.id == by_age
    assert [bench.status(order_id) for order_id in others] == before


def test_what_is_complete_by_itself(bench: Bench) -> None:
    ids = [bench.add("delivered", state_entered_at=START + n * HOUR) for n in range(3)]
    assert bench.repository.complete_due(START + timedelta(days=2, seconds=-1), 10) == []
    (moved,) = bench.repository.complete_due(START + timedelta(days=2), 10)
    assert (moved.id, moved.status) == (ids[0], "completed")
    assert moved.completed_at == START + timedelta(days=2)
    assert len(bench.repository.complete_due(START + timedelta(days=9), 1)) == 1
    assert [bench.status(order_id) for order_id in ids].count("completed") == 2


def test_steps_are_stored(runtime: Runtime, make: Factory) -> None:
    bench = Bench("sql", runtime, make)
    order_id = bench.add()
    step = Step(order_id, "create", None, "pending", bench.customer_id, "customer", None, START, {"a": 1})
    bench.repository.add_steps([])
    bench.repository.add_steps([step, step])
    rows = db.session.scalars(select(OrderTransition)).all()
    assert [(row.order_id, row.transition, row.data) for row in rows] == [(order_id, "create", {"a": 1})] * 2
