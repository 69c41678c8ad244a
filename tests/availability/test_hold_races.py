"""Holds, bookings and acceptances of one time at once: the database lets one have it."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from marketplace.extensions import db
from marketplace.models import BookedTime, User
from marketplace.testing import START, Factory
from tests.support.threads import at_once

SLOT = START + timedelta(days=1)
PEOPLE = 50


class Market:
    """A performer with a service of an hour, and fifty customers, all signed in."""

    def __init__(self, app: Flask, auth: Callable[[Any], dict[str, str]]) -> None:
        self.app = app
        with app.app_context():
            make = Factory()
            owner = make.user()
            self.service = make.service(make.performer(owner, timezone="UTC"), duration_minutes=60)
            self.customers = [make.user() for _ in range(PEOPLE)]
            self.owner = auth(owner)
            self.headers = [auth(customer) for customer in self.customers]

    def hold(self, number: int, minutes: int = 0) -> Any:
        at = SLOT + timedelta(minutes=minutes)
        body = {"service_id": self.service.id, "starts_at": at.isoformat()}
        path = f"/api/v1/performers/{self.service.performer_id}/holds"
        return self.app.test_client().post(path, json=body, headers=self.headers[number])

    def accept(self, order_id: int, **said: bool) -> Any:
        path = f"/api/v1/orders/{order_id}/accept"
        return self.app.test_client().post(path, json=said, headers=self.owner)

    def order(self, **values: Any) -> int:
        with self.app.app_context():
            customer: User = self.customers[-1]
            return int(Factory().order(customer, self.service, starts_at=SLOT, **values).id)

    def forget(self) -> None:
        with self.app.app_context():
            db.session.execute(text('TRUNCATE booked_time, "order" CASCADE'))
            db.session.commit()


@pytest.fixture
def market(committed: Flask, auth: Callable[[Any], dict[str, str]]) -> Market:
    return Market(committed, auth)


def outcome(answer: Any) -> str:
    return str(answer.json["code"]) if answer.status_code >= 400 else "ok"


def test_fifty_customers_hold_one_slot(market: Market) -> None:
    for _ in range(20):
        # Half of them want the half hour after it, which overlaps.
        answers = at_once(PEOPLE, lambda number: market.hold(number, 30 * (number % 2)))
        found = Counter(map(outcome, answers))
        # Who waits too long for the performer's calendar is told to come again.
        assert found.pop("ok") == 1
        assert set(found) <= {"slot_taken", "resource_busy"}
        with market.app.app_context():
            taken = select(func.count()).where(~func.isempty(BookedTime.span))
            assert db.session.scalar(taken) == 1
        market.forget()


def test_one_customer_holds_many_slots_at_once(market: Market) -> None:
    answers = at_once(8, lambda number: market.hold(0, 60 * (number % 4)))
    assert set(map(outcome, answers)) <= {"ok", "too_many_holds", "resource_busy"}
    with market.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(BookedTime)) == 1


def test_a_hold_and_an_acceptance_of_one_time(market: Market) -> None:
    seen = set()
    for round_ in range(20):
        order_id = market.order()

        def act(number: int, order_id: int = order_id) -> Any:
            return market.accept(order_id) if number % 2 else market.hold(number)

        held, accepted = at_once(2, lambda number, first=round_ % 2: act((number + first) % 2))
        if round_ % 2:
            held, accepted = accepted, held
        both = (outcome(held), outcome(accepted))
        seen.add(both)
        assert both in {("ok", "slot_taken"), ("slot_taken", "ok")}
        market.forget()
    assert seen


def test_orders_that_are_too_close_are_accepted_at_once(market: Market) -> None:
    """Two that touch, with buffers: the database lets one have the time, though each was free when asked."""
    from sqlalchemy.dialects.postgresql import Range

    quarter, hour = timedelta(minutes=15), timedelta(hours=1)
    for _ in range(20):
        with market.app.app_context():
            make = Factory()
            ids = [
                make.order(
                    market.customers[number],
                    market.service,
                    starts_at=SLOT + number * hour,
                    padded=Range(SLOT + number * hour - quarter, SLOT + (number + 1) * hour + quarter),
                ).id
                for number in range(2)
            ]
        answers = at_once(2, lambda number, ids=ids: market.accept(ids[number]))
        assert sorted(map(outcome, answers)) == ["ok", "too_close"]
        market.forget()
