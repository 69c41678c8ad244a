"""Handlers and jobs that keep performers' figures up to date, after orders and chats and as time passes."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.chat.contracts import MessageCreated
from marketplace.blueprints.orders.contracts import (
    OrderAccepted,
    OrderCancelled,
    OrderCompleted,
    OrderDeclined,
    OrderEvent,
    OrderExpired,
    OrderFeeWaived,
    OrderNoShow,
    OrderResolved,
)
from marketplace.blueprints.reliability.services import REFRESH_ALL_JOB, REFRESH_JOB
from marketplace.blueprints.reliability.wiring import Reliability
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

EVERY_DAY = 24 * 60 * 60.0

_COUNTED = (
    OrderAccepted,
    OrderDeclined,
    OrderExpired,
    OrderCancelled,
    OrderNoShow,
    OrderFeeWaived,
    OrderCompleted,
    OrderResolved,
)
"""Events that change a performer's response or completion figures."""


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers run in the transaction of the event, and store the job that counts with it."""
    figures = parts.get(Reliability).figures

    def count_order(event: OrderEvent) -> None:
        # The first one of several orders that took the step together asks for all of them.
        if event.along_with is None:
            figures.ask(event.performer_id)

    def count_message(event: MessageCreated) -> None:
        figures.note_message(event.chat_id, event.sender_id, event.seq)

    return [
        *(
            Handler(kind, count_order, key=f"reliability.count:{kind.name}", after_commit=False)
            for kind in _COUNTED
        ),
        Handler(MessageCreated, count_message, key="reliability.count_message", after_commit=False),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """Jobs that count after an event, and daily, because rows older than the window no longer count."""
    figures = parts.get(Reliability).figures

    def refresh(payload: dict[str, Any]) -> None:
        figures.refresh(payload["performer_id"])

    def refresh_all(payload: dict[str, Any]) -> None:
        figures.refresh_all(payload.get("after", 0))

    return [
        Job(REFRESH_JOB, refresh),
        Job(REFRESH_ALL_JOB, refresh_all, every=EVERY_DAY, lane=Lane.BULK),
    ]
