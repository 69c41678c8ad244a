"""Series at once with each other and with other orders: 50 threads, 20 rounds, on real connections."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from marketplace.extensions import db
from marketplace.models import BookedTime, DomainEventRow, Order, OrderSeries, OrderTransition
from marketplace.testing import START, Factory
from tests.support.threads import at_once

FIRST = START + timedelta(days=1)
THREADS = 50
ROUNDS = 20
COUNT = 4
BUSY = {"resource_busy"}


class Market:
    """A performer with a service of an hour, and two customers, all signed in."""

    def __init__(self, app: Flask, auth: Callable[[Any], dict[str, str]]) -> None:
        self.app = app
        with app.app_context():
            make = Factory()
            owner = make.user()
            self.service = make.service(make.performer(owner, timezone="UTC"), duration_minutes=60)
            self.customers = [make.user() for _ in range(2)]
            self.headers = [auth(one) for one in (*self.customers, owner)]

    def ask(self, customer: int, minutes: int = 0) -> Any:
        body = {
            "service_id": self.service.id,
            "starts_at": (FIRST + timedelta(minutes=minutes)).isoformat(),
            "address": {"line1": "Side Street 2"},
            "repeat": "weekly",
            "count": COUNT,
        }
        return self.call("POST", "/orders/series", customer, json=body)

    def call(self, method: str, path: str, who: int, **more: Any) -> Any:
        headers = self.headers[who] | {"If-Match": "*"}
        return self.app.test_client().open("/api/v1" + path, method=method, headers=headers, **more)

    def accept(self, series_id: int) -> Any:
        return self.call("POST", f"/series/{series_id}/accept", 2, json={})

    def stored(self, customer: int, minutes: int = 0, **values: Any) -> tuple[int, list[int]]:
        """A series, and the ids of its orders."""
        with self.app.app_context():
            row = Factory().series(
                self.customers[customer],
                self.service,
                count=COUNT,
                starts_at=FIRST + timedelta(minutes=minutes),
                state_entry=1,
                created_at=START,
                **values,
            )
            found = select(Order.id).where(Order.series_id == row.id).order_by(Order.id)
            return row.id, list(db.session.scalars(found))

    def forget(self) -> None:
        with self.app.app_context():
            db.session.execute(
                text('TRUNCATE booked_time, "order", order_series, domain_event, job, budget CASCADE')
            )
            db.session.commit()


@pytest.fixture
def market(committed: Flask, auth: Callable[[Any], dict[str, str]]) -> Market:
    return Market(committed, auth)


def outcome(answer: Any) -> str:
    return str(answer.json["code"]) if answer.status_code >= 400 else "ok"


def counted(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def overlaps() -> int:
    pairs = text("""
        SELECT count(*) FROM "order" a JOIN "order" b ON a.id < b.id AND a.performer_id = b.performer_id
        WHERE a.status = 'confirmed' AND b.status = 'confirmed'
          AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)""")
    return db.session.scalar(pairs) or 0


def test_fifty_times_the_same_series_is_stored_once(market: Market) -> None:
    for _ in range(ROUNDS):
        found = Counter(map(outcome, at_once(THREADS, lambda _number: market.ask(0))))
        assert found.pop("ok") == 1
        assert set(found) <= BUSY | {"series_conflicts", "already_requested"}
        with market.app.app_context():
            assert (counted(OrderSeries), counted(Order), counted(OrderTransition)) == (1, COUNT, COUNT)
        market.forget()


def test_fifty_series_of_a_customer_are_five(market: Market) -> None:
    """Each begins at another hour, so that only the limit is in the way."""
    for _ in range(3):
        found = Counter(map(outcome, at_once(THREADS, lambda number: market.ask(0, number % 8 * 60))))
        assert found.pop("ok") <= 5
        assert set(found) <= BUSY | {"series_conflicts", "already_requested", "too_many_series"}
        with market.app.app_context():
            assert counted(OrderSeries) <= 5
            assert counted(Order) == COUNT * counted(OrderSeries)
        market.forget()


def test_a_series_and_a_single_order_of_one_of_its_dates(market: Market) -> None:
    """The customer asks for one time once: by the series, or by the single order."""
    body = {
        "service_id": market.service.id,
        "starts_at": (FIRST + timedelta(weeks=2)).isoformat(),
        "address": {"line1": "Side Street 2"},
    }
    seen = set()
    for _ in range(ROUNDS):

        def act(number: int) -> Any:
            return market.ask(0) if number % 2 else market.call("POST", "/orders", 0, json=body)

        alone, together = map(outcome, at_once(2, act))
        seen.add((alone, together))
        assert (alone, together) in {
            ("ok", "series_conflicts"),
            ("ok", "already_requested"),
            ("already_requested", "ok"),
        }
        with market.app.app_context():
            assert counted(Order) == (COUNT if together == "ok" else 1)
        market.forget()
    assert seen


def test_two_series_over_the_same_time_are_accepted_at_once(market: Market) -> None:
    """Each order of the one overlaps with one of the other: of each pair one is confirmed, whoever calls."""
    for _ in range(ROUNDS):
        ids = [market.stored(customer, 30 * customer)[0] for customer in range(2)]
        answers = at_once(THREADS, lambda number, ids=ids: market.accept(ids[number % 2]))
        assert set(map(outcome, answers)) <= BUSY | {"ok", "transition_not_allowed"}
        with market.app.app_context():
            confirmed = select(func.count()).where(Order.status == "confirmed")
            assert db.session.scalar(confirmed) == COUNT
            assert (overlaps(), counted(BookedTime)) == (0, COUNT)
            accepted = select(func.count()).where(DomainEventRow.name == "order.accepted")
            assert db.session.scalar(accepted) == COUNT == counted(OrderTransition)
        market.forget()


def test_a_series_and_another_order_are_accepted_at_once(market: Market) -> None:
    for _ in range(ROUNDS):
        series_id, _ids = market.stored(0)
        with market.app.app_context():
            starts_at = FIRST + timedelta(weeks=1, minutes=30)
            other = Factory().order(market.customers[1], market.service, starts_at=starts_at).id

        def act(number: int, series_id: int = series_id, other: int = other) -> Any:
            if number % 2:
                return market.accept(series_id)
            return market.call("POST", f"/orders/{other}/accept", 2, json={})

        assert not any(
            answer.status_code >= 500 and outcome(answer) not in BUSY for answer in at_once(6, act)
        )
        with market.app.app_context():
            assert overlaps() == 0
            confirmed = select(func.count()).where(Order.status == "confirmed")
            assert db.session.scalar(confirmed) == COUNT
        market.forget()


def test_this_and_the_following_are_cancelled_and_accepted_at_once(market: Market) -> None:
    """From both ends, by both parties, while single orders are accepted: nobody blocks the other for good."""
    for round_ in range(ROUNDS):
        series_id, ids = market.stored(0)

        def act(number: int, series_id: int = series_id, ids: list[int] = ids, first: int = round_) -> Any:
            match (number + first) % 4:
                case 0:
                    return market.call("DELETE", f"/orders/{ids[0]}?scope=following", 0)
                case 1:
                    return market.call("DELETE", f"/orders/{ids[1]}?scope=following", 2)
                case 2:
                    return market.accept(series_id)
                case _:
                    return market.call("POST", f"/orders/{ids[3]}/accept", 2, json={})

        found = Counter(map(outcome, at_once(THREADS, act)))
        assert set(found) <= BUSY | {"ok", "transition_not_allowed"}
        with market.app.app_context():
            assert set(db.session.scalars(select(Order.status))) == {"cancelled"}
            cancelled = select(OrderTransition.order_id).where(OrderTransition.to_status == "cancelled")
            assert sorted(db.session.scalars(cancelled)) == ids
            assert counted(DomainEventRow) == counted(OrderTransition)
            assert counted(BookedTime) == 0
        market.forget()


def test_this_and_the_following_are_moved_while_one_is_cancelled(market: Market) -> None:
    """Both parties move the whole series to each other's hours, and one of its orders ends in the middle."""
    for round_ in range(ROUNDS):
        _series_id, ids = market.stored(0, status="confirmed")

        def act(number: int, ids: list[int] = ids, first: int = round_) -> Any:
            turn = (number + first) % 5
            if turn == 4:
                return market.call("POST", f"/orders/{ids[2]}/cancel", 0, json={})
            hours = 1 + turn // 2
            body = {"starts_at": (FIRST + timedelta(hours=hours)).isoformat()}
            who = 0 if turn % 2 else 2
            return market.call("PATCH", f"/orders/{ids[0]}?scope=following", who, json=body)

        found = Counter(map(outcome, at_once(20, act)))
        assert set(found) <= BUSY | {"ok", "transition_not_allowed"}
        with market.app.app_context():
            assert overlaps() == 0
            alive = select(Order.starts_at).where(Order.status == "confirmed").order_by(Order.id)
            starts = list(db.session.scalars(alive))
            # All that are left moved together, however often.
            assert {(at - FIRST) % timedelta(weeks=1) for at in starts} == {starts[0] - FIRST}
            assert sorted(db.session.scalars(select(func.lower(BookedTime.span)))) == sorted(starts)
            assert counted(DomainEventRow) == counted(OrderTransition)
            assert counted(Order) == COUNT
        market.forget()
