"""Background jobs of availability."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.availability.wiring import Availability
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

EVERY_DAY = 24 * 60 * 60.0


def jobs(parts: Runtime) -> Iterable[Job]:
    """Delete the rows of holds that ended long ago. A hold ends by its time, without a job."""
    holds = parts.get(Availability).holds

    def remove_ended(_payload: dict[str, Any]) -> None:
        holds.remove_ended()

    return [Job("availability.remove_ended_holds", remove_ended, every=EVERY_DAY, lane=Lane.BULK)]
