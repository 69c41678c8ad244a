"""Databases for tests: a server, a template with the schema of all plugins, a copy for each process."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import Connection, make_url

from marketplace.config import PROJECT_ROOT, load_settings
from marketplace.database.dsn import libpq_dsn
from marketplace.embedded.clusters import discard_below
from marketplace.embedded.users import ensure_running
from marketplace.extensions import db, limiter
from marketplace.web.caching import topics

FLASK_SECONDS = 120
"""The limit of one command of `flask`; all migrations take about 3 s."""


def execute(server_url: str, *statements: str) -> None:
    """Run statements on the database `postgres` of a server, each outside of a transaction."""
    connection = psycopg2.connect(libpq_dsn(make_url(server_url).set(database="postgres")))
    connection.autocommit = True
    try:
        for statement in statements:
            with connection.cursor() as cursor:
                cursor.execute(statement)
    finally:
        connection.close()


def run_flask(database_url: str, instance: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`flask ...` as an operator runs it, with the plugins that this process sees."""
    folders = [str(PROJECT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(instance),
        "PYTHONPATH": os.pathsep.join(folders),
    }
    return subprocess.run(  # noqa: S603 - our own command, with arguments of tests
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=FLASK_SECONDS,
        check=False,
    )


@contextmanager
def rolled_back(app: Flask) -> Iterator[Connection]:
    """An application context in which everything, commits too, is rolled back at the end."""
    limiter.enabled = False
    with app.app_context():
        engines = db._app_engines[app]  # noqa: SLF001 - Flask-SQLAlchemy has no other way to swap an engine
        engine = engines[None]
        connection = engine.connect()
        transaction = connection.begin()
        engines[None] = connection  # type: ignore[assignment]  # a connection serves as well
        try:
            topics.clear()
            yield connection
        finally:
            db.session.remove()
            engines[None] = engine
            transaction.rollback()
            connection.close()


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all xdist workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(autouse=True, scope="session")
def discarded(shared_dir: Path) -> Iterator[None]:
    """Embedded servers end with the run. As root they keep their data outside of pytest's folders, where
    nobody else would remove it.
    """
    yield
    discard_below(shared_dir)


@pytest.fixture(scope="session")
def server_url(shared_dir: Path) -> str:
    """A PostgreSQL to make databases on: the server of DATABASE_URL, or an embedded one without fsync."""
    given = load_settings({**os.environ, "APP_ENV": "development", "INSTANCE_PATH": str(shared_dir / "i")})
    return given.database_url or ensure_running(shared_dir / "postgres", fsync=False)


@pytest.fixture(scope="session")
def template(server_url: str, shared_dir: Path) -> Iterator[str]:
    """The name of a database with the schema by `flask db upgrade`, of all plugins; made once per run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    name = f"template_{run[:16]}"
    done = shared_dir / "template.done"
    with (shared_dir / "template.users").open("w") as users:
        with _turn(shared_dir):
            fcntl.flock(users, fcntl.LOCK_SH)
            if not done.exists():
                execute(server_url, f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
                url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
                result = run_flask(url, shared_dir / "template", "db", "upgrade")
                assert result.returncode == 0, result.stderr
                done.touch()
        yield name
        with _turn(shared_dir), suppress(BlockingIOError):
            # Only the last user gets this lock; a process that comes later makes the template again.
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            execute(server_url, f'DROP DATABASE IF EXISTS "{name}"')
            done.unlink()


@pytest.fixture(scope="session")
def database_url(server_url: str, template: str, shared_dir: Path) -> Iterator[str]:
    """A database of this process's own, removed at the end. The one of DATABASE_URL stays untouched."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with _turn(shared_dir):
        execute(
            server_url,
            f'DROP DATABASE IF EXISTS "{name}"',
            f'CREATE DATABASE "{name}" TEMPLATE "{template}"',
        )
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    execute(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def _turn(shared_dir: Path) -> Iterator[None]:
    """One process at a time works with the template."""
    with (shared_dir / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
