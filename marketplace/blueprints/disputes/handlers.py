"""Handlers and background jobs of disputes: rows that follow the orders, deleted files, the sweeps."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.disputes.services.disputes import BATCH
from marketplace.blueprints.disputes.services.evidence import DELETE_FILES_JOB
from marketplace.blueprints.disputes.wiring import Disputes
from marketplace.blueprints.orders.contracts import (
    OrderDisputed,
    OrderDisputeWithdrawn,
    OrderEscalated,
    OrderEvent,
    OrderResolved,
)
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

EVERY_TEN_MINUTES = 600.0
EVERY_DAY = 86_400.0
CATCH_UP_JOB = "disputes.catch_up"
SWEEP_JOB = "disputes.sweep"


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of disputes: all run in the transaction of the step."""
    service = parts.get(Disputes).disputes

    def open_dispute(event: OrderEvent) -> None:
        service.follow_opening(event.order_id)

    def escalate(event: OrderEvent) -> None:
        service.follow_escalation(event.order_id)

    def end(event: OrderEvent) -> None:
        service.follow_end(event.order_id)

    return [
        Handler(OrderDisputed, open_dispute, key="disputes.open", after_commit=False),
        Handler(OrderEscalated, escalate, key="disputes.escalate", after_commit=False),
        Handler(OrderResolved, end, key="disputes.resolve", after_commit=False),
        Handler(OrderDisputeWithdrawn, end, key="disputes.withdraw", after_commit=False),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """The kinds of jobs of disputes."""
    built = parts.get(Disputes)

    def catch_up(_payload: dict[str, Any]) -> None:
        if built.disputes.catch_up() == BATCH:
            parts.uow.enqueue(CATCH_UP_JOB, {})

    def delete_files(payload: dict[str, Any]) -> None:
        built.evidence.delete_files(payload["keys"])

    def sweep(_payload: dict[str, Any]) -> None:
        built.evidence.sweep()

    return [
        Job(CATCH_UP_JOB, catch_up, every=EVERY_TEN_MINUTES, lane=Lane.BULK),
        Job(DELETE_FILES_JOB, delete_files, effect=True, lane=Lane.BULK),
        Job(SWEEP_JOB, sweep, effect=True, every=EVERY_DAY, lane=Lane.BULK),
    ]
