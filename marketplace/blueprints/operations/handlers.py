"""Background jobs of operations."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.operations.wiring import Operations
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

PRUNE_EVERY_SECONDS = 600.0
EVERY_HOUR = 3_600.0


def jobs(parts: Runtime) -> Iterable[Job]:
    """The kinds of jobs of operations."""
    service = parts.get(Operations).jobs

    def prune(_payload: dict[str, Any]) -> None:
        service.prune()

    def prune_outbox(_payload: dict[str, Any]) -> None:
        parts.outside.outbox.prune(parts.clock.now())

    # They are effects, so no transaction is open around them: each batch has its own.
    return [
        Job("operations.prune", prune, effect=True, every=PRUNE_EVERY_SECONDS, lane=Lane.BULK),
        Job("integrations.prune_outbox", prune_outbox, effect=True, every=EVERY_HOUR, lane=Lane.BULK),
    ]
