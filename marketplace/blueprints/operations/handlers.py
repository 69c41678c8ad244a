"""Background work of operations."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.operations.wiring import Operations
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

PRUNE_EVERY_SECONDS = 600.0


def jobs(parts: Runtime) -> Iterable[Job]:
    """The kinds of jobs of this domain."""
    service = parts.get(Operations).jobs

    def prune(_payload: dict[str, Any]) -> None:
        service.prune()

    # As an effect, it runs without a transaction around it: each batch has its own.
    return [Job("operations.prune", prune, effect=True, every=PRUNE_EVERY_SECONDS, lane=Lane.BULK)]
