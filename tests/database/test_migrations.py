"""Migrations by several at once, and after one that was broken off."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from psycopg2 import extensions
from sqlalchemy import make_url

from marketplace.config import PROJECT_ROOT
from marketplace.database.dsn import libpq_dsn
from tests.conftest import _admin, run_flask
from tests.support.waiting import eventually

MIGRATION_LOCK = 0x6D61726B6574


def _connect(url: str) -> extensions.connection:
    connection = psycopg2.connect(libpq_dsn(url))
    connection.autocommit = True
    return connection


def _ask(connection: extensions.connection, statement: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def _database(server_url: str, template: str) -> Iterator[str]:
    name = f"migrations_{uuid4().hex[:12]}"
    _admin(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    _admin(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty(server_url: str) -> Iterator[str]:
    """A database without anything."""
    yield from _database(server_url, "template0")


@pytest.fixture
def migrated(server_url: str, template: str) -> Iterator[str]:
    """A database at head."""
    yield from _database(server_url, template)


def test_three_upgrades_at_once_from_nothing(empty: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda _: run_flask(empty, tmp_path, "db", "upgrade"), range(3)))
    assert [run.returncode for run in runs] == [0, 0, 0], [run.stderr for run in runs]
    connection = _connect(empty)
    assert _ask(connection, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    connection.close()


def test_who_waits_for_a_turn_holds_nobody_up(migrated: str, tmp_path: Path) -> None:
    """CREATE INDEX CONCURRENTLY waits for all snapshots: one that waits for it must not have any."""
    connection = _connect(migrated)
    _ask(connection, "SELECT pg_advisory_lock(%s)", MIGRATION_LOCK)
    environment = {**os.environ, "DATABASE_URL": migrated, "INSTANCE_PATH": str(tmp_path)}
    waiting = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"],
        cwd=PROJECT_ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        asks = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s"
        eventually(lambda: _ask(connection, asks, "SELECT pg_%advisory_lock%"), timeout=120)
        # Itself it is among those that match: two rows are the other one and this.
        eventually(lambda: len(_ask(connection, asks, "%advisory_lock%")) > 1, timeout=120)
        _ask(connection, "SET lock_timeout = '5s'")
        _ask(connection, "CREATE INDEX CONCURRENTLY ix_tried ON reference_data (loaded_at)")
        assert waiting.poll() is None
        _ask(connection, "SELECT pg_advisory_unlock(%s)", MIGRATION_LOCK)
        _, said = waiting.communicate(timeout=120)
        assert waiting.returncode == 0, said
    finally:
        waiting.kill()
        waiting.communicate()
        connection.close()


def test_an_index_that_was_broken_off_is_made_whole(migrated: str, tmp_path: Path) -> None:
    connection = _connect(migrated)
    _ask(connection, 'CREATE INDEX ix_user_deleted_at_ccnew1 ON "user" (deleted_at)')
    names = ("ix_user_is_staff", "ix_user_deleted_at_ccnew1")
    _ask(
        connection,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = ANY (%s::regclass[])",
        list(names),
    )
    looked = run_flask(migrated, tmp_path, "db", "current")
    assert looked.returncode == 0, looked.stderr
    left = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    assert _ask(connection, left) == [(2,)], "who only looks changes nothing"

    mended = run_flask(migrated, tmp_path, "db", "upgrade")
    assert mended.returncode == 0, mended.stderr
    assert _ask(connection, left) == [(0,)]
    found = "SELECT relname::text FROM pg_class WHERE relname = ANY (%s)"
    assert _ask(connection, found, list(names)) == [("ix_user_is_staff",)]
    connection.close()
