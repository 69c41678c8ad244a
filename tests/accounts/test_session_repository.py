"""What a repository of sessions does: the same for the one in memory and the one in SQL."""

import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest

from marketplace.blueprints.accounts.repositories.sessions import SqlSessionRepository
from marketplace.extensions import db
from marketplace.models.accounts import UserSession
from marketplace.testing import START, Factory
from marketplace.web.runtime import Runtime
from tests.accounts.fakes import FakeSessions, Sessions

HOUR = timedelta(hours=1)


@pytest.fixture(params=["fake", "sql"])
def sessions(request: pytest.FixtureRequest) -> Sessions:
    if request.param == "fake":
        return FakeSessions()
    runtime: Runtime = request.getfixturevalue("runtime")
    return SqlSessionRepository(runtime.uow, runtime.cursors)


@pytest.fixture
def opened(sessions: Sessions, make: Factory) -> Callable[..., UserSession]:
    users: dict[str, int] = {}

    def run(name: str = "ann", life: timedelta = HOUR) -> UserSession:
        if name not in users:
            users[name] = make.user().id
        made = UserSession(
            user_id=users[name],
            refresh_hash=secrets.token_bytes(32),
            device="",
            ip="::1",
            created_at=START,
            last_seen_at=START,
            expires_at=START + life,
        )
        sessions.add(made)
        return made

    return run


def test_one_is_found_by_its_id(sessions: Sessions, opened: Callable[..., UserSession]) -> None:
    first, second = opened(), opened()
    assert first.id != second.id
    assert sessions.find(first.id) is first
    assert sessions.find(second.id + 1) is None


def test_whose_sessions_end(sessions: Sessions, opened: Callable[..., UserSession]) -> None:
    old, here, there, foreign = opened(), opened(), opened(), opened("bob")
    ended = sessions.revoke([here.user_id], START, only=old.id)
    assert ended == [(here.user_id, old.id)]
    assert sessions.revoke([here.user_id], START + HOUR / 2, besides=here.id) == [(here.user_id, there.id)]
    both = sessions.revoke([here.user_id, foreign.user_id], START + HOUR / 2)
    assert sorted(both) == sorted([(here.user_id, here.id), (foreign.user_id, foreign.id)])
    assert sessions.revoke([here.user_id], START + HOUR / 2) == []
    db.session.expire_all()
    assert [found.revoked_at for one in (old, there) if (found := sessions.find(one.id))] == [
        START,
        START + HOUR / 2,
    ]


def test_one_that_is_over_is_not_ended_again(sessions: Sessions, opened: Callable[..., UserSession]) -> None:
    over = opened(life=timedelta())
    assert sessions.revoke([over.user_id], START) == []
    assert sessions.revoke([over.user_id], START, only=over.id) == [(over.user_id, over.id)]


def test_nobody_ends_a_session_of_somebody_else(
    sessions: Sessions, opened: Callable[..., UserSession]
) -> None:
    mine, foreign = opened(), opened("bob")
    assert sessions.revoke([mine.user_id], START, only=foreign.id) == []
