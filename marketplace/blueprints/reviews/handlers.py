"""What reviews do when something happened, and by themselves."""

import logging
from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.public import (
    UserAnonymised,
    UserBlocked,
    UserDeleted,
    UserProfileChanged,
    UserRestored,
    UserUnblocked,
)
from marketplace.blueprints.performers import public as performers
from marketplace.blueprints.reviews.events import (
    ReviewEvent,
    ReviewHidden,
    ReviewPublished,
    ReviewReplied,
    ReviewRestored,
)
from marketplace.blueprints.reviews.policies import BATCH, CACHE_TOPIC
from marketplace.blueprints.reviews.wiring import Reviews
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.caching import drop
from marketplace.web.runtime import Runtime

log = logging.getLogger(__name__)

PUBLISH_EVERY_SECONDS = 60.0
RECOUNT_EVERY_SECONDS = 86_400.0


def forget_figures(_event: ReviewEvent) -> None:
    """Kept public answers show the old rating."""
    performers.drop_public_answers()


def forget_list(_event: DomainEvent) -> None:
    """Kept pages of public reviews are no longer true."""
    drop(CACHE_TOPIC)


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of this domain."""
    records = parts.get(Reviews).records

    def forget(event: UserAnonymised) -> None:
        records.forget(event.user_id)

    figures = (ReviewPublished, ReviewHidden, ReviewRestored)
    people = (UserProfileChanged, UserBlocked, UserUnblocked, UserDeleted, UserRestored, UserAnonymised)
    # Answers that say 404 are not kept, so who comes back needs nothing.
    gone = (performers.PerformerPaused, performers.PerformerSuspended, performers.PerformerReopened)
    shown = (*figures, ReviewReplied, *people, *gone)
    return [
        *(
            Handler(kind, forget_figures, key=f"reviews.forget:{kind.name}", effect=True, at_once=True)
            for kind in figures
        ),
        *(
            Handler(kind, forget_list, key=f"reviews.forget_list:{kind.name}", effect=True, at_once=True)
            for kind in shown
        ),
        Handler(UserAnonymised, forget, key="reviews.forget_notes", after_commit=False),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """What happens by itself."""
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

    return [
        Job("reviews.publish", publish, every=PUBLISH_EVERY_SECONDS),
        Job("reviews.recount", recount, every=RECOUNT_EVERY_SECONDS, lane=Lane.BULK),
    ]
