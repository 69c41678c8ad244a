"""Handlers that notify users inside the program: the events, and the users to tell of each."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from marketplace.blueprints.calendars.contracts import CalendarFailing
from marketplace.blueprints.certificates.contracts import (
    CertificateApproved,
    CertificateExpired,
    CertificateExpiring,
    CertificateRejected,
    CertificateRevoked,
)
from marketplace.blueprints.disputes.contracts import EvidenceAdded
from marketplace.blueprints.moderation.contracts import ChangeDecided, ReportClosed
from marketplace.blueprints.notifications import schemas
from marketplace.blueprints.notifications.policies import NotificationTopic
from marketplace.blueprints.notifications.services import PUSH_JOB
from marketplace.blueprints.notifications.wiring import Notifications
from marketplace.blueprints.offers.contracts import ServiceHidden, ServiceRestored
from marketplace.blueprints.orders.contracts import (
    ALL_EVENTS,
    REMARKS,
    OrderCompleting,
    OrderDecisionDue,
    OrderDisputeWithdrawn,
    OrderEscalated,
    OrderEvent,
    OrderExpiring,
    OrderStarting,
)
from marketplace.blueprints.performers import public as performers
from marketplace.blueprints.performers.contracts import (
    PerformerApproved,
    PerformerRejected,
    PerformerSuspended,
    PerformerUnverified,
    PerformerVerified,
)
from marketplace.blueprints.reviews.contracts import ReviewPublished
from marketplace.blueprints.waitlist.contracts import WaitlistOffered
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.realtime import user_room
from marketplace.realtime.outgoing import outgoing
from marketplace.web.runtime import Runtime

NOTIFICATION_NEW = outgoing("notification:new", schemas.NotificationNew, "The user was told something")


def parties_but_actor(event: OrderEvent) -> Sequence[int]:
    """Both parties of an order, except the one that took the step; nobody for the further orders of a series
    that took it together.
    """
    if event.along_with is not None:
        return []
    people = (event.customer_id, event.performer_user_id)
    return [user_id for user_id in people if user_id != event.actor_id]


def other_party(event: EvidenceAdded) -> Sequence[int]:
    """The party of a disputed order whose file it is not."""
    people = (event.customer_id, event.performer_user_id)
    return [user_id for user_id in people if user_id != event.actor_id]


def customer_of(event: OrderEvent | WaitlistOffered) -> Sequence[int]:
    """The customer of an order, or who waited for time."""
    return [event.customer_id]


def performer_of(event: OrderEvent) -> Sequence[int]:
    """The performer of an order."""
    return [event.performer_user_id]


def reviewed_party(event: ReviewPublished) -> Sequence[int]:
    """The user whom the review is of."""
    if event.direction == "of_customer":
        return [event.customer_id]
    found = performers.find_performer(event.performer_id)
    return [found.user_id] if found else []


def performer_user(event: Any) -> Sequence[int]:
    """The user behind a performer profile."""
    return [event.user_id]


def requester(event: ChangeDecided) -> Sequence[int]:
    """The user who asked for a change."""
    return [event.requested_by]


def reporter(event: ReportClosed) -> Sequence[int]:
    """The user who filed the report."""
    return [event.reporter_id]


TOLD: tuple[tuple[type[DomainEvent], Callable[[Any], Sequence[int]]], ...] = (
    *((kind, parties_but_actor) for kind in (*ALL_EVENTS, *REMARKS)),
    (OrderExpiring, performer_of),
    (OrderStarting, parties_but_actor),
    (OrderCompleting, customer_of),
    (WaitlistOffered, customer_of),
    (OrderDecisionDue, parties_but_actor),
    (EvidenceAdded, other_party),
    (ReviewPublished, reviewed_party),
    (PerformerApproved, performer_user),
    (PerformerRejected, performer_user),
    (PerformerSuspended, performer_user),
    (PerformerVerified, performer_user),
    (PerformerUnverified, performer_user),
    (CertificateApproved, performer_user),
    (CertificateRejected, performer_user),
    (CertificateRevoked, performer_user),
    (CertificateExpiring, performer_user),
    (CertificateExpired, performer_user),
    (CalendarFailing, performer_user),
    (ServiceHidden, performer_user),
    (ServiceRestored, performer_user),
    (ChangeDecided, requester),
    (ReportClosed, reporter),
)
"""Each event with the function that names the users to tell."""
TOPICS: dict[type[DomainEvent], NotificationTopic] = {
    OrderEscalated: NotificationTopic.ORDER_DISPUTED,
    OrderDecisionDue: NotificationTopic.ORDER_DISPUTED,
    EvidenceAdded: NotificationTopic.ORDER_DISPUTED,
    OrderDisputeWithdrawn: NotificationTopic.ORDER_RESOLVED,
}
"""The topics of events that have none of their own: what goes on in a dispute, and its end without a
decision. The `event` in their data tells which one it was.
"""


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of notifications."""
    service = parts.get(Notifications).notifications

    def teller(recipients: Callable[[Any], Sequence[int]]) -> Callable[[Any], None]:
        def tell(event: DomainEvent) -> None:
            # Leave out the actor, who may be a member of staff.
            data = {key: value for key, value in event.payload().items() if key != "actor_id"}
            topic = TOPICS.get(type(event))
            if topic is not None:
                data["event"] = event.name
            for user_id in recipients(event):
                service.tell(user_id, event.event_id, topic or event.name, data)

        return tell

    return [
        Handler(kind, teller(recipients), key=f"notifications.tell:{kind.name}") for kind, recipients in TOLD
    ]


def push(payload: dict[str, Any]) -> None:
    """Send a stored notification to the user's sockets."""
    NOTIFICATION_NEW.publish(user_room(payload["user_id"]), payload)


def jobs(_parts: Runtime) -> Iterable[Job]:
    """The kinds of jobs of notifications."""
    return [Job(PUSH_JOB, push, effect=True, lane=Lane.SOCKETS)]
