"""Background jobs of calendars: the fetches."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.calendars.services import FETCH_JOB
from marketplace.blueprints.calendars.wiring import Calendars
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

EVERY_MINUTE = 60.0
DUE_JOB = "calendars.fetch_due"


def jobs(parts: Runtime) -> Iterable[Job]:
    """The kinds of jobs of calendars."""
    fetches = parts.get(Calendars).fetches

    def begin_due(_payload: dict[str, Any]) -> None:
        fetches.begin_due()

    def fetch(payload: dict[str, Any]) -> None:
        fetches.fetch(payload["calendar_id"], payload["number"])

    return [
        # An effect, so that each batch has a transaction of its own.
        Job(DUE_JOB, begin_due, effect=True, every=EVERY_MINUTE, lane=Lane.BULK),
        Job(FETCH_JOB, fetch, effect=True, max_attempts=3, lane=Lane.FETCHES),
    ]
