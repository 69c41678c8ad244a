"""Deletion: an account is hidden at once, and can be taken back for a week."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select, text

from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import (
    AuditEntry,
    DomainEventRow,
    User,
)
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.observability.answered import Answered
from tests.support.lives import Life, live
from tests.support.people import Messages, Person, statuses

Auth = Callable[[User], dict[str, str]]
ME = "/api/v1/user/me"
RESTORE = "/api/v1/user/restore"
ANY = {"If-Match": "*"}
WEEK = timedelta(days=7)


@pytest.fixture
def life(make: Factory) -> Life:
    return live(make)


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


def test_the_log_tells_who_came_back(
    person: Callable[..., Person],
    client: CheckedClient,
    messages: Messages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann = person()
    user_id = ann.me()["id"]
    ann.confirm_email(messages)
    delete(client, ann.headers)
    token = messages.secret("account_deleted")
    lines: list[Answered] = []
    monkeypatch.setattr(
        "marketplace.web.observability.logs._write_request", lambda line, _slow_after: lines.append(line)
    )
    client.post(RESTORE, json={"token": token[:-1]})
    client.post(RESTORE, json={"token": token})
    assert [(line.action, line.status, line.user_id) for line in lines] == [
        ("accounts.restore_account", 422, None),
        ("accounts.restore_account", 200, user_id),
    ]


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
