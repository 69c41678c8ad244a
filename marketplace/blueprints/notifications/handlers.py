"""Which events users are told of inside the program, and who is told."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from marketplace.blueprints.accounts.public import UserAnonymised
from marketplace.blueprints.catalog import public as catalog
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.notifications import schemas
from marketplace.blueprints.notifications.services import PUSH_JOB
from marketplace.blueprints.notifications.wiring import Notifications
from marketplace.blueprints.orders import public as orders
from marketplace.blueprints.performers import public as performers
from marketplace.blueprints.reviews import public as reviews
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.realtime import user_room
from marketplace.realtime.outgoing import outgoing
from marketplace.web.runtime import Runtime

NOTIFICATION_NEW = outgoing("notification:new", schemas.NotificationNew, "The user was told something")


def parties_but_actor(event: orders.OrderEvent) -> Sequence[int]:
    """Both parties of an order; whoever took the step knows of it."""
    people = (event.customer_id, event.performer_user_id)
    return [user_id for user_id in people if user_id != event.actor_id]


def reviewed_party(event: reviews.ReviewPublished) -> Sequence[int]:
    """Whom the review is of."""
    if event.direction == "of_customer":
        return [event.customer_id]
    found = performers.find_performer(event.performer_id)
    return [found.user_id] if found else []


def performer_user(event: Any) -> Sequence[int]:
    """The user behind a performer profile."""
    return [event.user_id]


def requester(event: moderation.ChangeDecided) -> Sequence[int]:
    """Who asked for a change."""
    return [event.requested_by]


def reporter(event: moderation.ReportClosed) -> Sequence[int]:
    """Who told staff."""
    return [event.reporter_id]


TOLD: tuple[tuple[type[DomainEvent], Callable[[Any], Sequence[int]]], ...] = (
    *((kind, parties_but_actor) for kind in orders.ALL_EVENTS),
    (reviews.ReviewPublished, reviewed_party),
    (performers.PerformerApproved, performer_user),
    (performers.PerformerRejected, performer_user),
    (performers.PerformerSuspended, performer_user),
    (performers.PerformerVerified, performer_user),
    (performers.PerformerUnverified, performer_user),
    (performers.CertificateApproved, performer_user),
    (performers.CertificateRejected, performer_user),
    (performers.CertificateRevoked, performer_user),
    (performers.CertificateExpiring, performer_user),
    (performers.CertificateExpired, performer_user),
    (catalog.ServiceHidden, performer_user),
    (catalog.ServiceRestored, performer_user),
    (moderation.ChangeDecided, requester),
    (moderation.ReportClosed, reporter),
)
"""Each event with the function that names the users to tell."""


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of this domain."""
    service = parts.get(Notifications).notifications
    records = parts.get(Notifications).records

    def forget(event: UserAnonymised) -> None:
        records.forget(event.user_id)

    def teller(recipients: Callable[[Any], Sequence[int]]) -> Callable[[Any], None]:
        def tell(event: DomainEvent) -> None:
            # Who acted stays out: it may be a member of staff.
            data = {key: value for key, value in event.payload().items() if key != "actor_id"}
            for user_id in recipients(event):
                service.tell(user_id, event.event_id, event.name, data)

        return tell

    return [
        *(
            Handler(kind, teller(recipients), key=f"notifications.tell:{kind.name}")
            for kind, recipients in TOLD
        ),
        Handler(UserAnonymised, forget, key="notifications.forget", after_commit=False),
    ]


def push(payload: dict[str, Any]) -> None:
    """Send a stored notification to the user's sockets."""
    NOTIFICATION_NEW.publish(user_room(payload["user_id"]), payload)


def jobs(_parts: Runtime) -> Iterable[Job]:
    """The kinds of jobs of this domain."""
    return [Job(PUSH_JOB, push, effect=True, lane=Lane.SOCKETS)]
