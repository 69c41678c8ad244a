"""One-time codes by phone: sign-in, confirmation, a forgotten password; budgets; guesses."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.blueprints.accounts.policies import CODE_TRIES, CODES_PER_PHONE
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db, limiter
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Budget, DomainEventRow, JobRow, OneTimeCode, User, UserSession
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.support.people import PASSWORD, Messages, Person

PHONE = "+4930901820"
PURPOSES = ("sign_in", "verify_phone", "reset_password")


def send(
    client: CheckedClient, purpose: str = "sign_in", phone: str = PHONE, ip: str = "198.51.100.1"
) -> Any:
    return client.post(
        "/api/v1/user/otp/send",
        json={"phone": phone, "purpose": purpose},
        environ_overrides={"REMOTE_ADDR": ip},
    )


def verify(
    client: CheckedClient, code: str, purpose: str = "sign_in", phone: str = PHONE, **values: str
) -> Any:
    body = {"phone": phone, "purpose": purpose, "code": code, **values}
    return client.post("/api/v1/user/otp/verify", json=body)


def other(code: str) -> str:
    """Another code than `code`."""
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_phone_is_confirmed(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person(phone=PHONE)
    assert ann.me()["phone_verified"] is False
    assert send(client, "verify_phone").status_code == 202
    [message] = messages.all("verify_phone")
    assert (message["to"], message["channel"]) == (PHONE, "sms")
    assert message["data"]["code"] in message["text"]
    body = {"phone": PHONE, "purpose": "verify_phone", "code": message["data"]["code"]}
    answer = ann.call("POST", "/otp/verify", json=body)
    assert (answer.status_code, answer.json) == (200, {"verified": True})
    assert ann.me()["phone_verified"] is True
    again = verify(client, message["data"]["code"], "verify_phone")
    assert (again.status_code, again.json["code"]) == (401, "invalid_code")


def test_sign_in_by_phone(person: Callable[..., Person], client: CheckedClient, messages: Messages) -> None:
    ann = person(phone=PHONE)
    send(client)
    answer = verify(client, messages.secret("sign_in"))
    assert answer.status_code == 200
    assert set(answer.json) == {"access_token", "refresh_token", "token_type", "expires_in"}
    ann.tokens = answer.json
    assert ann.me()["phone_verified"] is True
    refreshed = client.post(
        "/api/v1/user/token/refresh", json={"refresh_token": answer.json["refresh_token"]}
    )
    assert refreshed.status_code == 200


def test_a_forgotten_password_by_phone(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person(phone=PHONE)
    send(client, "reset_password")
    answer = verify(client, messages.secret("reset_password", PHONE), "reset_password")
    assert set(answer.json) == {"reset_token"}
    body = {"token": answer.json["reset_token"], "password": "Another-Horse-8"}
    assert client.post("/api/v1/user/password/reset", json=body).status_code == 204
    assert ann.log_in().status_code == 401
    assert ann.log_in("Another-Horse-8").status_code == 200


def test_a_reset_token_lives_ten_minutes(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock
) -> None:
    person(phone=PHONE)
    send(client, "reset_password")
    token = verify(client, messages.secret("reset_password"), "reset_password").json["reset_token"]
    clock.advance(timedelta(minutes=10))
    answer = client.post("/api/v1/user/password/reset", json={"token": token, "password": "Another-Horse-8"})
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_token")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_known_and_unknown_phones_answer_alike(
    person: Callable[..., Person],
    client: CheckedClient,
    messages: Messages,
    purpose: str,
    assert_queries: Callable[[int], Any],
) -> None:
    """Not a stopwatch: both cause the same statements, and what differs happens in the background."""
    person(phone=PHONE)
    answers, statements = [], []
    for phone in (PHONE, "+4930901821"):
        with assert_queries(5) as seen:
            answers.append(send(client, purpose, phone))
        statements.append([statement.split("\n")[0] for statement in seen])
    assert statements[0] == statements[1]
    assert [(a.status_code, a.json) for a in answers] == [(202, {"expires_in": 600})] * 2
    assert [message["to"] for message in messages.all(purpose)] == [PHONE]
    wrong = [
        verify(client, "000000", purpose, phone).json | {"request_id": None}
        for phone in (PHONE, "+4930901821")
    ]
    assert wrong[0] == wrong[1]


def test_nothing_that_is_stored_tells_the_code(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    person(phone=PHONE)
    send(client)
    code = messages.secret("sign_in")
    row = db.session.scalars(select(OneTimeCode)).one()
    stored = [str(vars(row))]
    stored += [json.dumps(job.payload) for job in db.session.scalars(select(JobRow))]
    stored += [json.dumps(event.payload) for event in db.session.scalars(select(DomainEventRow))]
    stored = [text.replace(row.phone, "") for text in stored]
    assert not any(code in text for text in stored), code


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_code_is_bound_to_its_purpose(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, purpose: str
) -> None:
    person(phone=PHONE)
    send(client, purpose)
    code = messages.secret(purpose)
    for another in PURPOSES:
        if another != purpose:
            assert verify(client, code, another).status_code == 401
    assert verify(client, code, purpose).status_code == 200


def test_a_code_is_bound_to_its_phone(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    person("ann", phone=PHONE)
    person("bob", phone="+4930901821")
    send(client, phone="+4930901821")
    code = messages.secret("sign_in")
    send(client)
    assert messages.secret("sign_in", PHONE) != code
    assert verify(client, code).status_code == 401
    assert verify(client, code, phone="+4930901821").status_code == 200


def test_a_newer_code_supersedes(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    person(phone=PHONE)
    send(client)
    first = messages.secret("sign_in")
    send(client)
    second = messages.secret("sign_in")
    assert first != second
    assert verify(client, first).status_code == 401
    assert verify(client, second).status_code == 200


def test_a_code_superseded_before_it_was_sent_is_not_sent(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    person(phone=PHONE)
    send(client)
    send(client)
    [only] = messages.all("sign_in")
    assert verify(client, only["data"]["code"]).status_code == 200


def test_a_job_that_runs_twice_sends_the_same_code(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, runtime: Runtime
) -> None:
    person(phone=PHONE)
    send(client)
    row = db.session.scalars(select(OneTimeCode)).one()
    for _ in range(2):
        runtime.get(Accounts).codes.deliver(row.id, row.version)
    assert len({message["data"]["code"] for message in messages.all("sign_in")}) == 1


def test_a_code_lives_ten_minutes(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock
) -> None:
    person(phone=PHONE)
    send(client)
    code = messages.secret("sign_in")
    clock.advance(timedelta(minutes=10))
    assert verify(client, code).status_code == 401
    send(client)
    code = messages.secret("sign_in")
    clock.advance(timedelta(minutes=9, seconds=59))
    assert verify(client, code).status_code == 200


def test_five_tries_and_no_more(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    person(phone=PHONE)
    send(client)
    code = messages.secret("sign_in")
    for _ in range(CODE_TRIES):
        assert verify(client, other(code)).json["code"] == "invalid_code"
    assert verify(client, code).json["code"] == "invalid_code"
    send(client)
    assert verify(client, messages.secret("sign_in")).status_code == 200


@pytest.mark.parametrize(
    "code", ["12345", "1234567", "٠١٢٣٤٥", "１２３４５６", "12 456", "abcdef", "-12345", 123456, None]
)
def test_what_is_no_code(client: CheckedClient, code: Any) -> None:
    answer = verify(client, code)
    assert (answer.status_code, list(answer.json["errors"]["json"])) == (422, ["code"])


@pytest.mark.parametrize(
    "phone",
    [
        "+٤٩٣٠٩٠١٨٢٠",
        "＋4930901820",
        "+4９30901820",
        "4930901820",
        "030901820",
        "+49",
        "+" + "9" * 40,
        "+1\x00234567890",
    ],
)
def test_phones_in_foreign_digits_and_forms(client: CheckedClient, phone: str) -> None:
    answer = send(client, phone=phone)
    assert answer.status_code in {400, 422}
    assert db.session.query(OneTimeCode).count() == 0


@pytest.mark.parametrize("written", ["+49 30 901820", "+49 (30) 901-820", "+49.30.901820"])
def test_a_phone_is_the_same_however_it_is_written(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, written: str
) -> None:
    person(phone=PHONE)
    send(client, phone=written)
    assert verify(client, messages.secret("sign_in"), phone=PHONE).status_code == 200


def test_a_mistyped_phone_opens_no_account(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    """Ann confirmed her e-mail address; the phone that she mistyped belongs to somebody else."""
    ann = person(phone=PHONE)
    ann.confirm_email(messages)
    for purpose in ("sign_in", "reset_password"):
        assert send(client, purpose).status_code == 202
        assert messages.all(purpose) == []
    # She may still confirm it, if it is hers after all; whoever else has the phone may not.
    send(client, "verify_phone")
    code = messages.secret("verify_phone")
    answer = verify(client, code, "verify_phone")
    assert (answer.status_code, answer.json["code"]) == (401, "log_in_needed")
    assert ann.me()["phone_verified"] is False
    body = {"phone": PHONE, "purpose": "verify_phone", "code": code}
    assert ann.call("POST", "/otp/verify", json=body).status_code == 200
    assert ann.me()["phone_verified"] is True


@pytest.mark.parametrize("state", ["blocked", "deleted"])
def test_no_way_in_for_the_blocked_and_the_deleted(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock, state: str
) -> None:
    ann = person(phone=PHONE)
    send(client)
    code = messages.secret("sign_in")
    user = db.session.get_one(User, ann.id)
    if state == "blocked":
        user.is_active = False
    else:
        user.deleted_at = clock.now()
    db.session.commit()
    sessions = db.session.query(UserSession).count()
    answer = verify(client, code)
    expected = (403, "user_blocked") if state == "blocked" else (401, "invalid_code")
    assert (answer.status_code, answer.json["code"]) == expected
    assert db.session.query(UserSession).count() == sessions


def test_three_a_minute_for_a_phone_however_it_is_written(client: CheckedClient, context: object) -> None:
    limiter.enabled = True
    limiter.reset()
    try:
        codes = [
            send(client, phone=phone, ip=f"198.51.100.{number}").status_code
            for number, phone in enumerate([PHONE, "+49 30 901820", "+49 (30) 901820", PHONE])
        ]
        another = send(client, phone="+4930901899", ip="198.51.100.1").status_code
        told = send(client, ip="203.0.113.1")
        for body in (b"", b"[]", b"{", b'{"phone": 1}', b'{"phone": "+"}', b'"x"', b"\xff"):
            answer = client.post("/api/v1/user/otp/send", data=body, content_type="application/json")
            assert answer.status_code in {400, 422, 429}
    finally:
        limiter.reset()
        limiter.enabled = False
    assert codes == [202, 202, 202, 429]
    assert another == 202
    assert '"3-per-60s";q=3;w=60' in told.headers["RateLimit-Policy"]
    assert int(told.headers["Retry-After"]) <= 61


@pytest.mark.parametrize("path", ["/otp/verify", "/me/phone/confirm"])
def test_three_tries_a_minute_for_a_phone_however_it_is_written(
    person: Callable[..., Person], client: CheckedClient, path: str
) -> None:
    people = [person(f"user{n}") for n in range(4)]
    limiter.enabled = True
    limiter.reset()
    try:
        codes = []
        for number, phone in enumerate([PHONE, "+49 30 901820", "0049 (30) 901820", PHONE]):
            body = {"phone": phone, "code": "123456"} | ({"purpose": "sign_in"} if path[1] == "o" else {})
            answer = client.post(
                f"/api/v1/user{path}",
                json=body,
                headers=people[number].headers,
                environ_overrides={"REMOTE_ADDR": f"198.51.100.{number}"},
            )
            codes.append(answer.status_code)
    finally:
        limiter.reset()
        limiter.enabled = False
    assert codes[3] == 429
    assert 429 not in codes[:3]


def test_the_budget_of_a_phone(
    person: Callable[..., Person], client: CheckedClient, clock: FrozenClock
) -> None:
    """Strangers can spend a part of it; the owner goes on from an address that is known."""
    ann = person(phone=PHONE)
    ann.client.post(
        "/api/v1/user/login",
        json={"login": "ann", "password": PASSWORD},
        environ_overrides={"REMOTE_ADDR": "192.0.2.50"},
    )
    for number in range(CODES_PER_PHONE.strangers):
        assert send(client, ip=f"198.51.100.{number}").status_code == 202
    refused = send(client, ip="198.51.100.99")
    assert (refused.status_code, refused.json["code"]) == (429, "budget_spent")
    # Until midnight, UTC: the clock stands at 9:00.
    assert int(refused.headers["Retry-After"]) == 15 * 3600 + 1
    for _ in range(CODES_PER_PHONE.total - CODES_PER_PHONE.strangers):
        assert send(client, ip="192.0.2.50").status_code == 202
    assert send(client, ip="192.0.2.50").status_code == 429
    clock.advance(timedelta(hours=15))
    assert send(client, ip="198.51.100.1").status_code == 202


def test_the_budget_of_an_unknown_phone_is_the_strangers_part(client: CheckedClient) -> None:
    codes = [send(client, ip=f"198.51.100.{n}").status_code for n in range(CODES_PER_PHONE.strangers + 1)]
    assert codes == [202] * CODES_PER_PHONE.strangers + [429]


def limited(runtime: Runtime, monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    from dataclasses import replace

    keeper = runtime.get(Accounts).codes._keeper
    monkeypatch.setattr(keeper, "_limits", replace(keeper._limits, **limits))


def test_the_budget_of_an_address(
    client: CheckedClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(runtime, monkeypatch, per_address=3)
    phones = [f"+493090182{n}" for n in range(5)]
    codes = [send(client, phone=phone).status_code for phone in phones]
    assert codes == [202, 202, 202, 429, 429]
    assert send(client, phone=phones[4], ip="198.51.100.2").status_code == 202
    # What was refused costs the phone nothing.
    keys = {row.scope: row for row in db.session.scalars(select(Budget)) if row.spent > 0}
    assert db.session.query(Budget).filter_by(scope="codes_to").count() == 4
    assert PHONE.encode() not in b"".join(row.key for row in keys.values())


def test_one_network_of_ipv6_is_one_address(
    client: CheckedClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(runtime, monkeypatch, per_address=1)
    assert send(client, phone="+4930901820", ip="2001:db8::1").status_code == 202
    assert send(client, phone="+4930901821", ip="2001:db8::ffff:2").status_code == 429
    assert send(client, phone="+4930901822", ip="2001:db8:0:1::1").status_code == 202


def test_the_budget_of_a_country(
    person: Callable[..., Person],
    client: CheckedClient,
    messages: Messages,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Unconfirmed numbers, which anybody can sign up with, get half of it; owners go on."""
    limited(runtime, monkeypatch, per_country=4)
    person("ann", phone=PHONE)
    send(client, "verify_phone")
    verify(client, messages.secret("verify_phone"), "verify_phone")
    for n in range(3):
        person(f"pump{n}", phone=f"+493090182{n + 1}")
        assert send(client, "verify_phone", phone=f"+493090182{n + 1}").status_code == 202
    with caplog.at_level(logging.WARNING):
        assert len(messages.all("verify_phone")) == 2, "one of them to Ann"
    assert "budget" in caplog.text
    send(client)
    assert len(messages.all("sign_in")) == 1
    person("eve", phone="+442071838750")
    send(client, "verify_phone", phone="+442071838750")
    assert messages.all("verify_phone", "+442071838750"), "another country"


def test_costly_numbers_get_no_code(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    premium = "+449090901234"
    person(phone=premium)
    assert send(client, "verify_phone", phone=premium).status_code == 202
    assert messages.all("verify_phone") == []


def test_texts_are_in_the_users_language(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    person(phone=PHONE, locale="es-MX")
    send(client)
    [message] = messages.all("sign_in")
    assert "es su código" in message["text"]
    assert "confirme" in messages.all("welcome")[0]["subject"].lower()


def test_a_second_factor_is_wanted_here_too(
    client: CheckedClient, make: Factory, messages: Messages, runtime: Runtime
) -> None:
    """A phone alone must not be a way around it; see test_second_factor for the codes."""
    from marketplace.models import SecondFactor

    user = make.user(phone=PHONE, phone_verified=True)
    _, secret = runtime.get(Accounts).factors._codes.new_secret()
    db.session.add(SecondFactor(user_id=user.id, secret=secret, confirmed_at=user.date_joined))
    db.session.commit()
    send(client)
    code = messages.secret("sign_in")
    answer = verify(client, code)
    assert (answer.status_code, answer.json["code"]) == (401, "code_required")
    assert verify(client, code, totp="000000").json["code"] == "invalid_code"
    assert db.session.query(UserSession).count() == 0
