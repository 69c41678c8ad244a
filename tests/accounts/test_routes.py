"""Accounts over HTTP: sign-up, sessions, the own profile."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask import Flask

from marketplace.blueprints.accounts.adapters import ALGORITHM, AUDIENCE, ISSUER, _derive
from marketplace.extensions import db, limiter
from marketplace.kernel.clock import FrozenClock
from marketplace.models import DomainEventRow, User, UserSession
from marketplace.testing import CheckedClient, Factory
from marketplace.web.observability.answered import Answered

PASSWORD = "Correct-Horse-7"
SIGN_UP = {
    "username": "ann",
    "email": "ann@example.org",
    "password": PASSWORD,
    "first_name": "Ann",
    "last_name": "Lee",
    "phone": "+4930901820",
}


def sign_up(client: CheckedClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/user/sign-up", json={**SIGN_UP, **changes})
    assert answer.status_code == 201, answer.json
    found: dict[str, Any] = answer.json
    return found


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def refresh(client: CheckedClient, token: str) -> Any:
    return client.post("/api/v1/user/token/refresh", json={"refresh_token": token})


def test_sign_up_gives_user_and_tokens(client: CheckedClient) -> None:
    made = sign_up(client)
    assert made["user"]["email_verified"] is False
    assert made["user"]["performer_id"] is None
    assert "password" not in json.dumps(made["user"])
    assert made["tokens"]["token_type"] == "Bearer"
    assert client.get("/api/v1/user/me", headers=bearer(made["tokens"])).json["username"] == "ann"


@pytest.mark.parametrize("login", ["ann", "ANN", "ann@example.org", "Ann@Example.ORG", "+4930901820"])
def test_log_in_by_username_mail_or_phone(client: CheckedClient, login: str) -> None:
    sign_up(client)
    answer = client.post("/api/v1/user/login", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "other@example.org", "phone": "+4930901821"}, "username_taken"),
        ({"username": "ANN", "email": "other@example.org", "phone": "+4930901821"}, "username_taken"),
        ({"username": "ann2", "email": "ANN@example.org", "phone": "+4930901821"}, "email_taken"),
        ({"username": "ann2", "email": "other@example.org"}, "phone_taken"),
    ],
)
def test_what_is_taken_is_named(client: CheckedClient, changes: dict[str, str], code: str) -> None:
    made = sign_up(client)
    user = db.session.get_one(User, made["user"]["id"])
    user.email_verified = user.phone_verified = True
    db.session.commit()
    answer = client.post("/api/v1/user/sign-up", json={**SIGN_UP, **changes})
    assert (answer.status_code, answer.json["code"]) == (409, code)
    assert db.session.query(User).count() == 1


@pytest.mark.parametrize(
    "password",
    ["Sh0rt!", "nouppercase1!", "NOLOWERCASE1!", "NoDigitsHere!", "NoSpecial123", "P@ssw0rd!", "Annika-12!"],
)
def test_a_password_that_breaks_the_rule(client: CheckedClient, password: str) -> None:
    answer = client.post("/api/v1/user/sign-up", json={**SIGN_UP, "username": "annika", "password": password})
    assert answer.status_code == 422
    assert password not in answer.get_data(as_text=True)
    assert db.session.query(User).count() == 0


@pytest.mark.parametrize("password", ["Ünïcode-Straße-7", "a" * 60 + "B1!x", "x" * 125 + "B1!"])
def test_long_and_foreign_passwords_are_kept_whole(client: CheckedClient, password: str) -> None:
    sign_up(client, password=password)
    good = client.post("/api/v1/user/login", json={"login": "ann", "password": password})
    cut = client.post("/api/v1/user/login", json={"login": "ann", "password": password[:-1]})
    assert (good.status_code, cut.status_code) == (200, 401)


def test_known_and_unknown_accounts_answer_alike(client: CheckedClient) -> None:
    sign_up(client)
    answers = [
        client.post("/api/v1/user/login", json={"login": login, "password": "Wrong-Horse-8"})
        for login in ("ann", "nobody", "nobody@example.org")
    ]
    bodies = [{**answer.json, "request_id": None} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == "invalid_credentials"
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")


def test_a_blocked_user_is_told_so_only_with_the_password(client: CheckedClient) -> None:
    made = sign_up(client)
    user = db.session.get_one(User, made["user"]["id"])
    user.is_active = False
    db.session.commit()
    wrong = client.post("/api/v1/user/login", json={"login": "ann", "password": "Wrong-Horse-8"})
    right = client.post("/api/v1/user/login", json={"login": "ann", "password": PASSWORD})
    assert (wrong.status_code, wrong.json["code"]) == (401, "invalid_credentials")
    assert (right.status_code, right.json["code"]) == (403, "user_blocked")
    assert client.get("/api/v1/user/me", headers=bearer(made["tokens"])).status_code == 401
    assert client.get("/api/v1/services", headers=bearer(made["tokens"])).status_code == 401
    assert client.get("/api/v1/categories", headers=bearer(made["tokens"])).status_code == 200


def test_a_refresh_token_works_once(client: CheckedClient, clock: FrozenClock) -> None:
    first = sign_up(client)["tokens"]
    second = refresh(client, first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    clock.advance(timedelta(seconds=30))
    reused = refresh(client, first["refresh_token"])
    assert (reused.status_code, reused.json["code"]) == (401, "invalid_refresh_token")
    # Either token may be the thief's: the whole session is dead.
    assert refresh(client, second["refresh_token"]).status_code == 401
    assert client.get("/api/v1/user/me", headers=bearer(second)).status_code == 401


def test_honest_parallel_refreshes_get_the_same_successor(client: CheckedClient, clock: FrozenClock) -> None:
    first = sign_up(client)["tokens"]["refresh_token"]
    answers = [refresh(client, first).json["refresh_token"] for _ in range(3)]
    assert len(set(answers)) == 1
    clock.advance(timedelta(minutes=1))
    assert refresh(client, answers[0]).status_code == 200


def test_refresh_tokens_are_stored_hashed_and_expire(client: CheckedClient, clock: FrozenClock) -> None:
    token = sign_up(client)["tokens"]["refresh_token"]
    stored = db.session.query(UserSession).one()
    assert token.encode() not in (stored.refresh_hash, stored.previous_hash or b"")
    clock.advance(timedelta(days=30, seconds=1))
    assert refresh(client, token).status_code == 401


def test_a_session_ends_after_180_days_however_often_it_is_refreshed(
    client: CheckedClient, clock: FrozenClock
) -> None:
    tokens = sign_up(client)["tokens"]
    for _ in range(8):
        clock.advance(timedelta(days=20))
        tokens = refresh(client, tokens["refresh_token"]).json
    clock.advance(timedelta(days=20) - timedelta(seconds=1))
    tokens = refresh(client, tokens["refresh_token"]).json
    session = client.get("/api/v1/user/sessions", headers=bearer(tokens)).json["items"][0]
    assert session["expires_at"] == "2026-10-31T09:00:00Z"
    clock.advance(timedelta(seconds=1))
    assert client.get("/api/v1/user/me", headers=bearer(tokens)).status_code == 401
    assert refresh(client, tokens["refresh_token"]).status_code == 401


def test_a_session_from_before_there_was_an_end(client: CheckedClient, clock: FrozenClock) -> None:
    """Refreshed by older code, it expires after its 180 days: it is not refreshed again."""
    tokens = sign_up(client)["tokens"]
    clock.advance(timedelta(days=180))
    db.session.query(UserSession).update({"expires_at": clock.now() + timedelta(days=30)})
    db.session.commit()
    assert refresh(client, tokens["refresh_token"]).json["code"] == "invalid_refresh_token"


def test_log_out_ends_this_session_only(client: CheckedClient) -> None:
    one = sign_up(client)["tokens"]
    two = client.post("/api/v1/user/login", json={"login": "ann", "password": PASSWORD}).json
    assert client.post("/api/v1/user/logout", headers=bearer(one)).status_code == 204
    assert client.get("/api/v1/user/me", headers=bearer(one)).status_code == 401
    assert refresh(client, one["refresh_token"]).status_code == 401
    assert client.get("/api/v1/user/me", headers=bearer(two)).status_code == 200


def test_an_access_token_lives_15_minutes(client: CheckedClient, clock: FrozenClock) -> None:
    tokens = sign_up(client)["tokens"]
    clock.advance(timedelta(seconds=899))
    assert client.get("/api/v1/user/me", headers=bearer(tokens)).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert client.get("/api/v1/user/me", headers=bearer(tokens)).status_code == 401


@pytest.mark.parametrize(
    ("claims", "header", "key", "algorithm"),
    [
        ({}, {}, "", "none"),
        ({}, {}, "another key that is long enough for it", ALGORITHM),
        ({"aud": "elsewhere"}, {}, None, ALGORITHM),
        ({"iss": "elsewhere"}, {}, None, ALGORITHM),
        ({"exp": -1}, {}, None, ALGORITHM),
        ({"iat": 3600}, {}, None, ALGORITHM),
        ({}, {"typ": "JWT"}, None, ALGORITHM),
        ({}, {}, None, "HS512"),
        ({"sub": "999999"}, {}, None, ALGORITHM),
        ({"sid": 999999}, {}, None, ALGORITHM),
        ({"sub": "0x1"}, {}, None, ALGORITHM),
        ({"sid": "x"}, {}, None, ALGORITHM),
        ({"sid": None}, {}, None, ALGORITHM),
        ({"exp": 10**18}, {}, None, ALGORITHM),
        ({"exp": None}, {}, None, ALGORITHM),
        ({"aud": ["marketplace-api", 1]}, {}, None, ALGORITHM),
        ({"nbf": 3600, "iat": 3600}, {}, None, ALGORITHM),
        # Keys that the server has for other purposes, and its bare secret.
        ({}, {}, "server:refresh", ALGORITHM),
        ({}, {}, "server:refresh-seal", ALGORITHM),
        ({}, {}, "server:", ALGORITHM),
        # Headers that name a key of the forger's choice (RFC 8725, 2.5 and 3.10).
        ({}, {"jwk": "own"}, "own key, long enough for the algorithm", ALGORITHM),
        ({}, {"kid": "/dev/null"}, "own key, long enough for the algorithm", ALGORITHM),
        ({}, {"jku": "http://127.0.0.1/keys"}, "own key, long enough for the algorithm", ALGORITHM),
        ({}, {"crit": "x"}, None, ALGORITHM),
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_forged_tokens(
    client: CheckedClient,
    app: Flask,
    clock: FrozenClock,
    claims: dict[str, Any],
    header: dict[str, str],
    key: str | None,
    algorithm: str,
) -> None:
    made = sign_up(client)
    session = db.session.query(UserSession).one()
    now = int(clock.now().timestamp())
    body = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(made["user"]["id"]),
        "sid": session.id,
        "iat": now,
        "exp": now + 900,
    }
    for name, value in claims.items():
        relative = name in {"exp", "iat", "nbf"} and value is not None and value < 10**9
        body[name] = now + value if relative else value
    server = app.extensions["marketplace"].settings.secret_key
    secret: Any = _derive(server, "access") if key is None else key
    if key is not None and key.startswith("server:"):
        purpose = key.removeprefix("server:")
        secret = _derive(server, purpose) if purpose else server
    headers: dict[str, Any] = {"typ": "at+jwt", **header}
    if "jwk" in header:
        headers["jwk"] = {"kty": "oct", "k": "b3duIGtleQ"}
    if "crit" in header:
        headers["crit"] = ["x"]
    token = jwt.encode(body, secret, algorithm, headers=headers)
    answer = client.get("/api/v1/user/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer " + "x" * 5000, "Bearer \x80"]
)
def test_malformed_authorization(client: CheckedClient, header: str) -> None:
    assert client.get("/api/v1/user/me", headers={"Authorization": header}).status_code == 401


def test_tokens_signed_with_another_kind_of_key(
    client: CheckedClient, app: Flask, clock: FrozenClock
) -> None:
    """Key confusion (RFC 8725, 2.1): an asymmetric token, and a public key used as the secret."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    made = sign_up(client)
    good = jwt.decode(made["tokens"]["access_token"], options={"verify_signature": False})
    private = rsa.generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    tokens = [jwt.encode(good, private, name, headers={"typ": "at+jwt"}) for name in ("RS256", "PS256")]
    body = made["tokens"]["access_token"].split(".")[1]
    for name in ("HS256", "nOnE", "NONE", ""):
        # By hand: the library makes no such tokens.
        content = f"{_encoded(json.dumps({'alg': name, 'typ': 'at+jwt'}).encode())}.{body}"
        seals = [
            "",
            _encoded(hmac.digest(public, content.encode(), "sha256")),
            _encoded(hmac.digest(b"", content.encode(), "sha256")),
        ]
        tokens += [f"{content}.{seal}" for seal in seals]
    for token in tokens:
        answer = client.get("/api/v1/user/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_token_that_was_bent(client: CheckedClient) -> None:
    """Any change of any part: the payload of another user, a signature cut, parts swapped."""
    one = sign_up(client)["tokens"]["access_token"]
    two = sign_up(client, username="bob", email="bob@example.org", phone="+4930901821")["tokens"][
        "access_token"
    ]
    head, body, seal = one.split(".")
    other = two.split(".")
    for bent in (
        f"{head}.{other[1]}.{seal}",
        f"{head}.{body}.{other[2]}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{seal[:-2]}",
        f"{body}.{head}.{seal}",
        f"{head}.{body}.{seal}.{seal}",
    ):
        assert (
            client.get("/api/v1/user/me", headers={"Authorization": f"Bearer {bent}"}).status_code == 401
        ), bent


def test_a_refresh_token_is_no_access_token(client: CheckedClient) -> None:
    tokens = sign_up(client)["tokens"]
    answer = client.get("/api/v1/user/me", headers={"Authorization": f"Bearer {tokens['refresh_token']}"})
    assert answer.status_code == 401


def test_the_welcome_mail_confirms_the_address(
    client: CheckedClient, app: Flask, run_jobs: Callable[[], int]
) -> None:
    tokens = sign_up(client)["tokens"]
    assert run_jobs() > 0
    outbox = Path(app.instance_path) / "outbox"
    message = json.loads(max(outbox.glob("*.json")).read_text())
    assert (message["to"], message["channel"], message["topic"]) == ("ann@example.org", "email", "welcome")
    token = message["data"]["token"]
    assert token in message["text"]
    assert token not in json.dumps([row.payload for row in db.session.query(DomainEventRow)])
    assert client.post("/api/v1/user/email/verify", json={"token": token}).status_code == 204
    assert client.get("/api/v1/user/me", headers=bearer(tokens)).json["email_verified"] is True
    again = client.post("/api/v1/user/email/verify", json={"token": token})
    assert (again.status_code, again.json["code"]) == (422, "invalid_token")


def test_edits_want_the_version_they_start_from(client: CheckedClient) -> None:
    headers = bearer(sign_up(client)["tokens"])
    tag = client.get("/api/v1/user/me", headers=headers).headers["ETag"]

    def edit(name: str, **extra: str) -> Any:
        return client.patch("/api/v1/user/me", json={"first_name": name}, headers={**headers, **extra})

    assert edit("Anna").status_code == 428
    assert edit("Anna", **{"If-Match": tag}).json["first_name"] == "Anna"
    assert edit("Anja", **{"If-Match": tag}).status_code == 412
    assert edit("Anja", **{"If-Match": f"W/{tag}"}).status_code == 412
    assert edit("Anja", **{"If-Match": "*"}).status_code == 200


def test_a_user_without_a_last_name_is_shown_as_documented(
    client: CheckedClient, make: Factory, auth: Callable[[User], dict[str, str]]
) -> None:
    admin = make.staff("admin", last_name="")  # as `flask accounts create-admin` makes them
    performer = make.performer(admin)
    own = client.get("/api/v1/user/me", headers=auth(admin))
    assert (own.status_code, own.json["last_name"]) == (200, "")
    assert client.get("/api/v1/admin/performers", headers=auth(admin)).status_code == 200
    assert client.get(f"/api/v1/performers/{performer.id}").status_code == 200


def test_the_profile_answers_304(client: CheckedClient) -> None:
    headers = bearer(sign_up(client)["tokens"])
    tag = client.get("/api/v1/user/me", headers=headers).headers["ETag"]
    answer = client.get("/api/v1/user/me", headers={**headers, "If-None-Match": tag})
    assert (answer.status_code, answer.get_data()) == (304, b"")


@pytest.mark.parametrize("value", ['"0"', '"1', "x", "*"])
def test_reads_do_not_look_at_if_match(client: CheckedClient, value: str) -> None:
    headers = bearer(sign_up(client)["tokens"])
    answer = client.get("/api/v1/user/me", headers={**headers, "If-Match": value})
    assert answer.status_code == 200


def test_a_performers_name_waits_for_staff(
    client: CheckedClient, make: Factory, auth: Callable[[User], dict[str, str]]
) -> None:
    user = make.user(first_name="Pavel")
    make.performer(user)
    headers = {**auth(user), "If-Match": "*"}
    answer = client.patch("/api/v1/user/me", json={"first_name": "Paul", "locale": "es"}, headers=headers)
    assert (answer.json["first_name"], answer.json["locale"]) == ("Pavel", "es")
    pending = answer.json["pending_changes"]
    assert [(c["field_name"], c["old_value"], c["new_value"]) for c in pending] == [
        ("first_name", "Pavel", "Paul")
    ]
    staff = auth(make.staff())
    approved = client.post(f"/api/v1/admin/changes/{pending[0]['id']}/approve", headers=staff)
    assert approved.json["status"] == "approved"
    assert client.get("/api/v1/user/me", headers=auth(user)).json["first_name"] == "Paul"


def test_one_sign_up_for_one_idempotency_key(client: CheckedClient) -> None:
    headers = {"Idempotency-Key": "k-1"}
    one = client.post("/api/v1/user/sign-up", json=SIGN_UP, headers=headers)
    two = client.post("/api/v1/user/sign-up", json=SIGN_UP, headers=headers)
    assert one.status_code == two.status_code == 201
    assert one.get_data() == two.get_data()
    other = client.post("/api/v1/user/sign-up", json={**SIGN_UP, "username": "bob"}, headers=headers)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert db.session.query(User).count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ümlaut"])
def test_a_bad_idempotency_key(client: CheckedClient, key: str) -> None:
    answer = client.post("/api/v1/user/sign-up", json=SIGN_UP, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_idempotency_key")


@pytest.fixture
def limited(context: object) -> Any:
    """Limits on, counters empty."""
    limiter.enabled = True
    limiter.reset()
    yield
    limiter.reset()
    limiter.enabled = False


def test_log_in_is_limited_by_address(client: CheckedClient, limited: None) -> None:
    body = {"login": "nobody", "password": "Wrong-Horse-8"}
    codes = [
        client.post("/api/v1/user/login", json=body, headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(6)
    ]
    assert codes == [401] * 5 + [429]
    last = client.post("/api/v1/user/login", json=body)
    assert last.json["code"] == "too_many_requests"
    assert 0 < int(last.headers["Retry-After"]) <= 61
    assert '"5-per-60s";q=5;w=60' in last.headers["RateLimit-Policy"]
    assert '"5-per-60s";r=0;t=' in last.headers["RateLimit"]


def test_sign_up_is_limited_by_address(client: CheckedClient, limited: None) -> None:
    codes = [client.post("/api/v1/user/sign-up", json={}).status_code for _ in range(4)]
    assert codes == [422] * 3 + [429]


def test_the_default_limit_is_told(client: CheckedClient, limited: None) -> None:
    answer = client.get("/api/v1/categories")
    assert answer.headers["RateLimit-Policy"] == '"100-per-60s";q=100;w=60'
    assert answer.headers["RateLimit"].startswith('"100-per-60s";r=99;t=')


def test_hashing_takes_as_long_for_nobody(client: CheckedClient) -> None:
    """Not a stopwatch: what is verified is that an unknown login is hashed too."""
    sign_up(client)
    from marketplace.blueprints.accounts.wiring import Accounts

    credentials = client.application.extensions["marketplace"].get(Accounts).login._credentials
    seen: list[str] = []
    verify = credentials._hasher.verify

    def count(stored: str, password: str) -> bool:
        seen.append(stored)
        return bool(verify(stored, password))

    credentials._hasher.verify = count
    try:
        for login in ("ann", "nobody"):
            client.post("/api/v1/user/login", json={"login": login, "password": "Wrong-Horse-8"})
    finally:
        del credentials._hasher.verify
    assert len(seen) == 2
    assert seen[0].split("$")[:4] == seen[1].split("$")[:4]


def test_the_log_tells_who_came_in(client: CheckedClient, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[Answered] = []
    monkeypatch.setattr(
        "marketplace.web.observability.logs._write_request", lambda line, _slow_after: lines.append(line)
    )
    made = sign_up(client)
    login = client.post("/api/v2/user/login", json={"login": "ann", "password": PASSWORD}).json
    refresh(client, login["refresh_token"])
    client.post("/api/v1/user/login", json={"login": "ann", "password": "Wrong-Horse-7"})
    assert [(line.action, line.status, line.user_id) for line in lines] == [
        ("accounts.sign_up", 201, made["user"]["id"]),
        ("accounts.login", 200, made["user"]["id"]),
        ("accounts.refresh_token", 200, made["user"]["id"]),
        ("accounts.login", 401, None),
    ]
