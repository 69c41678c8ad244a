"""Anonymisation: a week after its deletion an account is emptied without a trace."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.blueprints.directory.wiring import Directory
from marketplace.blueprints.privacy.services import anonymisation
from marketplace.blueprints.privacy.services.anonymisation import ANONYMISE_JOB
from marketplace.blueprints.privacy.wiring import Privacy
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import (
    Base,
    ChangeRequest,
    CustomerRating,
    DomainEventRow,
    JobRow,
    OneTimeCode,
    OneTimeToken,
    Order,
    Performer,
    Review,
    ReviewPhoto,
    Service,
    User,
    UserSession,
)
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.support.lives import Life, live
from tests.support.people import Messages, Person

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
        runtime.get(Directory).listings.prune_words()
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
        "booked_time",
        "external_busy_time",
        "waitlist_entry",
        "customer_rating",
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
    assert db.session.get(CustomerRating, life.user.id) is None
    assert db.session.scalar(select(func.count()).select_from(ReviewPhoto)) == 0
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
    monkeypatch.setattr(anonymisation, "ANONYMISE_BATCH", 2)
    gone = [make.user(deleted_at=START - WEEK).id for _ in range(5)]
    service = runtime.get(Privacy).anonymisation
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
                    committed.extensions["marketplace"].get(Privacy).anonymisation.anonymise(user_id)
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
                    committed.extensions["marketplace"].get(Privacy).anonymisation.anonymise(user_id)
                return None

            status = next(answer for answer in at_once(2, act) if answer)
            [(headline,)] = rows(f"SELECT headline FROM performer WHERE id = {performer_id}")
            assert headline == "Deleted user"
            [(stands, value)] = rows(f"SELECT status, new_value FROM change_request WHERE id = {change_id}")
            assert value is None
            assert (status, stands) in {(200, "approved"), (409, "withdrawn")}


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
