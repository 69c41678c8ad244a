"""What reviews do when something happened, and by themselves."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.performers import public as performers
from marketplace.blueprints.reviews.events import ReviewEvent, ReviewHidden, ReviewPublished, ReviewRestored
from marketplace.blueprints.reviews.wiring import Reviews
from marketplace.kernel.events import Handler
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

PUBLISH_EVERY_SECONDS = 60.0
RECOUNT_EVERY_SECONDS = 86_400.0


def forget_figures(_event: ReviewEvent) -> None:
    """Kept public answers show the old rating."""
    performers.drop_public_answers()


def handlers(_parts: Runtime) -> Iterable[Handler]:
    """The handlers of this domain."""
    kinds = (ReviewPublished, ReviewHidden, ReviewRestored)
    return [Handler(kind, forget_figures, key=f"reviews.forget:{kind.name}", effect=True) for kind in kinds]


def jobs(parts: Runtime) -> Iterable[Job]:
    """What happens by itself."""
    service = parts.get(Reviews).reviews

    def publish(_payload: dict[str, Any]) -> None:
        service.publish_due()

    def recount(_payload: dict[str, Any]) -> None:
        service.recount()

    return [
        Job("reviews.publish", publish, every=PUBLISH_EVERY_SECONDS),
        Job("reviews.recount", recount, every=RECOUNT_EVERY_SECONDS),
    ]
