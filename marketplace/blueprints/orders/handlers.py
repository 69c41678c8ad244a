"""Handlers and background jobs of orders: pushes to sockets, users who leave, timers."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.contracts import UserDeleted
from marketplace.blueprints.orders.contracts import ALL_EVENTS, REMARKS, OrderEvent
from marketplace.blueprints.orders.policies.life import BATCH
from marketplace.blueprints.orders.schemas import orders as schemas
from marketplace.blueprints.orders.services.shared import TIMER_JOB
from marketplace.blueprints.orders.wiring import Orders
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.realtime import user_room
from marketplace.realtime.outgoing import outgoing
from marketplace.web.runtime import Runtime

EVERY_HOUR = 60 * 60.0
HEAL_JOB = "orders.heal"
RETIRED_JOBS = ("orders.expire", "orders.complete")
"""Kinds whose rows a release without timers may have left, or still adds while it runs beside this one."""
ORDER_UPDATED = outgoing("order:updated", schemas.OrderUpdated, "An order took a step")


def tell_parties(event: OrderEvent) -> None:
    """Push the new state to both parties' sockets."""
    payload = {"order_id": event.order_id, "status": event.status, "event": event.name}
    for user_id in (event.customer_id, event.performer_user_id):
        ORDER_UPDATED.publish(user_room(user_id), payload)


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of orders. The handler of deletions runs in the transaction, and may refuse."""
    leaving = parts.get(Orders).leaving

    def check_deletion(event: UserDeleted) -> None:
        leaving.check(event.user_id)

    return [
        *(
            Handler(kind, tell_parties, key=f"orders.tell:{kind.name}", effect=True, lane=Lane.SOCKETS)
            for kind in (*ALL_EVENTS, *REMARKS)
        ),
        Handler(UserDeleted, check_deletion, key="orders.check_deletion", after_commit=False),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """The jobs for what no user does: the timers of orders, and the sweep that makes missing ones."""
    timers = parts.get(Orders).timers

    def run_timer(payload: dict[str, Any]) -> None:
        timers.run(payload["order_id"], payload["entry"], payload["name"])

    def heal(_payload: dict[str, Any]) -> None:
        if timers.heal() == BATCH:
            parts.uow.enqueue(HEAL_JOB, {})

    return [
        Job(TIMER_JOB, run_timer),
        Job(HEAL_JOB, heal, every=EVERY_HOUR, lane=Lane.BULK),
        *(Job(kind, _leave) for kind in RETIRED_JOBS),
    ]


def _leave(_payload: dict[str, Any]) -> None:
    """Does nothing: the timers do it."""
