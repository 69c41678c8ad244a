"""The sweep of codes, tokens, sessions and budgets that have served their time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from marketplace.extensions import db
from marketplace.models import (
    Budget,
    OneTimeCode,
    OneTimeToken,
    UserSession,
)
from marketplace.testing import START, Factory
from marketplace.web.runtime import Runtime


def test_the_sweep(make: Factory, runtime: Runtime, run_jobs: Callable[[], int]) -> None:
    user = make.user()
    now, day = START, timedelta(days=1)

    def session(**values: Any) -> UserSession:
        defaults = {
            "user_id": user.id,
            "refresh_hash": str(len(seen)).encode(),
            "created_at": now - 400 * day,
        }
        seen.append(UserSession(**defaults | values))
        return seen[-1]

    seen: list[UserSession] = []
    kept = [
        session(expires_at=now + day),
        session(expires_at=now - 89 * day),
        session(expires_at=now - 70 * day, revoked_at=now - 89 * day),
        session(expires_at=now + 29 * day, revoked_at=now - day),
    ]
    session(expires_at=now - 91 * day)
    session(expires_at=now - 61 * day, revoked_at=now - 91 * day)
    session(expires_at=now - 200 * day, revoked_at=now - 210 * day)

    def token(number: int, expires_at: Any) -> OneTimeToken:
        return OneTimeToken(
            user_id=user.id,
            purpose="verify_email",
            token_hash=bytes([number]),
            target="x",
            expires_at=expires_at,
        )

    def sms(phone: str, expires_at: Any) -> OneTimeCode:
        return OneTimeCode(phone=phone, purpose="sign_in", nonce=b"x", expires_at=expires_at)

    db.session.add_all(
        [
            *seen,
            token(1, now - 29 * day),
            token(2, now - 31 * day),
            sms("+4930901801", now + timedelta(seconds=1)),
            sms("+4930901802", now - timedelta(seconds=1)),
            *(Budget(scope="s", key=b"k", day=(now - n * day).date(), spent=1) for n in range(4)),
        ]
    )
    db.session.commit()
    with runtime.uow:
        runtime.uow.enqueue("accounts.sweep", {})
    run_jobs()
    assert set(db.session.scalars(select(UserSession.id))) == {row.id for row in kept}
    assert [row.token_hash for row in db.session.scalars(select(OneTimeToken))] == [bytes([1])]
    assert [row.phone for row in db.session.scalars(select(OneTimeCode))] == ["+4930901801"]
    assert sorted(db.session.scalars(select(Budget.day))) == [(now - day).date(), now.date()]
