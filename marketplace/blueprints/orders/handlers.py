"""What orders do when something happened, and by themselves."""

from collections.abc import Callable, Iterable
from typing import Any

from marketplace.blueprints.accounts.public import UserAnonymised, UserDeleted
from marketplace.blueprints.orders.events import (
    ALL,
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderDeclined,
    OrderEvent,
    OrderExpired,
    OrderResolved,
)
from marketplace.blueprints.orders.policies import BATCH
from marketplace.blueprints.orders.wiring import Orders
from marketplace.blueprints.performers import public as performers
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.realtime import publish, user_room
from marketplace.web.runtime import Runtime

EVERY_SECONDS = 60.0


def tell_parties(event: OrderEvent) -> None:
    """Push the new state to both parties' sockets."""
    payload = {"order_id": event.order_id, "status": event.status, "event": event.name}
    for user_id in (event.customer_id, event.performer_user_id):
        publish(user_room(user_id), "order:updated", payload)


_COUNTED = (OrderAccepted, OrderDeclined, OrderExpired, OrderCancelled, OrderCompleted, OrderResolved)
"""What changes a performer's response or completion figures."""


def count(event: OrderEvent) -> None:
    """The performer's figures are recomputed after the commit."""
    performers.refresh_figures(event.performer_id)


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of this domain. Those of accounts run in the transaction: the first may refuse."""
    leaving = parts.get(Orders).leaving

    def check_deletion(event: UserDeleted) -> None:
        leaving.check(event.user_id)

    def forget(event: UserAnonymised) -> None:
        leaving.forget(event.user_id)

    return [
        *(
            Handler(kind, tell_parties, key=f"orders.tell:{kind.name}", effect=True, lane=Lane.SOCKETS)
            for kind in ALL
        ),
        *(Handler(kind, count, key=f"orders.count:{kind.name}", after_commit=False) for kind in _COUNTED),
        Handler(UserDeleted, check_deletion, key="orders.check_deletion", after_commit=False),
        Handler(UserAnonymised, forget, key="orders.forget", after_commit=False),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """What happens by itself."""
    transitions = parts.get(Orders).transitions

    def batches(kind: str, run: Callable[[], int]) -> Job:
        def one(_payload: dict[str, Any]) -> None:
            if run() == BATCH:
                parts.uow.enqueue(kind, {})

        return Job(kind, one, every=EVERY_SECONDS)

    return [
        batches("orders.expire", transitions.expire_due),
        batches("orders.complete", transitions.complete_due),
    ]
