"""What integrations add to the program."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.integrations.routes import blp
from marketplace.blueprints.integrations.wiring import Integrations, build
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.plugins import Plugin
from marketplace.web.runtime import Runtime

PRUNE_JOB = "integrations.prune_outbox"
EVERY_HOUR = 3_600.0


def setup(runtime: Runtime) -> None:
    """Build senders and the file store."""
    runtime.provide(build(runtime))


def jobs(runtime: Runtime) -> Iterable[Job]:
    """What the outbox folder holds is not kept for ever."""
    outbox = runtime.get(Integrations).outbox

    def prune(_payload: dict[str, Any]) -> None:
        outbox.prune(runtime.clock.now())

    return [Job(PRUNE_JOB, prune, effect=True, every=EVERY_HOUR, lane=Lane.BULK)]


PLUGIN = Plugin(name="integrations", root=(blp,), setup=setup, jobs=jobs)
