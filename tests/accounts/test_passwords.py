"""Passwords: forgotten, reset, changed; tries are counted by account; hashes rise with the parameters."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.blueprints.accounts.adapters import ArgonHasher
from marketplace.blueprints.accounts.policies import RESET_MAILS, Allowance
from marketplace.blueprints.accounts.services import credentials
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, OneTimeToken, User
from marketplace.testing import CheckedClient
from tests.support.people import PASSWORD, Messages, Person

NEW = "Another-Horse-8"


def forgot(client: CheckedClient, email: str = "ann@example.org", ip: str = "198.51.100.1") -> Any:
    return client.post(
        "/api/v1/user/password/forgot", json={"email": email}, environ_overrides={"REMOTE_ADDR": ip}
    )


def reset(client: CheckedClient, token: str, password: str = NEW) -> Any:
    return client.post("/api/v1/user/password/reset", json={"token": token, "password": password})


def test_a_forgotten_password(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person()
    answer = forgot(client, "ANN@Example.org")
    assert (answer.status_code, answer.get_data()) == (202, b"")
    token = messages.secret("reset_password", "ann@example.org")
    assert reset(client, token).status_code == 204
    assert ann.call("GET", "/me").status_code == 401
    assert ann.log_in().status_code == 401
    ann.tokens = ann.log_in(NEW).json
    assert ann.me()["email_verified"] is True, "the mail was read"
    assert messages.all("password_changed", "ann@example.org")
    assert reset(client, token).json["code"] == "invalid_token"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "user.password_reset")).one()
    assert (entry.subject_id, entry.ip) == (ann.id, "127.0.0.1")


def test_known_and_unknown_addresses_answer_alike(
    person: Callable[..., Person],
    client: CheckedClient,
    messages: Messages,
    assert_queries: Callable[[int], Any],
) -> None:
    person()
    answers, statements = [], []
    for email in ("ann@example.org", "nobody@example.org"):
        with assert_queries(3) as seen:
            answers.append(forgot(client, email))
        statements.append([statement.split("\n")[0] for statement in seen])
    assert statements[0] == statements[1]
    assert {(a.status_code, a.get_data()) for a in answers} == {(202, b"")}
    assert [message["to"] for message in messages.all("reset_password")] == ["ann@example.org"]


def test_tokens_are_stored_hashed_expire_and_are_superseded(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock
) -> None:
    person()
    forgot(client)
    first = messages.secret("reset_password")
    assert all(first.encode() not in row.token_hash for row in db.session.scalars(select(OneTimeToken)))
    forgot(client)
    second = messages.secret("reset_password")
    assert reset(client, first).status_code == 422
    clock.advance(timedelta(hours=1))
    assert reset(client, second).json["code"] == "invalid_token"


def test_a_refused_password_leaves_the_token_good(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    person()
    forgot(client)
    token = messages.secret("reset_password")
    weak = reset(client, token, "P@ssw0rd!")
    assert (weak.status_code, weak.json["code"]) == (422, "weak_password")
    assert reset(client, token).status_code == 204


def test_a_token_of_another_kind_resets_nothing(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    person()
    assert reset(client, messages.secret("welcome")).json["code"] == "invalid_token"
    forgot(client)
    token = messages.secret("reset_password")
    answer = client.post("/api/v1/user/email/verify", json={"token": token})
    assert answer.json["code"] == "invalid_token"


def test_a_token_dies_with_the_address_it_was_sent_to(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person()
    forgot(client)
    token = messages.secret("reset_password")
    ann.call("POST", "/me/email", json={"email": "new@example.org"})
    changed = ann.call("POST", "/email/verify", json={"token": messages.secret("change_email")})
    assert changed.status_code == 204
    assert reset(client, token).json["code"] == "invalid_token"


def test_a_mistyped_mail_address_opens_no_account(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    """The phone is confirmed and the e-mail address is not: it may be somebody else's."""
    ann = person(phone="+4930901820")
    db.session.get_one(User, ann.id).phone_verified = True
    db.session.commit()
    assert forgot(client).status_code == 202
    assert messages.all("reset_password") == []


def test_mails_to_one_address_have_a_budget(
    person: Callable[..., Person], client: CheckedClient, clock: FrozenClock
) -> None:
    ann = person()
    client.post(
        "/api/v1/user/login",
        json={"login": "ann", "password": PASSWORD},
        environ_overrides={"REMOTE_ADDR": "192.0.2.50"},
    )
    for email in ("ann@example.org", "nobody@example.org"):
        codes = [
            forgot(client, email, f"198.51.100.{n}").status_code for n in range(RESET_MAILS.strangers + 1)
        ]
        assert codes == [202] * RESET_MAILS.strangers + [429]
    assert forgot(client, ip="192.0.2.50").status_code == 202, "the owner's address"
    assert forgot(client, "nobody@example.org", "192.0.2.50").json["code"] == "budget_spent"
    clock.advance(timedelta(days=1))
    assert forgot(client).status_code == 202
    assert ann.log_in().status_code == 200


def test_changing_the_password(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person()
    elsewhere = ann.log_in().json
    answer = ann.call("POST", "/password/change", json={"current_password": PASSWORD, "new_password": NEW})
    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert ann.call("GET", "/me").status_code == 200, "this session goes on"
    headers = {"Authorization": f"Bearer {elsewhere['access_token']}"}
    assert client.get("/api/v1/user/me", headers=headers).status_code == 401
    assert ann.log_in().status_code == 401
    assert ann.log_in(NEW).status_code == 200
    assert messages.all("password_changed", "ann@example.org")


@pytest.mark.parametrize(
    ("current", "new", "status", "code", "field"),
    [
        ("Wrong-Horse-7", NEW, 422, "wrong_password", "current_password"),
        (PASSWORD, "short", 422, "weak_password", "new_password"),
        (PASSWORD, "Annabella-1!", 422, "weak_password", "new_password"),
        (PASSWORD, "x" * 129, 422, "validation_failed", "new_password"),
    ],
)
def test_a_change_that_is_refused(
    person: Callable[..., Person], current: str, new: str, status: int, code: str, field: str
) -> None:
    ann = person("annabella")
    answer = ann.call("POST", "/password/change", json={"current_password": current, "new_password": new})
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert list(answer.json["errors"]["json"]) == [field]
    assert current not in answer.get_data(as_text=True)
    assert ann.log_in().status_code == 200


@pytest.fixture
def few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "FAILED_LOGINS", Allowance(total=5, strangers=3))


def test_wrong_passwords_are_counted_by_account(
    person: Callable[..., Person], client: CheckedClient, few_tries: None, clock: FrozenClock
) -> None:
    """From however many addresses they come; and the owner, at a known address, still gets in."""
    ann = person()

    def guess(ip: str, password: str = "Wrong-Horse-7") -> Any:
        return client.post(
            "/api/v1/user/login",
            json={"login": "ann", "password": password},
            environ_overrides={"REMOTE_ADDR": ip},
        )

    for n in range(3):
        assert guess(f"198.51.100.{n}").json["code"] == "invalid_credentials"
    refused = guess("198.51.100.9", PASSWORD)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_tries")
    assert ann.log_in().status_code == 200, "127.0.0.1 is where Ann signed up"
    assert guess("198.51.100.9", PASSWORD).status_code == 429
    clock.advance(timedelta(days=1))
    assert guess("198.51.100.9", PASSWORD).status_code == 200


def test_right_passwords_cost_nothing(person: Callable[..., Person], few_tries: None) -> None:
    ann = person()
    assert [ann.log_in().status_code for _ in range(6)] == [200] * 6


def test_unknown_accounts_are_counted_too(client: CheckedClient, few_tries: None) -> None:
    codes = [
        client.post("/api/v1/user/login", json={"login": "Nobody", "password": "Wrong-Horse-7"}).json["code"]
        for _ in range(4)
    ]
    assert codes == ["invalid_credentials"] * 3 + ["too_many_tries"]


@pytest.mark.parametrize(
    "logins",
    [
        ["Nobody", "nobody", "ＮＯＢＯＤＹ", " nobody "],
        ["+442071834455", "+44 20 7183 4455", "0044 (0)20 7183 4455", "+44.20.7183.4455"],
        ["a@bücher.de", "A@BÜCHER.DE", "a@xn--bcher-kva.de", "a＠bücher。de"],
    ],
)
def test_an_unknown_login_has_one_count_however_it_is_written(
    client: CheckedClient, few_tries: None, logins: list[str]
) -> None:
    codes = [
        client.post("/api/v1/user/login", json={"login": login, "password": "Wrong-Horse-7"}).json["code"]
        for login in logins
    ]
    assert codes == ["invalid_credentials"] * 3 + ["too_many_tries"]


def test_one_account_has_one_count_by_whatever_name(
    person: Callable[..., Person], client: CheckedClient, few_tries: None
) -> None:
    person(phone="+4930901820")
    codes = [
        client.post(
            "/api/v1/user/login",
            json={"login": login, "password": "Wrong-Horse-7"},
            environ_overrides={"REMOTE_ADDR": "198.51.100.1"},
        ).json["code"]
        for login in ("ann", "ann@example.org", "+4930901820", "ANN")
    ]
    assert codes == ["invalid_credentials"] * 3 + ["too_many_tries"]


def test_a_hash_is_made_anew_when_the_parameters_rise(
    person: Callable[..., Person], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marketplace.blueprints.accounts.wiring import Accounts

    ann = person()
    runtime = app.extensions["marketplace"]
    stronger = ArgonHasher(replace(runtime.settings, argon2_time_cost=2, argon2_memory_cost=16))
    monkeypatch.setattr(runtime.get(Accounts).login._credentials, "_hasher", stronger)

    def stored() -> str:
        return db.session.scalars(select(User.password_hash).where(User.id == ann.id)).one()

    assert "m=8,t=1" in stored()
    assert ann.log_in("Wrong-Horse-7").status_code == 401
    assert "m=8,t=1" in stored()
    assert ann.log_in().status_code == 200
    assert "m=16,t=2" in stored()
    before = stored()
    assert ann.log_in().status_code == 200
    assert stored() == before


def test_no_transaction_is_open_while_a_password_is_hashed(
    person: Callable[..., Person], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marketplace.blueprints.accounts.wiring import Accounts

    ann = person()
    runtime = app.extensions["marketplace"]
    hasher = runtime.get(Accounts).login._credentials._hasher
    seen: list[bool] = []
    for name in ("hash", "verify"):
        real = getattr(hasher, name)

        def watch(*args: Any, real: Any = real) -> Any:
            seen.append(runtime.uow.is_open)
            return real(*args)

        monkeypatch.setattr(hasher, name, watch)
    ann.log_in()
    ann.call("POST", "/password/change", json={"current_password": PASSWORD, "new_password": NEW})
    person("bob")
    assert seen == [False] * 4


@pytest.mark.parametrize("path", ["/login", "/sign-up", "/password/reset"])
def test_a_megabyte_password(
    client: CheckedClient, path: str, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    """Refused before anything is hashed."""
    from marketplace.blueprints.accounts.wiring import Accounts

    def hashed(*_: Any) -> Any:
        raise AssertionError("hashed")

    hasher = app.extensions["marketplace"].get(Accounts).login._credentials._hasher
    monkeypatch.setattr(hasher, "hash", hashed)
    monkeypatch.setattr(hasher, "verify", hashed)
    base = {
        "/login": {"login": "ann"},
        "/sign-up": {"username": "ann", "email": "a@example.org", "first_name": "A", "last_name": "B"},
        "/password/reset": {"token": "x"},
    }[path]
    for size, status in ((1_000_000, 413), (100_000, 422), (132, 422)):
        answer = client.post(f"/api/v1/user{path}", json={**base, "password": "aB1!" * (size // 4)})
        assert answer.status_code in {status, 422}, size
