"""Codes, tokens and second factors under many callers at once, on real connections."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask import Flask

from marketplace.assembly import make_worker
from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.identity import Principal
from marketplace.models import User
from marketplace.testing import PASSWORD, Factory
from tests.support.people import statuses

PHONE = "+4930901820"
AtOnce = Callable[..., list[Any]]
Rows = Callable[[str], list[Any]]


def sent_code(app: Flask, purpose: str) -> str:
    """Ask for a code and read the message."""
    folder = Path(app.instance_path) / "outbox"
    before = set(folder.glob("*.json"))
    client = app.test_client()
    answer = client.post("/api/v1/user/otp/send", json={"phone": PHONE, "purpose": purpose})
    assert answer.status_code == 202
    make_worker(app, 1).run_pending()
    [path] = set(folder.glob("*-sms-*.json")) - before
    found: str = json.loads(path.read_text())["data"]["code"]
    return found


@pytest.fixture
def owner(committed: Flask) -> int:
    """The id of a user with a confirmed phone."""
    with committed.app_context():
        user = Factory().user(phone=PHONE, phone_verified=True)
        return int(user.id)


def verifying(code: Callable[[int], str], purpose: str = "sign_in") -> Callable[[Any, int], Any]:
    def verify(client: Any, number: int) -> Any:
        body = {"phone": PHONE, "purpose": purpose, "code": code(number)}
        return client.post("/api/v1/user/otp/verify", json=body)

    return verify


def answered(answers: list[Any]) -> dict[tuple[int, str | None], int]:
    """Without those who got no connection in time: 50 threads share 30."""
    found = statuses(answers)
    assert found.pop((503, "unavailable"), 0) <= 20
    return dict(found)


def test_of_fifty_wrong_codes_at_once_five_are_compared(
    committed: Flask, owner: int, at_once: AtOnce, rows: Rows
) -> None:
    code = sent_code(committed, "sign_in")
    answers = at_once(50, verifying(lambda number: f"{(int(code) + 1 + number) % 10**6:06d}"))
    assert set(answered(answers)) == {(401, "invalid_code")}
    assert rows("SELECT tries, used_at FROM one_time_code") == [(5, None)]
    assert statuses([verifying(lambda _: code)(committed.test_client(), 0)]) == {(401, "invalid_code"): 1}


@pytest.mark.parametrize("purpose", ["sign_in", "verify_phone", "reset_password"])
def test_of_fifty_right_codes_at_once_one_is_good(
    committed: Flask, owner: int, at_once: AtOnce, rows: Rows, purpose: str
) -> None:
    code = sent_code(committed, purpose)
    answers = at_once(50, verifying(lambda _: code, purpose))
    found = answered(answers)
    assert found.pop((200, None)) == 1
    assert set(found) == {(401, "invalid_code")}
    [(tries,)] = rows("SELECT tries FROM one_time_code WHERE used_at IS NOT NULL")
    assert 1 <= tries <= 5
    assert rows("SELECT count(*) FROM user_session") == [(1 if purpose == "sign_in" else 0,)]
    assert rows("SELECT count(*) FROM one_time_token") == [(1 if purpose == "reset_password" else 0,)]


def test_a_right_one_among_wrong_ones(committed: Flask, owner: int, at_once: AtOnce, rows: Rows) -> None:
    code = sent_code(committed, "sign_in")
    answers = at_once(
        40, verifying(lambda number: code if number == 20 else f"{(int(code) + 1) % 10**6:06d}")
    )
    good = answered(answers).get((200, None), 0)
    [(tries, used)] = rows("SELECT tries, used_at IS NOT NULL FROM one_time_code")
    assert tries <= 5
    assert (good, used) in {(1, True), (0, False)}


def test_many_requests_at_once_leave_one_code(
    committed: Flask, owner: int, at_once: AtOnce, rows: Rows
) -> None:
    def send(client: Any, number: int) -> Any:
        return client.post(
            "/api/v1/user/otp/send",
            json={"phone": PHONE, "purpose": "sign_in"},
            environ_overrides={"REMOTE_ADDR": f"198.51.100.{number}"},
        )

    answers = at_once(20, send)
    # What strangers may spend on one phone in a day.
    assert statuses(answers) == {(202, None): 5, (429, "budget_spent"): 15}
    assert rows("SELECT version FROM one_time_code") == [(5,)]
    assert rows("SELECT spent FROM budget WHERE scope = 'codes_to'") == [(5,)]


def test_a_reset_token_works_once(committed: Flask, owner: int, at_once: AtOnce, rows: Rows) -> None:
    with committed.app_context():
        built = committed.extensions["marketplace"].get(Accounts)
        token = built.passwords.new_token(db.session.get_one(User, owner), PHONE)

    def reset(client: Any, number: int) -> Any:
        body = {"token": token, "password": f"Fresh-Zebra-{number:02d}!"}
        return client.post("/api/v1/user/password/reset", json=body)

    answers = at_once(20, reset)
    assert statuses(answers) == {(204, None): 1, (422, "invalid_token"): 19}
    assert rows("SELECT count(*) FROM domain_event WHERE name = 'user.password_changed'") == [(1,)]


@pytest.fixture
def factor(committed: Flask, owner: int, clock: FrozenClock) -> tuple[str, list[str]]:
    """A second factor of the owner, who has a password: the secret and the recovery codes."""
    with committed.app_context():
        built = committed.extensions["marketplace"].get(Accounts)
        user = db.session.get_one(User, owner)
        user.password_hash = built.login._credentials._hasher.hash(PASSWORD)
        db.session.commit()
        caller = Principal(user_id=owner, session_id=0)
        made = built.factors.begin(caller)
        code = pyotp.TOTP(made.secret).at(clock.now())
        recovery = built.factors.confirm(caller, code).recovery_codes
    clock.advance(timedelta(seconds=30))
    return made.secret, recovery


def logging_in(code: Callable[[int], str]) -> Callable[[Any, int], Any]:
    def log_in(client: Any, number: int) -> Any:
        body = {"login": PHONE, "password": PASSWORD, "code": code(number)}
        return client.post("/api/v1/user/login", json=body)

    return log_in


def test_a_totp_code_works_once(
    committed: Flask, at_once: AtOnce, rows: Rows, factor: tuple[str, list[str]], clock: FrozenClock
) -> None:
    code = pyotp.TOTP(factor[0]).at(clock.now())
    answers = at_once(10, logging_in(lambda _: code))
    assert statuses(answers) == {(200, None): 1, (401, "invalid_code"): 9}
    assert rows("SELECT count(*) FROM user_session WHERE revoked_at IS NULL") == [(1,)]


def test_a_recovery_code_works_once(
    committed: Flask, at_once: AtOnce, rows: Rows, factor: tuple[str, list[str]]
) -> None:
    answers = at_once(10, logging_in(lambda _: factor[1][0]))
    assert statuses(answers) == {(200, None): 1, (401, "invalid_code"): 9}
    assert rows("SELECT count(*) FROM recovery_code WHERE used_at IS NOT NULL") == [(1,)]


def test_of_many_wrong_second_factors_ten_are_compared(
    committed: Flask, at_once: AtOnce, rows: Rows, factor: tuple[str, list[str]], clock: FrozenClock
) -> None:
    totp = pyotp.TOTP(factor[0])
    near = {totp.at(clock.now() + timedelta(seconds=30 * offset)) for offset in (-1, 0, 1)}
    wrong = [f"{n:06d}" for n in range(60) if f"{n:06d}" not in near]
    answers = at_once(30, logging_in(lambda number: wrong[number]))
    assert statuses(answers) == {(401, "invalid_code"): 10, (429, "too_many_tries"): 20}
    assert rows("SELECT failures FROM second_factor") == [(10,)]


def test_two_admins_do_not_demote_each_other(committed: Flask, at_once: AtOnce, rows: Rows) -> None:
    for _ in range(20):
        with committed.app_context():
            make = Factory()
            admins = [make.staff("admin"), make.staff("admin")]
            sessions = committed.extensions["marketplace"].get(Accounts).sessions
            tokens = [sessions.open(user.id, Device()).access_token for user in admins]
            ids = [user.id for user in admins]

        def demote(client: Any, number: int, tokens: list[str] = tokens, ids: list[int] = ids) -> Any:
            path = f"/api/v1/admin/users/{ids[1 - number]}/roles"
            headers = {"Authorization": f"Bearer {tokens[number]}"}
            return client.post(path, json={"roles": []}, headers=headers)

        answers = at_once(2, demote)
        assert answers[0].status_code != answers[1].status_code or answers[0].status_code != 200
        left = rows("SELECT count(*) FROM \"user\" WHERE 'admin' = ANY(roles)")
        assert left == [(1,)], statuses(answers)
        with committed.app_context():
            db.session.query(User).filter(User.id.in_(ids)).update({"roles": []})
            db.session.commit()


def test_fifty_wrong_passwords_at_once_are_all_counted(
    committed: Flask, owner: int, at_once: AtOnce, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marketplace.blueprints.accounts.policies import Allowance
    from marketplace.blueprints.accounts.services import credentials

    monkeypatch.setattr(credentials, "FAILED_LOGINS", Allowance(total=20, strangers=10))

    def guess(client: Any, number: int) -> Any:
        body = {"login": PHONE, "password": f"Wrong-Horse-{number}"}
        return client.post("/api/v1/user/login", json=body)

    answers = at_once(30, guess)
    assert statuses(answers) == {(401, "invalid_credentials"): 10, (429, "too_many_tries"): 20}
    assert rows("SELECT spent FROM budget WHERE scope = 'failed_logins'") == [(10,)]
