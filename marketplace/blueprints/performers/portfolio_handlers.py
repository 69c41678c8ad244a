"""What happens to portfolios by themselves: thumbnails are made, and what nobody shows any longer goes."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.public import UserAnonymised
from marketplace.blueprints.performers.portfolio import DELETE_JOB, THUMBNAIL_JOB
from marketplace.blueprints.performers.wiring import Performers
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

SWEEP_JOB = "performers.sweep_portfolios"
EVERY_DAY = 24 * 60 * 60.0


def handlers(parts: Runtime) -> Iterable[Handler]:
    """Forget the pictures of who has left."""
    portfolio = parts.get(Performers).portfolio

    def forget(event: UserAnonymised) -> None:
        portfolio.forget(event.user_id)

    return [Handler(UserAnonymised, forget, key="performers.portfolio.forget", after_commit=False)]


def jobs(parts: Runtime) -> Iterable[Job]:
    """All of it reaches the storage."""
    files = parts.get(Performers).portfolio.files

    def thumbnail(payload: dict[str, Any]) -> None:
        files.make_thumbnail(payload["image_id"], payload["key"])

    def delete(payload: dict[str, Any]) -> None:
        files.delete(payload["keys"])

    def sweep(_payload: dict[str, Any]) -> None:
        files.sweep()

    return [
        Job(THUMBNAIL_JOB, thumbnail, effect=True, lane=Lane.BULK),
        Job(DELETE_JOB, delete, effect=True, lane=Lane.BULK),
        Job(SWEEP_JOB, sweep, effect=True, every=EVERY_DAY, lane=Lane.BULK),
    ]
