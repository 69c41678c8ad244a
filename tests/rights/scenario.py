"""Who calls in the authorisation matrix, and the rows that their requests need."""

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from PIL import Image
from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import Range
from werkzeug.test import TestResponse

from marketplace.blueprints.accounts.adapters import JwtTokens
from marketplace.blueprints.accounts.services.second_factor import NewFactor
from marketplace.blueprints.accounts.services.sessions import Device, Tokens
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.blueprints.calendars.adapters import FernetVault
from marketplace.blueprints.privacy.adapters import ExportLinks
from marketplace.extensions import db
from marketplace.kernel.bulk import state
from marketplace.kernel.identity import Principal
from marketplace.models import (
    Banner,
    Base,
    BookedTime,
    BulkOperation,
    CalendarFeed,
    ChangeRequest,
    DataExport,
    Dispute,
    DisputeEvidence,
    ExternalCalendar,
    Favourite,
    JobRow,
    Notification,
    OneTimeCode,
    OneTimeToken,
    Order,
    Performer,
    PortfolioImage,
    Report,
    ScheduleException,
    Service,
    User,
    UserSession,
    Vacation,
    WaitlistEntry,
)
from marketplace.testing import PASSWORD, START, Factory
from marketplace.web.caching import topics
from marketplace.web.runtime import Runtime

CALLERS = ("anonymous", "unverified", "customer", "performer", "moderator", "admin", "blocked")
"""The columns of the matrix. `blocked` has every right, but was blocked after the log-in."""

NOTE_TO_STAFF = "only staff reads this note"
BLOCKED_REASON = "only staff reads why"
"""Texts that rows hold and that no answer outside of staff's routes may show."""

Made = dict[str, Any]
"""The ids of a path, and under other names what the body is made of."""


@dataclass
class Side:
    """Callers, and one customer and one performer who deal with each other. There are two sides: what
    belongs to the one is foreign to all callers of the other.
    """

    app: Flask
    make: Factory
    users: Mapping[str, User]
    performer: Performer
    service: Service

    @property
    def customer(self) -> User:
        return self.users["customer"]

    def owner(self, caller: str) -> User:
        """Whose the own things of `caller` are; those of the customer for who has no account."""
        return self.users.get(caller, self.customer)

    @property
    def runtime(self) -> Runtime:
        found = self.app.extensions["marketplace"]
        assert isinstance(found, Runtime)
        return found

    @property
    def accounts(self) -> Accounts:
        return self.runtime.get(Accounts)

    def add(self, row: Any) -> Any:
        db.session.add(row)
        db.session.commit()
        return row


Maker = Callable[[Side, str], Made]
"""Makes for a side and a caller what a request is about."""


def nothing(_side: Side, _caller: str) -> Made:
    return {}


def order(status: str = "pending", **values: Any) -> Maker:
    """An order of the side's customer and performer."""

    def make(side: Side, _caller: str) -> Made:
        done = {"completed_at": START} if status == "completed" else {}
        row = side.make.order(side.customer, side.service, status=status, **done | values)
        return {"order_id": row.id}

    return make


def series(status: str = "pending") -> Maker:
    """A series of two orders of the side's customer and performer, and the first of them."""

    def make(side: Side, _caller: str) -> Made:
        row = side.make.series(side.customer, side.service, status=status)
        first = select(Order.id).where(Order.series_id == row.id, Order.series_position == 1)
        order_id = db.session.scalars(first).one()
        return {"series_id": row.id, "order_id": order_id}

    return make


def dispute(**values: Any) -> Maker:
    """A dispute about an order of the side, with a piece of evidence of the caller's, or of its customer."""

    def make(side: Side, caller: str) -> Made:
        row = side.make.order(side.customer, side.service, status="disputed", **values)
        made = side.add(
            Dispute(
                order_id=row.id,
                opened_role="customer",
                reason="The lamp fell down",
                from_status="delivered",
                opened_at=START,
                due_at=row.decision_due_at,
            )
        )
        side_of = "performer" if caller == "performer" else "customer"
        evidence = side.add(
            DisputeEvidence(
                order_id=row.id,
                user_id=side.users[side_of].id,
                side=side_of,
                note="On the floor",
                file_key=f"private/evidence/{uuid4().hex}.pdf",
                content_type="application/pdf",
                size=5,
                sha256="0" * 64,
                created_at=START,
            )
        )
        side.runtime.outside.files.put(evidence.file_key, b"%PDF-", "application/pdf")
        return {"order_id": row.id, "dispute_id": made.id, "evidence_id": evidence.id}

    return make


def review(**values: Any) -> Maker:
    """The customer's review of the performer, with a note that only staff reads."""

    def make(side: Side, _caller: str) -> Made:
        done = side.make.order(side.customer, side.service, status="completed", completed_at=START)
        row = side.make.review(done, note_to_staff=NOTE_TO_STAFF, **values)
        return {"review_id": row.id, "order_id": done.id, "performer_id": side.performer.id}

    return make


def hidden_review(side: Side, caller: str) -> Made:
    return review(hidden_at=START, hidden_reason="Rude")(side, caller)


def chat(side: Side, _caller: str) -> Made:
    """A chat with a message of each party."""
    row = side.make.chat(side.customer, side.performer)
    side.make.message(row, side.customer.id)
    side.make.message(row, side.performer.user_id)
    return {"chat_id": row.id, "client_id": str(uuid4())}


def service(side: Side, _caller: str) -> Made:
    return {
        "service_id": side.service.id,
        "category_id": side.service.category_id,
        "performer_id": side.performer.id,
    }


def hold(side: Side, _caller: str) -> Made:
    """A slot that the side's customer holds."""
    time = Range(START + timedelta(days=3), START + timedelta(days=3, hours=1))
    row = BookedTime(
        performer_id=side.performer.id,
        customer_id=side.customer.id,
        service_id=side.service.id,
        span=time,
        padded=time,
        expires_at=START + timedelta(minutes=5),
    )
    return {"hold_id": side.add(row).id}


def hidden_service(side: Side, _caller: str) -> Made:
    """A service that its performer has switched off."""
    return {"service_id": side.make.service(side.performer, is_active=False).id}


def stranger_performer(side: Side, _caller: str) -> Made:
    """A performer who is none of the callers."""
    return {"content_id": side.make.performer().id}


def report_body(made: Made) -> dict[str, Any]:
    return {"content_type": "performer", "content_id": made["content_id"], "reason": "Not an electrician"}


def report(side: Side, _caller: str) -> Made:
    """An open report of somebody about somebody."""
    row = Report(
        reporter_id=side.make.user().id,
        content_type="performer",
        content_id=side.performer.id,
        owner_id=side.performer.user_id,
        reason="Not an electrician",
    )
    return {"report_id": side.add(row).id}


def service_hidden_by_staff(side: Side, _caller: str) -> Made:
    return {"service_id": side.make.service(side.performer, hidden_at=START, hidden_reason="Spam").id}


def performer(side: Side, _caller: str) -> Made:
    return {"performer_id": side.performer.id}


def offer(side: Side, _caller: str) -> Made:
    """A performer and a service of theirs."""
    return {"performer_id": side.performer.id, "service_id": side.service.id}


def profile(status: str) -> Maker:
    """Somebody else's performer profile in `status`."""

    def make(side: Side, _caller: str) -> Made:
        return {"performer_id": side.make.performer(status=status).id}

    return make


def own_profile(*, active: bool) -> Maker:
    def make(side: Side, _caller: str) -> Made:
        db.session.get_one(Performer, side.performer.id).active = active
        db.session.commit()
        return {}

    return make


def place(side: Side, _caller: str) -> Made:
    """A city and a category that nothing refers to yet."""
    return {"city_id": side.make.city().id, "category_id": side.make.category().id}


def two_categories(side: Side, _caller: str) -> Made:
    """Two categories below one, numbered as staff's edits number them."""
    parent = side.make.category()
    first, second = (side.make.category(parent_id=parent.id, position=n) for n in range(2))
    return {
        "parent_id": parent.id,
        "category_id": first.id,
        "into_id": second.id,
        "slug": first.slug,
    }


def banner(side: Side, _caller: str) -> Made:
    row = side.add(Banner(placement="home", title="Spring"))
    return {"banner_id": row.id}


def dead_job(side: Side, _caller: str) -> Made:
    row = side.add(JobRow(kind="operations.prune", payload={}, status="dead", last_error="It broke"))
    return {"job_id": row.id}


def change(side: Side, caller: str) -> Made:
    """A pending change of the owner's own first name."""
    owner = side.owner(caller)
    row = side.add(
        ChangeRequest(
            subject_type="user",
            subject_id=owner.id,
            requested_by=owner.id,
            field_name="first_name",
            old_value=owner.first_name,
            new_value="Renamed",
        )
    )
    return {"change_id": row.id}


def customers_change(side: Side, _caller: str) -> Made:
    """A change that the side's customer asked for, whoever decides."""
    return change(side, "customer")


def certificate(status: str = "pending") -> Maker:
    """A certificate of the side's performer, its file, and links to it that show what they were made for."""

    def make(side: Side, _caller: str) -> Made:
        row = side.make.certificate(side.performer, status=status)
        side.runtime.outside.files.put(row.file_key, b"%PDF-", "application/pdf")
        links = side.runtime.outside.private_files
        return {
            "certificate_id": row.id,
            "performer_id": side.performer.id,
            "public": links.link("certificate", row.id, "public:approved").partition("token=")[2],
        }

    return make


def certified(side: Side, caller: str) -> Made:
    """Somebody with an approved certificate."""
    performer = side.make.performer()
    side.make.certificate(performer, status="approved")
    return {"performer_id": performer.id}


def paper() -> dict[str, Any]:
    """A multipart body with a certificate."""
    return {**picture(), "title": "Master craftsman", "issued_on": "2020-03-01"}


def proof() -> dict[str, Any]:
    """A multipart body with a piece of evidence."""
    return {**picture(), "note": "The lamp on the floor"}


def bulk_operation(side: Side, caller: str) -> Made:
    """The caller has hidden services."""
    service = side.make.service(side.performer, hidden_at=START, hidden_reason="Spam")
    item = {
        "id": service.id,
        "before": state(hidden_at=None, hidden_reason=None),
        "after": state(hidden_at=START, hidden_reason="Spam"),
    }
    actor = side.users.get(caller, side.customer)
    row = side.add(BulkOperation(kind="services", actor_id=actor.id, items=[item], created_at=START))
    return {"operation_id": row.id}


def claimed_change(side: Side, caller: str) -> Made:
    """A change that the caller looks at."""
    made = customers_change(side, caller)
    claim(side, caller, db.session.get_one(ChangeRequest, made["change_id"]))
    return made


def claimed_report(side: Side, caller: str) -> Made:
    """A report that the caller looks at."""
    made = report(side, caller)
    claim(side, caller, db.session.get_one(Report, made["report_id"]))
    return made


def claim(side: Side, caller: str, row: ChangeRequest | Report) -> None:
    if caller in side.users:
        row.claimed_by, row.claimed_until = side.users[caller].id, START + timedelta(minutes=15)
        db.session.commit()


def notification(side: Side, caller: str) -> Made:
    user_id = side.owner(caller).id
    data = {
        "order_id": 1,
        "customer_id": user_id,
        "performer_id": 1,
        "performer_user_id": user_id,
        "status": "confirmed",
    }
    row = side.add(Notification(user_id=user_id, event_id=uuid4(), topic="order.accepted", data=data))
    return {"notification_id": row.id}


def user(side: Side, _caller: str) -> Made:
    """A user whom staff decides on."""
    return {"user_id": side.make.user().id}


def member_of_staff(*, active: bool = True) -> Maker:
    def make(side: Side, _caller: str) -> Made:
        return {"user_id": side.make.staff("moderator", is_active=active).id}

    return make


def blocked_user(side: Side, _caller: str) -> Made:
    row = side.make.user(is_active=False, blocked_at=START, blocked_reason=BLOCKED_REASON)
    return {"user_id": row.id}


def favourite(side: Side, caller: str) -> Made:
    """A performer whom the caller has marked."""
    side.add(Favourite(user_id=side.owner(caller).id, performer_id=side.performer.id))
    return {"performer_id": side.performer.id}


def full_day(side: Side, caller: str) -> Made:
    """A day on which the side's performer is on no vacation, and booked from morning to night."""
    made = service(side, caller)
    day = START + timedelta(days=8)
    side.make.order(
        side.make.user(),
        side.service,
        status="confirmed",
        starts_at=day - timedelta(hours=9),
        ends_at=day + timedelta(hours=15),
    )
    return made | {"date": day.date().isoformat(), "performer_id": side.performer.id}


def waitlist_entry(side: Side, caller: str) -> Made:
    """The caller waits for a day of the side's performer."""
    row = WaitlistEntry(
        customer_id=side.owner(caller).id,
        performer_id=side.performer.id,
        service_id=side.service.id,
        day=START.date() + timedelta(days=3),
    )
    return {"entry_id": side.add(row).id, "performer_id": side.performer.id, "date": row.day.isoformat()}


def portfolio_image(side: Side, _caller: str) -> Made:
    """The one picture of the side's performer."""
    row = side.add(
        PortfolioImage(
            performer_id=side.performer.id, key=f"portfolio/{uuid4().hex}.webp", width=4, height=3, position=1
        )
    )
    return {"image_id": row.id, "ids": [row.id]}


def schedule_exception(side: Side, _caller: str) -> Made:
    """Time that the side's performer has taken away from the hours."""
    row = ScheduleException(
        performer_id=side.performer.id,
        kind="unavailable",
        starts_at=START,
        ends_at=START + timedelta(hours=2),
    )
    return {"exception_id": side.add(row).id}


def external_calendar(side: Side, _caller: str) -> Made:
    """An external calendar of the side's performer."""
    vault = FernetVault(side.runtime.settings)
    url = "https://calendar.example.org/private-7f3a/basic.ics"
    row = ExternalCalendar(
        performer_id=side.performer.id,
        name="Private",
        url_sealed=vault.seal(url),
        url_hash=vault.digest(url),
    )
    return {"calendar_id": side.add(row).id}


def vacation(side: Side, _caller: str) -> Made:
    """Two days of the side's performer."""
    day = START.date()
    row = Vacation(performer_id=side.performer.id, starts_on=day, ends_on=day + timedelta(days=1))
    return {"vacation_id": side.add(row).id}


def session(side: Side, caller: str) -> Made:
    """Another session of the caller."""
    tokens = side.accounts.sessions.open(side.owner(caller).id, Device())
    return {"session_id": _newest_session(side.owner(caller)), "refresh_token": tokens.refresh_token}


def account(side: Side, _caller: str) -> Made:
    """An account with a phone."""
    row = side.make.user(phone="+4930901820", phone_verified=True, password_hash=password_hash(side))
    return {"username": row.username, "email": row.email, "user_id": row.id}


def one_time_token(purpose: str) -> Maker:
    """A token that was mailed to somebody."""

    def make(side: Side, caller: str) -> Made:
        made = account(side, caller)
        tokens = JwtTokens(side.runtime.settings)
        token = tokens.new_secret()
        if purpose == "verify_email":
            user = db.session.get_one(User, made["user_id"])
            user.email_verified = user.phone_verified = False
        side.add(
            OneTimeToken(
                user_id=made["user_id"],
                purpose=purpose,
                token_hash=tokens.digest(token),
                target=made["email"],
                expires_at=START + timedelta(hours=1),
            )
        )
        return {**made, "token": token}

    return make


def deleted_account(side: Side, caller: str) -> Made:
    made = one_time_token("restore_account")(side, caller)
    db.session.get_one(User, made["user_id"]).deleted_at = START
    db.session.commit()
    return made


def export(side: Side, caller: str) -> Made:
    """A copy of the caller's data that is ready, and the token of its link."""
    owner = side.owner(caller)
    expires_at = START + timedelta(days=1)
    row = side.add(DataExport(user_id=owner.id, status="ready", ready_at=START, expires_at=expires_at))
    side.runtime.outside.files.put(f"private/exports/{row.id}.zip", b"PK", "application/zip")
    links = ExportLinks(side.runtime.settings.secret_key)
    return {"token": links.sign(row.id, owner.id, expires_at)}


def picture() -> dict[str, Any]:
    """A multipart body with a small picture."""
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(content, "PNG")
    content.seek(0)
    return {"file": (content, "me.png")}


def feed(side: Side, _caller: str) -> Made:
    """The feed of the side's customer, by its secret."""
    secret = "s" * 43
    digest = hashlib.sha256(secret.encode()).digest()
    side.add(CalendarFeed(user_id=side.customer.id, side="customer", secret_hash=digest))
    return {"secret": secret}


def stored_picture(side: Side, _caller: str) -> Made:
    """A picture that the program keeps, and shows as somebody's."""
    key = "avatars/0123456789abcdef0123456789abcdef.webp"
    side.make.user(avatar_key=key)
    side.runtime.outside.files.put(key, b"RIFF", "image/webp")
    return {"key": key}


def phone_code(side: Side, caller: str) -> Made:
    """A code that was sent to somebody's phone."""
    made = account(side, caller)
    side.app.test_client().post("/api/v1/user/otp/send", json={"phone": "+4930901820", "purpose": "sign_in"})
    return {**made, "code": _digits(side)}


def new_phone_code(side: Side, caller: str) -> Made:
    """A code that was sent to the phone that the caller wants to have."""
    side.accounts.contacts.ask_phone(_principal(side, caller), "+4930901821", "127.0.0.1")
    return {"code": _digits(side)}


def phone_of_ones_own(side: Side, caller: str) -> Made:
    db.session.get_one(User, side.owner(caller).id).phone = "+4930901822"
    db.session.commit()
    return {}


def unconfirmed_address(side: Side, caller: str) -> Made:
    db.session.get_one(User, side.owner(caller).id).email_verified = False
    db.session.commit()
    return {}


def begun_factor(side: Side, caller: str) -> Made:
    """A second factor that the caller has yet to confirm, and its present code."""
    made = side.accounts.factors.begin(_principal(side, caller))
    return {"code": totp_code(made)}


def factor(side: Side, caller: str) -> Made:
    """A second factor of the caller."""
    principal = _principal(side, caller)
    made = side.accounts.factors.begin(principal)
    side.accounts.factors.confirm(principal, totp_code(made))
    return {}


def totp_code(factor: NewFactor) -> str:
    import pyotp

    return str(pyotp.TOTP(factor.secret).at(START))


def _digits(side: Side) -> str:
    row = db.session.query(OneTimeCode).one()
    found: Any = row
    return JwtTokens(side.runtime.settings).phone_code(found)


def _principal(side: Side, caller: str) -> Principal:
    owner = side.owner(caller)
    return Principal(user_id=owner.id, session_id=_newest_session(owner), verified=True)


def _newest_session(owner: User) -> int:
    found = db.session.query(UserSession.id).filter_by(user_id=owner.id).order_by(UserSession.id.desc())
    return int(found.limit(1).scalar())


def password_hash(side: Side) -> str:
    """The hash of `PASSWORD`."""
    from marketplace.blueprints.accounts.adapters import ArgonHasher

    return ArgonHasher(side.runtime.settings).hash(PASSWORD)


@dataclass
class Stage:
    """Both sides, signed in; what happens within `clean()` is undone."""

    app: Flask
    connection: Connection
    ours: Side
    theirs: Side
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    @contextmanager
    def clean(self) -> Iterator[None]:
        """Everything within is rolled back."""
        # The sessions of the program nest their savepoints in this one.
        savepoint = self.connection.begin_nested()
        topics.clear()
        try:
            yield
        finally:
            db.session.remove()
            savepoint.rollback()

    def snapshot(self) -> dict[str, tuple[int, str]]:
        """Of each table how many rows it has, and a checksum of them."""
        found = self.connection.execute(text(_SNAPSHOT)).all()
        return {name: (count, digest) for name, count, digest in found}

    def audit_entries(self, caller: str) -> int:
        """How many entries of the audit log name `caller` as the actor, and the request."""
        statement = text("SELECT count(*) FROM audit_log WHERE actor_id = :id AND request_id IS NOT NULL")
        return int(self.connection.execute(statement, {"id": self.ours.users[caller].id}).scalar_one())

    def mute_entries(self, caller: str) -> set[str]:
        """What `caller` did of which the audit log tells neither what was before nor what is after."""
        statement = text(
            "SELECT DISTINCT action FROM audit_log WHERE actor_id = :id AND subject_id IS NOT NULL"
            " AND coalesce(before, 'null') = 'null' AND coalesce(after, 'null') = 'null'"
        )
        return set(self.connection.execute(statement, {"id": self.ours.users[caller].id}).scalars())

    def send(self, method: str, path: str, caller: str, **options: Any) -> TestResponse:
        """A request of one of our callers; edits say `If-Match: *`."""
        # What the test has loaded must not serve the request.
        db.session.remove()
        headers = dict(self.headers.get(caller, {}))
        if method in {"PUT", "PATCH", "DELETE"}:
            headers["If-Match"] = "*"
        client = self.app.test_client()
        return client.open(path, method=method, headers=headers, buffered=True, **options)


_SNAPSHOT = " UNION ALL ".join(
    f"SELECT '{table.name}', count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \"{table.name}\" t"
    for table in Base.metadata.sorted_tables
)


def build_stage(app: Flask, connection: Connection) -> Stage:
    """The people of both sides. To be called in an application context on `connection`."""
    make = Factory()
    hashed: dict[str, Any] = {
        "password_hash": _hashed(app),
        # Nobody but staff may ever read it.
        "blocked_reason": BLOCKED_REASON,
    }
    sides = []
    for _ in range(2):
        users = {
            "unverified": make.user(email_verified=False, **hashed),
            "customer": make.user(**hashed),
            "performer": make.user(**hashed),
            "moderator": make.staff("moderator", **hashed),
            "admin": make.staff("admin", **hashed),
            "blocked": make.staff("admin", **hashed),
        }
        make.performer(users["blocked"])
        profile = make.performer(users["performer"])
        sides.append(Side(app, make, users, profile, make.service(profile)))
    ours, theirs = sides
    stage = Stage(app, connection, ours, theirs)
    stage.headers = {caller: _signed_in(stage.ours, user) for caller, user in stage.ours.users.items()}
    for side in sides:
        blocked = db.session.merge(side.users["blocked"])
        blocked.is_active = False
        blocked.blocked_at = START
    db.session.commit()
    return stage


def _hashed(app: Flask) -> str:
    from marketplace.blueprints.accounts.adapters import ArgonHasher

    return ArgonHasher(app.extensions["marketplace"].settings).hash(PASSWORD)


def _signed_in(side: Side, user: User) -> dict[str, str]:
    tokens: Tokens = side.accounts.sessions.open(user.id, Device())
    return {"Authorization": f"Bearer {tokens.access_token}"}
