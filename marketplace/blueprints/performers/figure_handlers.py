"""What keeps performers' figures true."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.public import UserAnonymised
from marketplace.blueprints.performers.figures import REFRESH_ALL_JOB, REFRESH_JOB
from marketplace.blueprints.performers.wiring import Performers
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

EVERY_DAY = 24 * 60 * 60.0


def handlers(parts: Runtime) -> Iterable[Handler]:
    """Forget the figures of who has left."""
    rows = parts.get(Performers).figure_rows

    def forget(event: UserAnonymised) -> None:
        rows.forget(event.user_id)

    return [Handler(UserAnonymised, forget, key="performers.figures.forget", after_commit=False)]


def jobs(parts: Runtime) -> Iterable[Job]:
    """After what changed them, and daily: what is older than the window counts no longer."""
    figures = parts.get(Performers).figures

    def refresh(payload: dict[str, Any]) -> None:
        figures.refresh(payload["performer_id"])

    def refresh_all(payload: dict[str, Any]) -> None:
        figures.refresh_all(payload.get("after", 0))

    return [
        Job(REFRESH_JOB, refresh),
        Job(REFRESH_ALL_JOB, refresh_all, every=EVERY_DAY, lane=Lane.BULK),
    ]
