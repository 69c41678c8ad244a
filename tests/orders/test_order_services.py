"""The rules of orders, on fakes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from marketplace.blueprints.availability.errors import (
    OutsideSchedule,
    OwnService,
    SlotTaken,
    StartsInPast,
    TooClose,
    TooFarAhead,
    TooShortNotice,
)
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.blueprints.orders import errors
from marketplace.blueprints.orders.contracts import OrderReminder
from marketplace.blueprints.orders.policies.life import StepTimes
from marketplace.blueprints.orders.ports import OrderFilters, OrderView
from marketplace.blueprints.orders.services.booking import BookingService
from marketplace.blueprints.orders.services.desk import Desk
from marketplace.blueprints.orders.services.shared import TIMER_JOB
from marketplace.blueprints.orders.services.steps import Steps
from marketplace.blueprints.orders.services.timers import TimerService
from marketplace.blueprints.orders.services.transitions import TransitionService
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import AppError, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.lanes import Postponed
from marketplace.kernel.money import Money
from marketplace.kernel.pages import PageRequest
from marketplace.testing import START
from tests.fakes.audit import RecordedAudit
from tests.fakes.calendar import FakeCalendar
from tests.fakes.orders import FakeOrderRepository
from tests.fakes.transactions import FakeUnitOfWork

DAY = timedelta(days=1)
EARLY = timedelta(hours=2)
ANN = Principal(user_id=1, session_id=1)
PETRA = Principal(user_id=2, session_id=2, performer_id=20)
STAFF = Principal(user_id=3, session_id=3, roles=frozenset({"admin"}))
MODERATOR = Principal(user_id=5, session_id=5, roles=frozenset({"moderator"}))
STRANGER = Principal(user_id=4, session_id=4, performer_id=40)
SERVICE = BookableService(
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
        self.repository = FakeOrderRepository({20: 2})
        self.clock = FrozenClock(START)
        self.audit = RecordedAudit()
        self.calendar = FakeCalendar(self.repository, self.clock)
        times = StepTimes(start_early=EARLY, no_show_after=timedelta(minutes=30))
        steps = Steps(self.uow, self.repository, self.audit, self.clock, times)
        desk = Desk(self.uow, self.repository, steps, self._catalog, self.calendar, self.clock, times)
        self.booking = BookingService(self.uow, self.repository, desk, self.calendar, self.clock, times)
        self.steps = TransitionService(self.uow, steps, self.calendar)
        self.timers = TimerService(self.uow, self.repository, steps, self.clock)

    def _catalog(self, service_id: int) -> BookableService:
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

    def due(self, order_id: int) -> dict[str, datetime]:
        """When the timers of an order are due that were made for its present entry."""
        entry = self.repository.orders[order_id].state_entry
        return {
            job["name"]: datetime.fromisoformat(job["due_at"])
            for kind, job in self.uow.jobs
            if kind == TIMER_JOB and (job["order_id"], job["entry"]) == (order_id, entry)
        }

    def tick(self, order_id: int, *names: str, entry: int | None = None) -> None:
        """Run timers of an order, of its present entry or of another."""
        for name in names:
            self.timers.run(order_id, entry or self.repository.orders[order_id].state_entry, name)

    def delivered(self) -> int:
        order_id = self.confirmed(START + EARLY)
        for name in ("start", "deliver"):
            self.steps.move(PETRA, order_id, name)
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
    refused(OwnService, lambda: market.book(caller=PETRA), market)
    for start in (START, START - DAY):
        refused(StartsInPast, lambda start=start: market.book(start), market)
    refused(TooFarAhead, lambda: market.book(START + 365 * DAY + timedelta(seconds=1)), market)
    market.book(START + 365 * DAY)
    market.book(START + timedelta(seconds=1))
    market.confirmed(START + 5 * DAY)
    refused(SlotTaken, lambda: market.book(START + 5 * DAY + timedelta(minutes=89)), market)
    market.book(START + 5 * DAY + timedelta(minutes=90))


def test_a_pending_order_takes_no_time(market: Market) -> None:
    first, second = market.book(), market.book(caller=STRANGER)
    market.steps.move(PETRA, first.id, "accept")
    refused(SlotTaken, lambda: market.steps.move(PETRA, second.id, "accept"), market)


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
    assert market.booking.list_own(STRANGER, PageRequest(), None, OrderFilters()).items == []
    [seen] = market.booking.list_own(PETRA, PageRequest(), "performer", OrderFilters()).items
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
    refused(SlotTaken, lambda: market.steps.reschedule(PETRA, order_id, START + 2 * DAY), market)
    refused(SlotTaken, lambda: market.steps.reschedule(ANN, order_id, START + 2 * DAY), market)


def test_times_that_nobody_proposes(market: Market) -> None:
    order_id = market.confirmed()
    refused(StartsInPast, lambda: market.steps.reschedule(ANN, order_id, START), market)
    refused(TooFarAhead, lambda: market.steps.reschedule(ANN, order_id, START + 366 * DAY), market)
    market.steps.reschedule(ANN, order_id, START + 2 * DAY)
    market.clock.advance(2 * DAY)
    refused(StartsInPast, lambda: market.steps.reschedule(PETRA, order_id, START + 2 * DAY), market)


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
    for early in (timedelta(0), 3 * DAY - timedelta(microseconds=1)):
        market.clock.set(START + early)
        refused(
            errors.TransitionNotAllowed,
            lambda: market.steps.decide(STAFF, order_id, "completed", "x"),
            market,
        )
    market.clock.set(START + 3 * DAY)
    ended = market.steps.decide(STAFF, order_id, "completed", "The lamp hangs")
    assert (ended.status, ended.resolution, ended.completed_at) == ("completed", None, START + 3 * DAY)
    assert market.audit.entries == [
        {
            "action": "order.resolve",
            "subject_type": "order",
            "subject_id": order_id,
            "actor_id": 3,
            "before": {"status": "disputed"},
            "after": {"status": "completed", "refund_percent": 0},
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
    assert (entry["action"], entry["actor_id"], entry["reason"]) == (f"order.{name}", 3, "because")


# --- by itself --------------------------------------------------------------------------------------


HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def reminders(market: Market) -> list[tuple[str, int, str]]:
    """What was reminded of: the event, the order, and the time."""
    return [(one.name, one.order_id, one.at) for one in market.uow.events if isinstance(one, OrderReminder)]


def text_of(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_unanswered_orders_expire(market: Market) -> None:
    early = market.book(START + 2 * HOUR).id
    late = market.book(START + 3 * DAY).id
    assert market.due(early) == {
        "expire": START + 2 * HOUR,
        "expiry_reminder": START + 1.5 * HOUR,  # a quarter of the time is left
    }
    assert market.due(late) == {"expire": START + DAY, "expiry_reminder": START + 22 * HOUR}
    for order_id, end in ((early, START + 2 * HOUR), (late, START + DAY)):
        market.clock.set(end - SECOND)
        with pytest.raises(Postponed) as early_bird:
            market.tick(order_id, "expire")
        assert (early_bird.value.seconds, early_bird.value.exactly) == (1.0, True)
        assert market.booking.get(ANN, order_id).allowed_transitions == ["cancel", "reschedule"]
        market.clock.set(end)
        # Nobody can do anything from now on, whether or not the worker has come.
        assert market.booking.get(ANN, order_id).allowed_transitions == []
        market.tick(order_id, "expire")
        refused(errors.TransitionNotAllowed, lambda o=order_id: market.steps.move(PETRA, o, "accept"), market)
        market.tick(order_id, "expire")
        market.tick(order_id, "expire", entry=1)
    expired = [step for step in market.repository.steps if step.transition == "expire"]
    assert [(step.order_id, step.actor_id, step.actor_role) for step in expired] == [
        (early, None, "system"),
        (late, None, "system"),
    ]
    assert {(step.from_status, step.to_status) for step in expired} == {("pending", "expired")}
    assert market.events.count("order.expired") == 2


def test_the_notice_counts(market: Market) -> None:
    market.calendar.notice = 4 * HOUR
    order_id = market.book(START + 8 * HOUR).id
    assert market.due(order_id) == {"expire": START + 4 * HOUR, "expiry_reminder": START + 3 * HOUR}


def test_a_timer_of_a_state_that_was_left_does_nothing(market: Market) -> None:
    order_id = market.book(START + 2 * DAY).id
    market.steps.move(PETRA, order_id, "accept")
    market.clock.advance(DAY)
    before = (list(market.uow.events), list(market.repository.steps), dict(market.repository.orders))
    for name in ("expire", "expiry_reminder", "complete", "completion_reminder"):
        market.tick(order_id, name, entry=1)
        market.tick(order_id, name)
        market.tick(order_id, name, entry=3)
    market.tick(99, "expire", entry=1)
    assert (market.uow.events, market.repository.steps, market.repository.orders) == before
    with pytest.raises(KeyError):
        market.tick(order_id, "nothing")


def test_delivered_orders_are_complete_after_two_days(market: Market) -> None:
    order_id = market.delivered()
    market.clock.advance(DAY)
    market.steps.move(ANN, order_id, "request_changes", "Askew")
    assert market.due(order_id) == {}
    market.clock.advance(5 * DAY)
    market.tick(order_id, "complete", entry=4)
    market.steps.move(PETRA, order_id, "deliver")
    assert market.due(order_id) == {"complete": START + 8 * DAY, "completion_reminder": START + 7 * DAY}
    market.clock.advance(2 * DAY - SECOND)
    with pytest.raises(Postponed):
        market.tick(order_id, "complete")
    market.clock.advance(SECOND)
    market.tick(order_id, "complete")
    market.tick(order_id, "complete")
    order = market.booking.get(ANN, order_id)
    assert (order.status, order.completed_at) == ("completed", START + 8 * DAY)
    assert market.events.count("order.completed") == 1


def test_a_dispute_stops_the_clock(market: Market) -> None:
    order_id = market.delivered()
    market.steps.move(ANN, order_id, "dispute", "It fell down")
    assert market.due(order_id) == {"decision_due": market.clock.now() + 3 * DAY}
    market.clock.advance(30 * DAY)
    for entry in range(1, 6):
        market.tick(order_id, "complete", "completion_reminder", entry=entry)
    assert market.booking.get(ANN, order_id).status == "disputed"
    assert reminders(market) == []


def test_an_agreed_start_makes_new_timers_and_a_proposal_none(market: Market) -> None:
    order_id = market.confirmed(START + 3 * DAY)
    assert market.due(order_id) == {
        "start_reminder_24h": START + 2 * DAY,
        "start_reminder_1h": START + 3 * DAY - HOUR,
    }
    jobs = len(market.uow.jobs)
    market.steps.reschedule(ANN, order_id, START + 5 * DAY)
    assert len(market.uow.jobs) == jobs
    market.steps.reschedule(PETRA, order_id, START + 5 * DAY)
    assert market.due(order_id) == {
        "start_reminder_24h": START + 4 * DAY,
        "start_reminder_1h": START + 5 * DAY - HOUR,
    }
    market.clock.set(START + 4 * DAY)
    market.tick(order_id, "start_reminder_24h", entry=2)
    assert reminders(market) == []
    market.tick(order_id, "start_reminder_24h")
    assert reminders(market) == [("order.starting", order_id, text_of(START + 5 * DAY))]


def test_a_pending_order_lives_by_its_new_start(market: Market) -> None:
    order_id = market.book(START + 2 * HOUR).id
    market.steps.reschedule(ANN, order_id, START + 8 * HOUR)
    market.steps.reschedule(PETRA, order_id, START + 8 * HOUR)
    assert market.due(order_id) == {"expire": START + 8 * HOUR, "expiry_reminder": START + 6 * HOUR}
    market.clock.advance(2 * HOUR)
    market.tick(order_id, "expire", entry=1)
    assert market.booking.get(ANN, order_id).status == "pending"


def test_reminders_are_given_once_and_not_too_late(market: Market) -> None:
    order_id = market.book(START + 3 * DAY).id
    market.clock.advance(22 * HOUR)
    market.tick(order_id, "expiry_reminder")
    told = ("order.expiring", order_id, text_of(START + DAY))
    assert reminders(market) == [told]
    market.repository.recorded |= {event.event_id for event in market.uow.events}
    market.tick(order_id, "expiry_reminder")
    assert reminders(market) == [told]

    late = market.confirmed(START + 4 * DAY)
    market.clock.set(START + 4 * DAY - HOUR)
    market.tick(
        late, "start_reminder_1h", "start_reminder_24h"
    )  # out of order, as after a stop of the worker
    assert reminders(market)[1:] == [("order.starting", late, text_of(START + 4 * DAY))]
    market.clock.advance(HOUR)
    market.repository.recorded.clear()
    market.tick(late, "start_reminder_1h")
    assert len(reminders(market)) == 2, "the work has begun"


def test_reminders_that_are_past_already_are_not_made(market: Market) -> None:
    soon = market.confirmed(START + 30 * timedelta(minutes=1))
    assert market.due(soon) == {}
    today = market.confirmed(START + 5 * HOUR)
    assert market.due(today) == {"start_reminder_1h": START + 4 * HOUR}


def test_orders_without_timers_get_them(market: Market) -> None:
    pending, delivered = market.book(START + 3 * DAY).id, market.delivered()
    in_time, final = market.confirmed(START + 5 * DAY), market.book(START + 6 * DAY).id
    market.steps.move(PETRA, final, "decline")
    for order_id in (pending, delivered, final):
        order = market.repository.orders[order_id]
        market.repository.orders[order_id] = replace(order, state_entry=-order.state_entry)
    jobs = len(market.uow.jobs)
    market.clock.advance(DAY + HOUR)
    assert (market.timers.heal(), market.timers.heal()) == (2, 0)
    # What is overdue is done at once; nobody is reminded of what was.
    assert market.due(pending) == {"expire": START + DAY}
    assert market.due(delivered) == {"complete": START + 2 * DAY}
    assert len(market.uow.jobs) == jobs + 2
    assert market.repository.orders[in_time].state_entry == 2
    market.tick(pending, "expire")
    assert market.booking.get(ANN, pending).status == "expired"


def test_an_order_that_was_moved_without_timers_counts_on(market: Market) -> None:
    order_id = market.book(START + 3 * DAY).id
    market.repository.orders[order_id] = replace(market.repository.orders[order_id], state_entry=-4)
    market.steps.move(PETRA, order_id, "accept")
    assert market.repository.orders[order_id].state_entry == 5
    assert set(market.due(order_id)) == {"start_reminder_24h", "start_reminder_1h"}


def test_the_performers_time_decides(market: Market) -> None:
    market.confirmed()
    market.calendar.gap = timedelta(minutes=30)
    refused(SlotTaken, lambda: market.book(START + DAY + timedelta(minutes=119)), market)
    assert market.book(START + DAY + timedelta(minutes=120)).status == "pending"
    market.calendar.outside = True
    refused(OutsideSchedule, lambda: market.book(START + 2 * DAY), market)
    market.calendar.notice = 3 * DAY
    refused(TooShortNotice, lambda: market.book(START + 2 * DAY), market)


def test_the_performer_overlooks_what_is_close_and_never_what_overlaps(market: Market) -> None:
    market.confirmed()
    close = market.book(START + DAY + timedelta(minutes=100))
    over = market.book(START + DAY + timedelta(minutes=90))
    market.calendar.gap = timedelta(minutes=30)
    refused(TooClose, lambda: market.steps.move(PETRA, close.id, "accept"), market)
    taken = market.steps.accept(PETRA, close.id, despite_conflicts=True)
    assert (taken.status, taken.despite_conflicts) == ("confirmed", True)
    refused(SlotTaken, lambda: market.steps.accept(PETRA, over.id, despite_conflicts=True), market)


def test_only_the_performer_overlooks_conflicts_of_a_new_start(market: Market) -> None:
    order_id, other = market.confirmed(), market.confirmed(START + 2 * DAY)
    market.calendar.gap = timedelta(minutes=30)
    start = START + 2 * DAY + timedelta(minutes=100)

    def move(caller: Principal, **said: bool) -> OrderView:
        return market.steps.reschedule(caller, order_id, start, **said)

    refused(errors.OnlyPerformer, lambda: move(ANN, despite_conflicts=True), market)
    refused(TooClose, lambda: move(ANN), market)
    move(PETRA, despite_conflicts=True)
    moved = move(ANN)  # agrees to what the performer has overlooked
    assert (moved.starts_at, moved.despite_conflicts) == (start, True)
    assert market.booking.get(ANN, other).despite_conflicts is False


def test_a_booking_uses_the_hold_up(market: Market) -> None:
    market.book()
    assert market.calendar.ended == [(1, 20)]
