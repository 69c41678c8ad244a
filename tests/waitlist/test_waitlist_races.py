"""Many at once around one free time: one gets it, by the locks and constraints of the database."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from marketplace.blueprints.waitlist.policies import OFFER
from marketplace.blueprints.waitlist.wiring import Waitlist
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import AppError
from marketplace.models import BookedTime, PerformerSchedule, User, WaitlistEntry
from marketplace.testing import START, Factory
from tests.support.threads import at_once
from tests.waitlist.conftest import ADDRESS, NINE, TEN, TUESDAY, TUESDAYS_FROM_9_TO_11

WAITING = 10
THREADS = 50
RUNS = 20


class Market:
    """A performer whose Tuesday has one free hour, and ten customers who wait for it."""

    def __init__(self, app: Flask, auth: Callable[[Any], dict[str, str]]) -> None:
        self.app = app
        self.auth = auth
        self.offering = app.extensions["marketplace"].get(Waitlist).offering
        with app.app_context():
            make = Factory()
            owner = make.user()
            performer = make.performer(owner, timezone="UTC")
            db.session.add(PerformerSchedule(performer_id=performer.id, weekly=TUESDAYS_FROM_9_TO_11))
            db.session.commit()
            self.performer_id = performer.id
            self.service = make.service(performer, duration_minutes=60)
            self.customers: list[User] = [make.user() for _ in range(WAITING)]
            self.others: list[User] = [make.user() for _ in range(THREADS)]
            self.owner = auth(owner)
            self.headers = {user.id: auth(user) for user in (*self.customers, *self.others)}
        self.path = f"/api/v1/performers/{self.performer_id}/waitlist"

    def begin(self, waiting: int = WAITING) -> None:
        """Only ten o'clock is booked, and nobody has been offered the rest."""
        with self.app.app_context():
            db.session.execute(
                text('TRUNCATE waitlist_entry, booked_time, "order", domain_event, job CASCADE')
            )
            db.session.commit()
            Factory().order(self.others[-1], self.service, status="confirmed", starts_at=TEN)
            for customer in self.customers[:waiting]:
                db.session.add(
                    WaitlistEntry(
                        customer_id=customer.id,
                        performer_id=self.performer_id,
                        service_id=self.service.id,
                        day=TUESDAY,
                        created_at=START,
                    )
                )
                db.session.commit()

    def tend(self) -> str:
        """One run of the job; who waits too long for the calendar is tried again by the worker."""
        with self.app.app_context():
            try:
                self.offering.tend(self.performer_id)
            except AppError as error:
                return error.code
            return "ok"

    def call(self, user: User | None, method: str, path: str, **body: Any) -> str:
        headers = self.owner if user is None else self.headers[user.id]
        options = {"json": body} if body else {}
        answer = self.app.test_client().open(path, method=method, headers=headers, **options)
        return str(answer.json["code"]) if answer.status_code >= 400 else "ok"

    def hold(self, user: User) -> str:
        body = {"service_id": self.service.id, "starts_at": NINE.isoformat()}
        return self.call(user, "POST", f"/api/v1/performers/{self.performer_id}/holds", **body)

    def offered(self) -> list[int]:
        """The customers who have an offer, by the rows of both domains, which agree. One that has run out stays
        in its row until somebody books time of the performer.
        """
        with self.app.app_context():
            lives = BookedTime.expires_at > self.app.extensions["marketplace"].clock.now()
            held = db.session.scalars(
                select(BookedTime.customer_id).where(
                    BookedTime.offered, ~func.isempty(BookedTime.span), lives
                )
            ).all()
            noted = db.session.scalars(
                select(WaitlistEntry.customer_id)
                .join(BookedTime, BookedTime.customer_id == WaitlistEntry.customer_id)
                .where(BookedTime.expires_at == WaitlistEntry.offer_expires_at, lives)
            ).all()
            assert sorted(map(int, filter(None, held))) == sorted(noted)
            return list(noted)

    def count(self, name: str) -> int:
        with self.app.app_context():
            statement = select(func.count()).where(DomainEventRow.name == name)
            return db.session.execute(statement).scalar_one()

    def taken(self) -> int:
        """How many have nine o'clock."""
        with self.app.app_context():
            statement = select(func.count()).where(BookedTime.span.op("@>")(NINE))
            return db.session.execute(statement).scalar_one()


@pytest.fixture
def market(committed: Flask, auth: Callable[[Any], dict[str, str]]) -> Market:
    return Market(committed, auth)


def test_fifty_workers_offer_one_free_time(market: Market) -> None:
    for _ in range(RUNS):
        market.begin()
        found = Counter(at_once(THREADS, lambda _number: market.tend()))
        assert found["ok"] >= 1
        assert set(found) <= {"ok", "resource_busy"}
        assert market.offered() == [market.customers[0].id]
        assert market.count("waitlist.offered") == 1
        assert market.taken() == 1


def test_an_offer_beside_customers_who_leave(market: Market) -> None:
    """All but the last leave while ten workers offer: the last gets it, now or with the next run."""
    last = market.customers[-1]
    for _ in range(RUNS):
        market.begin()

        def act(number: int) -> str:
            if number % 2:
                return market.tend()
            leaving = market.customers[number // 2 % (WAITING - 1)]
            return market.call(leaving, "DELETE", f"{market.path}?date={TUESDAY.isoformat()}")

        assert set(at_once(2 * WAITING, act)) <= {"ok", "resource_busy"}
        assert len(market.offered()) <= 1
        assert market.taken() <= 1
        for leaving in market.customers[:-1]:
            assert market.call(leaving, "DELETE", f"{market.path}?date={TUESDAY.isoformat()}") == "ok"
        assert market.tend() == "ok"
        assert market.offered() == [last.id]


def test_an_offer_beside_fifty_who_hold_the_time(market: Market) -> None:
    seen: Counter[str] = Counter()
    for run in range(RUNS):
        market.begin()
        place = run * THREADS // RUNS

        def act(number: int, place: int = place) -> str:
            return market.tend() if number == place else market.hold(market.others[number])

        found = Counter(at_once(THREADS, act))
        assert set(found) <= {"ok", "slot_taken", "resource_busy"}
        assert market.taken() == 1, "one has the time"
        seen["offered" if market.offered() else "held"] += 1
    assert sum(seen.values()) == RUNS


def test_an_offer_beside_an_acceptance_of_the_time(market: Market) -> None:
    """An order that was asked for is accepted, whatever the workers do."""
    for run in range(RUNS):
        market.begin()
        with market.app.app_context():
            order_id = Factory().order(market.others[0], market.service, starts_at=NINE, created_at=NINE).id

        def act(number: int, order_id: int = order_id, run: int = run) -> str:
            if number == run % 10:
                return market.call(None, "POST", f"/api/v1/orders/{order_id}/accept")
            return market.tend()

        answers = at_once(10, act)
        assert answers[run % 10] == "ok"
        assert market.offered() == []
        assert market.taken() == 1


def order_beside_workers(market: Market) -> str:
    """The customer with the offer orders while fifty workers look; gives what the order came to."""
    first = market.customers[0]
    body = {"service_id": market.service.id, "starts_at": NINE.isoformat(), "address": ADDRESS}

    def act(number: int) -> str:
        return market.tend() if number else market.call(first, "POST", "/api/v1/orders", **body)

    return at_once(THREADS, act)[0]


def test_an_order_with_an_offer_beside_fifty_workers(market: Market) -> None:
    first, second = market.customers[:2]
    for _ in range(RUNS):
        market.begin(waiting=2)
        assert market.tend() == "ok"
        assert market.offered() == [first.id]
        assert order_beside_workers(market) == "ok"
        assert market.tend() == "ok"
        assert market.offered() == [], "the order waits for its answer"
        with market.app.app_context():
            left = db.session.scalars(select(WaitlistEntry.customer_id)).all()
        assert left == [second.id]


def test_an_order_at_the_end_of_the_offer_beside_fifty_workers(market: Market, clock: FrozenClock) -> None:
    """It has been too late, or goes on; in neither case have two the time."""
    second = market.customers[1]
    for _ in range(RUNS):
        clock.set(START)
        market.begin(waiting=2)
        assert market.tend() == "ok"
        clock.advance(OFFER)
        market.headers[market.customers[0].id] = market.auth(market.customers[0])
        answer = order_beside_workers(market)
        assert answer in {"ok", "slot_taken"}
        assert market.offered() in ([], [second.id])
        assert market.offered() or answer == "ok"
        assert market.taken() <= 1


def test_a_block_beside_offers(market: Market) -> None:
    """Whoever is blocked has no offer when all is done, whichever came first."""
    first, second = market.customers[:2]
    with market.app.app_context():
        admin = market.auth(Factory().staff("admin"))
    path = f"/api/v1/admin/users/{first.id}"
    for _ in range(RUNS):
        market.begin(waiting=2)

        def act(number: int) -> str:
            if number:
                return market.tend()
            client = market.app.test_client()
            answer = client.post(f"{path}/block", json={"reason": "Rude"}, headers=admin)
            assert answer.status_code == 200
            with market.app.app_context():
                market.offering.withdraw(first.id)
            return "ok"

        assert set(at_once(10, act)) <= {"ok", "resource_busy"}
        assert market.tend() == "ok"
        assert market.offered() == [second.id]
        assert market.app.test_client().post(f"{path}/unblock", headers=admin).status_code == 200


def test_the_limits_hold_for_many_at_once(market: Market) -> None:
    """Fifty wait for one day, and one customer for ten days."""
    weeks = [TUESDAY + timedelta(days=7 * number) for number in range(16)]
    market.begin(waiting=0)
    with market.app.app_context():
        for number in range(len(weeks)):
            at = NINE + timedelta(days=7 * number)
            Factory().order(market.others[-1], market.service, status="confirmed", starts_at=at)
            if number:
                at += timedelta(hours=1)
                Factory().order(market.others[-1], market.service, status="confirmed", starts_at=at)
    everybody = [*market.customers, *market.others]

    def crowd(number: int) -> str:
        return market.call(everybody[number], "PUT", market.path, date=TUESDAY.isoformat())

    def greedy(number: int) -> str:
        return market.call(everybody[0], "PUT", market.path, date=weeks[number].isoformat())

    def tried(act: Callable[[int], str], count: int) -> set[str]:
        """Everybody until nobody is told to come again, all at once each time."""
        found: dict[int, str] = {}
        while len(found) < count:
            left = [number for number in range(count) if number not in found]
            answers = at_once(len(left), lambda index, left=left: act(left[index]))
            found |= {
                number: answer
                for number, answer in zip(left, answers, strict=True)
                if answer != "resource_busy"
            }
        return set(found.values())

    assert tried(crowd, len(everybody)) == {"ok", "waitlist_full"}
    assert tried(greedy, len(weeks)) <= {"ok", "waitlist_full", "too_many_days_awaited"}
    with market.app.app_context():
        crowded = select(func.count()).where(WaitlistEntry.day == TUESDAY)
        assert db.session.execute(crowded).scalar_one() == 50
        own = select(func.count()).where(WaitlistEntry.customer_id == everybody[0].id)
        assert db.session.execute(own).scalar_one() == 10


def test_everything_at_once(market: Market) -> None:
    """No deadlocks, which end the run of all tests; and no time that two have."""
    dice = random.Random(7)
    date = TUESDAY.isoformat()
    order = {"service_id": market.service.id, "starts_at": NINE.isoformat(), "address": ADDRESS}
    for _ in range(RUNS):
        market.begin()
        plan = [(dice.randrange(7), dice.choice(market.customers)) for _ in range(THREADS)]

        def act(number: int, plan: list[tuple[int, User]] = plan) -> str:
            action, who = plan[number]
            if action == 0:
                return market.call(who, "PUT", market.path, date=date)
            if action == 1:
                return market.call(who, "DELETE", f"{market.path}?date={date}")
            if action == 2:
                return market.call(who, "POST", "/api/v1/orders", **order)
            if action == 3:
                return market.hold(who)
            if action == 4:
                with market.app.app_context():
                    market.offering.withdraw(who.id)
                return "ok"
            return market.tend()

        answers = Counter(at_once(THREADS, act))
        allowed = {"ok", "resource_busy", "slot_taken", "day_not_full", "already_requested", "too_many_holds"}
        assert set(answers) <= allowed, answers
        while market.tend() != "ok":
            pass
        assert len(market.offered()) <= 1
        assert market.taken() <= 1


def test_one_customer_joins_many_times_at_once(market: Market) -> None:
    for _ in range(RUNS):
        market.begin(waiting=0)
        with market.app.app_context():
            Factory().order(market.others[-1], market.service, status="confirmed", starts_at=NINE)
        body = {"date": TUESDAY.isoformat()}
        answers = at_once(
            8, lambda _number, body=body: market.call(market.customers[0], "PUT", market.path, **body)
        )
        assert set(answers) <= {"ok", "resource_busy"}
        with market.app.app_context():
            assert db.session.scalar(select(func.count()).select_from(WaitlistEntry)) == 1
        assert market.count("waitlist.joined") == 1
