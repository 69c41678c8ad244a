"""Addresses that nobody confirmed: reserved for nobody, forgotten after a while, told nothing of strangers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from marketplace.blueprints.accounts.contracts import MailTopic
from marketplace.blueprints.accounts.policies import MAILS_PER_ADDRESS, UNCONFIRMED_LIFE
from marketplace.blueprints.accounts.services import ownership
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import User
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.accounts.test_code_races import sent_code
from tests.support.people import PASSWORD, Messages, Person, statuses

API = "/api/v1/user"
PHONE = "+4930901820"
SHARED = "shared@example.org"


def post(client: CheckedClient, path: str, ip: str = "127.0.0.1", **body: Any) -> Any:
    return client.post(f"{API}{path}", json=body, environ_overrides={"REMOTE_ADDR": ip})


def prove(client: CheckedClient, messages: Messages, purpose: str, **options: Any) -> Any:
    post(client, "/otp/send", phone=PHONE, purpose=purpose)
    code = messages.secret(purpose, PHONE)
    body = {"phone": PHONE, "purpose": purpose, "code": code}
    return client.post(f"{API}/otp/verify", json=body, **options)


def test_who_proves_first_has_it_and_the_other_loses_it(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    one = person("one", email=SHARED, phone=PHONE)
    two = person("two", email=SHARED.upper().replace("EXAMPLE.ORG", "example.org"), phone=PHONE)
    first, second = [mail["data"]["token"] for mail in messages.all("welcome")]
    assert two.call("POST", "/email/verify", json={"token": second}).status_code == 204
    assert prove(client, messages, "verify_phone", headers=two.headers).status_code == 200
    assert (one.me()["email"], one.me()["phone"]) == (None, None)
    late = one.call("POST", "/email/verify", json={"token": first})
    assert (late.status_code, late.json["code"]) == (422, "invalid_token")
    resent = one.call("POST", "/me/email/resend")
    assert (resent.status_code, resent.json["code"]) == (409, "no_email")
    assert one.log_in().status_code == 200, "by the username"
    for values, code in (({"email": SHARED}, "email_taken"), ({"phone": PHONE}, "phone_taken")):
        body = {"username": "three", "email": "three@example.org", "password": PASSWORD}
        taken = post(client, "/sign-up", **body | {"first_name": "A", "last_name": "B"} | values)
        assert (taken.status_code, taken.json["code"]) == (409, code)


def test_log_in_by_an_address_of_several(person: Callable[..., Person], client: CheckedClient) -> None:
    """Who signed in from there before; else who came last; who confirmed it before all others."""
    homes = {"one": "192.0.2.1", "two": "192.0.2.2"}
    for name in homes:
        person(name, email=SHARED, password=f"{PASSWORD}{name}")
    for name, ip in homes.items():
        assert post(client, "/login", ip, login=name, password=PASSWORD + name).status_code == 200
        assert post(client, "/login", ip, login=SHARED, password=PASSWORD + name).status_code == 200
    elsewhere = {
        name: post(client, "/login", "192.0.2.9", login=SHARED, password=PASSWORD + name) for name in homes
    }
    assert [answer.status_code for answer in elsewhere.values()] == [401, 200]
    db.session.execute(update(User).where(User.username == "one").values(email_verified=True))
    db.session.commit()
    for ip in homes.values():
        assert post(client, "/login", ip, login=SHARED, password=PASSWORD + "one").status_code == 200


def test_a_reset_goes_to_who_asked(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    one, two = person("one", email=SHARED), person("two", email=SHARED)
    post(client, "/login", "192.0.2.1", login="one", password=PASSWORD)
    post(client, "/password/forgot", "192.0.2.1", email=SHARED)
    token = messages.secret("reset_password", SHARED)
    assert post(client, "/password/reset", token=token, password="Another-Horse-8").status_code == 204
    assert (one.log_in("Another-Horse-8").status_code, two.log_in().status_code) == (200, 200)
    assert two.me()["email"] is None


def test_a_number_in_the_account_of_another_keeps_nobody_from_it(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    """The squatter's own e-mail address is confirmed, so no code proves that account."""
    owner, squatter = person("owner", phone=PHONE), person("squatter", phone=PHONE)
    squatter.confirm_email(messages)
    squatter.call("POST", "/me/email/resend")
    db.session.execute(update(User).where(User.id == squatter.id).values(phone=PHONE))
    db.session.commit()
    assert prove(client, messages, "sign_in", headers=owner.headers).status_code == 200
    assert (owner.me()["phone_verified"], squatter.me()["phone"]) == (True, None)


def test_a_number_that_somebody_else_confirmed(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann, bob = person("ann", phone=PHONE), person("bob", phone=PHONE)
    db.session.execute(update(User).where(User.id == bob.id).values(phone_verified=True))
    db.session.commit()
    answer = prove(client, messages, "verify_phone", headers=ann.headers)
    assert (answer.status_code, answer.json["code"]) == (409, "phone_taken")


def test_of_many_who_prove_one_number_at_once_one_has_it(
    committed: Flask, at_once: Callable[..., list[Any]], rows: Callable[[str], list[Any]]
) -> None:
    """By the account's own session, each with the one code for the number and one for itself."""
    from marketplace.blueprints.accounts.services.sessions import Device

    with committed.app_context():
        make, built = Factory(), committed.extensions["marketplace"].get(Accounts)
        users = [make.user(phone=PHONE, email_verified=False) for _ in range(8)]
        tokens = [built.sessions.open(user.id, Device()).access_token for user in users]
    code = sent_code(committed, "verify_phone")

    def verify(client: Any, number: int) -> Any:
        body = {"phone": PHONE, "purpose": "verify_phone", "code": code}
        headers = {"Authorization": f"Bearer {tokens[number]}"}
        return client.post(f"{API}/otp/verify", json=body, headers=headers)

    found = statuses(at_once(8, verify))
    assert found == {(200, None): 1, (401, "invalid_code"): 7}
    assert rows('SELECT count(*), bool_and(phone_verified) FROM "user" WHERE phone IS NOT NULL') == [
        (1, True)
    ]


def test_of_two_mailed_tokens_for_one_address_one_is_good(
    committed: Flask, at_once: Callable[..., list[Any]], rows: Callable[[str], list[Any]]
) -> None:
    from marketplace.blueprints.accounts.services.sessions import Device
    from marketplace.models import OneTimeToken

    with committed.app_context():
        make, runtime = Factory(), committed.extensions["marketplace"]
        built = runtime.get(Accounts)
        users = [make.user(email=SHARED, email_verified=False) for _ in range(6)]
        access = [built.sessions.open(user.id, Device()).access_token for user in users]
        for number, user in enumerate(users):
            digest = built.sessions._tokens.digest(f"token-{number}")
            until = runtime.clock.now() + timedelta(hours=1)
            row = {"purpose": "verify_email", "target": SHARED, "expires_at": until, "token_hash": digest}
            db.session.add(OneTimeToken(user_id=user.id, **row))
        db.session.commit()

    def verify(client: Any, number: int) -> Any:
        headers = {"Authorization": f"Bearer {access[number]}"}
        return client.post(f"{API}/email/verify", json={"token": f"token-{number}"}, headers=headers)

    assert statuses(at_once(6, verify)) == {(204, None): 1, (422, "invalid_token"): 5}
    assert rows('SELECT count(*), bool_and(email_verified) FROM "user" WHERE email IS NOT NULL') == [
        (1, True)
    ]


def test_the_database_itself_lets_one_account_confirm_an_address(make: Factory) -> None:
    from sqlalchemy.exc import IntegrityError

    make.user(email=SHARED, phone=PHONE, phone_verified=True)
    other = make.user(email=SHARED.title(), phone=PHONE, email_verified=False)
    for column in ("email_verified", "phone_verified"):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(update(User).where(User.id == other.id).values({column: True}))


def test_what_nobody_confirms_lapses(
    runtime: Runtime, make: Factory, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "LAPSE_BATCH", 2)
    old, young = clock.now() - UNCONFIRMED_LIFE - timedelta(seconds=1), clock.now() - timedelta(days=29)
    kept = {"email_verified": True, "phone": "+4930901801", "phone_verified": True, "date_joined": old}
    made = [
        make.user(**kept),
        make.user(email_verified=False, date_joined=young),
        make.user(email_verified=False, date_joined=old, deleted_at=clock.now()),
        *(make.user(email_verified=False, date_joined=old, phone=f"+493090182{n}") for n in range(5)),
        make.user(phone="+4930901840", date_joined=old),
        make.user(email_verified=False, phone="+4930901841", phone_verified=True, date_joined=old),
    ]
    assert runtime.get(Accounts).ownership.lapse() == 7
    db.session.expire_all()
    found = [(user.email is not None, user.phone is not None) for user in made]
    assert found == [
        (True, True),
        (True, False),
        (True, False),
        *[(False, False)] * 5,
        (True, False),
        (False, True),
    ]
    assert runtime.get(Accounts).ownership.lapse() == 0


def test_an_address_does_not_lapse_while_its_token_is_good(
    person: Callable[..., Person],
    client: CheckedClient,
    messages: Messages,
    runtime: Runtime,
    clock: FrozenClock,
) -> None:
    ann = person()
    db.session.execute(update(User).values(date_joined=clock.now() - UNCONFIRMED_LIFE))
    db.session.commit()
    token = messages.secret("welcome")
    clock.advance(timedelta(hours=71))
    assert runtime.get(Accounts).ownership.lapse() == 0
    assert ann.client.post(f"{API}/email/verify", json={"token": token}).status_code == 204


@pytest.mark.parametrize(
    ("locale", "word"), [("en", "do nothing"), ("es", "no haga nada"), ("ar", "لا تفعل شيئًا")]
)
def test_mail_to_an_address_that_nobody_confirmed(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, locale: str, word: str
) -> None:
    """Nothing of what the stranger wrote, and what to do."""
    name = "Win at https://evil.example now"
    ann = person(first_name=name, last_name="evil.example", locale=locale)
    ann.call("POST", "/me/email", json={"email": "new@example.org"})
    ann.call(
        "POST", "/password/change", json={"current_password": PASSWORD, "new_password": "Another-Horse-8"}
    )
    post(client, "/password/forgot", email="ann@example.org")
    ann.tokens = ann.log_in("Another-Horse-8").json
    tag = ann.call("GET", "/me").headers["ETag"]
    sent = messages.all()
    assert ann.call("DELETE", "/me", headers={"If-Match": tag}).status_code == 204
    sent = messages.all()
    topics = {mail["topic"] for mail in sent}
    assert topics == {"welcome", "change_email", "password_changed", "reset_password", "account_deleted"}
    for mail in sent:
        assert "evil" not in mail["subject"] + mail["text"]
        assert word in mail["text"]
        assert "{" not in mail["text"]


def test_mail_to_a_confirmed_address_has_the_name(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person()
    ann.confirm_email(messages)
    ann.call(
        "POST", "/password/change", json={"current_password": PASSWORD, "new_password": "Another-Horse-8"}
    )
    text = messages.all("password_changed")[-1]["text"]
    assert text.startswith("Hello Ann,\n\n")
    assert "Nobody has confirmed" not in text


def test_every_mail_begins_with_a_greeting(runtime: Runtime) -> None:
    topics = runtime.given(MailTopic)
    assert {"welcome", "export_ready"} <= {topic.name for topic in topics}
    assert all(
        letter.text.startswith("{greeting}\n\n") and "{name}" not in letter.text
        for topic in topics
        for letter in topic.letters.values()
    )


def test_an_address_that_was_never_confirmed_is_not_told_of_a_change(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person()
    ann.call("POST", "/me/email", json={"email": "new@example.org"})
    token = messages.secret("change_email")
    assert ann.call("POST", "/email/verify", json={"token": token}).status_code == 204
    assert messages.all("email_changed") == []


def test_nobody_gets_more_mails_to_confirm_than_that(
    person: Callable[..., Person], messages: Messages
) -> None:
    """However many accounts are made with the address."""
    for number in range(MAILS_PER_ADDRESS + 2):
        last = person(f"user{number}", email=SHARED)
    assert len(messages.all("welcome", SHARED)) == MAILS_PER_ADDRESS
    refused = last.call("POST", "/me/email/resend")
    assert (refused.status_code, refused.json["code"]) == (429, "budget_spent")
    change = person("other").call("POST", "/me/email", json={"email": SHARED})
    assert (change.status_code, change.json["code"]) == (429, "budget_spent")
