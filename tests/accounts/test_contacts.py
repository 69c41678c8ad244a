"""A new e-mail address, a new phone: confirmed at the new one, told at the old one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.blueprints.accounts.policies import MAILS_PER_USER
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, DomainEventRow, OneTimeToken, User
from marketplace.testing import CheckedClient
from tests.support.people import PASSWORD, Messages, Person

PHONE, OTHER = "+4930901820", "+442071838750"


def confirm(client: CheckedClient, token: str, by: Person | None = None) -> Any:
    headers = by.headers if by is not None else {}
    return client.post("/api/v1/user/email/verify", json={"token": token}, headers=headers)


def test_a_new_mail_address(person: Callable[..., Person], client: CheckedClient, messages: Messages) -> None:
    ann = person()
    ann.confirm_email(messages)
    assert ann.call("POST", "/me/email", json={"email": "new@Example.org"}).status_code == 202
    token = messages.secret("change_email", "new@example.org")
    assert ann.me()["email"] == "ann@example.org", "nothing changes before it is confirmed"
    alone = confirm(client, token)
    assert (alone.status_code, alone.json["code"]) == (401, "log_in_needed")
    somebody = confirm(client, token, person("bob"))
    assert (somebody.status_code, somebody.json["code"]) == (401, "log_in_needed")
    assert confirm(client, token, ann).status_code == 204
    assert (ann.me()["email"], ann.me()["email_verified"]) == ("new@example.org", True)
    [told] = messages.all("email_changed")
    assert told["to"] == "ann@example.org"
    assert "new@example.org" not in told["text"]
    assert confirm(client, token).status_code == 422
    assert (
        client.post("/api/v1/user/login", json={"login": "new@example.org", "password": PASSWORD}).status_code
        == 200
    )
    assert (
        client.post("/api/v1/user/login", json={"login": "ann@example.org", "password": PASSWORD}).status_code
        == 401
    )


def test_the_log_of_events_and_the_audit_log_hold_no_address(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person()
    ann.call("POST", "/me/email", json={"email": "new@example.org"})
    assert confirm(client, messages.secret("change_email"), ann).status_code == 204
    events = [row.payload for row in db.session.scalars(select(DomainEventRow))]
    entries = [(e.before, e.after) for e in db.session.scalars(select(AuditEntry))]
    assert "example.org" not in str(events) + str(entries)
    assert {"user_id": ann.id} in events


def test_an_address_that_is_taken(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann, bob = person("ann"), person("bob")
    bob.confirm_email(messages)
    taken = ann.call("POST", "/me/email", json={"email": "BOB@example.org"})
    assert (taken.status_code, taken.json["code"]) == (409, "email_taken")
    same = ann.call("POST", "/me/email", json={"email": "ann@example.org"})
    assert (same.status_code, same.json["code"]) == (409, "same_address")
    for user in (ann, bob):
        assert user.call("POST", "/me/email", json={"email": "new@example.org"}).status_code == 202
    tokens = [m["data"]["token"] for m in messages.all("change_email", "new@example.org")]
    assert confirm(client, tokens[0], ann).status_code == 204
    late = confirm(client, tokens[1], bob)
    assert (late.status_code, late.json["code"]) == (409, "email_taken")
    assert bob.me()["email"] == "bob@example.org"


def test_only_the_newest_token_changes_the_address(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock
) -> None:
    ann = person()
    ann.call("POST", "/me/email", json={"email": "first@example.org"})
    first = messages.secret("change_email")
    ann.call("POST", "/me/email", json={"email": "second@example.org"})
    second = messages.secret("change_email")
    assert confirm(client, first, ann).status_code == 422
    clock.advance(timedelta(hours=72))
    ann.tokens = ann.log_in().json
    assert confirm(client, second, ann).status_code == 422


def test_a_changed_password_stops_a_change_of_address(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    """Whoever asked for it may be the reason for the new password."""
    ann = person()
    ann.call("POST", "/me/email", json={"email": "thief@example.org"})
    token = messages.secret("change_email")
    ann.call(
        "POST", "/password/change", json={"current_password": PASSWORD, "new_password": "Another-Horse-8"}
    )
    assert confirm(client, token, ann).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/me/email", {"email": "new@example.org"}),
        ("POST", "/me/phone", {"phone": PHONE}),
        ("POST", "/me/phone/confirm", {"phone": PHONE, "code": "123456"}),
        ("DELETE", "/me/phone", None),
        ("DELETE", "/me/totp", None),
    ],
)
def test_sensitive_changes_want_a_recent_log_in(
    person: Callable[..., Person],
    client: CheckedClient,
    clock: FrozenClock,
    method: str,
    path: str,
    body: Any,
) -> None:
    ann = person()
    clock.advance(timedelta(minutes=14))
    ann.tokens = client.post(
        "/api/v1/user/token/refresh", json={"refresh_token": ann.tokens["refresh_token"]}
    ).json
    clock.advance(timedelta(minutes=1, seconds=1))
    late = ann.call(method, path, **({"json": body} if body else {}))
    assert (late.status_code, late.json["code"]) == (403, "recent_login_needed")
    ann.tokens = ann.log_in().json
    assert ann.call(method, path, **({"json": body} if body else {})).status_code != 403


def test_mails_to_confirm_have_a_budget(
    person: Callable[..., Person], messages: Messages, clock: FrozenClock
) -> None:
    ann = person()
    codes = [ann.call("POST", "/me/email/resend").status_code for _ in range(MAILS_PER_USER)]
    assert codes == [202] * (MAILS_PER_USER - 1) + [429], "the mail of sign-up counts"
    assert ann.call("POST", "/me/email", json={"email": "new@example.org"}).json["code"] == "budget_spent"


def test_the_mail_of_sign_up_again(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person()
    first = messages.secret("welcome")
    assert ann.call("POST", "/me/email/resend").status_code == 202
    second = messages.secret("welcome")
    assert confirm(client, first).status_code == 422
    assert confirm(client, second).status_code == 204
    again = ann.call("POST", "/me/email/resend")
    assert (again.status_code, again.json["code"]) == (409, "email_verified")


def test_a_new_phone(person: Callable[..., Person], client: CheckedClient, messages: Messages) -> None:
    ann = person(phone=PHONE)
    assert ann.call("POST", "/me/phone", json={"phone": OTHER}).status_code == 202
    [message] = messages.all("change_phone")
    assert message["to"] == OTHER
    code = message["data"]["code"]
    wrong = ann.call(
        "POST", "/me/phone/confirm", json={"phone": OTHER, "code": f"{(int(code) + 1) % 10**6:06d}"}
    )
    assert (wrong.status_code, wrong.json["code"]) == (422, "wrong_code")
    assert ann.call("POST", "/me/phone/confirm", json={"phone": PHONE, "code": code}).status_code == 422
    assert ann.me()["phone"] == PHONE
    assert ann.call("POST", "/me/phone/confirm", json={"phone": OTHER, "code": code}).status_code == 204
    assert (ann.me()["phone"], ann.me()["phone_verified"]) == (OTHER, True)
    assert messages.all("phone_changed", "ann@example.org")
    again = ann.call("POST", "/me/phone", json={"phone": OTHER})
    assert (again.status_code, again.json["code"]) == (409, "same_address")


def test_a_code_for_a_new_phone_is_bound_to_the_account(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann, bob = person("ann"), person("bob")
    ann.call("POST", "/me/phone", json={"phone": PHONE})
    code = messages.secret("change_phone")
    assert bob.call("POST", "/me/phone/confirm", json={"phone": PHONE, "code": code}).status_code == 422
    for purpose in ("sign_in", "verify_phone", "reset_password"):
        body = {"phone": PHONE, "purpose": purpose, "code": code}
        assert client.post("/api/v1/user/otp/verify", json=body).status_code == 401
    assert ann.call("POST", "/me/phone/confirm", json={"phone": PHONE, "code": code}).status_code == 204


def test_who_has_the_phone_wins_over_who_only_said_so(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    squatter, owner = person("squatter", phone=PHONE), person("owner")
    assert owner.call("POST", "/me/phone", json={"phone": PHONE}).status_code == 202
    code = messages.secret("change_phone", PHONE)
    assert owner.call("POST", "/me/phone/confirm", json={"phone": PHONE, "code": code}).status_code == 204
    assert (owner.me()["phone"], squatter.me()["phone"]) == (PHONE, None)
    taken = squatter.call("POST", "/me/phone", json={"phone": PHONE})
    assert (taken.status_code, taken.json["code"]) == (409, "phone_taken")


def test_a_phone_that_was_confirmed_meanwhile(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann, bob = person("ann"), person("bob", phone=PHONE)
    ann.call("POST", "/me/phone", json={"phone": PHONE})
    code = messages.secret("change_phone")
    db.session.get_one(User, bob.id).phone_verified = True
    db.session.commit()
    late = ann.call("POST", "/me/phone/confirm", json={"phone": PHONE, "code": code})
    assert (late.status_code, late.json["code"]) == (409, "phone_taken")
    assert bob.me()["phone"] == PHONE


def test_removing_the_phone(person: Callable[..., Person], client: CheckedClient, messages: Messages) -> None:
    ann = person(phone=PHONE)
    assert ann.call("DELETE", "/me/phone").status_code == 204
    assert (ann.me()["phone"], ann.me()["phone_verified"]) == (None, False)
    again = ann.call("DELETE", "/me/phone")
    assert (again.status_code, again.json["code"]) == (409, "no_phone")
    assert client.post("/api/v1/user/login", json={"login": PHONE, "password": PASSWORD}).status_code == 401


def test_removing_the_phone_voids_what_it_proved(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person(phone=PHONE)
    client.post("/api/v1/user/otp/send", json={"phone": PHONE, "purpose": "reset_password"})
    body = {"phone": PHONE, "purpose": "reset_password", "code": messages.secret("reset_password")}
    token = ann.call("POST", "/otp/verify", json=body).json["reset_token"]
    ann.call("DELETE", "/me/phone")
    answer = client.post("/api/v1/user/password/reset", json={"token": token, "password": "Another-Horse-8"})
    assert answer.status_code == 422
    assert (
        db.session.scalars(select(OneTimeToken).where(OneTimeToken.purpose == "reset_password")).all() == []
    )


@pytest.mark.parametrize(
    "username",
    ["ＡＮＮ", "ａｎｎ", "Ann", "ANN", "аnn", "ann\u200b", "ann\u0301", "ﬁnn", "ann ", "ann\u00a0"],
)
def test_usernames_that_look_alike(
    person: Callable[..., Person], client: CheckedClient, username: str
) -> None:
    """Normalised, or refused; never a second Ann."""
    person("ann")
    person("finn")
    body = {
        "username": username,
        "email": "other@example.org",
        "password": PASSWORD,
        "first_name": "A",
        "last_name": "B",
    }
    answer = client.post("/api/v1/user/sign-up", json=body)
    assert (answer.status_code, answer.json["code"]) in {(409, "username_taken"), (422, "validation_failed")}
    assert db.session.query(User).count() == 2


@pytest.mark.parametrize("login", ["ＡＮＮ", "ａｎｎ", "ANN", " ann ", "Ann@EXAMPLE.org"])
def test_log_in_by_a_name_in_another_form(
    person: Callable[..., Person], client: CheckedClient, login: str
) -> None:
    person("ann")
    answer = client.post("/api/v1/user/login", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("values", "logins"),
    [
        ({"phone": "+44 20 7183 4455"}, ["+44 20 7183 4455", "+442071834455", "0044 (0) 20 7183 4455"]),
        ({"phone": "0049 (0) 30 901820"}, ["0049 (0) 30 901820", "+4930901820", "+49 30 901820"]),
        (
            {"email": "ida@münchen-bau.de"},
            ["ida@münchen-bau.de", "IDA@MÜNCHEN-BAU.DE", "ida@xn--mnchen-bau-9db.de", "ida＠münchen-bau。de"],
        ),
        ({"email": "kai@straße-service.de"}, ["kai@straße-service.de", "kai@xn--strae-service-edb.de"]),
    ],
)
def test_log_in_takes_what_sign_up_took(
    person: Callable[..., Person], client: CheckedClient, values: dict[str, str], logins: list[str]
) -> None:
    person(**values)
    for login in logins:
        answer = client.post("/api/v1/user/login", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 200, login


def test_mail_goes_to_the_domain_that_was_typed(person: Callable[..., Person], messages: Messages) -> None:
    person("kai", email="kai@straße-service.de")
    person("ann", email="kai@strasse-service.de")
    assert [mail["to"] for mail in messages.all("welcome")] == [
        "kai@xn--strae-service-edb.de",
        "kai@strasse-service.de",
    ]


def test_a_username_of_digits_goes_before_a_number_that_is_written_so(
    person: Callable[..., Person], client: CheckedClient
) -> None:
    person("004930901820", password="Another-Horse-8")
    person("ann", phone=PHONE)
    for login, password in (("004930901820", "Another-Horse-8"), ("0049 30 901820", PASSWORD)):
        answer = client.post("/api/v1/user/login", json={"login": login, "password": password})
        assert answer.status_code == 200


@pytest.mark.parametrize("username", ["ＡＮＮ", "аnn", "Ann", "a@b", "+4930901820", "ann\u200b", "an n"])
def test_the_database_itself_refuses_look_alikes(person: Callable[..., Person], username: str) -> None:
    from sqlalchemy.exc import IntegrityError

    person("ann")
    statement = User.__table__.insert().values(
        username=username, email="x@example.org", password_hash="x", first_name="A", last_name="B"
    )
    with pytest.raises(IntegrityError), db.session.begin_nested():
        db.session.execute(statement)
