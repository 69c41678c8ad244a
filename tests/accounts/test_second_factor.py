"""TOTP and recovery codes: set up, wanted at log-in, used once, removed; staff must have one in production."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, RecoveryCode, SecondFactor, User
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.support.people import PASSWORD, Messages, Person


class Authenticator:
    """The app on somebody's phone."""

    def __init__(self, clock: FrozenClock, secret: str) -> None:
        self._clock = clock
        self.totp = pyotp.TOTP(secret)

    def code(self, *, steps: int = 0) -> str:
        return str(self.totp.at(self._clock.now() + timedelta(seconds=30 * steps)))

    def wrong(self) -> str:
        near = {self.code(steps=n) for n in (-1, 0, 1)}
        return next(code for code in (f"{n:06d}" for n in range(9)) if code not in near)


@pytest.fixture
def ann(person: Callable[..., Person]) -> Person:
    found = person("ann")
    db.session.get_one(User, found.id).email_verified = True
    db.session.commit()
    return found


@pytest.fixture
def app_of(clock: FrozenClock) -> Callable[[Person], Authenticator]:
    def begin(person: Person) -> Authenticator:
        answer = person.call("POST", "/me/totp")
        assert answer.status_code == 201, answer.json
        return Authenticator(clock, answer.json["secret"])

    return begin


@pytest.fixture
def phone(ann: Person, app_of: Callable[[Person], Authenticator], clock: FrozenClock) -> Authenticator:
    """Ann's app, with the second factor on."""
    found = app_of(ann)
    answer = ann.call("POST", "/me/totp/confirm", json={"code": found.code()})
    assert answer.status_code == 200
    found.recovery = answer.json["recovery_codes"]  # type: ignore[attr-defined]  # for the tests alone
    clock.advance(timedelta(seconds=30))
    return found


def test_what_the_app_needs(ann: Person) -> None:
    answer = ann.call("POST", "/me/totp").json
    parsed = pyotp.parse_uri(answer["uri"])
    assert (parsed.secret, parsed.name, parsed.issuer) == (answer["secret"], "ann", "Marketplace")
    stored = db.session.scalars(select(SecondFactor)).one()
    assert answer["secret"].encode() not in stored.secret


def test_it_counts_once_it_is_confirmed(
    ann: Person, app_of: Callable[[Person], Authenticator], messages: Messages
) -> None:
    app = app_of(ann)
    assert ann.log_in().status_code == 200, "not confirmed yet"
    wrong = ann.call("POST", "/me/totp/confirm", json={"code": app.wrong()})
    assert (wrong.status_code, wrong.json["code"]) == (422, "wrong_code")
    assert ann.log_in().status_code == 200
    codes = ann.call("POST", "/me/totp/confirm", json={"code": app.code()}).json["recovery_codes"]
    assert len(set(codes)) == 10
    assert all(len(code) == 19 for code in codes)
    refused = ann.log_in()
    assert (refused.status_code, refused.json["code"]) == (401, "code_required")
    assert messages.all("second_factor_on", "ann@example.org")


def test_other_sessions_end_when_it_is_switched_on(
    ann: Person, app_of: Callable[[Person], Authenticator], client: CheckedClient
) -> None:
    other = ann.log_in().json
    app = app_of(ann)
    ann.call("POST", "/me/totp/confirm", json={"code": app.code()})
    assert ann.call("GET", "/me").status_code == 200
    headers = {"Authorization": f"Bearer {other['access_token']}"}
    assert client.get("/api/v1/user/me", headers=headers).status_code == 401


def test_a_code_works_once(ann: Person, phone: Authenticator, clock: FrozenClock) -> None:
    code = phone.code()
    assert ann.log_in(code=code).status_code == 200
    again = ann.log_in(code=code)
    assert (again.status_code, again.json["code"]) == (401, "invalid_code")
    clock.advance(timedelta(seconds=30))
    assert ann.log_in(code=phone.code()).status_code == 200


def test_an_older_code_than_the_last_one_is_refused(
    ann: Person, phone: Authenticator, clock: FrozenClock
) -> None:
    clock.advance(timedelta(seconds=60))
    assert ann.log_in(code=phone.code()).status_code == 200
    assert ann.log_in(code=phone.code(steps=-1)).status_code == 401


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
def test_clocks_may_differ_by_a_step(
    ann: Person, phone: Authenticator, clock: FrozenClock, steps: int, status: int
) -> None:
    clock.advance(timedelta(minutes=5))
    assert ann.log_in(code=phone.code(steps=steps)).status_code == status


def test_a_code_is_worth_nothing_without_the_password(ann: Person, phone: Authenticator) -> None:
    answer = ann.log_in("Wrong-Horse-7", code=phone.code())
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_credentials")
    assert ann.log_in(code=phone.code()).status_code == 200, "and was not used up"


@pytest.mark.parametrize("code", ["000000", "٠٠٠٠٠٠", "abcdefgh", "1234 567", "aaaa-aaaa-aaaa-aaaa"])
def test_wrong_codes(ann: Person, phone: Authenticator, code: str) -> None:
    if code == "000000":
        code = phone.wrong()
    answer = ann.log_in(code=code)
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_code")


def test_ten_wrong_codes_and_nobody_gets_in_for_an_hour(
    ann: Person, phone: Authenticator, clock: FrozenClock
) -> None:
    for _ in range(10):
        assert ann.log_in(code=phone.wrong()).json["code"] == "invalid_code"
    recovery = phone.recovery[0]  # type: ignore[attr-defined]  # see the fixture
    for code in (phone.code(), recovery):
        refused = ann.log_in(code=code)
        assert (refused.status_code, refused.json["code"]) == (429, "too_many_tries")
    clock.advance(timedelta(hours=1))
    assert ann.log_in(code=phone.code()).status_code == 200


def test_a_right_code_forgets_the_wrong_ones(ann: Person, phone: Authenticator, clock: FrozenClock) -> None:
    for _ in range(3):
        for _ in range(9):
            assert ann.log_in(code=phone.wrong()).status_code == 401
        assert ann.log_in(code=phone.code()).status_code == 200
        clock.advance(timedelta(seconds=30))


def test_a_recovery_code_works_once_however_it_is_typed(
    ann: Person, phone: Authenticator, messages: Messages
) -> None:
    first, second = phone.recovery[:2]  # type: ignore[attr-defined]  # see the fixture
    assert ann.log_in(code=first).status_code == 200
    assert ann.log_in(code=first).json["code"] == "invalid_code"
    assert ann.log_in(code=second.replace("-", " ").upper()).status_code == 200
    assert len(messages.all("recovery_code_used", "ann@example.org")) == 2
    stored = [row.code_hash for row in db.session.scalars(select(RecoveryCode))]
    assert len(stored) == 10
    assert not any(first.replace("-", "").encode() in digest for digest in stored)


def test_new_recovery_codes(ann: Person, phone: Authenticator) -> None:
    old = phone.recovery[0]  # type: ignore[attr-defined]  # see the fixture
    new = ann.call("POST", "/me/totp/recovery-codes").json["recovery_codes"]
    assert ann.log_in(code=old).status_code == 401
    assert ann.log_in(code=new[0]).status_code == 200


def test_switching_it_off(ann: Person, phone: Authenticator, messages: Messages) -> None:
    assert ann.call("DELETE", "/me/totp").status_code == 204
    assert ann.log_in().status_code == 200
    assert messages.all("second_factor_off", "ann@example.org")
    again = ann.call("DELETE", "/me/totp")
    assert (again.status_code, again.json["code"]) == (409, "totp_not_enabled")
    assert db.session.query(RecoveryCode).count() == 0
    actions = {entry.action for entry in db.session.scalars(select(AuditEntry))}
    assert {"user.second_factor_on", "user.second_factor_off"} <= actions


def test_what_does_not_fit_the_state(ann: Person, app_of: Callable[[Person], Authenticator]) -> None:
    early = ann.call("POST", "/me/totp/confirm", json={"code": "123456"})
    assert (early.status_code, early.json["code"]) == (409, "totp_not_enabled")
    assert ann.call("POST", "/me/totp/recovery-codes").json["code"] == "totp_not_enabled"
    first, second = app_of(ann), app_of(ann)
    assert ann.call("POST", "/me/totp/confirm", json={"code": first.code()}).status_code == 422
    assert ann.call("POST", "/me/totp/confirm", json={"code": second.code()}).status_code == 200
    for path in ("/me/totp", "/me/totp/confirm"):
        late = ann.call("POST", path, **({"json": {"code": second.code()}} if "confirm" in path else {}))
        assert (late.status_code, late.json["code"]) == (409, "totp_enabled")


def test_the_unverified_cannot_set_one_up(person: Callable[..., Person]) -> None:
    """Else whoever signs up with the address of another locks its owner out."""
    answer = person("bob").call("POST", "/me/totp")
    assert (answer.status_code, answer.json["code"]) == (403, "not_verified")


def test_a_reset_password_does_not_remove_it(
    ann: Person, phone: Authenticator, client: CheckedClient, messages: Messages
) -> None:
    client.post("/api/v1/user/password/forgot", json={"email": "ann@example.org"})
    body = {"token": messages.secret("reset_password"), "password": "Another-Horse-8"}
    assert client.post("/api/v1/user/password/reset", json=body).status_code == 204
    assert ann.log_in("Another-Horse-8").json["code"] == "code_required"
    assert ann.log_in("Another-Horse-8", code=phone.code()).status_code == 200


def test_sign_in_by_phone_wants_it_too(
    ann: Person, phone: Authenticator, client: CheckedClient, messages: Messages
) -> None:
    number = "+4930901820"
    user = db.session.get_one(User, ann.id)
    user.phone, user.phone_verified = number, True
    db.session.commit()
    client.post("/api/v1/user/otp/send", json={"phone": number, "purpose": "sign_in"})
    body = {"phone": number, "purpose": "sign_in", "code": messages.secret("sign_in")}
    assert client.post("/api/v1/user/otp/verify", json=body).json["code"] == "code_required"
    assert client.post("/api/v1/user/otp/verify", json={**body, "totp": phone.code()}).status_code == 200


@pytest.fixture
def production(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights as in production."""
    from marketplace.blueprints.accounts.wiring import Accounts

    monkeypatch.setattr(runtime, "settings", replace(runtime.settings, app_env="production"))
    monkeypatch.setattr(runtime.get(Accounts).factors, "_staff_must", True)


@pytest.mark.parametrize("role", ["moderator", "admin"])
def test_staff_in_production_must_have_one(
    ann: Person,
    app_of: Callable[[Person], Authenticator],
    make: Factory,
    production: None,
    client: CheckedClient,
    clock: FrozenClock,
    role: str,
) -> None:
    db.session.get_one(User, ann.id).roles = [role]
    db.session.commit()
    refused = client.get("/api/v1/admin/changes", headers=ann.headers)
    assert (refused.status_code, refused.json["code"]) == (403, "second_factor_needed")
    assert ann.call("GET", "/me").status_code == 200, "what everybody may goes on"
    app = app_of(ann)
    assert ann.call("POST", "/me/totp/confirm", json={"code": app.code()}).status_code == 200
    assert client.get("/api/v1/admin/changes", headers=ann.headers).status_code == 200
    kept = ann.call("DELETE", "/me/totp")
    assert (kept.status_code, kept.json["code"]) == (403, "second_factor_needed")
    clock.advance(timedelta(seconds=30))
    assert ann.log_in().json["code"] == "code_required"
    assert ann.log_in(code=app.code()).status_code == 200


def test_staff_in_development_may_go_without(
    client: CheckedClient, make: Factory, auth: Callable[[User], dict[str, str]]
) -> None:
    assert client.get("/api/v1/admin/changes", headers=auth(make.staff())).status_code == 200


def test_a_change_of_the_servers_key_leaves_recovery_codes(
    ann: Person, phone: Authenticator, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    from marketplace.blueprints.accounts.adapters import PyotpCodes
    from marketplace.blueprints.accounts.wiring import Accounts

    other = PyotpCodes(replace(runtime.settings, secret_key="another" * 8))
    monkeypatch.setattr(runtime.get(Accounts).factors, "_codes", other)
    assert ann.log_in(code=phone.code()).json["code"] == "invalid_code"
    recovery: Any = phone.recovery[0]  # type: ignore[attr-defined]  # see the fixture
    assert ann.log_in(PASSWORD, code=recovery).status_code == 200


def test_a_log_in_that_overlaps_with_switching_it_on(
    ann: Person, phone: Authenticator, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log-in looked before the factor was on: it gets no session that never proved it."""
    from marketplace.blueprints.accounts.wiring import Accounts

    factors = runtime.get(Accounts).factors
    real, seen = factors.is_on, []

    def late(user_id: int) -> bool:
        seen.append(user_id)
        return len(seen) > 1 and real(user_id)

    monkeypatch.setattr(factors, "is_on", late)
    answer = ann.log_in()
    assert (answer.status_code, answer.json["code"]) == (401, "code_required")
    assert len(seen) == 2
