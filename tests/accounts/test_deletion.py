"""Deletion in two steps: hidden at once, taken back within a week, then anonymised without a trace."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select, text

from marketplace.blueprints.accounts.services import ANONYMISE_JOB, Device
from marketplace.blueprints.accounts.services import deletion as deletion_module
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.blueprints.performers.wiring import Performers
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import (
    AuditEntry,
    Base,
    Budget,
    ChangeRequest,
    DomainEventRow,
    JobRow,
    OneTimeCode,
    OneTimeToken,
    Order,
    Performer,
    Review,
    Service,
    User,
    UserSession,
)
from marketplace.web.runtime import Runtime
from tests.accounts.conftest import Messages, Person, statuses
from tests.accounts.lives import Life, live
from tests.conftest import START
from tests.factories import Factory
from tests.support.client import CheckedClient

Auth = Callable[[User], dict[str, str]]
ME = "/api/v1/user/me"
RESTORE = "/api/v1/user/restore"
ANY = {"If-Match": "*"}
WEEK = timedelta(days=7)


@pytest.fixture
def life(make: Factory) -> Life:
    return live(make)


@pytest.fixture
def anonymise(runtime: Runtime, run_jobs: Callable[[], int]) -> Callable[[], None]:
    """What the hourly job does, and what follows from it."""

    def run() -> None:
        with runtime.uow:
            runtime.uow.enqueue(ANONYMISE_JOB, {})
        run_jobs()
        # The daily job that forgets words which nobody uses any more.
        runtime.get(Performers).listings.prune_words()
        db.session.expire_all()

    return run


def delete(client: CheckedClient, headers: dict[str, str]) -> None:
    answer = client.delete(ME, headers=headers | ANY)
    assert answer.status_code == 204, answer.json


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def names_of(events: str) -> list[str]:
    return list(
        db.session.scalars(
            select(DomainEventRow.name).where(DomainEventRow.name.like(events)).order_by(DomainEventRow.id)
        )
    )


# --- hidden at once -----------------------------------------------------------------------------------


def test_deleted_is_gone_at_once(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person(phone="+4930901820")
    ann.confirm_email(messages)
    other_device = ann.log_in().json
    delete(client, ann.headers)
    for tokens in (ann.tokens, other_device):
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert client.get(ME, headers=headers).status_code == 401
        refreshed = client.post("/api/v1/user/token/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert refreshed.status_code == 401
    assert code(ann.log_in()) == (401, "invalid_credentials")
    assert names_of("user.deleted") == ["user.deleted"]
    assert names_of("session.revoked") == ["session.revoked"] * 2
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "user.deleted")).one()
    assert (entry.actor_id, entry.subject_id) == (ann.id, ann.id)
    before = len(messages.all())
    client.post("/api/v1/user/password/forgot", json={"email": "ann@example.org"})
    client.post("/api/v1/user/otp/send", json={"phone": "+4930901820", "purpose": "sign_in"})
    assert len(messages.all()) == before
    taken = client.post(
        "/api/v1/user/sign-up",
        json={
            "username": "other",
            "email": "ann@example.org",
            "password": "Correct-Horse-7",
            "first_name": "A",
            "last_name": "B",
        },
    )
    assert code(taken) == (409, "email_taken")


def test_which_version_is_deleted(person: Callable[..., Person], client: CheckedClient) -> None:
    ann = person()
    tag = client.get(ME, headers=ann.headers).headers["ETag"]
    assert code(client.delete(ME, headers=ann.headers)) == (428, "precondition_required")
    client.patch(ME, headers=ann.headers | {"If-Match": tag}, json={"first_name": "Anna"})
    assert code(client.delete(ME, headers=ann.headers | {"If-Match": tag})) == (412, "precondition_failed")
    tag = client.get(ME, headers=ann.headers).headers["ETag"]
    assert client.delete(ME, headers=ann.headers | {"If-Match": tag}).status_code == 204


def test_who_may_delete(
    client: CheckedClient, make: Factory, person: Callable[..., Person], clock: FrozenClock, auth: Auth
) -> None:
    ann = person()
    acting = client.post(f"/api/v1/admin/users/{ann.id}/act-as", headers=auth(make.staff("admin"))).json
    headers = {"Authorization": f"Bearer {acting['access_token']}"}
    assert code(client.delete(ME, headers=headers | ANY)) == (403, "not_while_acting")
    assert client.delete(ME, headers=ANY).status_code == 401
    clock.advance(timedelta(minutes=15, seconds=1))
    ann.tokens = client.post(
        "/api/v1/user/token/refresh", json={"refresh_token": ann.tokens["refresh_token"]}
    ).json
    assert code(client.delete(ME, headers=ann.headers | ANY)) == (403, "recent_login_needed")


def test_the_last_admin_stays(client: CheckedClient, make: Factory, auth: Auth) -> None:
    first, second = make.staff("admin"), make.staff("admin")
    make.staff("admin", is_active=False)
    headers = auth(second)
    delete(client, auth(first))
    assert code(client.delete(ME, headers=headers | ANY)) == (409, "last_admin")
    assert client.get(ME, headers=headers).status_code == 200


def test_of_two_admins_at_once_one_stays(
    at_once: Callable[..., list[Any]], committed: Flask, rows: Callable[[str], list[Any]]
) -> None:
    with committed.app_context():
        sessions = committed.extensions["marketplace"].get(Accounts).sessions
        tokens = [sessions.open(Factory().staff("admin").id, Device()).access_token for _ in range(4)]

    def leave(client: CheckedClient, number: int) -> Any:
        return client.delete(ME, headers={"Authorization": f"Bearer {tokens[number]}"} | ANY)

    assert statuses(at_once(4, leave)) == {(204, None): 3, (409, "last_admin"): 1}
    assert rows('SELECT count(*) FROM "user" WHERE deleted_at IS NULL') == [(1,)]


def test_nothing_public_is_left(client: CheckedClient, life: Life, auth: Auth) -> None:
    public = (
        f"/api/v1/performers/{life.performer.id}",
        f"/api/v1/services/{life.service.id}",
        f"/api/v1/performers/{life.performer.id}/reviews",
    )
    lists = ("/api/v1/performers", "/api/v1/services", "/api/v1/performers?q=plumber")
    reviews = f"/api/v1/performers/{life.other_performer.id}/reviews"
    headers = auth(life.user)

    def shown() -> tuple[list[int], list[bool], list[str]]:
        """What anybody sees; each of these is kept by a cache."""
        return (
            [client.get(path).status_code for path in public],
            ["Zebulon" in client.get(path).get_data(as_text=True) for path in lists],
            [item["author"]["first_name"] for item in client.get(reviews).json["items"]],
        )

    assert shown() == ([200] * 3, [True] * 3, ["Zebulon"])
    other = auth(life.other)
    chat = client.get(f"/api/v1/chats/{life.chat.id}", headers=other).json
    assert chat["other"]["first_name"] == "Zebulon"
    delete(client, headers)
    # At once, in the process that was asked: no job has run.
    assert shown() == ([404] * 3, [False] * 3, ["Deleted user"])
    [review] = client.get(reviews).json["items"]
    assert review["author"]["last_name"] == ""
    assert review["text"] == "Otto was quick"
    for chat in (
        client.get(f"/api/v1/chats/{life.chat.id}", headers=other).json,
        client.get("/api/v1/chats", headers=other).json["items"][0],
    ):
        assert (chat["other"]["first_name"], chat["other"]["last_name"]) == ("Deleted user", "")
    booked = client.post(
        "/api/v1/orders",
        headers=other,
        json={
            "service_id": life.service.id,
            "starts_at": "2026-06-01T10:00:00Z",
            "address": {"line1": "Here"},
        },
    )
    assert code(booked) == (404, "not_found")
    opened = client.post(
        "/api/v1/chats",
        headers=auth(db.session.get_one(User, life.other.id)),
        json={"performer_id": life.performer.id},
    )
    assert opened.status_code == 404


def test_back_in_public_at_once(client: CheckedClient, life: Life, auth: Auth, messages: Messages) -> None:
    path = f"/api/v1/performers/{life.performer.id}"
    delete(client, auth(life.user))
    assert client.get(path).status_code == 404
    assert "Zebulon" not in client.get("/api/v1/performers").get_data(as_text=True)
    db.session.execute(text("DELETE FROM second_factor"))
    token = messages.secret("account_deleted")
    assert client.post(RESTORE, json={"token": token}).status_code == 200
    assert client.get(path).json["user"]["first_name"] == "Zebulon"
    assert "Zebulon" in client.get("/api/v1/performers").get_data(as_text=True)


# --- taken back ---------------------------------------------------------------------------------------


def test_from_deletion_and_back(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock
) -> None:
    ann = person(locale="ar")
    ann.confirm_email(messages)
    before = ann.me()
    delete(client, ann.headers)
    [mail] = messages.all("account_deleted")
    assert (mail["to"], mail["subject"]) == ("ann@example.org", "تم حذف حسابك")
    token = mail["data"]["token"]
    assert token in mail["text"]
    clock.advance(WEEK - timedelta(seconds=1))
    restored = client.post(RESTORE, json={"token": token})
    assert restored.status_code == 200
    ann.tokens = restored.json
    assert ann.me() == before
    assert len(ann.call("GET", "/sessions").json["items"]) == 1
    assert ann.log_in().status_code == 200
    assert names_of("user.restored") == ["user.restored"]
    assert [mail["to"] for mail in messages.all("account_restored")] == ["ann@example.org"]
    assert code(client.post(RESTORE, json={"token": token})) == (422, "invalid_token")


def test_a_week_is_a_week(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock
) -> None:
    delete(client, person().headers)
    token = messages.secret("account_deleted")
    clock.advance(WEEK)
    assert code(client.post(RESTORE, json={"token": token})) == (422, "invalid_token")


def test_a_mail_that_is_late_gives_no_longer(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock
) -> None:
    delete(client, person().headers)
    clock.advance(timedelta(days=3))
    token = messages.secret("account_deleted")
    clock.advance(timedelta(days=4))
    assert code(client.post(RESTORE, json={"token": token})) == (422, "invalid_token")


def test_deleted_twice(person: Callable[..., Person], client: CheckedClient, messages: Messages) -> None:
    ann = person()
    delete(client, ann.headers)
    first = messages.secret("account_deleted")
    ann.tokens = client.post(RESTORE, json={"token": first}).json
    delete(client, ann.headers)
    second = messages.secret("account_deleted")
    assert code(client.post(RESTORE, json={"token": first})) == (422, "invalid_token")
    assert client.post(RESTORE, json={"token": second}).status_code == 200


def test_a_token_of_another_purpose(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person()
    verify = messages.secret("welcome")
    client.post("/api/v1/user/password/forgot", json={"email": "ann@example.org"})
    reset = messages.secret("reset_password")
    delete(client, ann.headers)
    restore = messages.secret("account_deleted")
    for wrong in (verify, reset, restore[:-1], "x"):
        assert code(client.post(RESTORE, json={"token": wrong})) == (422, "invalid_token")
    assert client.post("/api/v1/user/email/verify", json={"token": restore}).status_code == 422
    assert client.post("/api/v1/user/email/verify", json={"token": verify}).status_code == 422
    body = {"token": reset, "password": "Another-Horse-8"}
    assert client.post("/api/v1/user/password/reset", json=body).status_code == 422
    assert client.post(RESTORE, json={"token": restore}).status_code == 200


def test_blocked_stays_blocked(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person()
    delete(client, ann.headers)
    token = messages.secret("account_deleted")
    user = db.session.get_one(User, ann.id)
    user.is_active = False
    db.session.commit()
    assert code(client.post(RESTORE, json={"token": token})) == (403, "user_blocked")
    db.session.refresh(user)
    assert user.deleted_at == START
    user.is_active = True
    db.session.commit()
    assert client.post(RESTORE, json={"token": token}).status_code == 200  # the refusal did not spend it


def test_the_second_factor_is_wanted_as_at_a_log_in(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock
) -> None:
    ann = person()
    db.session.get_one(User, ann.id).email_verified = True
    db.session.commit()
    totp = pyotp.TOTP(ann.call("POST", "/me/totp").json["secret"])
    now = clock.now()
    recovery = ann.call("POST", "/me/totp/confirm", json={"code": totp.at(now)}).json["recovery_codes"]
    delete(client, ann.headers)
    token = messages.secret("account_deleted")
    clock.advance(timedelta(minutes=2))
    assert code(client.post(RESTORE, json={"token": token})) == (401, "code_required")
    near = {totp.at(clock.now() + timedelta(seconds=30 * n)) for n in (-1, 0, 1)}
    wrong = next(guess for guess in ("000000", "111111", "222222", "333333") if guess not in near)
    assert code(client.post(RESTORE, json={"token": token, "code": wrong})) == (401, "invalid_code")
    right = client.post(RESTORE, json={"token": token, "code": totp.at(clock.now())})
    assert right.status_code == 200
    ann.tokens = right.json
    delete(client, ann.headers)
    token = messages.secret("account_deleted")
    assert client.post(RESTORE, json={"token": token, "code": recovery[0]}).status_code == 200


def test_a_mistyped_address_gets_no_token(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    """Who confirmed the phone and never the e-mail address is written to by phone."""
    ann = person(phone="+4930901820", locale="es")
    db.session.get_one(User, ann.id).phone_verified = True
    db.session.commit()
    delete(client, ann.headers)
    [sent] = messages.all("account_deleted")
    assert (sent["to"], sent["channel"]) == ("+4930901820", "sms")
    assert sent["text"].startswith("Su cuenta está eliminada")
    assert client.post(RESTORE, json={"token": sent["data"]["token"]}).status_code == 200


def test_of_twenty_who_restore_one_is_signed_in(
    at_once: Callable[..., list[Any]], committed: Flask, rows: Callable[[str], list[Any]]
) -> None:
    with committed.app_context():
        built = committed.extensions["marketplace"].get(Accounts)
        user = Factory().user(deleted_at=START)
        sent: list[Any] = []
        mailer = built.post._mailer
        built.post._mailer = type("Box", (), {"send": staticmethod(lambda **mail: sent.append(mail))})()
        try:
            built.deletion.send_restore(user.id)
        finally:
            built.post._mailer = mailer
    token = sent[0]["data"]["token"]

    def restore(client: CheckedClient, _number: int) -> Any:
        return client.post(RESTORE, json={"token": token})

    assert statuses(at_once(20, restore)) == {(200, None): 1, (422, "invalid_token"): 19}
    assert rows("SELECT count(*) FROM user_session") == [(1,)]
    assert rows("SELECT count(*) FROM domain_event WHERE name = 'user.restored'") == [(1,)]


# --- anonymised ---------------------------------------------------------------------------------------

# The audit log is append-only: what staff must be able to prove stays (docs/decisions/0013).
KEPT = {"audit_log"}


def traces(words: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(table, column, word) of every text, array or JSON column in which a word still stands."""
    columns = db.session.execute(
        text("""
            SELECT table_name, column_name FROM information_schema.columns
            WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'json', 'ARRAY', 'character varying', 'tsvector')
            """)
    ).all()
    assert {table for table, _ in columns} >= {table.name for table in Base.metadata.sorted_tables} - {
        "banner_count",
        "category_merger",
        "favourite",
        "performer_category",
        "performer_figures",
        "chat",
        "chat_member",
        "recovery_code",
        "second_factor",
        "realtime_message",
        "performer_listing_category",
        "stale_listing",
        "performer_schedule",
        "vacation",
    }  # these hold no text
    found = []
    for table, column in columns:
        if table in KEPT:
            continue
        for word in words:
            statement = text(f'SELECT count(*) FROM "{table}" WHERE lower("{column}"::text) LIKE :word')
            if db.session.execute(statement, {"word": f"%{word}%"}).scalar_one():
                found.append((table, column, word))
    return found


def test_anonymised_without_a_trace(
    client: CheckedClient,
    life: Life,
    auth: Auth,
    messages: Messages,
    clock: FrozenClock,
    anonymise: Callable[[], None],
) -> None:
    headers = auth(life.user)
    client.post(f"{ME}/export", headers=headers)
    messages.all()
    assert {word for _, _, word in traces(life.words)} == set(life.words)
    delete(client, headers)
    db.session.add(JobRow(kind="accounts.notice", status="dead", payload={"to": "zeb.q@example.org"}))
    db.session.commit()
    messages.all()
    clock.advance(WEEK)
    # A week after it was done, a job is pruned (operations).
    db.session.execute(text("DELETE FROM job WHERE status = 'done'"))
    anonymise()
    assert traces(life.words) == []

    user = db.session.get_one(User, life.user.id)
    assert (user.username, user.email) == (f"deleted-{user.id}", f"deleted-{user.id}@deleted.invalid")
    assert (user.first_name, user.last_name, user.phone, user.avatar_key) == ("Deleted user", "", None, None)
    assert (user.locale, user.timezone, user.roles, user.password_hash) == ("en", "UTC", [], "!")
    assert (user.email_verified, user.phone_verified) == (False, False)
    assert user.deleted_at == START
    assert user.anonymised_at == START + WEEK
    for table in ("user_session", "one_time_token", "one_time_code", "second_factor", "recovery_code",
                  "data_export", "notification"):  # fmt: skip
        assert db.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    assert list(db.session.scalars(text("SELECT title FROM certificate"))) == ["Hidden hollow guild"]
    assert db.session.get_one(Performer, life.performer.id).verified is False
    assert names_of("user.anonymised") == ["user.anonymised"]


def test_what_others_need_stays(
    client: CheckedClient,
    life: Life,
    auth: Auth,
    make: Factory,
    run_jobs: Callable[[], int],
    clock: FrozenClock,
    anonymise: Callable[[], None],
) -> None:
    delete(client, auth(life.user))
    run_jobs()
    clock.advance(WEEK)
    anonymise()
    other, staff = auth(life.other), auth(make.staff("admin"))
    ordered = client.get(f"/api/v1/orders/{life.ordered.id}", headers=other).json
    assert (ordered["address"], ordered["note"], ordered["title"]) == (
        {"line1": "Deleted"},
        "",
        "Install a lamp",
    )
    served = client.get(f"/api/v1/orders/{life.served.id}", headers=other).json
    assert (served["address"], served["note"]) == ({"line1": "Hidden Hollow 1"}, "Hidden hollow key")
    [review] = client.get(f"/api/v1/performers/{life.other_performer.id}/reviews").json["items"]
    assert (review["author"]["first_name"], review["author"]["last_name"]) == ("Deleted user", "")
    assert review["text"] == "Otto was quick"
    messages = client.get(f"/api/v1/chats/{life.chat.id}/messages", headers=other).json["items"]
    assert [message["text"] for message in messages] == ["When can you come?", "On Tuesday"]
    performer = db.session.get_one(Performer, life.performer.id)
    assert (performer.active, performer.about, performer.languages) == (False, "", [])
    service = db.session.get_one(Service, life.service.id)
    assert (service.is_active, service.deleted_at, service.title) == (False, START + WEEK, "")
    assert db.session.scalar(select(Review.rating).where(Review.author_id == life.user.id)) == 5
    changes = db.session.scalars(select(ChangeRequest).order_by(ChangeRequest.id)).all()
    assert [(change.status, change.new_value) for change in changes] == [
        ("withdrawn", None),
        ("rejected", None),
    ]
    # Staff still sees that somebody was there, in answers that keep the document.
    shown = client.get(f"/api/v1/admin/users/{life.user.id}", headers=staff).json
    assert shown["username"] == f"deleted-{life.user.id}"
    listed = client.get("/api/v1/admin/performers", headers=staff).json["items"]
    assert {item["headline"] for item in listed} == {"Electrician", "Deleted user"}
    assert client.get("/api/v1/admin/changes", headers=staff).status_code == 200
    assert client.get("/api/v1/admin/audit", headers=staff).status_code == 200


def test_others_keep_what_is_theirs(
    client: CheckedClient, make: Factory, auth: Auth, run_jobs: Callable[[], int], clock: FrozenClock,
    anonymise: Callable[[], None],
) -> None:  # fmt: skip
    """The same words stand in a second life, which goes on."""
    life = live(make)
    delete(client, auth(life.user))
    run_jobs()
    theirs = make.performer(make.user(first_name="Stays"), headline="Stays", about="Stays")
    kept = make.service(theirs, title="Stays")
    order = make.order(life.other, kept, status="completed", completed_at=START, note="Stays")
    db.session.add_all(
        [
            ChangeRequest(
                subject_type="user", subject_id=life.other.id, requested_by=life.other.id,
                field_name="first_name", old_value="Otto", new_value="Stays",
            ),
            OneTimeCode(phone="+4930901830", purpose="sign_in", nonce=b"x", expires_at=START),
            OneTimeToken(
                user_id=life.other.id, purpose="verify_email", token_hash=b"t", target="a@b.c", expires_at=START
            ),
            JobRow(kind="accounts.notice", status="dead", payload={"to": "otto.other@example.org"}),
        ]
    )  # fmt: skip
    db.session.commit()
    auth(life.other)
    clock.advance(WEEK)
    anonymise()
    db.session.expire_all()
    assert (theirs.headline, theirs.active, kept.title, kept.deleted_at) == ("Stays", True, "Stays", None)
    assert db.session.get_one(Order, order.id).note == "Stays"
    change = db.session.scalars(
        select(ChangeRequest).where(ChangeRequest.requested_by == life.other.id)
    ).one()
    assert (change.status, change.new_value) == ("pending", "Stays")
    assert len(db.session.scalars(select(OneTimeCode)).all()) == 1
    assert len(db.session.scalars(select(OneTimeToken)).all()) == 1
    assert len(db.session.scalars(select(JobRow).where(JobRow.status == "dead")).all()) == 1
    assert {row.user_id for row in db.session.scalars(select(UserSession))} == {life.other.id}


def test_nobody_is_anonymised_before_the_time(
    person: Callable[..., Person],
    client: CheckedClient,
    messages: Messages,
    clock: FrozenClock,
    anonymise: Callable[[], None],
) -> None:
    ann, bob, stays = person("ann"), person("bob"), person("carl")
    delete(client, ann.headers)
    delete(client, bob.headers)
    token = messages.secret("account_deleted", to="bob@example.org")
    clock.advance(WEEK - timedelta(seconds=1))
    assert client.post(RESTORE, json={"token": token}).status_code == 200
    anonymise()
    assert names_of("user.anonymised") == []
    clock.advance(timedelta(seconds=1))
    anonymise()
    assert names_of("user.anonymised") == ["user.anonymised"]
    shown = {user.id: user.first_name for user in db.session.scalars(select(User))}
    assert shown == {ann.id: "Deleted user", bob.id: "Bob", stays.id: "Carl"}
    anonymise()
    assert names_of("user.anonymised") == ["user.anonymised"]


def test_there_is_no_way_back(
    person: Callable[..., Person],
    client: CheckedClient,
    messages: Messages,
    clock: FrozenClock,
    anonymise: Callable[[], None],
) -> None:
    ann = person()
    delete(client, ann.headers)
    token = messages.secret("account_deleted")
    clock.advance(WEEK)
    anonymise()
    clock.set(START)
    assert code(client.post(RESTORE, json={"token": token})) == (422, "invalid_token")
    for login in ("ann", "ann@example.org", f"deleted-{ann.id}"):
        answer = client.post("/api/v1/user/login", json={"login": login, "password": "Correct-Horse-7"})
        assert code(answer) == (401, "invalid_credentials")
    # The names are free again.
    assert person("ann").id != ann.id


def test_somebody_has_the_name_that_was_meant(
    person: Callable[..., Person],
    client: CheckedClient,
    run_jobs: Callable[[], int],
    clock: FrozenClock,
    anonymise: Callable[[], None],
) -> None:
    ann = person()
    person(f"Deleted-{ann.id}")
    delete(client, ann.headers)
    run_jobs()
    clock.advance(WEEK)
    anonymise()
    user = db.session.get_one(User, ann.id)
    assert user.username.startswith(f"deleted-{ann.id}-")
    assert user.email == f"{user.username}@deleted.invalid"


def test_batches_and_one_that_fails(
    make: Factory,
    runtime: Runtime,
    clock: FrozenClock,
    anonymise: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    run_jobs: Callable[[], int],
) -> None:
    monkeypatch.setattr(deletion_module, "ANONYMISE_BATCH", 2)
    gone = [make.user(deleted_at=START - WEEK).id for _ in range(5)]
    service = runtime.get(Accounts).deletion
    with runtime.uow:
        service.enqueue_due()
        service.enqueue_due()  # as the next hour does: nobody twice
    payloads = db.session.scalars(
        select(JobRow.payload).where(JobRow.kind == "accounts.anonymise_user").order_by(JobRow.id)
    ).all()
    assert [payload["user_id"] for payload in payloads] == gone[:2]
    # One whose job is dead keeps back nobody.
    db.session.execute(
        text("UPDATE job SET status = 'dead' WHERE payload ->> 'user_id' = :user"), {"user": str(gone[0])}
    )
    db.session.commit()
    anonymise()
    left = db.session.scalars(
        select(User.id).where(User.deleted_at.is_not(None), User.anonymised_at.is_(None))
    )
    assert left.all() == [gone[0]]


def test_restored_or_anonymised_never_both(
    at_once: Callable[..., list[Any]], committed: Flask, rows: Callable[[str], list[Any]], clock: FrozenClock
) -> None:
    with committed.app_context():
        runtime = committed.extensions["marketplace"]
        built = runtime.get(Accounts)
        made = Factory()
        for number in range(20):
            user = made.user(deleted_at=START - WEEK)
            token = f"token-{number}"
            row = OneTimeToken(
                user_id=user.id,
                purpose="restore_account",
                token_hash=built.deletion._tokens.digest(token),
                target=user.email,
                # The last moment: the clocks of two hosts may differ by as much.
                expires_at=START + timedelta(seconds=1),
            )
            db.session.add(row)
            db.session.commit()
            db.session.remove()

            def act(client: CheckedClient, which: int, user_id: int = user.id, token: str = token) -> Any:
                if which:
                    return client.post(RESTORE, json={"token": token}).status_code
                with committed.app_context():
                    built.deletion.anonymise(user_id)
                return None

            restored = 200 in at_once(2, act)
            [(first_name, deleted, anonymised)] = rows(
                "SELECT first_name, deleted_at IS NOT NULL, anonymised_at IS NOT NULL"
                f' FROM "user" WHERE id = {user.id}'
            )
            expected = (False, False) if restored else (True, True)
            assert (deleted, anonymised) == expected
            assert (first_name == "Deleted user") == (not restored)


def test_an_approval_at_the_same_moment_brings_nothing_back(
    at_once: Callable[..., list[Any]], committed: Flask, rows: Callable[[str], list[Any]]
) -> None:
    with committed.app_context():
        built = committed.extensions["marketplace"].get(Accounts)
        made = Factory()
        staff = built.sessions.open(made.staff().id, Device())
        headers = {"Authorization": f"Bearer {staff.access_token}"}
        for _ in range(20):
            user = made.user(deleted_at=START - WEEK)
            performer = made.performer(user)
            change = ChangeRequest(
                subject_type="performer", subject_id=performer.id, requested_by=user.id, field_name="headline",
                old_value="Electrician", new_value="Zebulon the plumber",
            )  # fmt: skip
            db.session.add(change)
            db.session.commit()
            user_id, change_id, performer_id = user.id, change.id, performer.id
            db.session.remove()

            def act(
                client: CheckedClient, which: int, user_id: int = user_id, change_id: int = change_id
            ) -> Any:
                if which:
                    path = f"/api/v1/admin/changes/{change_id}/approve"
                    return client.post(path, headers=headers).status_code
                with committed.app_context():
                    built.deletion.anonymise(user_id)
                return None

            status = next(answer for answer in at_once(2, act) if answer)
            [(headline,)] = rows(f"SELECT headline FROM performer WHERE id = {performer_id}")
            assert headline == "Deleted user"
            [(stands, value)] = rows(f"SELECT status, new_value FROM change_request WHERE id = {change_id}")
            assert value is None
            assert (status, stands) in {(200, "approved"), (409, "withdrawn")}


# --- what is swept ------------------------------------------------------------------------------------


def test_the_sweep(make: Factory, runtime: Runtime, run_jobs: Callable[[], int]) -> None:
    user = make.user()
    now, day = START, timedelta(days=1)

    def session(**values: Any) -> UserSession:
        defaults = {
            "user_id": user.id,
            "refresh_hash": str(len(seen)).encode(),
            "created_at": now - 400 * day,
        }
        seen.append(UserSession(**defaults | values))
        return seen[-1]

    seen: list[UserSession] = []
    kept = [
        session(expires_at=now + day),
        session(expires_at=now - 89 * day),
        session(expires_at=now - 70 * day, revoked_at=now - 89 * day),
        session(expires_at=now + 29 * day, revoked_at=now - day),
    ]
    session(expires_at=now - 91 * day)
    session(expires_at=now - 61 * day, revoked_at=now - 91 * day)
    session(expires_at=now - 200 * day, revoked_at=now - 210 * day)

    def token(number: int, expires_at: Any) -> OneTimeToken:
        return OneTimeToken(
            user_id=user.id,
            purpose="verify_email",
            token_hash=bytes([number]),
            target="x",
            expires_at=expires_at,
        )

    def sms(phone: str, expires_at: Any) -> OneTimeCode:
        return OneTimeCode(phone=phone, purpose="sign_in", nonce=b"x", expires_at=expires_at)

    db.session.add_all(
        [
            *seen,
            token(1, now - 29 * day),
            token(2, now - 31 * day),
            sms("+4930901801", now + timedelta(seconds=1)),
            sms("+4930901802", now - timedelta(seconds=1)),
            *(Budget(scope="s", key=b"k", day=(now - n * day).date(), spent=1) for n in range(4)),
        ]
    )
    db.session.commit()
    with runtime.uow:
        runtime.uow.enqueue("accounts.sweep", {})
    run_jobs()
    assert set(db.session.scalars(select(UserSession.id))) == {row.id for row in kept}
    assert [row.token_hash for row in db.session.scalars(select(OneTimeToken))] == [bytes([1])]
    assert [row.phone for row in db.session.scalars(select(OneTimeCode))] == ["+4930901801"]
    assert sorted(db.session.scalars(select(Budget.day))) == [(now - day).date(), now.date()]


def test_what_comes_by_itself(runtime: Runtime) -> None:
    jobs = runtime.registry.jobs
    assert {kind for kind, job in jobs.items() if kind.startswith("accounts.") and job.every == 3600} == {
        "accounts.anonymise",
        "accounts.lapse_addresses",
        "accounts.sweep",
        "accounts.sweep_exports",
    }
    assert not any(jobs[kind].effect for kind in ("accounts.anonymise_user", "accounts.sweep"))
    assert all(jobs[kind].effect for kind in ("accounts.export", "accounts.sweep_exports")), (
        "they reach the storage, and keep no transaction open"
    )
