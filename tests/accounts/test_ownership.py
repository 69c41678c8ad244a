"""Whose an account is: what somebody set up with another's address, and how the owner of the address proves it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import (
    DataExport,
    OneTimeCode,
    OneTimeToken,
    RecoveryCode,
    SecondFactor,
    User,
    UserSession,
)
from marketplace.testing import CheckedClient
from marketplace.web.runtime import Runtime
from tests.support.people import PASSWORD, Messages, Person

API = "/api/v1/user"
OWNER_PHONE, OTHER_PHONE = "+4930901820", "+4930901821"
OWNER_MAIL, OTHER_MAIL = "mallory@example.org", "trap@example.org"
NEW = "Another-Horse-8"

Call = Callable[[], Any]


@dataclass
class Stage:
    """The account that Mallory made with one address of the owner's and one of her own, and what she keeps of
    it: by name, how she tries to get in by it.
    """

    client: CheckedClient
    messages: Messages
    mallory: Person
    phone: str
    email: str
    tries: dict[str, Call] = field(default_factory=dict)

    def post(self, path: str, headers: dict[str, str] | None = None, **body: Any) -> Any:
        return self.client.post(f"{API}{path}", json=body, headers=headers or {})

    def code(self, phone: str, purpose: str) -> str | None:
        """Ask for one, and read it where it arrives."""
        before = len(self.messages.all(purpose, phone))
        assert self.post("/otp/send", phone=phone, purpose=purpose).status_code == 202
        found = self.messages.all(purpose, phone)[before:]
        return str(found[-1]["data"]["code"]) if found else None

    def prove(self, phone: str, purpose: str, code: str | None, headers: dict[str, str] | None = None) -> Any:
        return self.post("/otp/verify", headers, phone=phone, purpose=purpose, code=code or "000000")

    def account(self) -> User:
        db.session.expire_all()
        return db.session.get_one(User, self.mallory.id)


def set_up(client: CheckedClient, messages: Messages, runtime: Runtime, *, victim: str) -> Stage:
    """All that can be had without a confirmed address, at once; and a second factor of an earlier life."""
    phone = OWNER_PHONE if victim == "phone" else OTHER_PHONE
    email = OWNER_MAIL if victim == "email" else OTHER_MAIL
    key = {"Idempotency-Key": "mallory-signs-up"}
    sign_up = {
        "username": "mallory",
        "email": email,
        "phone": phone,
        "password": PASSWORD,
        "first_name": "http://evil.example",
        "last_name": "Lee",
    }
    mallory = Person(client, "mallory", **sign_up, key=key["Idempotency-Key"])
    stage = Stage(client, messages, mallory, phone, email)
    second = mallory.log_in().json
    welcome = messages.secret("welcome", email)
    old = mallory.headers
    mallory.call("POST", "/me/email", json={"email": "later@example.org"})
    change = messages.secret("change_email", "later@example.org")
    assert mallory.call("POST", "/me/export").status_code == 202
    messages.all()
    url = mallory.call("GET", "/me/export").json["url"]
    assert client.get(url).status_code == 200
    built = runtime.get(Accounts)
    _, encrypted = built.factors._codes.new_secret()
    db.session.add(SecondFactor(user_id=mallory.id, secret=encrypted, confirmed_at=runtime.clock.now()))
    db.session.add(RecoveryCode(user_id=mallory.id, code_hash=built.factors._tokens.digest("recovery")))
    db.session.commit()
    own_phone = OTHER_PHONE if victim == "email" else None
    sent = (
        {purpose: stage.code(own_phone, purpose) for purpose in ("sign_in", "verify_phone")}
        if own_phone
        else {}
    )
    reset = None
    if victim == "phone":
        stage.post("/password/forgot", email=email)
        reset = messages.secret("reset_password", email)

    def log_in() -> Any:
        return mallory.log_in(code="recovery")

    def refresh() -> Any:
        return stage.post("/token/refresh", refresh_token=second["refresh_token"])

    def replay() -> Any:
        again = client.post(f"{API}/sign-up", json=sign_up, headers=key)
        token = again.json["tokens"]["access_token"]
        return client.get(f"{API}/me", headers={"Authorization": f"Bearer {token}"})

    stage.tries = {
        "password": log_in,
        "session": lambda: client.get(f"{API}/me", headers=old),
        "refresh": refresh,
        "replay": replay,
        "change of e-mail": lambda: stage.post("/email/verify", old, token=change),
        "change of e-mail without a session": lambda: stage.post("/email/verify", token=change),
        "export": lambda: client.get(url),
    }
    if victim == "phone":
        stage.tries["welcome"] = lambda: stage.post("/email/verify", token=welcome)
        stage.tries["welcome, signed in"] = lambda: stage.post("/email/verify", old, token=welcome)
        stage.tries["reset"] = lambda: stage.post("/password/reset", token=reset, password="Mallory-Horse-9")
    for purpose, code in sent.items():
        stage.tries[f"{purpose} sent before"] = lambda p=purpose, c=code: stage.prove(OTHER_PHONE, p, c)
        stage.tries[f"{purpose} sent later"] = lambda p=purpose: stage.prove(
            OTHER_PHONE, p, stage.code(OTHER_PHONE, p)
        )
    return stage


# --- how the owner proves ------------------------------------------------------------------------------


def by_reset_mail(stage: Stage) -> None:
    stage.post("/password/forgot", email=OWNER_MAIL)
    token = stage.messages.secret("reset_password", OWNER_MAIL)
    assert stage.post("/password/reset", token=token, password=NEW).status_code == 204


def by_mail_token(stage: Stage) -> None:
    token = stage.messages.secret("welcome", OWNER_MAIL)
    assert stage.post("/email/verify", token=token).status_code == 204


def by_mail_token_and_reset(stage: Stage) -> None:
    by_mail_token(stage)
    by_reset_mail(stage)


def by_verify_phone(stage: Stage) -> None:
    answer = stage.prove(OWNER_PHONE, "verify_phone", stage.code(OWNER_PHONE, "verify_phone"))
    assert (answer.status_code, answer.json) == (200, {"verified": True})


def by_sign_in(stage: Stage) -> None:
    answer = stage.prove(OWNER_PHONE, "sign_in", stage.code(OWNER_PHONE, "sign_in"))
    assert answer.status_code == 200, answer.json
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert stage.client.get(f"{API}/me", headers=headers).json["phone_verified"] is True
    assert [row.revoked_at for row in db.session.scalars(select(UserSession))].count(None) == 1


def by_reset_code(stage: Stage) -> None:
    answer = stage.prove(OWNER_PHONE, "reset_password", stage.code(OWNER_PHONE, "reset_password"))
    assert answer.status_code == 200, answer.json
    body = {"token": answer.json["reset_token"], "password": NEW}
    assert stage.post("/password/reset", **body).status_code == 204


PROOFS = {
    "email": [by_reset_mail, by_mail_token_and_reset],
    "phone": [by_verify_phone, by_sign_in, by_reset_code],
}
SQUARE = [(victim, proof) for victim, proofs in PROOFS.items() for proof in proofs]


@pytest.mark.parametrize(("victim", "proof"), SQUARE, ids=lambda value: getattr(value, "__name__", value))
def test_nothing_of_the_other_survives(
    client: CheckedClient, messages: Messages, runtime: Runtime, victim: str, proof: Callable[[Stage], None]
) -> None:
    stage = set_up(client, messages, runtime, victim=victim)
    proof(stage)
    db.session.commit()
    for name, attempt in stage.tries.items():
        answer = attempt()
        assert answer.status_code in {401, 404, 409, 422}, (name, answer.status_code, answer.json)
    user = stage.account()
    found = (user.email, user.email_verified, user.phone, user.phone_verified)
    assert found == (
        (OWNER_MAIL, True, None, False) if victim == "email" else (None, False, OWNER_PHONE, True)
    )
    assert db.session.query(OneTimeToken).filter(OneTimeToken.used_at.is_(None)).count() == 0
    assert db.session.query(DataExport).count() == 0
    if proof is not by_mail_token_and_reset:
        assert db.session.query(SecondFactor).count() == db.session.query(RecoveryCode).count() == 0


@pytest.mark.parametrize(("victim", "proof"), SQUARE, ids=lambda value: getattr(value, "__name__", value))
def test_the_owner_gets_in_afterwards(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, victim: str, proof: Any
) -> None:
    mallory = person(
        "mallory",
        email=OWNER_MAIL if victim == "email" else OTHER_MAIL,
        phone=OWNER_PHONE if victim == "phone" else OTHER_PHONE,
    )
    stage = Stage(client, messages, mallory, "", "")
    proof(stage)
    if victim == "phone":
        answer = stage.prove(OWNER_PHONE, "sign_in", stage.code(OWNER_PHONE, "sign_in"))
        assert answer.status_code == 200
        by_reset_code(stage)
    login = OWNER_MAIL if victim == "email" else OWNER_PHONE
    assert stage.post("/login", login=login, password=NEW).status_code == 200


def test_the_token_of_sign_up_speaks_for_the_sign_up(
    client: CheckedClient, messages: Messages, runtime: Runtime
) -> None:
    """Its password and sessions stay, for it cannot be told from the next device of who signed up; the number
    and all that was sent before go.
    """
    stage = set_up(client, messages, runtime, victim="email")
    by_mail_token(stage)
    db.session.commit()
    stays = {"password", "session", "refresh", "replay", "export"}
    for name, attempt in stage.tries.items():
        answer = attempt()
        assert (answer.status_code < 400) == (name in stays), (name, answer.status_code)
    assert (stage.account().email_verified, stage.account().phone) == (True, None)


@pytest.mark.parametrize("first", ["email", "phone"])
def test_the_own_session_keeps_all(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, first: str
) -> None:
    """Who signs up, stays signed in, and confirms both addresses in either order."""
    ann = person(phone=OWNER_PHONE)
    other_device = ann.log_in().json
    stage = Stage(client, messages, ann, OWNER_PHONE, "ann@example.org")

    def confirm_phone() -> None:
        code = stage.code(OWNER_PHONE, "verify_phone")
        assert stage.prove(OWNER_PHONE, "verify_phone", code, ann.headers).status_code == 200

    steps = [lambda: ann.confirm_email(messages), confirm_phone]
    for step in steps if first == "email" else reversed(steps):
        step()
    me = ann.me()
    assert (me["email"], me["email_verified"]) == ("ann@example.org", True)
    assert (me["phone"], me["phone_verified"]) == (OWNER_PHONE, True)
    assert ann.log_in().status_code == 200
    headers = {"Authorization": f"Bearer {other_device['access_token']}"}
    assert client.get(f"{API}/me", headers=headers).status_code == 200
    assert len(messages.all("phone_changed", "ann@example.org")) == (first == "email"), (
        "a second way in is told"
    )


@pytest.mark.parametrize("purpose", ["sign_in", "reset_password"])
def test_a_code_with_the_own_session_keeps_the_rest(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, purpose: str
) -> None:
    ann = person(phone=OWNER_PHONE)
    stage = Stage(client, messages, ann, OWNER_PHONE, "")
    answer = stage.prove(OWNER_PHONE, purpose, stage.code(OWNER_PHONE, purpose), ann.headers)
    assert answer.status_code == 200
    assert (ann.me()["email"], ann.me()["phone_verified"]) == ("ann@example.org", True)
    assert ann.log_in().status_code == 200


def test_the_session_of_somebody_else_counts_for_nothing(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    mallory, bob = person("mallory", phone=OWNER_PHONE), person("bob")
    stage = Stage(client, messages, mallory, OWNER_PHONE, "")
    code = stage.code(OWNER_PHONE, "verify_phone")
    assert stage.prove(OWNER_PHONE, "verify_phone", code, bob.headers).status_code == 200
    assert mallory.call("GET", "/me").status_code == 401
    assert (stage.account().email, stage.account().phone_verified) == (None, True)


def test_an_admin_who_acts_is_not_the_own_session(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, runtime: Runtime, make: Any
) -> None:
    ann = person(phone=OWNER_PHONE)
    admin = make.staff("admin")
    stage = Stage(client, messages, ann, OWNER_PHONE, "")
    sessions = runtime.get(Accounts).sessions
    from marketplace.blueprints.accounts.services.sessions import Device
    from marketplace.kernel.identity import Principal

    acting = sessions.act_as(Principal(user_id=admin.id, session_id=0), ann.id, Device())
    headers = {"Authorization": f"Bearer {acting.access_token}"}
    code = stage.code(OWNER_PHONE, "verify_phone")
    assert stage.prove(OWNER_PHONE, "verify_phone", code, headers).status_code == 200
    assert ann.call("GET", "/me").status_code == 401, "as if nobody had been signed in"


def test_a_second_address_wants_the_own_session(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    """Mallory's account is proven by her phone; whoever has the address that she wrote beside it gets no part
    in it, and does not lend it a name.
    """
    mallory = person("mallory", phone=OTHER_PHONE)
    token = messages.secret("welcome")
    stage = Stage(client, messages, mallory, OTHER_PHONE, OWNER_MAIL)
    code = stage.code(OTHER_PHONE, "verify_phone")
    assert stage.prove(OTHER_PHONE, "verify_phone", code, mallory.headers).status_code == 200
    alone = stage.post("/email/verify", token=token)
    assert (alone.status_code, alone.json["code"]) == (401, "log_in_needed")
    assert mallory.me()["email_verified"] is False
    stage.post("/password/forgot", email=OWNER_MAIL)
    assert messages.all("reset_password") == []
    # The owner of the address signs up as anybody.
    owner = person("owner", email=OWNER_MAIL)
    token = messages.secret("welcome", OWNER_MAIL)
    assert owner.call("POST", "/email/verify", json={"token": token}).status_code == 204
    assert mallory.me()["email"] is None


def test_a_reset_that_was_asked_for_before_another_address_was_proven(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    ann = person(phone=OTHER_PHONE)
    stage = Stage(client, messages, ann, OTHER_PHONE, "ann@example.org")
    stage.post("/password/forgot", email="ann@example.org")
    token = messages.secret("reset_password")
    code = stage.code(OTHER_PHONE, "verify_phone")
    assert stage.prove(OTHER_PHONE, "verify_phone", code, ann.headers).status_code == 200
    late = stage.post("/password/reset", token=token, password=NEW)
    assert (late.status_code, late.json["code"]) == (422, "invalid_token")
    assert ann.log_in().status_code == 200


def test_a_reset_leaves_a_confirmed_number_and_the_second_factor(
    person: Callable[..., Person], client: CheckedClient, messages: Messages, clock: FrozenClock
) -> None:
    ann = person(phone=OWNER_PHONE)
    user = db.session.get_one(User, ann.id)
    user.email_verified = user.phone_verified = True
    db.session.add(SecondFactor(user_id=ann.id, secret=b"x", confirmed_at=clock.now()))
    db.session.commit()
    stage = Stage(client, messages, ann, OWNER_PHONE, "ann@example.org")
    stage.post("/password/forgot", email="ann@example.org")
    token = messages.secret("reset_password")
    assert stage.post("/password/reset", token=token, password=NEW).status_code == 204
    assert (stage.account().phone, stage.account().phone_verified) == (OWNER_PHONE, True)
    assert ann.log_in(NEW).json["code"] == "code_required"


def test_an_account_that_was_deleted_to_be_taken_back_by_another(
    person: Callable[..., Person], client: CheckedClient, messages: Messages
) -> None:
    """The mail of the deletion is a proof of the address too."""
    mallory = person("mallory", phone=OTHER_PHONE)
    tag = mallory.call("GET", "/me").headers["ETag"]
    assert mallory.call("DELETE", "/me", headers={"If-Match": tag}).status_code == 204
    stage = Stage(client, messages, mallory, OTHER_PHONE, OWNER_MAIL)
    restored = stage.post("/restore", token=messages.secret("account_deleted", OWNER_MAIL))
    assert restored.status_code == 200
    user = stage.account()
    assert (user.email_verified, user.phone) == (True, None)
    assert mallory.log_in().status_code == 401
    assert db.session.query(OneTimeCode).count() == 0


def test_an_account_without_a_password_answers_as_an_unknown_one(
    person: Callable[..., Person],
    client: CheckedClient,
    messages: Messages,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And takes as long: one hash each, counted."""
    mallory = person("mallory", phone=OWNER_PHONE)
    stage = Stage(client, messages, mallory, OWNER_PHONE, "")
    by_verify_phone(stage)
    person("one", email="shared@example.org")
    person("two", email="shared@example.org")
    hasher = runtime.get(Accounts).login._credentials._hasher
    hashes: list[str] = []
    real = hasher.verify

    def count(stored: str, password: str) -> bool:
        assert stored.startswith("$argon2id$")
        hashes.append(stored)
        return bool(real(stored, password))

    monkeypatch.setattr(hasher, "verify", count)
    answers = [
        stage.post("/login", login=login, password=password)
        for login in ("mallory", OWNER_PHONE, "nobody", "+442071834455", "one", "shared@example.org")
        for password in ("Wrong-Horse-8", "!")
    ]
    assert len(hashes) == len(answers)
    assert {answer.status_code for answer in answers} == {401}
    assert len({str({**answer.json, "request_id": None}) for answer in answers}) == 1
