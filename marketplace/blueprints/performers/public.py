"""What other domains may know of performers."""

from datetime import datetime

from marketplace.blueprints.performers.blueprint import CACHE_TOPIC
from marketplace.blueprints.performers.certificate_events import (
    CertificateApproved,
    CertificateExpired,
    CertificateExpiring,
    CertificateRejected,
    CertificateRevoked,
)
from marketplace.blueprints.performers.events import (
    PerformerApplied,
    PerformerApproved,
    PerformerPaused,
    PerformerProfileChanged,
    PerformerRejected,
    PerformerReopened,
    PerformerResumed,
    PerformerSuspended,
    PerformerUnverified,
    PerformerVerified,
)
from marketplace.blueprints.performers.policies import ANSWER_DUE
from marketplace.blueprints.performers.ports import PerformerRef
from marketplace.blueprints.performers.slot_ports import TimeCheck
from marketplace.blueprints.performers.wiring import performers
from marketplace.kernel.errors import NotFound
from marketplace.web.caching import drop

__all__ = [
    "ANSWER_DUE",
    "CertificateApproved",
    "CertificateExpired",
    "CertificateExpiring",
    "CertificateRejected",
    "CertificateRevoked",
    "PerformerApplied",
    "PerformerApproved",
    "PerformerPaused",
    "PerformerProfileChanged",
    "PerformerRef",
    "PerformerRejected",
    "PerformerReopened",
    "PerformerResumed",
    "PerformerSuspended",
    "PerformerUnverified",
    "PerformerVerified",
    "TimeCheck",
    "check_time",
    "drop_public_answers",
    "find_performer",
    "find_performer_of_user",
    "find_visible_performer",
    "get_bookable_performer",
    "get_performer_of_user",
    "refresh_figures",
]


def find_visible_performer(performer_id: int) -> PerformerRef | None:
    """A performer that the public may see: approved, active, of a live account."""
    return performers().directory.find_visible(performer_id)


def find_performer(performer_id: int) -> PerformerRef | None:
    """A performer in whatever state."""
    return performers().directory.find(performer_id)


def find_performer_of_user(user_id: int) -> PerformerRef | None:
    """The performer profile of a user, in whatever state."""
    return performers().directory.find_of_user(user_id)


def get_performer_of_user(user_id: int) -> PerformerRef:
    """The performer profile of a user, in whatever state. Raises NotFound."""
    return _found(find_performer_of_user(user_id))


def get_bookable_performer(performer_id: int) -> PerformerRef:
    """A performer who takes new orders: one that the public may see. Raises NotFound."""
    return _found(find_visible_performer(performer_id))


def check_time(performer_id: int, starts_at: datetime, ends_at: datetime) -> TimeCheck:
    """What speaks against a booking from `starts_at` to `ends_at`: hours, notice; and how far it has to be
    from booked orders. Raises NotFound.
    """
    return performers().slots.check(performer_id, starts_at, ends_at)


def drop_public_answers() -> None:
    """Forget the kept lists and profiles; for after-commit handlers of what changes them from outside,
    such as ratings.
    """
    drop(CACHE_TOPIC)


def refresh_figures(performer_id: int, at: datetime | None = None) -> None:
    """In the caller's transaction: recompute the response and completion figures after it, or at `at`."""
    performers().figures.ask(performer_id, at)


def _found(performer: PerformerRef | None) -> PerformerRef:
    if performer is None:
        raise NotFound
    return performer
