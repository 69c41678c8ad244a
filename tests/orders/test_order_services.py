"""The rules of orders, without a database."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from marketplace.blueprints.orders.errors import (
    OwnService,
    SlotTaken,
    StartsInPast,
    TooFarAhead,
    TransitionNotAllowed,
    WrongParty,
)
from marketplace.blueprints.orders.policies import TRANSITIONS, Role
from marketplace.blueprints.orders.ports import Bookable
from marketplace.blueprints.orders.services import BookingService, TransitionService
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from tests.conftest import START
from tests.fakes.transactions import FakeUnitOfWork
from tests.orders.fakes import FakeAudit, FakeOrders

CUSTOMER = Principal(1, 1, verified=True)
PERFORMER = Principal(2, 2, verified=True, performer_id=20, performer_status="approved")
STRANGER = Principal(3, 3, verified=True)
STAFF = Principal(4, 4, roles=frozenset({"moderator"}), verified=True)
SERVICE = Bookable(5, 20, 2, "Install a lamp", "hourly", Money(5000, "EUR"), 90)
DAY = timedelta(days=1)


class Shop:
    def __init__(self) -> None:
        self.uow, self.orders, self.audit = FakeUnitOfWork(), FakeOrders({20: 2}), FakeAudit()
        self.clock = FrozenClock(START)
        self.booking = BookingService(self.uow, self.orders, self.find_service, self.clock)
        self.transitions = TransitionService(self.uow, self.orders, self.audit, self.clock)

    @staticmethod
    def find_service(service_id: int) -> Bookable:
        if service_id != SERVICE.id:
            raise NotFound
        return SERVICE

    def book(self, caller: Principal = CUSTOMER, **values: Any) -> Any:
        given: Mapping[str, Any] = {"service_id": 5, "starts_at": START + DAY, "address": {}} | values
        return self.booking.book(caller, given)

    @property
    def events(self) -> list[str]:
        return [event.name for event in self.uow.events]


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_booking_copies_what_was_agreed(shop: Shop) -> None:
    order = shop.book(note="Ring twice")
    assert (order.title, order.pricing, order.price) == ("Install a lamp", "hourly", Money(5000, "EUR"))
    assert (order.starts_at, order.ends_at) == (START + DAY, START + DAY + timedelta(minutes=90))
    assert (order.customer_id, order.performer_user_id, order.note) == (1, 2, "Ring twice")
    assert order.allowed_transitions == ["cancel", "reschedule"]
    assert [(step.transition, step.to_status) for step in shop.orders.steps] == [("create", "pending")]
    assert (shop.events, shop.uow.commits) == (["order.created"], 1)


@pytest.mark.parametrize(
    ("caller", "values", "error"),
    [
        (PERFORMER, {}, OwnService),
        (CUSTOMER, {"service_id": 6}, NotFound),
        (CUSTOMER, {"starts_at": START}, StartsInPast),
        (CUSTOMER, {"starts_at": START + timedelta(days=365, seconds=1)}, TooFarAhead),
    ],
)
def test_booking_refused(
    shop: Shop, caller: Principal, values: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        shop.book(caller, **values)
    assert (shop.orders.rows, shop.events, shop.uow.commits) == ({}, [], 0)


def test_the_last_moment_that_can_be_booked(shop: Shop) -> None:
    assert shop.book(starts_at=START + timedelta(days=365)).id == 1


def test_a_taken_time(shop: Shop) -> None:
    shop.transitions.move(PERFORMER, shop.book().id, "accept")
    with pytest.raises(SlotTaken):
        shop.book(starts_at=START + DAY + timedelta(minutes=89))
    assert shop.book(starts_at=START + DAY + timedelta(minutes=90)).status == "pending"


@pytest.mark.parametrize("name", sorted(set(TRANSITIONS) - {"expire", "resolve", "reschedule"}))
def test_strangers_know_of_nothing(shop: Shop, name: str) -> None:
    order = shop.book()
    for order_id in (order.id, 99):
        with pytest.raises(NotFound):
            shop.transitions.move(STRANGER, order_id, name)
    assert shop.orders.rows[order.id].status == "pending"


def test_a_party_on_the_staff_is_a_party(shop: Shop) -> None:
    both = Principal(1, 9, roles=frozenset({"admin"}), verified=True)
    order = shop.book(both)
    with pytest.raises(WrongParty):
        shop.transitions.move(both, order.id, "accept")
    shop.transitions.move(both, order.id, "cancel")
    assert shop.orders.steps[-1].actor_role == Role.CUSTOMER
    assert shop.audit.entries == []


def test_staff_steps_are_audited(shop: Shop) -> None:
    order = shop.book()
    shop.transitions.move(STAFF, order.id, "cancel", "Fraud")
    assert shop.audit.entries == [
        ("order.cancel", 1, {"status": "pending"}, {"status": "cancelled"}, "Fraud")
    ]


def test_what_is_not_allowed_says_what_is(shop: Shop) -> None:
    order = shop.book()
    with pytest.raises(TransitionNotAllowed) as caught:
        shop.transitions.move(PERFORMER, order.id, "deliver")
    assert caught.value.data == {
        "order_status": "pending",
        "allowed_transitions": ["accept", "decline", "cancel", "reschedule"],
    }
    assert shop.events == ["order.created"]


def test_one_event_a_step(shop: Shop) -> None:
    order = shop.book()
    for caller, name in [
        (PERFORMER, "accept"),
        (PERFORMER, "start"),
        (PERFORMER, "deliver"),
        (CUSTOMER, "request_changes"),
        (PERFORMER, "deliver"),
        (CUSTOMER, "dispute"),
    ]:
        shop.transitions.move(caller, order.id, name, "why")
    assert shop.transitions.resolve(CUSTOMER, order.id, "completed", None).status == "disputed"
    assert shop.transitions.resolve(CUSTOMER, order.id, "completed", None).status == "disputed"
    ended = shop.transitions.resolve(PERFORMER, order.id, "completed", None)
    assert (ended.status, ended.completed_at) == ("completed", START)
    assert len(shop.events) == len(shop.orders.steps) == 10
    assert shop.events[-4:] == ["order.disputed", *["order.resolution_proposed"] * 2, "order.resolved"]


def test_staff_needs_nobodys_consent(shop: Shop) -> None:
    order = shop.book()
    shop.transitions.move(PERFORMER, order.id, "accept")
    shop.transitions.move(CUSTOMER, order.id, "dispute", "why")
    with pytest.raises(WrongParty):
        shop.transitions.decide(CUSTOMER, order.id, "cancelled", "mine")
    assert shop.transitions.decide(STAFF, order.id, "cancelled", "Nobody came").status == "cancelled"
    assert shop.audit.entries[0][0] == "order.resolve"


def test_another_time_needs_both(shop: Shop) -> None:
    order, new = shop.book(), START + 3 * DAY
    with pytest.raises(WrongParty):
        shop.transitions.reschedule(STAFF, order.id, new)
    shop.transitions.reschedule(CUSTOMER, order.id, new)
    assert shop.transitions.reschedule(CUSTOMER, order.id, new).starts_at == START + DAY
    shop.clock.set(new)
    with pytest.raises(StartsInPast):  # the proposal is too old to be accepted
        shop.transitions.reschedule(PERFORMER, order.id, new)
    shop.clock.set(START)
    moved = shop.transitions.reschedule(PERFORMER, order.id, new)
    assert (moved.starts_at, moved.ends_at - moved.starts_at) == (new, timedelta(minutes=90))
    assert moved.proposed_by is None


def test_timers(shop: Shop) -> None:
    pending, delivered = shop.book(), shop.book(starts_at=START + 5 * DAY)
    for name in ("accept", "start", "deliver"):
        shop.transitions.move(PERFORMER, delivered.id, name)
    shop.clock.set(START + DAY)
    assert (shop.transitions.expire_due(), shop.transitions.complete_due()) == (1, 0)
    shop.clock.set(START + 2 * DAY)
    assert (shop.transitions.expire_due(), shop.transitions.complete_due()) == (0, 1)
    assert [shop.orders.rows[order.id].status for order in (pending, delivered)] == ["expired", "completed"]
    last = shop.orders.steps[-1]
    assert (last.transition, last.actor_id, last.actor_role) == ("complete", None, Role.SYSTEM)
    assert shop.events[-2:] == ["order.expired", "order.completed"]


def test_who_reads(shop: Shop) -> None:
    order = shop.book()
    assert shop.booking.get(PERFORMER, order.id).allowed_transitions == [
        "accept",
        "decline",
        "cancel",
        "reschedule",
    ]
    assert shop.booking.get(STAFF, order.id).allowed_transitions == ["cancel"]
    for caller, order_id in [(STRANGER, order.id), (CUSTOMER, 99)]:
        with pytest.raises(NotFound):
            shop.booking.get(caller, order_id)
