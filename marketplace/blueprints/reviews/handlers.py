"""Handlers and background jobs of reviews, and the events that invalidate cached pages of reviews."""

import logging
from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.contracts import (
    UserBlocked,
    UserDeleted,
    UserProfileChanged,
    UserRestored,
    UserUnblocked,
)
from marketplace.blueprints.performers.contracts import PerformerPaused, PerformerReopened, PerformerSuspended
from marketplace.blueprints.privacy.contracts import UserAnonymised
from marketplace.blueprints.reviews.contracts import (
    ReviewHidden,
    ReviewPublished,
    ReviewReplied,
    ReviewRestored,
)
from marketplace.blueprints.reviews.policies import BATCH
from marketplace.blueprints.reviews.services.photos import DELETE_JOB
from marketplace.blueprints.reviews.wiring import Reviews
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

log = logging.getLogger(__name__)

PUBLISH_EVERY_SECONDS = 60.0
DAY_SECONDS = 86_400.0


SHOWN = (
    ReviewPublished,
    ReviewHidden,
    ReviewRestored,
    ReviewReplied,
    UserProfileChanged,
    UserBlocked,
    UserUnblocked,
    UserDeleted,
    UserRestored,
    UserAnonymised,
    # Responses with 404 are not cached, so a performer who comes back needs nothing.
    PerformerPaused,
    PerformerSuspended,
    PerformerReopened,
)
"""Events that invalidate the cached pages of public reviews."""


def jobs(parts: Runtime) -> Iterable[Job]:
    """The jobs that publish and recount reviews."""
    service = parts.get(Reviews).reviews

    def publish(_payload: dict[str, Any]) -> None:
        if service.publish_due() == BATCH:
            parts.uow.enqueue("reviews.publish", {})

    def recount(payload: dict[str, Any]) -> None:
        last, wrong = service.recount(payload.get("after", 0))
        if wrong:
            log.warning("ratings differed from a recount", extra={"performers": wrong})
        if last is not None:
            parts.uow.enqueue("reviews.recount", {"after": last})

    def recount_customers(payload: dict[str, Any]) -> None:
        last, wrong = service.recount_customers(payload.get("after", 0))
        if wrong:
            log.warning("ratings differed from a recount", extra={"customers": wrong})
        if last is not None:
            parts.uow.enqueue("reviews.recount_customers", {"after": last})

    files = parts.get(Reviews).files

    def delete_photos(payload: dict[str, Any]) -> None:
        files.delete(payload["keys"])

    def sweep_photos(_payload: dict[str, Any]) -> None:
        files.sweep()

    return [
        Job(DELETE_JOB, delete_photos, effect=True, lane=Lane.BULK),
        Job("reviews.sweep_photos", sweep_photos, effect=True, every=DAY_SECONDS, lane=Lane.BULK),
        Job("reviews.publish", publish, every=PUBLISH_EVERY_SECONDS),
        Job("reviews.recount", recount, every=DAY_SECONDS, lane=Lane.BULK),
        Job("reviews.recount_customers", recount_customers, every=DAY_SECONDS, lane=Lane.BULK),
    ]
