"""What gives time back to a performer, and the background jobs that offer it to who waits."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from marketplace.blueprints.accounts.contracts import UserBlocked, UserDeleted
from marketplace.blueprints.availability.contracts import HoldEnded, PerformerScheduleChanged
from marketplace.blueprints.orders.contracts import (
    OrderAccepted,
    OrderCancelled,
    OrderCreated,
    OrderDeclined,
    OrderDelivered,
    OrderDisputed,
    OrderEvent,
    OrderExpired,
    OrderNoShow,
    OrderRescheduled,
    OrderResolved,
    RescheduleProposed,
)
from marketplace.blueprints.waitlist.contracts import WaitlistOffered
from marketplace.blueprints.waitlist.services import RUN_OUT_JOB, TEND_JOB
from marketplace.blueprints.waitlist.wiring import Waitlist
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

SWEEP_EVERY = 5 * 60.0
SWEEP_JOB = "waitlist.sweep"
STEPS: tuple[type[OrderEvent], ...] = (
    # An order uses up what was held or offered, and a pending one takes no time.
    OrderCreated,
    OrderDeclined,
    OrderExpired,
    OrderCancelled,
    OrderNoShow,
    OrderRescheduled,
    # A time that is taken or proposed uses up what its customer held or was offered around it.
    OrderAccepted,
    RescheduleProposed,
    OrderDelivered,
    OrderDisputed,
    OrderResolved,
)
"""Steps after which a performer may have time that was not free before, or an offer is over."""


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of the waiting list; each may run twice, or late."""
    offering, mail = parts.get(Waitlist).offering, parts.get(Waitlist).mail

    def send(event: WaitlistOffered) -> None:
        mail.send(event.customer_id, event.performer_id, date.fromisoformat(event.date))

    def tend(event: HoldEnded | PerformerScheduleChanged) -> None:
        offering.tend(event.performer_id)

    def tend_after(event: OrderEvent) -> None:
        # Several orders that took a step together are of one performer: the first one is enough.
        if event.along_with is None:
            offering.tend(event.performer_id)

    def withdraw(event: UserBlocked | UserDeleted) -> None:
        offering.withdraw(event.user_id)

    return [
        *(Handler(kind, tend_after, key=f"waitlist.tend:{kind.name}") for kind in STEPS),
        Handler(HoldEnded, tend, key="waitlist.tend:hold.ended"),
        Handler(PerformerScheduleChanged, tend, key="waitlist.tend:performer.schedule_changed"),
        Handler(WaitlistOffered, send, key="waitlist.mail:waitlist.offered", effect=True, lane=Lane.MAIL),
        Handler(UserBlocked, withdraw, key="waitlist.withdraw:user.blocked"),
        Handler(UserDeleted, withdraw, key="waitlist.withdraw:user.deleted"),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """The kinds of jobs of the waiting list."""
    offering = parts.get(Waitlist).offering

    def tend(payload: dict[str, Any]) -> None:
        offering.tend(payload["performer_id"])

    def run_out(payload: dict[str, Any]) -> None:
        offering.run_out(payload["entry_id"], payload["number"])

    def sweep(payload: dict[str, Any]) -> None:
        last = offering.sweep(payload.get("after", 0))
        if last is not None:
            parts.uow.enqueue(SWEEP_JOB, {"after": last})

    return [
        Job(TEND_JOB, tend),
        Job(RUN_OUT_JOB, run_out),
        Job(SWEEP_JOB, sweep, every=SWEEP_EVERY, lane=Lane.BULK),
    ]
