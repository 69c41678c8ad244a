"""Many at once, on real connections: the figures are those of a recount, and nobody writes twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from marketplace.blueprints.reviews.ports import NewReview
from marketplace.blueprints.reviews.wiring import Reviews
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.models import Performer, Review, User
from marketplace.testing import START, Factory
from tests.reviews.conftest import (
    aspect_figures,
    customer_figures,
    event_names,
    figures,
    recounted,
    recounted_aspects,
    recounted_customers,
)
from tests.support.waiting import eventually

THREADS = 20
PEOPLE, RUNS = 50, 20
BUSY = {"resource_busy", "unavailable"}
"""What a machine that is busy otherwise may answer to some of fifty; `bench.reviews` measures who waits how long."""
TRIES = 5


class Market:
    """One performer, many customers who wait to say what they think."""

    def __init__(self, app: Flask, auth: Callable[[Any], dict[str, str]]) -> None:
        self.app, self.auth = app, auth
        with app.app_context():
            make = Factory()
            user, staff = make.user(), make.staff()
            self.performer_id = make.performer(user).id
            self.service = make.service(db.session.get_one(Performer, self.performer_id))
            self.performer, self.staff = auth(user), auth(staff)
            self.user_id = user.id

    def order(self, n: int) -> tuple[int, dict[str, str]]:
        with self.app.app_context():
            make = Factory()
            customer = make.user()
            starts_at = START - timedelta(days=1 + n)
            order = make.order(
                customer, self.service, status="completed", completed_at=START, starts_at=starts_at
            )
            return order.id, self.auth(customer)

    def customer(self) -> int:
        with self.app.app_context():
            return int(Factory().user().id)

    def order_of(self, customer_id: int, run: int) -> int:
        """A completed order of a customer."""
        with self.app.app_context():
            customer = db.session.get_one(User, customer_id)
            starts_at = START - timedelta(days=1 + run)
            values = {"status": "completed", "completed_at": START, "starts_at": starts_at}
            return int(Factory().order(customer, self.service, **values).id)

    def write(self, order_id: int, author_id: int, rating: int, aspects: dict[str, int] | None = None) -> str:
        """`stored`, or the code of what prevented it."""
        with self.app.app_context():
            values = {"rating": rating, "aspects": aspects or {}}
            service = self.app.extensions["marketplace"].get(Reviews).reviews
            for _ in range(TRIES):
                try:
                    service.write(Principal(author_id, 0, verified=True), order_id, NewReview(values))
                except AppError as error:
                    code = error.code
                    if code not in BUSY:
                        return code
                else:
                    return "stored"
            return code

    def write_all(self, reviews: Iterable[tuple[int, int, int]]) -> None:
        for order_id, author_id, rating in reviews:
            assert self.write(order_id, author_id, rating) == "stored"

    def written(self, n: int, rating: int) -> int:
        """A review of the performer that is not published; its id."""
        order_id, _ = self.order(n)
        with self.app.app_context():
            from marketplace.models import Order

            order = db.session.get_one(Order, order_id)
            return int(
                Factory()
                .review(order, rating=rating, published_at=None, publish_at=START + timedelta(days=14))
                .id
            )

    def post(self, headers: dict[str, str], path: str, **body: Any) -> Any:
        return self.app.test_client().post(f"/api/v1{path}", json=body, headers=headers)

    def insist(self, headers: dict[str, str], path: str, **body: Any) -> Any:
        """As `post`, again while the machine is busy."""
        for _ in range(TRIES):
            answer = self.post(headers, path, **body)
            if answer.status_code < 400 or answer.json["code"] not in BUSY:
                break
        return answer

    def service_call(self, name: str) -> Any:
        with self.app.app_context():
            return getattr(self.app.extensions["marketplace"].get(Reviews).reviews, name)()

    def figures_are_right(self, count: int | None = None) -> None:
        with self.app.app_context():
            assert figures(self.performer_id) == recounted(self.performer_id)
            assert aspect_figures(self.performer_id) == recounted_aspects(self.performer_id)
            assert customer_figures() == recounted_customers()
            assert count is None or figures(self.performer_id)[0] == count


@pytest.fixture
def market(committed: Flask, auth: Callable[[Any], dict[str, str]]) -> Market:
    return Market(committed, auth)


def at_once(calls: Sequence[Callable[[], Any]], threads: int = THREADS) -> list[Any]:
    """What the calls return; all start together, `threads` at a time."""
    barrier = Barrier(min(len(calls), threads))

    def run(numbered: tuple[int, Callable[[], Any]]) -> Any:
        number, call = numbered
        if number < barrier.parties:
            barrier.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, enumerate(calls)))


def test_fifty_reviews_of_one_performer_at_once(market: Market) -> None:
    """Each is published, and counted in the same row, when it is written: all wait for it, and none is lost."""
    people = [market.customer() for _ in range(PEOPLE)]
    for run in range(RUNS):
        orders = [market.order_of(customer, run) for customer in people]
        market.write_all((order_id, market.user_id, 4) for order_id in orders)
        written = at_once(
            [
                lambda order_id=order_id, customer=customer, n=n: market.write(
                    order_id, customer, 1 + n % 5, {"quality": 1 + n % 5} if n % 2 else {}
                )
                for n, (order_id, customer) in enumerate(zip(orders, people, strict=True))
            ],
            PEOPLE,
        )
        assert Counter(written) == {"stored": PEOPLE}
        market.figures_are_right(PEOPLE * (run + 1))
    with market.app.app_context():
        assert event_names().count("review.published") == 2 * PEOPLE * RUNS


def test_fifty_reviews_of_one_performer_over_http(market: Market) -> None:
    calls = []
    for n in range(PEOPLE):
        order_id, customer = market.order(n)
        path = f"/orders/{order_id}/review"
        assert market.post(market.performer, path, rating=5).status_code == 201
        headers = customer | {"Idempotency-Key": f"k{n}"}
        calls.append(lambda h=headers, p=path, n=n: market.insist(h, p, rating=1 + n % 5))
    assert Counter(answer.status_code for answer in at_once(calls, PEOPLE)) == {201: PEOPLE}
    market.figures_are_right(PEOPLE)
    with market.app.app_context():
        assert figures(market.performer_id) == (PEOPLE, 150, [10, 10, 10, 10, 10])
        assert event_names().count("review.published") == 2 * PEOPLE


def test_one_author_many_times(market: Market) -> None:
    customer = market.customer()
    for run in range(RUNS):
        order_id = market.order_of(customer, run)
        written = Counter(at_once([lambda o=order_id: market.write(o, customer, 4)] * PEOPLE, PEOPLE))
        # Who waits too long for the order is told to come again.
        assert written.pop("stored") == 1
        assert set(written) <= {"already_reviewed", "resource_busy"}
    with market.app.app_context():
        assert event_names() == ["review.written"] * RUNS


def test_one_author_twice_over_http(market: Market) -> None:
    order_id, customer = market.order(1)
    path = f"/orders/{order_id}/review"
    answers = at_once([lambda: market.post(customer, path, rating=4)] * 20)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert {a.json["code"] for a in answers if a.status_code == 409} <= {"already_reviewed", "resource_busy"}


def test_both_write_at_once(market: Market) -> None:
    """In each run 25 orders, whose two parties write together: each is published once, by whoever came second."""
    people = [market.customer() for _ in range(PEOPLE // 2)]
    for run in range(RUNS):
        orders = [market.order_of(customer, run) for customer in people]
        calls = [
            lambda order_id=order_id, author=author: market.write(order_id, author, 4)
            for order_id, customer in zip(orders, people, strict=True)
            for author in (customer, market.user_id)
        ]
        assert Counter(at_once(calls, PEOPLE)) == {"stored": PEOPLE}
        market.figures_are_right(len(people) * (run + 1))
    with market.app.app_context():
        assert all(db.session.scalars(select(Review.published_at)))
        assert event_names().count("review.published") == PEOPLE * RUNS


@pytest.mark.parametrize("round_", range(3))
def test_the_job_and_the_second_author_publish_once(market: Market, clock: FrozenClock, round_: int) -> None:
    for n in range(8):
        market.written(n, 1 + n % 5)
    clock.set(START + timedelta(days=14))
    with market.app.app_context():
        user = Factory().user()  # signs in at the present time
        market.performer = market.auth(user)
        db.session.execute(update(Performer).values(user_id=user.id))
        db.session.commit()
        orders = list(db.session.scalars(select(Review.order_id)))
    calls = [lambda o=o: market.post(market.performer, f"/orders/{o}/review", rating=5) for o in orders]
    calls += [lambda: market.service_call("publish_due")] * 4
    at_once(calls)
    with market.app.app_context():
        assert event_names().count("review.published") == 16
    market.figures_are_right(8)


@pytest.mark.parametrize("round_", range(3))
def test_publish_hide_restore_and_recount_at_once(market: Market, clock: FrozenClock, round_: int) -> None:
    ids = [market.written(n, 1 + n % 5) for n in range(12)]
    clock.set(START + timedelta(days=14))
    with market.app.app_context():
        market.staff = market.auth(Factory().staff())
        db.session.execute(update(Performer).values(rating_count=7))
        db.session.commit()
    half = {"ids": ids[:6], "status": "hidden", "reason": "x"}
    calls: list[Callable[[], Any]] = [
        *[lambda: market.service_call("publish_due")] * 3,
        *[lambda: market.service_call("recount")] * 6,
        *[lambda i=i: market.post(market.staff, f"/admin/reviews/{i}/hide", reason="x") for i in ids[3:9]],
        lambda: market.post(market.staff, "/admin/reviews/status", **half),
        *[lambda i=i: market.post(market.staff, f"/admin/reviews/{i}/restore") for i in ids[5:8]],
    ]
    at_once(calls)
    market.service_call("publish_due")
    market.service_call("recount")
    market.figures_are_right()


def test_a_recount_beside_publications_breaks_nothing(market: Market, clock: FrozenClock) -> None:
    for n in range(40):
        market.written(n, 1 + n % 5)
    clock.set(START + timedelta(days=14))
    service = market.app.extensions["marketplace"].get(Reviews).reviews
    statement = select(Review.id, Review.order_id)
    with market.app.app_context():
        rows = db.session.execute(statement).all()
        repository = service._reviews
        uow = service._uow

    def publish(order_id: int) -> None:
        with market.app.app_context(), uow:
            service._published(repository.publish_of_order(order_id, clock.now()))

    calls: list[Callable[[], Any]] = []
    for _, order_id in rows:
        calls += [lambda o=order_id: publish(o), lambda: market.service_call("recount")]
    at_once(calls)
    market.figures_are_right(40)


def test_a_recount_waits_for_a_publication(market: Market, clock: FrozenClock) -> None:
    """The publication has counted and not committed when the recount starts: both must be in the result."""
    market.written(1, 4)
    clock.set(START + timedelta(days=14))
    with market.app.app_context():
        db.session.execute(update(Performer).values(rating_count=7))
        db.session.commit()
    recounts: list[Any] = []
    thread = Thread(target=lambda: recounts.append(market.service_call("recount")))
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with market.app.app_context():
        service = market.app.extensions["marketplace"].get(Reviews).reviews
        with service._uow:
            assert service.publish_due() == 1
            thread.start()
            # Each look in a transaction of its own, or it would see the first one's answer again.
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
                eventually(lambda: other.scalar(waiting), every=0.01)
    thread.join(timeout=10)
    ((_, wrong),) = recounts
    assert wrong == 1
    market.figures_are_right(1)
