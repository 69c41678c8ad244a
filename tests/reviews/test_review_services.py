"""The rules of reviews, without a database."""

from datetime import timedelta
from typing import Any

import pytest

from marketplace.blueprints.orders.contracts import OrderRef
from marketplace.blueprints.reviews.errors import (
    AlreadyHidden,
    AlreadyReplied,
    AlreadyReviewed,
    NotHidden,
    NotReviewed,
    OrderNotCompleted,
    OwnReview,
    ReviewWindowClosed,
)
from marketplace.blueprints.reviews.ports import NewReview
from marketplace.blueprints.reviews.services.reviews import ReviewService
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import Forbidden, Invalid, NotFound
from marketplace.kernel.identity import Principal
from marketplace.outside.ports import PrivateLinks
from marketplace.testing import START
from tests.fakes.audit import RecordedAudit
from tests.fakes.reviews import NO_FIGURES, FakeReviewRepository
from tests.fakes.transactions import FakeUnitOfWork

CUSTOMER = Principal(1, 1, verified=True)
PERFORMER = Principal(2, 2, verified=True, performer_id=20)
STRANGER = Principal(3, 3, verified=True)
STAFF = Principal(4, 4, roles=frozenset({"moderator"}), verified=True)
WINDOW = timedelta(days=14)
SECOND = timedelta(seconds=1)


class FakeLinks(PrivateLinks):
    """Links that tell what they open."""

    def link(self, kind: str, row_id: int, right: str) -> str:
        return f"{kind}/{row_id}/{right}"


class Desk:
    """Orders 1, 2, ... of the customer and the performer are completed; order 9 is under way."""

    def __init__(self) -> None:
        self.uow, self.audit = FakeUnitOfWork(), RecordedAudit()
        self.reviews, self.clock = FakeReviewRepository({20: 2}), FrozenClock(START)
        self.service = ReviewService(
            self.uow, self.reviews, self.find_order, self.audit, FakeLinks(), self.clock
        )

    @staticmethod
    def find_order(order_id: int) -> OrderRef | None:
        if order_id > 9:
            return None
        done = order_id != 9
        return OrderRef(
            id=order_id,
            status="completed" if done else "delivered",
            customer_id=1,
            performer_id=20,
            performer_user_id=2,
            completed_at=START if done else None,
            starts_at=START - timedelta(hours=2),
            ends_at=START - timedelta(hours=1),
            proposed_starts_at=None,
            version=1,
        )

    def write(self, caller: Principal = CUSTOMER, order_id: int = 1, rating: int = 5, **more: Any) -> Any:
        return self.service.write(caller, order_id, NewReview({"rating": rating} | more))

    def published(self, order_id: int = 1, rating: int = 5) -> Any:
        self.write(CUSTOMER, order_id, rating)
        self.write(PERFORMER, order_id)
        return self.service.list_of_order(CUSTOMER, order_id)[0]

    @property
    def events(self) -> list[str]:
        return [event.name for event in self.uow.events]

    @property
    def figures(self) -> tuple[int, int, tuple[int, ...]]:
        return self.reviews.figures[20]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("first", [CUSTOMER, PERFORMER])
def test_the_double_blind(desk: Desk, first: Principal) -> None:
    second = PERFORMER if first is CUSTOMER else CUSTOMER
    own = desk.write(first, rating=4)
    assert own.direction == ("of_performer" if first is CUSTOMER else "of_customer")
    assert (own.published_at, own.publish_at) == (None, START + WINDOW)
    assert desk.service.list_of_order(first, 1) == [own]
    assert desk.service.list_of_order(second, 1) == []
    assert (desk.figures, desk.events) == (NO_FIGURES, ["review.written"])
    assert desk.write(second, rating=4).published_at == START
    assert len(desk.service.list_of_order(first, 1)) == len(desk.service.list_of_order(second, 1)) == 2
    assert desk.figures == (1, 4, (0, 0, 0, 1, 0))
    assert desk.events == ["review.written"] * 2 + ["review.published"] * 2


@pytest.mark.parametrize(
    ("caller", "order_id", "error"),
    [
        (STRANGER, 1, NotFound),
        (STAFF, 1, NotFound),
        (CUSTOMER, 10, NotFound),
        (CUSTOMER, 9, OrderNotCompleted),
        (STRANGER, 9, NotFound),
    ],
)
def test_who_may_not_write(desk: Desk, caller: Principal, order_id: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        desk.write(caller, order_id)
    assert (desk.reviews.reviews, desk.events, desk.uow.commits) == ({}, [], 0)


def test_once_an_author_and_order(desk: Desk) -> None:
    desk.write()
    with pytest.raises(AlreadyReviewed):
        desk.write(rating=1)
    assert desk.write(order_id=2).order_id == 2


def test_the_window(desk: Desk) -> None:
    desk.write()
    desk.clock.set(START + WINDOW)
    assert desk.write(PERFORMER).published_at == START + WINDOW
    desk.clock.advance(SECOND)
    with pytest.raises(ReviewWindowClosed):
        desk.write(order_id=2)


def test_silence_ends_with_the_window(desk: Desk) -> None:
    desk.write(rating=2)
    desk.write(PERFORMER, 2, rating=1)
    desk.clock.set(START + WINDOW - SECOND)
    assert desk.service.publish_due() == 0
    desk.clock.set(START + WINDOW)
    assert (desk.service.publish_due(), desk.service.publish_due()) == (2, 0)
    # Only the review of the performer counts.
    assert desk.figures == (1, 2, (0, 1, 0, 0, 0))
    assert desk.events.count("review.published") == 2


def test_replies(desk: Desk) -> None:
    waiting = desk.write(order_id=2)
    with pytest.raises(NotFound):
        desk.service.reply(PERFORMER, waiting.id, "Thanks")
    review = desk.published()
    for caller in (CUSTOMER, STRANGER):
        with pytest.raises(NotReviewed):
            desk.service.reply(caller, review.id, "Mine")
    assert desk.service.reply(PERFORMER, review.id, "Thanks").reply == "Thanks"
    with pytest.raises(AlreadyReplied):
        desk.service.reply(PERFORMER, review.id, "Again")
    of_customer = desk.service.list_of_order(CUSTOMER, 1)[1]
    with pytest.raises(NotFound):  # a stranger does not know of it
        desk.service.reply(STRANGER, of_customer.id, "Mine")
    assert desk.service.reply(CUSTOMER, of_customer.id, "Not true").reply == "Not true"
    assert desk.events[-2:] == ["review.replied"] * 2


def test_hiding_takes_out_of_the_figures(desk: Desk) -> None:
    review = desk.published(rating=1)
    desk.published(2, rating=5)
    assert desk.service.hide(STAFF, review.id, "Insult").hidden_reason == "Insult"
    assert desk.figures == (1, 5, (0, 0, 0, 0, 1))
    with pytest.raises(AlreadyHidden):
        desk.service.hide(STAFF, review.id, "Insult")
    assert desk.service.restore(STAFF, review.id).hidden_at is None
    assert desk.figures == (2, 6, (1, 0, 0, 0, 1))
    with pytest.raises(NotHidden):
        desk.service.restore(STAFF, review.id)
    names = ("action", "subject_id", "before", "after", "reason")
    assert [tuple(entry[name] for name in names) for entry in desk.audit.entries] == [
        ("review.hide", review.id, {"hidden": False}, {"hidden": True}, "Insult"),
        ("review.restore", review.id, {"hidden": True}, {"hidden": False}, None),
    ]
    assert desk.events[-2:] == ["review.hidden", "review.restored"]


def test_hidden_before_it_is_published(desk: Desk) -> None:
    review = desk.write(rating=1)
    desk.service.hide(STAFF, review.id, "Insult")
    desk.write(PERFORMER)
    assert desk.figures == NO_FIGURES
    assert desk.events.count("review.published") == 1
    desk.service.restore(STAFF, review.id)
    assert desk.figures == (1, 1, (1, 0, 0, 0, 0))


def test_reviews_of_customers_never_count(desk: Desk) -> None:
    desk.published()
    of_customer = desk.service.list_of_order(CUSTOMER, 1)[1]
    before = desk.figures
    desk.service.hide(STAFF, of_customer.id, "Insult")
    assert desk.figures == before


def test_many_decisions(desk: Desk) -> None:
    ids = [desk.published(order_id, order_id).id for order_id in (1, 2, 3)]
    desk.service.hide(STAFF, ids[0], "Insult")
    bulk = desk.service
    assert bulk.apply([*ids, 99], "hidden", "Campaign", STAFF).codes == {
        ids[0]: "already_hidden",
        ids[1]: None,
        ids[2]: None,
        99: "not_found",
    }
    assert desk.figures == NO_FIGURES
    with pytest.raises(Invalid):
        bulk.apply(ids, "hidden", None, STAFF)
    assert bulk.apply(ids, "visible", None, STAFF).codes == dict.fromkeys(ids)
    assert desk.figures == (3, 6, (1, 1, 1, 0, 0))


@pytest.mark.parametrize("user_id", [1, 2])
def test_staff_keeps_off_own_reviews(desk: Desk, user_id: int) -> None:
    review = desk.published()
    party = Principal(user_id, 9, roles=frozenset({"admin"}), verified=True)
    with pytest.raises(OwnReview):
        desk.service.hide(party, review.id, "Mine")
    with pytest.raises(NotFound):
        desk.service.hide(STAFF, 99, "Nobody's")
    assert desk.audit.entries == []


def test_ratings_of_customers(desk: Desk) -> None:
    for order_id, rating in [(1, 5), (2, 4)]:
        desk.write(CUSTOMER, order_id)
        desk.write(PERFORMER, order_id, rating)
    summary = desk.service.summary_of_customer(PERFORMER, 1)
    assert (summary.count, summary.average) == (2, None)
    desk.write(CUSTOMER, 3)
    desk.write(PERFORMER, 3, 4)
    summary = desk.service.summary_of_customer(PERFORMER, 9)
    assert (summary.count, summary.average) == (3, 4.33)
    with pytest.raises(Forbidden):
        desk.service.summary_of_customer(CUSTOMER, 1)
    with pytest.raises(NotFound):
        desk.service.summary_of_customer(STRANGER, 1)
