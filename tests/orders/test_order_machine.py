"""Any callers, any order of calls, the clock moved: orders do what a plain model beside them does."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, text

from marketplace.blueprints.orders.policies.life import OrderStatus
from marketplace.blueprints.orders.services.arrival import Arrival
from marketplace.blueprints.orders.services.shared import TIMER_JOB
from marketplace.blueprints.orders.wiring import Orders
from marketplace.database.tables import DomainEventRow, JobRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.kernel.lanes import Postponed
from marketplace.models import BookedTime, Dispute, Order, OrderTransition, PerformerSchedule
from marketplace.testing import START, Factory
from marketplace.web.runtime import Runtime

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE, AFTER, NOTICE, EARLY = timedelta(minutes=15), timedelta(minutes=30), HOUR, 2 * HOUR
TAKES = HOUR
BUSY = {"confirmed", "in_progress"}
DECIDE = 3 * DAY
REMINDERS = {"order.expiring", "order.starting", "order.completing", "order.decision_due"}

# The table of the contract, section 5, written down again: step -> from, to, who. A step without a status to go
# to keeps the one that it finds.
CONTRACT: dict[str, tuple[set[str], str | None, set[str]]] = {
    "accept": ({"pending"}, "confirmed", {"performer"}),
    "decline": ({"pending"}, "declined", {"performer"}),
    "cancel": ({"pending", "confirmed"}, "cancelled", {"customer", "performer", "staff"}),
    "start": ({"confirmed"}, "in_progress", {"performer"}),
    "deliver": ({"in_progress", "changes_requested"}, "delivered", {"performer"}),
    "request_changes": ({"delivered"}, "changes_requested", {"customer"}),
    "complete": ({"delivered"}, "completed", {"customer", "staff"}),
    "dispute": ({"confirmed", "in_progress", "delivered"}, "disputed", {"customer", "performer"}),
    "resolve": ({"disputed"}, None, {"customer", "performer", "staff"}),
    "withdraw": ({"disputed"}, None, {"customer", "performer"}),
    "escalate": ({"disputed"}, None, {"customer", "performer"}),
    "reschedule": ({"pending", "confirmed"}, None, {"customer", "performer"}),
    "no_show": ({"confirmed"}, "cancelled", {"customer", "performer"}),
    "arrive": ({"confirmed"}, None, {"performer"}),
}
PLAIN = [name for name, (_, target, _) in CONTRACT.items() if target is not None and name != "accept"]
NAMES = {
    "accept": "order.accepted",
    "decline": "order.declined",
    "cancel": "order.cancelled",
    "start": "order.started",
    "deliver": "order.delivered",
    "request_changes": "order.changes_requested",
    "complete": "order.completed",
    "dispute": "order.disputed",
    "resolve": "order.resolved",
    "no_show": "order.no_show",
    "withdraw": "order.dispute_withdrawn",
    "escalate": "order.escalated",
}
OPENS = {"start": -EARLY, "arrive": -EARLY, "no_show": HOUR / 2}
"""From when on a step may be taken, counted from the agreed start."""
CALLERS = ("customer", "other_customer", "performer", "staff", "stranger")


@dataclass
class Known:
    """What the model knows of an order."""

    id: int
    customer: str
    starts_at: datetime
    created_at: datetime
    entered_at: datetime
    status: str = "pending"
    entry: int = 1
    despite: bool = False
    arrived: bool = False
    proposed: tuple[datetime, str, bool] | None = None
    resolution: tuple[str, int, str] | None = None
    disputed: tuple[str, str, timedelta] | None = None
    due_at: datetime | None = None
    refund: int | None = None
    history: list[tuple[str, str | None, str]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + TAKES

    @property
    def expires_at(self) -> datetime:
        return min(self.created_at + DAY, self.starts_at - NOTICE)

    def standing(self, now: datetime) -> str:
        """The status by the clock."""
        return "expired" if self.status == "pending" and now >= self.expires_at else self.status


class Refused(Exception):
    """The model says which error the call must end with."""


class Life(RuleBasedStateMachine):
    """One performer, two customers, an admin and a stranger."""

    orders: ClassVar[Orders]
    make: ClassVar[Factory]
    clock: ClassVar[FrozenClock]
    seen: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.clock.set(START)
        owner = self.make.user()
        performer = self.make.performer(owner, timezone="UTC")
        self.service = self.make.service(performer, duration_minutes=60)
        self.performer_id = performer.id
        db.session.add(
            PerformerSchedule(
                performer_id=performer.id,
                weekly=text("'{[0,10080)}'::int4multirange"),
                notice_minutes=60,
                buffer_before_minutes=15,
                buffer_after_minutes=30,
                travel_kmh=0,
            )
        )
        staff = self.make.staff("admin")
        self.people = {
            "customer": Principal(user_id=self.make.user().id, session_id=1),
            "other_customer": Principal(user_id=self.make.user().id, session_id=2),
            "performer": Principal(user_id=owner.id, session_id=3, performer_id=performer.id),
            "staff": Principal(user_id=staff.id, session_id=4, roles=frozenset({"admin"})),
            "stranger": Principal(user_id=self.make.user().id, session_id=5),
        }
        db.session.commit()
        self.known: list[Known] = []
        self.lines: list[str] = []

    # --- the model --------------------------------------------------------------------------------------

    def role(self, order: Known, caller: str) -> str:
        if caller == order.customer:
            return "customer"
        if caller in {"performer", "staff"}:
            return caller
        raise Refused("NotFound")

    def begin(self, order: Known, caller: str, name: str) -> str:
        sources, _, roles = CONTRACT[name]
        role = self.role(order, caller)
        if role not in roles:
            raise Refused("WrongParty")
        now = self.clock.now()
        if order.standing(now) not in sources or (name == "arrive" and order.arrived):
            raise Refused("TransitionNotAllowed")
        if name in OPENS:
            # Nobody had to come during a dispute.
            since = max(order.starts_at, order.entered_at) if name == "no_show" else order.starts_at
            if now < since + OPENS[name]:
                raise Refused("TransitionNotAllowed")
        if order.status == "disputed":
            assert order.due_at is not None
            assert order.disputed is not None
            early = now < order.due_at
            if (
                (name == "resolve" and role == "staff" and early)
                or (name == "escalate" and not early)
                or (name == "withdraw" and role != order.disputed[1])
            ):
                raise Refused("TransitionNotAllowed")
        return role

    def enter(self, order: Known, name: str, status: str, event: str) -> None:
        order.history.append((name, order.status, status))
        order.events.append(event)
        order.status = status
        self.seen.add(status)
        order.entry += 1
        order.entered_at = self.clock.now()
        order.proposed = order.resolution = None

    def note(self, order: Known, name: str, event: str) -> None:
        order.history.append((name, order.status, order.status))
        order.events.append(event)

    def room(self, start: datetime, despite: bool, *, besides: Known | None, taken: str = "TooClose") -> None:
        """Raises Refused when a busy order is at the same time, or closer than the buffers."""
        busy = [one for one in self.known if one.status in BUSY and one is not besides]
        if any(one.starts_at < start + TAKES and start < one.ends_at for one in busy):
            raise Refused("SlotTaken")
        gap = BEFORE + AFTER
        close = any(one.starts_at < start + TAKES + gap and start < one.ends_at + gap for one in busy)
        if close and not despite:
            raise Refused(taken)

    def times(self, start: datetime) -> None:
        if start <= self.clock.now():
            raise Refused("StartsInPast")

    def unique(self, order: Known, start: datetime) -> None:
        if any(
            (one.customer, one.starts_at, one.status) == (order.customer, start, "pending")
            and one is not order
            for one in self.known
        ):
            raise Refused("AlreadyRequested")

    def compare(self, predict: Callable[[], None], run: Callable[[], Any]) -> Any:
        """Run the call; it must end as the model says."""
        wanted = None
        try:
            predict()
        except Refused as refused:
            wanted = str(refused)
        found, answer = None, None
        try:
            answer = run()
        except AppError as error:
            found = type(error).__name__
        assert found == wanted
        return answer

    # --- the calls --------------------------------------------------------------------------------------

    @initialize(slot=st.integers(0, 8), data=st.data(), steps=st.integers(0, 6))
    def begin_somewhere(self, slot: int, data: st.DataObject, steps: int) -> None:
        self.book("customer", slot)
        for _ in range(steps):
            self.go_one_step(data, self.known[0])

    @rule(caller=st.sampled_from(("customer", "other_customer", "performer")), slot=st.integers(0, 8))
    def book(self, caller: str, slot: int) -> None:
        now = self.clock.now()
        start = START + DAY + slot * HOUR / 2
        made = Known(0, caller, start, now, now)

        def predict() -> None:
            if caller == "performer":
                raise Refused("OwnService")
            self.times(start)
            if start < now + NOTICE:
                raise Refused("TooShortNotice")
            self.room(start, False, besides=None, taken="SlotTaken")
            self.unique(made, start)

        values = {"service_id": self.service.id, "starts_at": start, "address": {"line1": "Side Street 2"}}
        view = self.compare(predict, lambda: self.orders.booking.book(self.people[caller], values))
        if view is not None:
            made.id = view.id
            made.history.append(("create", None, "pending"))
            made.events.append("order.created")
            self.known.append(made)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), caller=st.sampled_from(CALLERS), name=st.sampled_from(PLAIN))
    def step(self, data: st.DataObject, caller: str, name: str) -> None:
        self.take(data.draw(st.sampled_from(self.known), "order"), caller, name)

    def take(self, order: Known, caller: str, name: str) -> None:
        run = self.orders.transitions.move
        done = self.compare(
            lambda: void(self.begin(order, caller, name)),
            lambda: run(self.people[caller], order.id, name, "Because"),
        )
        if done is not None:
            target = CONTRACT[name][1]
            assert target is not None
            before, entered_at, now = order.status, order.entered_at, self.clock.now()
            self.enter(order, name, target, NAMES[name])
            if name == "dispute":
                order.disputed = (before, self.role(order, caller), now - entered_at)
                order.due_at = max(now, order.due_at or now + DECIDE)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), caller=st.sampled_from((*CALLERS, "performer", "performer")), despite=st.booleans())
    def accept(self, data: st.DataObject, caller: str, despite: bool) -> None:
        self.accept_one(data.draw(st.sampled_from(self.known), "order"), caller, despite=despite)

    def accept_one(self, order: Known, caller: str, *, despite: bool) -> None:
        def predict() -> None:
            self.begin(order, caller, "accept")
            self.room(order.starts_at, despite, besides=order)

        run = self.orders.transitions.accept
        done = self.compare(predict, lambda: run(self.people[caller], order.id, despite_conflicts=despite))
        if done is not None:
            self.enter(order, "accept", "confirmed", "order.accepted")
            order.despite = despite

    @precondition(lambda self: self.known)
    @rule(
        data=st.data(), caller=st.sampled_from(CALLERS), slot=st.integers(0, 8), despite=st.booleans(),
        agree=st.booleans(),
    )  # fmt: skip
    def reschedule(self, data: st.DataObject, caller: str, slot: int, despite: bool, agree: bool) -> None:
        order = data.draw(st.sampled_from(self.known), "order")
        start = order.proposed[0] if agree and order.proposed else START + DAY + slot * HOUR / 2
        agreed = False

        def predict() -> None:
            nonlocal agreed
            role = self.begin(order, caller, "reschedule")
            if despite and role != "performer":
                raise Refused("OnlyPerformer")
            self.times(start)
            if order.status == "pending" and start - NOTICE <= self.clock.now():
                raise Refused("TooShortNotice")
            agreed = order.proposed is not None and order.proposed[:2] == (start, other(role))
            overlooked = despite or (agreed and order.proposed is not None and order.proposed[2])
            self.room(start, overlooked, besides=order)
            if agreed and order.status == "pending":
                self.unique(order, start)

        run = self.orders.transitions.reschedule
        done = self.compare(
            predict, lambda: run(self.people[caller], order.id, start, despite_conflicts=despite)
        )
        if done is None:
            return
        if agreed:
            assert order.proposed is not None
            self.note(order, "reschedule", "order.rescheduled")
            order.despite = despite or order.proposed[2]
            order.starts_at = start
            order.arrived = False
            order.entry += 1
            order.proposed = order.resolution = None
        else:
            self.note(order, "reschedule", "order.reschedule_proposed")
            order.proposed = (start, self.role(order, caller), despite)

    @precondition(lambda self: self.known)
    @rule(
        data=st.data(), caller=st.sampled_from(CALLERS), outcome=st.sampled_from(("completed", "cancelled")),
        percent=st.sampled_from((None, 0, 30)),
    )  # fmt: skip
    def resolve(self, data: st.DataObject, caller: str, outcome: str, percent: int | None) -> None:
        order = self.draw_disputed(data)
        run = self.orders.transitions.resolve
        done = self.compare(
            lambda: void(self.begin(order, caller, "resolve")),
            lambda: run(self.people[caller], order.id, outcome, None, percent),
        )
        if done is None:
            return
        role = self.role(order, caller)
        share = percent if percent is not None else {"completed": 0, "cancelled": 100}[outcome]
        if role == "staff" or order.resolution == (outcome, share, other(role)):
            self.enter(order, "resolve", outcome, "order.resolved")
            order.disputed, order.refund = None, share
        else:
            self.note(order, "resolve", "order.resolution_proposed")
            order.resolution = (outcome, share, role)

    def draw_disputed(self, data: st.DataObject) -> Known:
        disputed = [order for order in self.known if order.status == "disputed"]
        return data.draw(st.sampled_from(disputed or self.known), "order")

    @precondition(lambda self: self.known)
    @rule(data=st.data(), caller=st.sampled_from(CALLERS))
    def withdraw(self, data: st.DataObject, caller: str) -> None:
        order = self.draw_disputed(data)

        def predict() -> None:
            self.begin(order, caller, "withdraw")
            assert order.disputed is not None
            if order.disputed[0] in BUSY:
                self.room(order.starts_at, order.despite, besides=order)

        run = self.orders.transitions.withdraw
        if self.compare(predict, lambda: run(self.people[caller], order.id, None)) is not None:
            assert order.disputed is not None
            status, _, lasted = order.disputed
            self.enter(order, "withdraw", status, "order.dispute_withdrawn")
            order.entered_at, order.disputed = self.clock.now(), None
            if status != "confirmed":
                order.entered_at -= lasted

    @precondition(lambda self: self.known)
    @rule(data=st.data(), caller=st.sampled_from(CALLERS))
    def escalate(self, data: st.DataObject, caller: str) -> None:
        order = self.draw_disputed(data)
        run = self.orders.transitions.escalate
        done = self.compare(
            lambda: void(self.begin(order, caller, "escalate")),
            lambda: run(self.people[caller], order.id, None),
        )
        if done is not None:
            self.note(order, "escalate", "order.escalated")
            order.due_at = self.clock.now()
            order.entry += 1

    @precondition(lambda self: self.known)
    @rule(data=st.data(), caller=st.sampled_from(("performer", "performer", "customer", "staff")))
    def arrive(self, data: st.DataObject, caller: str) -> None:
        order = data.draw(st.sampled_from(self.known), "order")
        run = self.orders.arrival.arrive
        done = self.compare(
            lambda: void(self.begin(order, caller, "arrive")),
            lambda: run(self.people[caller], order.id, Arrival(None)),
        )
        if done is not None:
            self.note(order, "arrive", "order.arrived")
            order.arrived = True

    @precondition(lambda self: self.known)
    @rule(data=st.data(), steps=st.integers(1, 5))
    def go_on(self, data: st.DataObject, steps: int) -> None:
        """Steps that are allowed, so that orders come far."""
        order = data.draw(st.sampled_from(self.known), "order")
        for _ in range(steps):
            self.go_one_step(data, order)

    def go_one_step(self, data: st.DataObject, order: Known) -> None:
        if order.status == "confirmed" and self.clock.now() < order.starts_at - EARLY:
            self.clock.set(order.starts_at - EARLY)
        allowed = [
            (caller, name)
            for caller in CALLERS
            for name in (*PLAIN, "accept")
            if name not in {"cancel", "decline", "no_show"} and self.allows(order, caller, name)
        ]
        if not allowed:
            return
        caller, name = data.draw(st.sampled_from(allowed), "step")
        if name == "accept":
            self.accept_one(order, caller, despite=False)
        else:
            self.take(order, caller, name)

    def allows(self, order: Known, caller: str, name: str) -> bool:
        try:
            self.begin(order, caller, name)
        except Refused:
            return False
        return True

    @rule(hours=st.sampled_from((0.1, 1, 4, 12, 24, 48)))
    def wait(self, hours: float) -> None:
        self.clock.advance(hours * HOUR)

    @rule(seed=st.integers(0, 9))
    def run_timers(self, seed: int) -> None:
        """All timers that were ever made, in any order: those that have run, too, and those of long ago."""
        rows = list(
            db.session.execute(
                select(JobRow.payload).where(
                    JobRow.kind == TIMER_JOB,
                    JobRow.payload["order_id"].as_integer().in_([order.id for order in self.known]),
                )
            ).scalars()
        )
        random.Random(seed).shuffle(rows)
        now = self.clock.now()
        for order in self.known:
            if order.standing(now) == "expired" and order.status == "pending":
                self.enter(order, "expire", "expired", "order.expired")
            elif order.status == "delivered" and now >= order.entered_at + 2 * DAY:
                self.enter(order, "complete", "completed", "order.completed")
        for payload in rows:
            for _ in range(2):
                try:
                    self.orders.timers.run(payload["order_id"], payload["entry"], payload["name"])
                except Postponed:
                    assert datetime.fromisoformat(payload["due_at"]) > now

    # --- what always holds ------------------------------------------------------------------------------

    @invariant()
    def orders_are_as_the_model_says(self) -> None:
        if not self.known:
            return
        ids = [order.id for order in self.known]
        stored = db.session.execute(
            select(
                Order.id,
                Order.status,
                Order.starts_at,
                Order.state_entry,
                Order.state_entered_at,
                Order.despite_conflicts,
                Order.refund_percent,
            ).where(Order.id.in_(ids))
        )
        assert {row.id: tuple(row)[1:] for row in stored} == {
            one.id: (one.status, one.starts_at, one.entry, one.entered_at, one.despite, one.refund)
            for one in self.known
        }
        rows = db.session.execute(
            select(Dispute.order_id, Dispute.opened_role, Dispute.from_status, Dispute.due_at).where(
                Dispute.order_id.in_(ids), Dispute.ended_at.is_(None)
            )
        )
        assert {row.order_id: tuple(row)[1:] for row in rows} == {
            one.id: (one.disputed[1], one.disputed[0], one.due_at)
            for one in self.known
            if one.disputed is not None
        }
        steps: dict[int, list[tuple[str, str | None, str]]] = {order_id: [] for order_id in ids}
        for row in db.session.execute(
            select(
                OrderTransition.order_id,
                OrderTransition.transition,
                OrderTransition.from_status,
                OrderTransition.to_status,
            )
            .where(OrderTransition.order_id.in_(ids))
            .order_by(OrderTransition.id)
        ):
            steps[row.order_id].append(tuple(row)[1:])
        assert steps == {order.id: order.history for order in self.known}

    @invariant()
    def each_step_has_one_event_and_each_reminder_comes_once(self) -> None:
        ids = [order.id for order in self.known]
        names: dict[int, list[str]] = {order_id: [] for order_id in ids}
        reminders: Counter[tuple[Any, ...]] = Counter()
        order_id = DomainEventRow.payload["order_id"].as_integer()
        for row in db.session.execute(
            select(DomainEventRow.name, DomainEventRow.payload)
            .where(order_id.in_(ids), DomainEventRow.name.startswith("order."))
            .order_by(DomainEventRow.id)
        ):
            if row.name in REMINDERS:
                reminders[row.name, row.payload["order_id"], row.payload["at"]] += 1
            else:
                names[row.payload["order_id"]].append(row.name)
        assert names == {order.id: order.events for order in self.known}
        # One a day and one an hour before the start; the others once.
        most = {"order.expiring": 1, "order.starting": 2, "order.completing": 1, "order.decision_due": 1}
        for (name, number, _at), count in reminders.items():
            entries = next(order.entry for order in self.known if order.id == number)
            assert count <= most[name] * entries

    @invariant()
    def confirmed_times_keep_apart(self) -> None:
        busy = sorted((one for one in self.known if one.status in BUSY), key=lambda one: one.starts_at)
        booked = db.session.scalar(
            select(func.count()).where(
                BookedTime.performer_id == self.performer_id, BookedTime.order_id.is_not(None)
            )
        )
        assert booked == len(busy)
        for one, two in pairwise(busy):
            assert one.ends_at <= two.starts_at
            if not (one.despite or two.despite):
                assert one.ends_at + AFTER <= two.starts_at - BEFORE

    @invariant()
    def what_is_offered_is_what_is_allowed(self) -> None:
        for order in self.known[-2:]:
            for caller in (order.customer, "performer", "staff"):
                shown = self.orders.booking.get(self.people[caller], order.id).allowed_transitions
                assert set(shown) == {name for name in CONTRACT if self.allows(order, caller, name)}


def other(role: str) -> str:
    return {"customer": "performer", "performer": "customer"}[role]


def void(_value: object) -> None:
    """Nothing: a prediction that gives no error."""


@pytest.mark.usefixtures("context")
def test_orders_do_what_the_model_does(runtime: Runtime, make: Factory, clock: FrozenClock) -> None:
    class Machine(Life):
        orders = runtime.get(Orders)

    Machine.make, Machine.clock, Machine.seen = make, clock, {"pending"}
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert len(Machine.seen) > len(OrderStatus) / 2, "the examples do not come far"
