"""The rules of orders, on fakes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from marketplace.blueprints.orders import errors
from marketplace.blueprints.orders.ports import Bookable, OrderView
from marketplace.blueprints.orders.services import BookingService, TransitionService
from marketplace.blueprints.performers.public import TimeCheck
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import AppError, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import PageRequest
from tests.conftest import START
from tests.fakes.orders import FakeOrderRepository, RecordedAudit
from tests.fakes.transactions import FakeUnitOfWork

DAY = timedelta(days=1)
EARLY = timedelta(hours=2)
ANN = Principal(user_id=1, session_id=1)
PETRA = Principal(user_id=2, session_id=2, performer_id=20)
STAFF = Principal(user_id=3, session_id=3, roles=frozenset({"admin"}))
MODERATOR = Principal(user_id=5, session_id=5, roles=frozenset({"moderator"}))
STRANGER = Principal(user_id=4, session_id=4, performer_id=40)
SERVICE = Bookable(
    id=7,
    performer_id=20,
    performer_user_id=2,
    title="Install a lamp",
    pricing="hourly",
    price=Money(5000, "EUR"),
    duration_minutes=90,
)


class Market:
    """Both services on one set of fakes."""

    def __init__(self) -> None:
        self.uow = FakeUnitOfWork()
        self.time = TimeCheck(
            outside_schedule=False, too_short_notice=False, gap=timedelta(0), notice=timedelta(0)
        )
        self.repository = FakeOrderRepository({20: 2})
        self.clock = FrozenClock(START)
        self.audit = RecordedAudit()
        self.booking = BookingService(
            self.uow, self.repository, self._catalog, self._calendar, self.clock, EARLY
        )
        self.steps = TransitionService(self.uow, self.repository, self.audit, self.clock, EARLY)

    def _calendar(self, _performer_id: int, _starts_at: datetime, _ends_at: datetime) -> TimeCheck:
        return self.time

    def _catalog(self, service_id: int) -> Bookable:
        if service_id != SERVICE.id:
            raise NotFound
        return SERVICE

    def book(self, starts_at: datetime = START + DAY, caller: Principal = ANN, **more: Any) -> OrderView:
        values = {"service_id": 7, "starts_at": starts_at, "address": {"line1": "Side Street 2"}}
        return self.booking.book(caller, values | more)

    def confirmed(self, starts_at: datetime = START + DAY) -> int:
        order = self.book(starts_at)
        self.steps.move(PETRA, order.id, "accept")
        return order.id

    def disputed(self) -> int:
        order_id = self.confirmed()
        self.steps.move(ANN, order_id, "dispute", "It fell down")
        return order_id

    @property
    def events(self) -> list[str]:
        return [event.name for event in self.uow.events]


@pytest.fixture
def market() -> Market:
    return Market()


def refused(error: type[AppError], run: Callable[[], object], market: Market) -> AppError:
    """`run` is refused, and leaves no event, step or change behind."""
    before = (list(market.uow.events), list(market.repository.steps), dict(market.repository.orders))
    with pytest.raises(error) as caught:
        run()
    assert (market.uow.events, market.repository.steps, market.repository.orders) == before
    return caught.value


def test_a_booking_copies_what_was_agreed(market: Market) -> None:
    order = market.book(note="Ring twice")
    assert (order.title, order.pricing, order.price) == ("Install a lamp", "hourly", Money(5000, "EUR"))
    assert (order.starts_at, order.ends_at) == (START + DAY, START + DAY + timedelta(minutes=90))
    assert (order.customer_id, order.performer_id, order.status) == (1, 20, "pending")
    assert (order.note, order.created_at, order.state_entered_at) == ("Ring twice", START, START)
    assert set(order.allowed_transitions) == {"cancel", "reschedule"}
    [step] = market.repository.steps
    assert (step.transition, step.from_status, step.to_status, step.actor_id) == (
        "create",
        None,
        "pending",
        1,
    )
    [event] = market.uow.events
    assert event.payload() == {
        "order_id": order.id,
        "customer_id": 1,
        "performer_id": 20,
        "performer_user_id": 2,
        "status": "pending",
        "actor_id": 1,
    }
    assert market.uow.commits == 1


def test_bookings_that_are_refused(market: Market) -> None:
    refused(NotFound, lambda: market.book(service_id=8), market)
    refused(errors.OwnService, lambda: market.book(caller=PETRA), market)
    for start in (START, START - DAY):
        refused(errors.StartsInPast, lambda start=start: market.book(start), market)
    refused(errors.TooFarAhead, lambda: market.book(START + 365 * DAY + timedelta(seconds=1)), market)
    market.book(START + 365 * DAY)
    market.book(START + timedelta(seconds=1))
    market.confirmed(START + 5 * DAY)
    refused(errors.SlotTaken, lambda: market.book(START + 5 * DAY + timedelta(minutes=89)), market)
    market.book(START + 5 * DAY + timedelta(minutes=90))


def test_a_pending_order_takes_no_time(market: Market) -> None:
    first, second = market.book(), market.book(caller=STRANGER)
    market.steps.move(PETRA, first.id, "accept")
    refused(errors.SlotTaken, lambda: market.steps.move(PETRA, second.id, "accept"), market)


def test_who_reads(market: Market) -> None:
    order = market.book()
    assert market.booking.get(PETRA, order.id).allowed_transitions == [
        "accept", "decline", "cancel", "reschedule",
    ]  # fmt: skip
    assert market.booking.get(STAFF, order.id).allowed_transitions == ["cancel"]
    assert market.booking.get(MODERATOR, order.id).allowed_transitions == []
    assert len(market.booking.history(MODERATOR, order.id, PageRequest()).items) == 1
    for read in (market.booking.get, lambda who, id_: market.booking.history(who, id_, PageRequest())):
        with pytest.raises(NotFound):
            read(STRANGER, order.id)
        with pytest.raises(NotFound):
            read(ANN, 99)
    assert market.booking.list_own(STRANGER, PageRequest(), None, {}).items == []
    [seen] = market.booking.list_own(PETRA, PageRequest(), "performer", {}).items
    assert "accept" in seen.allowed_transitions


def test_a_member_of_staff_who_is_a_party_acts_as_that(market: Market) -> None:
    """Nobody judges in their own case."""
    for staff in (
        Principal(user_id=1, session_id=1, roles=frozenset({"admin"})),
        Principal(user_id=2, session_id=1, roles=frozenset({"admin"}), performer_id=20),
    ):
        market = Market()
        order_id = market.disputed()
        own = market.steps.resolve(staff, order_id, "completed", None)
        assert (own.status, own.resolution) == ("disputed", "completed")
        refused(
            errors.WrongParty,
            lambda m=market, s=staff, o=order_id: m.steps.decide(s, o, "completed", "x"),
            market,
        )
        assert market.audit.entries == []


# --- rescheduling -----------------------------------------------------------------------------------


def test_one_proposes_and_the_other_accepts(market: Market) -> None:
    order_id = market.confirmed()
    proposed = market.steps.reschedule(ANN, order_id, START + 2 * DAY)
    assert (proposed.starts_at, proposed.proposed_starts_at, proposed.proposed_by) == (
        START + DAY, START + 2 * DAY, "customer",
    )  # fmt: skip
    accepted = market.steps.reschedule(PETRA, order_id, START + 2 * DAY)
    assert (accepted.starts_at, accepted.ends_at) == (
        START + 2 * DAY,
        START + 2 * DAY + timedelta(minutes=90),
    )
    assert (accepted.proposed_starts_at, accepted.proposed_by, accepted.status) == (None, None, "confirmed")
    assert market.events[-2:] == ["order.reschedule_proposed", "order.rescheduled"]
    assert market.repository.steps[-1].data == {"starts_at": "2026-05-06T09:00:00+00:00"}


def test_one_does_not_accept_an_own_proposal(market: Market) -> None:
    order_id = market.confirmed()
    for _ in range(2):
        again = market.steps.reschedule(ANN, order_id, START + 2 * DAY)
        assert (again.starts_at, again.proposed_by) == (START + DAY, "customer")


def test_the_other_proposes_something_else(market: Market) -> None:
    order_id = market.confirmed()
    market.steps.reschedule(ANN, order_id, START + 2 * DAY)
    counter = market.steps.reschedule(PETRA, order_id, START + 3 * DAY)
    assert (counter.proposed_starts_at, counter.proposed_by) == (START + 3 * DAY, "performer")
    accepted = market.steps.reschedule(ANN, order_id, START + 3 * DAY)
    assert accepted.starts_at == START + 3 * DAY


def test_a_shift_within_the_own_time_is_no_clash(market: Market) -> None:
    order_id = market.confirmed()
    half_past = START + DAY + timedelta(minutes=30)
    market.steps.reschedule(ANN, order_id, half_past)
    assert market.steps.reschedule(PETRA, order_id, half_past).starts_at == half_past


def test_a_time_that_was_taken_in_between(market: Market) -> None:
    order_id = market.confirmed()
    market.steps.reschedule(ANN, order_id, START + 2 * DAY)
    market.confirmed(START + 2 * DAY)
    refused(errors.SlotTaken, lambda: market.steps.reschedule(PETRA, order_id, START + 2 * DAY), market)
    refused(errors.SlotTaken, lambda: market.steps.reschedule(ANN, order_id, START + 2 * DAY), market)


def test_times_that_nobody_proposes(market: Market) -> None:
    order_id = market.confirmed()
    refused(errors.StartsInPast, lambda: market.steps.reschedule(ANN, order_id, START), market)
    refused(errors.TooFarAhead, lambda: market.steps.reschedule(ANN, order_id, START + 366 * DAY), market)
    market.steps.reschedule(ANN, order_id, START + 2 * DAY)
    market.clock.advance(2 * DAY)
    refused(errors.StartsInPast, lambda: market.steps.reschedule(PETRA, order_id, START + 2 * DAY), market)


def test_a_new_state_makes_proposals_void(market: Market) -> None:
    order_id = market.book().id
    market.steps.reschedule(ANN, order_id, START + 2 * DAY)
    accepted = market.steps.move(PETRA, order_id, "accept")
    assert (accepted.starts_at, accepted.proposed_starts_at, accepted.proposed_by) == (
        START + DAY,
        None,
        None,
    )


# --- disputes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["completed", "cancelled"])
def test_parties_agree(market: Market, outcome: str) -> None:
    order_id = market.disputed()
    proposed = market.steps.resolve(ANN, order_id, outcome, "Half the price back")
    assert (proposed.status, proposed.resolution, proposed.resolution_by) == ("disputed", outcome, "customer")
    assert market.steps.resolve(ANN, order_id, outcome, None).status == "disputed"
    ended = market.steps.resolve(PETRA, order_id, outcome, None)
    assert (ended.status, ended.resolution, ended.resolution_by) == (outcome, None, None)
    assert ended.completed_at == (START if outcome == "completed" else None)
    assert market.events[-3:] == ["order.resolution_proposed"] * 2 + ["order.resolved"]
    assert market.audit.entries == []


def test_parties_disagree(market: Market) -> None:
    order_id = market.disputed()
    market.steps.resolve(ANN, order_id, "cancelled", None)
    counter = market.steps.resolve(PETRA, order_id, "completed", None)
    assert (counter.status, counter.resolution, counter.resolution_by) == (
        "disputed",
        "completed",
        "performer",
    )
    assert market.steps.resolve(ANN, order_id, "completed", None).status == "completed"


def test_staff_decides(market: Market) -> None:
    order_id = market.disputed()
    market.steps.resolve(ANN, order_id, "cancelled", None)
    ended = market.steps.decide(STAFF, order_id, "completed", "The lamp hangs")
    assert (ended.status, ended.resolution, ended.completed_at) == ("completed", None, START)
    assert market.audit.entries == [
        {
            "action": "order.resolve",
            "subject": ("order", order_id),
            "actor": 3,
            "before": {"status": "disputed"},
            "after": {"status": "completed"},
            "reason": "The lamp hangs",
        }
    ]


def test_moderators_move_no_orders(market: Market) -> None:
    order_id = market.disputed()
    for step in (
        lambda: market.steps.resolve(MODERATOR, order_id, "completed", None),
        lambda: market.steps.decide(MODERATOR, order_id, "completed", "x"),
        lambda: market.steps.move(MODERATOR, order_id, "cancel"),
        lambda: market.steps.reschedule(MODERATOR, order_id, START + DAY),
    ):
        refused(errors.WrongParty, step, market)


@pytest.mark.parametrize("name", ["cancel", "complete"])
def test_steps_of_staff_are_audited(market: Market, name: str) -> None:
    order_id = market.confirmed(START + EARLY)
    if name == "complete":
        market.steps.move(PETRA, order_id, "start")
        market.steps.move(PETRA, order_id, "deliver")
    market.steps.move(STAFF, order_id, name, "because")
    [entry] = market.audit.entries
    assert (entry["action"], entry["actor"], entry["reason"]) == (f"order.{name}", 3, "because")


# --- by itself --------------------------------------------------------------------------------------


def test_unanswered_orders_expire(market: Market) -> None:
    early = market.book(START + timedelta(hours=2)).id
    late = market.book(START + 3 * DAY).id
    answered = market.confirmed(START + 4 * DAY)
    assert market.steps.expire_due() == 0
    market.clock.advance(timedelta(hours=2))
    assert market.steps.expire_due() == 1
    market.clock.set(START + DAY)
    assert (market.steps.expire_due(), market.steps.expire_due()) == (1, 0)
    expired = [step for step in market.repository.steps if step.transition == "expire"]
    assert [(step.order_id, step.actor_id, step.actor_role) for step in expired] == [
        (early, None, "system"),
        (late, None, "system"),
    ]
    assert {(step.from_status, step.to_status) for step in expired} == {("pending", "expired")}
    assert market.events[-2:] == ["order.expired"] * 2
    assert market.booking.get(ANN, answered).status == "confirmed"


def test_delivered_orders_are_complete_after_two_days(market: Market) -> None:
    order_id = market.confirmed(START + EARLY)
    for name in ("start", "deliver"):
        market.steps.move(PETRA, order_id, name)
    market.clock.advance(DAY)
    market.steps.move(ANN, order_id, "request_changes", "Askew")
    market.clock.advance(5 * DAY)
    assert market.steps.complete_due() == 0
    market.steps.move(PETRA, order_id, "deliver")
    market.clock.advance(2 * DAY - timedelta(seconds=1))
    assert market.steps.complete_due() == 0, "counted from the last delivery"
    market.clock.advance(timedelta(seconds=1))
    assert (market.steps.complete_due(), market.steps.complete_due()) == (1, 0)
    order = market.booking.get(ANN, order_id)
    assert (order.status, order.completed_at) == ("completed", START + 8 * DAY)
    assert market.events[-1] == "order.completed"


def test_a_dispute_stops_the_clock(market: Market) -> None:
    order_id = market.disputed()
    market.clock.advance(30 * DAY)
    assert market.steps.complete_due() == market.steps.expire_due() == 0
    assert market.booking.get(ANN, order_id).status == "disputed"


def test_the_performers_time_decides(market: Market) -> None:
    market.confirmed()
    market.time = replace(market.time, gap=timedelta(minutes=30))
    refused(errors.SlotTaken, lambda: market.book(START + DAY + timedelta(minutes=119)), market)
    assert market.book(START + DAY + timedelta(minutes=120)).status == "pending"
    market.time = replace(market.time, outside_schedule=True)
    refused(errors.OutsideSchedule, lambda: market.book(START + 2 * DAY), market)
    market.time = replace(market.time, too_short_notice=True)
    refused(errors.TooShortNotice, lambda: market.book(START + 2 * DAY), market)
