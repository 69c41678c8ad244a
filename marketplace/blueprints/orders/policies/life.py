"""The life of an order as data: steps, who may take them, what happens by itself (contract, section 5).

These tables are the only truth: guards, `allowed_transitions`, events, timers and the guide "The life of an
order" (`python -m scripts.order_guide`) are made of them. A new step is a name, an event, a row, and a route.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from marketplace.blueprints.orders import contracts as events
from marketplace.blueprints.orders.policies.cancellation import cancelled_by, free_of_charge, missed_by_other
from marketplace.blueprints.orders.policies.disputes import decision_due, freeze, hurry, thaw
from marketplace.blueprints.orders.ports import Ending, OrderView
from marketplace.kernel.texts import Text


class OrderStatus(StrEnum):
    """Where an order is in its life: `pending` (the performer has to answer), `confirmed`, `in_progress`,
    `delivered` (the customer has to answer), `changes_requested`, `disputed`; and at its end `completed`,
    `declined`, `expired` (nobody answered) or `cancelled`.
    """

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    IN_PROGRESS = "in_progress"
    DELIVERED = "delivered"
    CHANGES_REQUESTED = "changes_requested"
    COMPLETED = "completed"
    DISPUTED = "disputed"


class OrderRole(StrEnum):
    """What somebody is to an order: `customer`, `performer`, `staff` (an admin), or `system` (the step
    happened by itself).
    """

    CUSTOMER = "customer"
    PERFORMER = "performer"
    STAFF = "staff"
    SYSTEM = "system"


class TransitionName(StrEnum):
    """A step of an order. `create` is the first of each order; `expire` happens by itself, the others are
    calls of their names.
    """

    CREATE = "create"
    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"
    CANCEL = "cancel"
    START = "start"
    DELIVER = "deliver"
    REQUEST_CHANGES = "request_changes"
    COMPLETE = "complete"
    DISPUTE = "dispute"
    RESOLVE = "resolve"
    WITHDRAW = "withdraw"
    ESCALATE = "escalate"
    RESCHEDULE = "reschedule"
    ARRIVE = "arrive"
    NO_SHOW = "no_show"


class TimerName(StrEnum):
    """What happens by itself when its time has come. Rows of timers hold these names: they never change."""

    EXPIRE = "expire"
    EXPIRY_REMINDER = "expiry_reminder"
    START_REMINDER_24H = "start_reminder_24h"
    START_REMINDER_1H = "start_reminder_1h"
    COMPLETE = "complete"
    COMPLETION_REMINDER = "completion_reminder"
    DECISION_DUE = "decision_due"


@dataclass(frozen=True)
class StepTimes:
    """What the operators set about steps that open at a certain time: `start_early` is how long before the
    agreed start the work may begin, `no_show_after` how long after it a party may say that the other one has
    not come.
    """

    start_early: timedelta
    no_show_after: timedelta


@dataclass(frozen=True)
class Transition:
    """A step from any of `sources` to one of `targets`, taken by any of `roles`, which records `event`.
    Without targets, the status stays (reschedule); with several, the outcome of the step decides.

    `proposal` is the event of a party that proposes the step, which the other party has to agree to. `opens`
    gives the time from which a role may take the step, None where it need not wait; `opens_text` says it for
    people. `fits` refuses a step that the order's facts rule out, and `fits_text` says why. `ending` gives
    what the step costs whom, where it ends the order before the work was done, and `sets` gives further
    values; both are stored with the step.
    """

    name: TransitionName
    sources: frozenset[OrderStatus]
    targets: frozenset[OrderStatus]
    roles: frozenset[OrderRole]
    event: type[events.OrderEvent]
    proposal: type[events.OrderEvent] | None = None
    opens: Callable[[OrderView, OrderRole, StepTimes], datetime | None] | None = None
    opens_text: str = ""
    fits: Callable[[OrderView, OrderRole, datetime], bool] | None = None
    fits_text: str = ""
    ending: Callable[[OrderView, OrderRole, datetime], Ending] | None = None
    sets: Callable[[OrderView, OrderRole, datetime], Mapping[str, Any]] | None = None

    @property
    def target(self) -> OrderStatus | None:
        """The status that the step leads to; None where it stays, or the outcome decides."""
        return next(iter(self.targets)) if len(self.targets) == 1 else None

    def opens_at(self, order: OrderView, role: OrderRole, times: StepTimes) -> datetime | None:
        """From when on `role` may take the step; None where it need not wait."""
        return None if self.opens is None else self.opens(order, role, times)

    def is_open(self, order: OrderView, role: OrderRole, now: datetime, times: StepTimes) -> bool:
        """Whether `role` may take the step at `now`, as far as its time goes."""
        opens_at = self.opens_at(order, role, times)
        return opens_at is None or now >= opens_at

    def is_fit(self, order: OrderView, role: OrderRole, now: datetime) -> bool:
        """Whether the facts of the order allow the step to `role`."""
        return self.fits is None or self.fits(order, role, now)


def _start_opens(order: OrderView, _role: OrderRole, times: StepTimes) -> datetime:
    return order.starts_at - times.start_early


def _no_show_opens(order: OrderView, _role: OrderRole, times: StepTimes) -> datetime:
    return max(order.starts_at, order.state_entered_at) + times.no_show_after


def _decision_opens(order: OrderView, role: OrderRole, _times: StepTimes) -> datetime | None:
    """The parties may agree at any time."""
    return decision_due(order) if role is OrderRole.STAFF else None


def _not_due(order: OrderView, _role: OrderRole, now: datetime) -> bool:
    return now < decision_due(order)


def _opened_dispute(order: OrderView, role: OrderRole, _now: datetime) -> bool:
    """Only who opened a dispute takes it back. Disputes of before do not tell what to go back to."""
    return order.disputed_by == role


def _not_arrived(order: OrderView, _role: OrderRole, _now: datetime) -> bool:
    """The performer arrives once, and may prove later what was a mere word."""
    return order.arrived_at is None or (order.has_arrival_code and not order.arrival_proven)


def _may_miss_other(order: OrderView, role: OrderRole, _now: datetime) -> bool:
    """A customer whose code the performer has given cannot say that nobody came."""
    return not (role is OrderRole.CUSTOMER and order.arrival_proven)


def _cancelling(order: OrderView, role: OrderRole, now: datetime) -> Ending:
    return free_of_charge(order) if order.status == S.PENDING else cancelled_by(order, role, now)


S, R, T, N = OrderStatus, OrderRole, TransitionName, TimerName
_PARTIES = {R.CUSTOMER, R.PERFORMER}


def _step(
    name: TransitionName,
    sources: set[OrderStatus],
    targets: set[OrderStatus],
    roles: set[OrderRole],
    event: type[events.OrderEvent],
    **more: Any,
) -> Transition:
    return Transition(name, frozenset(sources), frozenset(targets), frozenset(roles), event, **more)


# fmt: off
_STEPS = (
    _step(T.CREATE, set(), {S.PENDING}, {R.CUSTOMER}, events.OrderCreated),
    _step(T.ACCEPT, {S.PENDING}, {S.CONFIRMED}, {R.PERFORMER}, events.OrderAccepted),
    _step(T.DECLINE, {S.PENDING}, {S.DECLINED}, {R.PERFORMER}, events.OrderDeclined),
    _step(T.EXPIRE, {S.PENDING}, {S.EXPIRED}, {R.SYSTEM}, events.OrderExpired),
    _step(T.CANCEL, {S.PENDING, S.CONFIRMED}, {S.CANCELLED}, {*_PARTIES, R.STAFF}, events.OrderCancelled,
          ending=_cancelling),
    _step(T.START, {S.CONFIRMED}, {S.IN_PROGRESS}, {R.PERFORMER}, events.OrderStarted,
          opens=_start_opens, opens_text="2 hours before the agreed start, which operators can set"),
    _step(T.DELIVER, {S.IN_PROGRESS, S.CHANGES_REQUESTED}, {S.DELIVERED}, {R.PERFORMER},
          events.OrderDelivered),
    _step(T.REQUEST_CHANGES, {S.DELIVERED}, {S.CHANGES_REQUESTED}, {R.CUSTOMER},
          events.OrderChangesRequested),
    _step(T.COMPLETE, {S.DELIVERED}, {S.COMPLETED}, {R.CUSTOMER, R.STAFF, R.SYSTEM}, events.OrderCompleted),
    _step(T.DISPUTE, {S.CONFIRMED, S.IN_PROGRESS, S.DELIVERED}, {S.DISPUTED}, _PARTIES, events.OrderDisputed,
          sets=freeze),
    _step(T.RESOLVE, {S.DISPUTED}, {S.COMPLETED, S.CANCELLED}, {*_PARTIES, R.STAFF}, events.OrderResolved,
          proposal=events.ResolutionProposed, opens=_decision_opens,
          opens_text="72 hours after the dispute began, or when a party takes `escalate`, for an admin"),
    _step(T.WITHDRAW, {S.DISPUTED}, {S.CONFIRMED, S.IN_PROGRESS, S.DELIVERED}, _PARTIES,
          events.OrderDisputeWithdrawn, sets=thaw,
          fits=_opened_dispute, fits_text=Text("Only the party that opened the dispute can withdraw it")),
    _step(T.ESCALATE, {S.DISPUTED}, set(), _PARTIES, events.OrderEscalated, sets=hurry,
          fits=_not_due, fits_text=Text("Staff can decide already")),
    _step(T.RESCHEDULE, {S.PENDING, S.CONFIRMED}, set(), _PARTIES, events.OrderRescheduled,
          proposal=events.RescheduleProposed),
    _step(T.ARRIVE, {S.CONFIRMED}, set(), {R.PERFORMER}, events.OrderArrived,
          opens=_start_opens, opens_text="2 hours before the agreed start, which operators can set",
          fits=_not_arrived, fits_text=Text("The performer has arrived already")),
    _step(T.NO_SHOW, {S.CONFIRMED}, {S.CANCELLED}, _PARTIES, events.OrderNoShow,
          opens=_no_show_opens,
          opens_text="30 minutes after the agreed start or the end of a dispute, which operators can set",
          fits=_may_miss_other, fits_text=Text("The code of arrival has proven that the performer came"),
          ending=missed_by_other),
)
# fmt: on
TRANSITIONS: dict[str, Transition] = {step.name: step for step in _STEPS}
"""Every step by its name; `create` is the first of each order, from no status."""
FINAL = tuple(status for status in S if not any(status in step.sources for step in _STEPS))
"""The statuses that no step leaves."""

BOOKED = frozenset({S.CONFIRMED, S.IN_PROGRESS})
"""The statuses in which an order takes the performer's time."""
EXPIRE_AFTER = timedelta(hours=24)
COMPLETE_AFTER = timedelta(days=2)
BATCH = 500
"""The number of orders that one run of the sweep mends; a full batch adds another run at once."""


def expires_at(order: OrderView) -> datetime:
    """When a pending order that nobody has answered expires."""
    notice = timedelta(minutes=order.notice_minutes)
    return min(order.created_at + EXPIRE_AFTER, order.starts_at - notice)


def _expiry_reminder(order: OrderView) -> datetime:
    end = expires_at(order)
    return end - min((end - order.created_at) / 4, timedelta(hours=2))


def _completes_at(order: OrderView) -> datetime:
    return order.state_entered_at + COMPLETE_AFTER


def _before_start(hours: int) -> Callable[[OrderView], datetime]:
    return lambda order: order.starts_at - timedelta(hours=hours)


@dataclass(frozen=True)
class Timer:
    """What happens by itself to an order that stays in `status`: at `due`, the system takes `step`, or the
    reminder `event` is recorded with the time that it reminds of (`of`). `text` says for people when.

    A reminder that has not been given before `until` would only confuse: it is left out. The time of a timer
    that `binds` counts even before the worker has come: from it on, nobody takes another step.
    """

    name: TimerName
    status: OrderStatus
    due: Callable[[OrderView], datetime]
    text: str
    step: TransitionName | None = None
    binds: bool = False
    event: type[events.OrderReminder] | None = None
    of: Callable[[OrderView], datetime] | None = None
    until: Callable[[OrderView], datetime] | None = None


# fmt: off
_TIMERS = (
    Timer(N.EXPIRE, S.PENDING, expires_at, step=T.EXPIRE, binds=True,
          text="24 hours after the booking, or earlier, when the performer's notice before the start begins"),
    Timer(N.EXPIRY_REMINDER, S.PENDING, _expiry_reminder, event=events.OrderExpiring, of=expires_at,
          until=expires_at, text="when a quarter of the time for an answer is left, at most 2 hours"),
    Timer(N.START_REMINDER_24H, S.CONFIRMED, _before_start(24), event=events.OrderStarting,
          of=_before_start(0), until=_before_start(1), text="24 hours before the agreed start"),
    Timer(N.START_REMINDER_1H, S.CONFIRMED, _before_start(1), event=events.OrderStarting,
          of=_before_start(0), until=_before_start(0), text="1 hour before the agreed start"),
    Timer(N.COMPLETE, S.DELIVERED, _completes_at, step=T.COMPLETE, text="2 days after the last delivery"),
    Timer(N.COMPLETION_REMINDER, S.DELIVERED, lambda order: _completes_at(order) - timedelta(days=1),
          event=events.OrderCompleting, of=_completes_at, until=_completes_at,
          text="1 day before the order completes by itself"),
    Timer(N.DECISION_DUE, S.DISPUTED, decision_due, event=events.OrderDecisionDue, of=decision_due,
          text="72 hours after the dispute began"),
)
# fmt: on
TIMERS: dict[str, Timer] = {timer.name: timer for timer in _TIMERS}
"""Every timer by its name. An agreed reschedule is an entry into the same status: it makes them anew."""


def timers_of(order: OrderView, now: datetime) -> list[Timer]:
    """The timers of an order that enters its status at `now`; without reminders whose time has passed."""
    return [
        timer
        for timer in _TIMERS
        if timer.status == order.status and (timer.event is None or timer.due(order) > now)
    ]


def standing(order: OrderView, now: datetime) -> OrderStatus:
    """The status of an order by the clock, whether or not the worker has recorded it."""
    for timer in _TIMERS:
        if timer.binds and timer.step and timer.status == order.status and now >= timer.due(order):
            target = TRANSITIONS[timer.step].target
            assert target is not None
            return target
    return OrderStatus(order.status)


def next_entry(order: OrderView) -> int:
    """The number of the next entry into a status. Below 1, code without timers made the present one."""
    return abs(order.state_entry) + 1


def allowed_transitions(order: OrderView, role: OrderRole, now: datetime, times: StepTimes) -> list[str]:
    """The names of the steps that a user in `role` may take at `now`."""
    status = standing(order, now)
    return [
        step.name.value
        for step in _STEPS
        if status in step.sources
        and role in step.roles
        and step.is_open(order, role, now, times)
        and step.is_fit(order, role, now)
    ]
