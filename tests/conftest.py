"""One app per run, one database per xdist worker, rollback per test, every response checked against the document."""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import Connection, event, make_url, text

from marketplace import create_app
from marketplace.assembly import make_worker
from marketplace.config import PROJECT_ROOT, load_settings
from marketplace.database.dsn import libpq_dsn
from marketplace.database.embedded import ensure_running
from marketplace.database.homes import discard_below
from marketplace.extensions import db, limiter
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Base, User
from marketplace.web import caching
from marketplace.web.runtime import Runtime
from tests.factories import Factory
from tests.support.client import CheckedClient
from tests.support.postgres import deadlocks

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
"""Where the frozen clock stands at the start of each test: a Monday morning."""

_real_connect = socket.socket.connect


def _local_only(self: socket.socket, address: object) -> None:
    if self.family != socket.AF_UNIX:
        host = str(address[0]) if isinstance(address, tuple) else str(address)
        if not (host.startswith("127.") or host in {"::1", "localhost"}):
            raise AssertionError(f"a test tried to reach {host}")
    _real_connect(self, address)  # type: ignore[arg-type]  # as socket.connect


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Nothing but this machine may be reached."""
    socket.socket.connect = _local_only  # type: ignore[method-assign]  # undone below
    yield
    socket.socket.connect = _real_connect  # type: ignore[method-assign]  # as it was


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all xdist workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(autouse=True, scope="session")
def _no_databases_left(shared_dir: Path) -> Iterator[None]:
    """As root, embedded servers keep their data outside of pytest's folders, which nobody else would remove.

    Before that, what they logged: a deadlock that no test made on purpose fails the run, although the program
    has answered 409, since real callers would meet it too.
    """
    yield
    found = deadlocks(shared_dir)
    discard_below(shared_dir)
    assert not found, f"deadlocks in the servers' logs: {found}"


@pytest.fixture(scope="session")
def server_url(shared_dir: Path) -> str:
    """A PostgreSQL to make databases on: DATABASE_URL, or an embedded one without fsync."""
    given = load_settings({**os.environ, "APP_ENV": "development", "INSTANCE_PATH": str(shared_dir / "i")})
    return given.database_url or ensure_running(shared_dir / "postgres", fsync=False)


def _admin(server_url: str, *statements: str) -> None:
    connection = psycopg2.connect(libpq_dsn(make_url(server_url).set(database="postgres")))
    connection.autocommit = True
    try:
        for statement in statements:
            with connection.cursor() as cursor:
                cursor.execute(statement)
    finally:
        connection.close()


def run_flask(database_url: str, instance: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`flask ...` as an operator runs it."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(instance),
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="session")
def template(server_url: str, shared_dir: Path) -> str:
    """The name of a database with the schema by `flask db upgrade`, made once per run."""
    name = (
        f"template_{abs(hash(str(shared_dir))) % 10**8}"
        if "PYTEST_XDIST_WORKER" not in os.environ
        else "template_x"
    )
    name = f"{name}_{os.environ.get('PYTEST_XDIST_TESTRUNUID', '')[:8]}"
    done = shared_dir / "template.done"
    with (shared_dir / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _admin(server_url, f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
            url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
            result = run_flask(url, shared_dir / "template", "db", "upgrade")
            assert result.returncode == 0, result.stderr
            done.touch()
    return name


@pytest.fixture(scope="session")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database of this worker's own."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    _admin(server_url, f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    _admin(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def frozen_clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture(scope="session")
def app(
    database_url: str, frozen_clock: FrozenClock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The program, assembled once."""
    from dataclasses import replace

    instance = tmp_path_factory.mktemp("instance")
    settings = load_settings(
        {
            "APP_ENV": "testing",
            "DATABASE_URL": database_url,
            "INSTANCE_PATH": str(instance),
            "SECRET_KEY": "tests-" * 10,
            "LOG_LEVEL": "WARNING",
        }
    )
    # The cheapest Argon2 profile: what is tested is that it is used, not how slow it is.
    settings = replace(settings, testing=True, argon2_time_cost=1, argon2_memory_cost=8)
    app = create_app(settings, clock=frozen_clock)
    app.test_client_class = CheckedClient
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def clock(frozen_clock: FrozenClock) -> FrozenClock:
    """The program's clock; stands at START until moved."""
    frozen_clock.set(START)
    return frozen_clock


@pytest.fixture
def context(app: Flask, clock: FrozenClock) -> Iterator[Connection]:
    """An application context in which everything, commits too, is rolled back at the end."""
    limiter.enabled = False
    with app.app_context():
        engines = db._app_engines[app]
        engine = engines[None]
        connection = engine.connect()
        transaction = connection.begin()
        engines[None] = connection  # type: ignore[assignment]  # a connection serves as well
        try:
            caching.clear()
            yield connection
        finally:
            db.session.remove()
            engines[None] = engine
            transaction.rollback()
            connection.close()


@pytest.fixture
def runtime(app: Flask, context: Connection) -> Runtime:
    found = app.extensions["marketplace"]
    assert isinstance(found, Runtime)
    return found


@pytest.fixture
def make(context: Connection) -> Factory:
    """Makes rows: `make.user()`, `make.performer()`, ..."""
    return Factory()


@pytest.fixture
def client(app: Flask, context: Connection) -> CheckedClient:
    """A client whose every response is checked against the OpenAPI document."""
    found = app.test_client()
    assert isinstance(found, CheckedClient)
    return found


@pytest.fixture
def auth(app: Flask, clock: FrozenClock) -> Callable[[User], dict[str, str]]:
    """Headers that sign a user in."""
    from marketplace.blueprints.accounts.services import Device
    from marketplace.blueprints.accounts.wiring import Accounts

    def sign_in(user: User) -> dict[str, str]:
        sessions = app.extensions["marketplace"].get(Accounts).sessions
        with app.app_context():
            tokens = sessions.open(user.id, Device())
        return {"Authorization": f"Bearer {tokens.access_token}"}

    return sign_in


@pytest.fixture
def run_jobs(app: Flask, context: Connection) -> Callable[[], int]:
    """Run the outbox until it is empty; a job that fails fails the test."""

    def run() -> int:
        count = make_worker(app, 1).run_pending()
        failed = db.session.execute(
            text("SELECT kind, payload, last_error FROM job WHERE last_error IS NOT NULL")
        ).all()
        assert not failed, failed
        return count

    return run


@pytest.fixture
def assert_queries(context: Connection) -> Callable[[int], object]:
    """`with assert_queries(3):` - exactly so many statements, savepoints and settings aside."""

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


@pytest.fixture
def committed(app: Flask, clock: FrozenClock) -> Iterator[Flask]:
    """The app on its real pool, for tests with threads; what they commit is removed afterwards."""
    limiter.enabled = False
    with app.app_context():
        caching.clear()
    yield app
    with app.app_context():
        db.session.remove()
        tables = ", ".join(f'"{table.name}"' for table in reversed(Base.metadata.sorted_tables))
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER USER"))
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
            connection.execute(text("ALTER TABLE audit_log ENABLE TRIGGER USER"))
