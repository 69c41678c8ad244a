"""People with a row in every table that holds something on users, and words to find them by."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from marketplace.extensions import db
from marketplace.models import (
    AuditEntry,
    Budget,
    ChangeRequest,
    Chat,
    CustomerRating,
    Dispute,
    DisputeEvidence,
    Favourite,
    Notification,
    OneTimeCode,
    OneTimeToken,
    Order,
    OrderTransition,
    Performer,
    PerformerFigures,
    PerformerSchedule,
    PortfolioImage,
    RecoveryCode,
    Report,
    ReviewPhoto,
    ScheduleException,
    SecondFactor,
    Service,
    User,
    Vacation,
)
from marketplace.testing import START, Factory

SECRETS = (b"encrypted-totp-secret", b"recovery-hash-of-zeb", b"token-hash-of-zebulon", b"nonce-of-zebulon")
"""What is stored and must never come out."""


@dataclass
class Life:
    """`user` is a customer and a performer; `other` is the other party of all that `user` did."""

    user: User
    performer: Performer
    service: Service
    other: User
    other_performer: Performer
    ordered: Order
    served: Order
    chat: Chat

    words = (
        "zebulon",
        "zeb.q@example.org",
        "+4930901820",
        "quixworth",
        "larkspur lane",
        "juniper court",
        "mulberry gate",
        "plumber of renown",
        "whistles at work",
        "sends a note",
        "whispers to staff",
        "wants another name",
        "quarrels over",
    )
    """What only `user` is told by, in lower case."""

    foreign = ("otto.other@example.org", "+4930901830", "otherby", "hidden hollow")
    """What an export of `user` must not tell of `other`."""


def live(make: Factory) -> Life:
    """Both lives, with orders that have come to an end."""
    user = make.user(
        username="zebulon",
        email="zeb.q@example.org",
        phone="+4930901820",
        phone_verified=True,
        first_name="Zebulon",
        last_name="Quixworth",
        avatar_key="avatars/zebulon.webp",
        locale="es",
        timezone="Europe/Madrid",
    )
    performer = make.performer(
        user,
        headline="Plumber of renown",
        about="Whistles at work",
        address={"line1": "Larkspur Lane 77", "postal_code": "10115"},
        languages=["es", "en"],
        experience_years=12,
        status_reason="Zebulon showed papers",
        verified=True,
    )
    service = make.service(performer, title="Mend a tap", description="By Zebulon himself")
    make.certificate(
        performer, title="Diploma of Zebulon", status="rejected", reason="Zebulon, this is not readable"
    )
    other = make.user(
        username="otherby", email="otto.other@example.org", phone="+4930901830", first_name="Otto",
        last_name="Otherby",
    )  # fmt: skip
    other_performer = make.performer(other)
    make.certificate(other_performer, title="Hidden hollow guild")
    done: dict[str, Any] = {"status": "completed", "completed_at": START}
    ordered = make.order(
        user, make.service(other_performer), address={"line1": "Juniper Court 5"}, note="Sends a note", **done
    )
    served = make.order(
        other, service, address={"line1": "Hidden Hollow 1"}, note="Hidden hollow key", **done
    )
    written = make.review(ordered, text="Otto was quick", note_to_staff="Whispers to staff")
    db.session.add(
        ReviewPhoto(
            review_id=written.id, position=0, key=f"reviews/{8:032x}.webp",
            thumbnail_key=f"reviews/{9:032x}.webp", width=4, height=3,
        )
    )  # fmt: skip
    make.review(
        ordered, author_id=other.id, direction="of_customer", text="Paid at once", note_to_staff="Otherby"
    )
    make.review(served, text="The tap holds", note_to_staff="Otherby complains")
    chat = make.chat(user, other_performer)
    make.message(chat, user.id, "When can you come?")
    make.message(chat, other.id, "On Tuesday")
    _small_rows(user, performer, ordered)
    return Life(user, performer, service, other, other_performer, ordered, served, chat)


def _small_rows(user: User, performer: Performer, order: Order) -> None:
    """What has no factory."""
    later = START + timedelta(hours=1)
    db.session.add_all(
        [
            OrderTransition(
                order_id=order.id, transition="create", to_status="pending", actor_id=user.id,
                actor_role="customer",
            ),
            ChangeRequest(
                subject_type="user", subject_id=user.id, requested_by=user.id, field_name="first_name",
                old_value="Zebulon", new_value="Wants another name",
            ),
            ChangeRequest(
                subject_type="performer", subject_id=performer.id, requested_by=user.id, field_name="address",
                old_value={"line1": "Larkspur Lane 77"}, new_value={"line1": "Mulberry Gate 2"},
                status="rejected", reason="Zebulon, this is no address", decided_at=START,
            ),
            Report(
                reporter_id=user.id, content_type="performer", content_id=order.performer_id,
                owner_id=user.id, reason="Zebulon was insulted", status="closed", outcome="dismissed",
            ),
            CustomerRating(user_id=user.id, rating_count=1, rating_sum=5),
            PerformerFigures(
                performer_id=performer.id, asked=7, answered=6, response_p33=10, response_p66=20, completed=1,
                withdrawn=0, computed_at=START,
            ),
            PortfolioImage(
                performer_id=performer.id, key=f"portfolio/{7:032x}.webp", width=4, height=3,
                caption="A tap for Zebulon", position=1,
            ),
            PerformerSchedule(
                performer_id=performer.id,
                weekly=text("'{[540,1020)}'::int4multirange"),
                notice_minutes=90,
                buffer_before_minutes=10,
                buffer_after_minutes=20,
            ),
            ScheduleException(
                performer_id=performer.id, kind="unavailable", starts_at=START, ends_at=later, note="Zebulon's dentist",
            ),
            Vacation(performer_id=performer.id, starts_on=START.date(), ends_on=START.date()),
            Favourite(user_id=user.id, performer_id=order.performer_id),
            AuditEntry(
                actor_id=user.id, action="user.password_changed", subject_type="user", subject_id=user.id,
                ip="192.0.2.1",
            ),
            AuditEntry(
                actor_id=user.id + 1_000_000, action="performer.rejected", subject_type="performer",
                subject_id=performer.id, reason="Papers missing", ip="198.51.100.9",
            ),
            AuditEntry(
                actor_id=user.id, action="user.blocked", subject_type="user", subject_id=user.id + 1_000_000,
                before={"note": "hidden hollow"}, reason="otherby",
            ),
            OneTimeToken(
                user_id=user.id, purpose="change_email", token_hash=SECRETS[2], target="zebulon@work.example",
                expires_at=later,
            ),
            OneTimeCode(phone="+4930901820", purpose="sign_in", nonce=SECRETS[3], expires_at=later),
            OneTimeCode(
                phone="+4930901899", purpose="change_phone", user_id=user.id, nonce=b"n", expires_at=later
            ),
            SecondFactor(user_id=user.id, secret=SECRETS[0], confirmed_at=START),
            RecoveryCode(user_id=user.id, code_hash=SECRETS[1]),
            Notification(user_id=user.id, event_id=uuid4(), topic="order.accepted", data={"order_id": order.id}),
            Dispute(
                order_id=order.id, opened_role="customer", reason="Zebulon is not content",
                text="Quarrels over a lamp", from_status="delivered", opened_at=START, due_at=START,
                ended_at=START, ended_role="customer", outcome="withdrawn", decision="Zebulon gives in",
            ),
            DisputeEvidence(
                order_id=order.id, user_id=user.id, side="customer", note="Shown by Zebulon",
                file_key="private/evidence/0.pdf", content_type="application/pdf", size=1, sha256="0",
            ),
            Budget(scope="mails", key=b"k", day=START.date(), spent=1),
        ]
    )  # fmt: skip
    db.session.commit()
