"""The assembled program for tests: call it, sign in, run its jobs, count its statements."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import Connection, event, text

from marketplace.app import create_app
from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.config import load_settings
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import User
from marketplace.testing.client import CheckedClient
from marketplace.testing.databases import rolled_back
from marketplace.testing.factory import Factory
from marketplace.web.background import make_worker
from marketplace.web.runtime import Runtime

SignIn = Callable[[User], dict[str, str]]
"""The fixture `auth`."""
RunJobs = Callable[[], int]
"""The fixture `run_jobs`."""
AssertQueries = Callable[[int], AbstractContextManager[list[str]]]
"""The fixture `assert_queries`."""


@pytest.fixture(scope="session")
def app(
    database_url: str, frozen_clock: FrozenClock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The program with all installed plugins, assembled once."""
    settings = load_settings(
        {
            "APP_ENV": "testing",
            "DATABASE_URL": database_url,
            "INSTANCE_PATH": str(tmp_path_factory.mktemp("instance")),
            "SECRET_KEY": "tests-" * 10,
            "LOG_LEVEL": "WARNING",
            "FETCH_PRIVATE": "true",
        }
    )
    # The cheapest Argon2 profile: what is tested is that it is used, not how slow it is. More threads than
    # connections wait their turn, on a busy machine too: what is tested is who wins, not how fast.
    settings = replace(settings, testing=True, argon2_time_cost=1, argon2_memory_cost=8, db_pool_timeout=20.0)
    app = create_app(settings, clock=frozen_clock)
    app.test_client_class = CheckedClient
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def context(app: Flask, clock: FrozenClock) -> Iterator[Connection]:  # noqa: ARG001 - the clock is set back
    """An application context in which everything, commits too, is rolled back at the end."""
    with rolled_back(app) as connection:
        yield connection


@pytest.fixture
def runtime(app: Flask, context: Connection) -> Runtime:  # noqa: ARG001 - the context is entered
    """The parts of the program: `runtime.get(Services)` gives those of a plugin."""
    found = app.extensions["marketplace"]
    assert isinstance(found, Runtime)
    return found


@pytest.fixture
def make(context: Connection) -> Factory:  # noqa: ARG001 - the context is entered
    """Makes rows: `make.user()`, `make.performer()`, ..."""
    return Factory()


@pytest.fixture
def client(app: Flask, context: Connection) -> CheckedClient:  # noqa: ARG001 - the context is entered
    """A client whose every response is checked against the OpenAPI document."""
    found = app.test_client()
    assert isinstance(found, CheckedClient)
    return found


@pytest.fixture
def auth(app: Flask, clock: FrozenClock) -> SignIn:  # noqa: ARG001 - tokens end by the clock
    """`auth(user)`: headers that sign the user in."""

    def sign_in(user: User) -> dict[str, str]:
        sessions = app.extensions["marketplace"].get(Accounts).sessions
        with app.app_context():
            tokens = sessions.open(user.id, Device())
        return {"Authorization": f"Bearer {tokens.access_token}"}

    return sign_in


@pytest.fixture
def run_jobs(app: Flask, context: Connection, clock: FrozenClock) -> RunJobs:  # noqa: ARG001 - the context is entered
    """Run the outbox until nothing is due; a job that fails fails the test. Gives how many jobs ran.

    A job with a time of its own (`run_at`) runs when `clock` has come to it, and waits until then.
    """

    def run() -> int:
        count = make_worker(app, 1).run_pending(clock.now())
        failed = db.session.execute(
            text("SELECT kind, payload, last_error FROM job WHERE last_error IS NOT NULL")
        ).all()
        assert not failed, failed
        return count

    return run


@pytest.fixture
def assert_queries(context: Connection) -> AssertQueries:
    """Exactly so many statements run within the block, savepoints and settings aside."""

    @contextmanager
    def expect(count: int) -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            sets = statement.startswith("SET LOCAL") and ";" not in statement
            if not sets and not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                seen.append(statement)

        event.listen(context, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(context, "before_cursor_execute", note)
        assert len(seen) == count, "\n---\n".join(seen)

    return expect
