"""Background jobs of portfolios: thumbnails, deleted files, the daily sweep."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.portfolio.services import DELETE_JOB, THUMBNAIL_JOB
from marketplace.blueprints.portfolio.wiring import Portfolio
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

SWEEP_JOB = "performers.sweep_portfolios"
EVERY_DAY = 24 * 60 * 60.0


def jobs(parts: Runtime) -> Iterable[Job]:
    """The kinds of jobs; all of them use the storage."""
    files = parts.get(Portfolio).files

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
