"""What every ReviewRepository does: the one in memory and the one on PostgreSQL alike."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from marketplace.blueprints.reviews.errors import AlreadyReviewed
from marketplace.blueprints.reviews.ports import ReviewFilters, ReviewRepository, ReviewView
from marketplace.blueprints.reviews.repositories.reviews import SqlReviewRepository
from marketplace.extensions import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.pages import PageRequest
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models import Order
from marketplace.testing import START, Factory
from marketplace.web.runtime import Runtime
from tests.fakes.reviews import FakeReviewRepository
from tests.fakes.transactions import FakeUnitOfWork
from tests.reviews.conftest import aspect_figures, figures

LATER = START + timedelta(days=14)
PAGE = PageRequest(limit=10)


class Bench:
    """A repository, and two performers whose orders are reviewed."""

    def __init__(self, kind: str, runtime: Runtime, make: Factory) -> None:
        self.make = make
        users = [make.user(), make.user()]
        self.performers = [make.performer(user) for user in users]
        self.services = [make.service(performer) for performer in self.performers]
        self.owners = {row.id: row.user_id for row in self.performers}
        self.repository: ReviewRepository
        self.uow: UnitOfWork
        if kind == "sql":
            self.repository, self.uow = SqlReviewRepository(runtime.uow, runtime.cursors), runtime.uow
        else:
            self.repository, self.uow = FakeReviewRepository(self.owners), FakeUnitOfWork()

    def order(self, performer: int = 0) -> Order:
        return self.make.order(service=self.services[performer], status="completed", completed_at=START)

    def add(self, order: Order | None = None, rating: int = 5, *, performer: int = 0, **more: Any) -> int:
        order = order or self.order(performer)
        of_customer = more.get("direction") == "of_customer"
        values = {
            "order_id": order.id,
            "author_id": self.owners[order.performer_id] if of_customer else order.customer_id,
            "direction": "of_performer",
            "performer_id": order.performer_id,
            "customer_id": order.customer_id,
            "rating": rating,
            "text": "Good",
            "publish_at": LATER,
            "created_at": START,
        }
        with self.uow:
            return self.repository.add(values | more)

    def get(self, review_id: int) -> ReviewView:
        found = self.repository.find(review_id)
        assert found is not None
        return found

    def figures(self, performer: int = 0) -> tuple[int, int, tuple[int, ...]]:
        performer_id = self.performers[performer].id
        if isinstance(self.repository, FakeReviewRepository):
            return self.repository.figures[performer_id]
        count, total, histogram = figures(performer_id)
        return count, total, tuple(histogram)

    def aspects(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Of the first performer: how many reviews rate each aspect, and their sums."""
        performer_id = self.performers[0].id
        if isinstance(self.repository, FakeReviewRepository):
            return self.repository.aspects[performer_id]
        counts, sums = aspect_figures(performer_id)
        return tuple(counts), tuple(sums)


@pytest.fixture(params=["fake", "sql"])
def bench(request: pytest.FixtureRequest, runtime: Runtime, make: Factory) -> Bench:
    return Bench(request.param, runtime, make)


def test_what_is_added_is_found(bench: Bench) -> None:
    order = bench.order()
    review_id = bench.add(order, 4, note_to_staff="Between us")
    found = bench.get(review_id)
    assert (found.order_id, found.rating, found.text, found.note_to_staff) == (
        order.id,
        4,
        "Good",
        "Between us",
    )
    assert found.performer_user_id == bench.performers[0].user_id
    assert (found.published_at, found.hidden_at, found.reply) == (None, None, None)
    bench.repository.lock_order(order.id)
    assert [row.id for row in bench.repository.list_of_order(order.id)] == [review_id]
    assert bench.repository.find(2**62) is None
    with pytest.raises(AlreadyReviewed):
        bench.add(order, 1)


def test_locked_by_id(bench: Bench) -> None:
    ids = [bench.add() for _ in range(3)]
    with bench.uow:
        assert [row.id for row in bench.repository.lock([ids[2], ids[0], 2**62])] == [ids[0], ids[2]]
        assert bench.repository.lock([2**62]) == []


def test_an_order_is_published_once(bench: Bench) -> None:
    order = bench.order()
    ids = [bench.add(order), bench.add(order, direction="of_customer")]
    other = bench.add()
    with bench.uow:
        assert [row.id for row in bench.repository.publish_of_order(order.id, START)] == ids
        assert bench.repository.publish_of_order(order.id, LATER) == []
    assert [bench.get(review_id).published_at for review_id in (*ids, other)] == [START, START, None]


def test_what_is_due(bench: Bench) -> None:
    dates: list[datetime] = [LATER + timedelta(hours=hours) for hours in (2, 0, 1)]
    ids = [bench.add(publish_at=at) for at in dates]
    with bench.uow:
        assert bench.repository.publish_due(LATER - timedelta(seconds=1), 9) == []
        assert [row.id for row in bench.repository.publish_due(LATER, 9)] == [ids[1]]
        assert [row.id for row in bench.repository.publish_due(LATER + timedelta(days=1), 1)] == [ids[2]]
        assert [row.id for row in bench.repository.publish_due(LATER + timedelta(days=1), 9)] == [ids[0]]


def test_one_reply(bench: Bench) -> None:
    review_id = bench.add()
    with bench.uow:
        assert bench.repository.set_reply(review_id, "Thanks", START) is True
        assert bench.repository.set_reply(review_id, "Again", LATER) is False
    assert (bench.get(review_id).reply, bench.get(review_id).replied_at) == ("Thanks", START)


def test_figures_add_up(bench: Bench) -> None:
    rated = [(5, 1), (1, 0), (5, 1), (3, 1)]
    five, one, again, three = (bench.add(rating=stars, performer=performer) for stars, performer in rated)
    with bench.uow:
        bench.repository.count([five, one, again, three], 1)
        assert bench.figures(0) == (1, 1, (1, 0, 0, 0, 0))
        assert bench.figures(1) == (3, 13, (0, 0, 1, 0, 2))
        bench.repository.count([again, one], -1)
        assert bench.figures(0) == (0, 0, (0, 0, 0, 0, 0))
        assert bench.figures(1) == (2, 8, (0, 0, 1, 0, 1))


def test_aspects_add_up(bench: Bench) -> None:
    ids = [
        bench.add(quality=5, punctuality=2),
        bench.add(quality=4, punctuality=3, communication=1),
        bench.add(),
    ]
    with bench.uow:
        bench.repository.count(ids, 1)
        assert bench.aspects() == ((2, 2, 1), (9, 5, 1))
        bench.repository.count(ids[:1], -1)
        assert bench.aspects() == ((1, 1, 1), (4, 3, 1))
    assert bench.get(ids[0]).aspects == {"quality": 5, "punctuality": 2, "communication": None}
    assert bench.get(ids[2]).aspects is None


def test_aspects_are_counted_again(bench: Bench) -> None:
    bench.add(quality=5, punctuality=2)
    with bench.uow:
        bench.repository.publish_due(LATER, 9)
        assert bench.repository.recount(0, 9)[1] == 1
        assert bench.aspects() == ((1, 1, 0), (5, 2, 0))
        assert bench.repository.recount(0, 9)[1] == 0


def test_a_recount(bench: Bench) -> None:
    for rating, performer in [(5, 0), (2, 0), (4, 1)]:
        bench.add(rating=rating, performer=performer)
    hidden = bench.add(rating=1)
    bench.add(rating=1, direction="of_customer")
    with bench.uow:
        bench.repository.publish_due(LATER, 9)
        bench.repository.set_hidden([hidden], LATER, "x")
        bench.add(rating=1)  # not published
        ids = sorted(row.id for row in bench.performers)
        assert bench.repository.recount(0, 1) == (ids[0], 1)
        assert (bench.figures(0), bench.figures(1)[0]) == ((2, 7, (0, 1, 0, 0, 1)), 0)
        assert bench.repository.recount(ids[0], 9) == (ids[1], 1)
        assert bench.figures(1) == (1, 4, (0, 0, 0, 1, 0))
        assert bench.repository.recount(0, 9) == (ids[1], 0)
        assert bench.repository.recount(ids[1], 9) == (None, 0)


def test_lists(bench: Bench) -> None:
    ids = [bench.add(rating=rating, publish_at=LATER + timedelta(hours=rating)) for rating in (1, 2, 3)]
    other = bench.add(performer=1)
    with bench.uow:
        for hours in (1, 2, 3):
            bench.repository.publish_due(LATER + timedelta(hours=hours), 9)
        bench.repository.set_hidden([ids[1]], LATER, "x")
    performer_id = bench.performers[0].id
    public = bench.repository.list_public(performer_id, PAGE).items
    assert [row.id for row in public] == [ids[2], ids[0]]
    with pytest.raises(NotFound):
        bench.repository.list_public(2**62, PAGE)
    for filters, found in [
        (ReviewFilters(), [other, *ids[::-1]]),
        (ReviewFilters(performer_id=performer_id), ids[::-1]),
        (ReviewFilters(hidden=True), [ids[1]]),
        (ReviewFilters(performer_id=performer_id, hidden=False), [ids[2], ids[0]]),
    ]:
        assert [row.id for row in bench.repository.list_all(PAGE, filters).items] == found


def test_ratings_of_a_customer(bench: Bench) -> None:
    order = bench.order()
    hidden = bench.add(order, 1, direction="of_customer")
    other = bench.add(bench.order(), 4, direction="of_customer", customer_id=order.customer_id)
    of_performer = bench.add(order, 5)
    assert bench.repository.summary_of_customer(order.customer_id) == (0, 0)
    with bench.uow:
        bench.repository.count([hidden, other, of_performer], 1)
        assert bench.repository.summary_of_customer(order.customer_id) == (2, 5)
        bench.repository.count([hidden], -1)
        assert bench.repository.summary_of_customer(order.customer_id) == (1, 4)


def test_ratings_of_customers_are_counted_again(bench: Bench) -> None:
    order, second = bench.order(), bench.order()
    bench.add(order, 4, direction="of_customer")
    bench.add(order, 1)
    hidden = bench.add(second, 2, direction="of_customer")
    with bench.uow:
        bench.repository.publish_due(LATER, 9)
        bench.repository.set_hidden([hidden], LATER, "x")
        bench.add(bench.order(), 3, direction="of_customer", customer_id=order.customer_id)  # not published
        assert bench.repository.recount_customers(0, 100)[1] == 1
        assert bench.repository.summary_of_customer(order.customer_id) == (1, 4)
        assert bench.repository.summary_of_customer(second.customer_id) == (0, 0)
        last, wrong = bench.repository.recount_customers(0, 100)
        assert wrong == 0
        assert bench.repository.recount_customers(last or 0, 100) == (None, 0)
        bench.repository.count([hidden], 1)
        assert bench.repository.recount_customers(order.customer_id, 1) == (second.customer_id, 1)
        assert bench.repository.summary_of_customer(second.customer_id) == (0, 0)


def test_of_customers_who_have_left_nothing_is_counted(runtime: Runtime, make: Factory) -> None:
    bench = Bench("sql", runtime, make)
    gone = make.user(deleted_at=START, anonymised_at=START)
    review_id = bench.add(make.order(gone, bench.services[0]), direction="of_customer")
    with bench.uow:
        bench.repository.publish_due(LATER, 9)
        bench.repository.count([review_id], -1)
        bench.repository.recount_customers(0, 100)
        assert bench.repository.summary_of_customer(gone.id) == (0, 0)


def test_public_reviews_come_from_their_index(runtime: Runtime, make: Factory) -> None:
    bench = Bench("sql", runtime, make)
    seen: list[str] = []
    db.session.execute(text("SET LOCAL enable_seqscan = off"))
    db.session.execute(text("SET LOCAL enable_sort = off"))
    connection = db.session.connection()

    def note(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "ORDER BY review.published_at DESC" in statement:
            seen.append(cursor.mogrify(statement, parameters).decode())

    event.listen(connection, "before_cursor_execute", note)
    try:
        bench.repository.list_public(bench.performers[0].id, PAGE)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    plan = "\n".join(db.session.scalars(text("EXPLAIN " + seen[0].replace(":", "\\:"))))
    assert "ix_review_performer_id" in plan
    assert "Sort" not in plan
