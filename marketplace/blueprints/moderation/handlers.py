"""Background jobs of moderation: delete bulk decisions that can no longer be taken back."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.moderation.wiring import Moderation
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

PRUNE_EVERY_SECONDS = 3600.0


def jobs(parts: Runtime) -> Iterable[Job]:
    """The periodic jobs of moderation."""
    bulk = parts.get(Moderation).bulk

    def prune(_payload: dict[str, Any]) -> None:
        bulk.prune()

    return [Job("moderation.prune", prune, every=PRUNE_EVERY_SECONDS, lane=Lane.BULK)]
