"""Migrations by several at once, and after one that was broken off."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from marketplace.config import PROJECT_ROOT
from marketplace.testing.databases import run_flask
from tests.support.postgres import ask, connect
from tests.support.waiting import eventually

MIGRATION_LOCK = 0x6D61726B6574


def test_three_upgrades_at_once_from_nothing(empty: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda _: run_flask(empty, tmp_path, "db", "upgrade"), range(3)))
    assert [run.returncode for run in runs] == [0, 0, 0], [run.stderr for run in runs]
    connection = connect(empty)
    assert ask(connection, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    connection.close()


def test_who_waits_for_a_turn_holds_nobody_up(migrated: str, tmp_path: Path) -> None:
    """CREATE INDEX CONCURRENTLY waits for all snapshots: one that waits for it must not have any."""
    connection = connect(migrated)
    ask(connection, "SELECT pg_advisory_lock(%s)", MIGRATION_LOCK)
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
        eventually(lambda: ask(connection, asks, "SELECT pg_%advisory_lock%"), timeout=120)
        # Itself it is among those that match: two rows are the other one and this.
        eventually(lambda: len(ask(connection, asks, "%advisory_lock%")) > 1, timeout=120)
        ask(connection, "SET lock_timeout = '5s'")
        ask(connection, "CREATE INDEX CONCURRENTLY ix_tried ON reference_data (loaded_at)")
        assert waiting.poll() is None
        ask(connection, "SELECT pg_advisory_unlock(%s)", MIGRATION_LOCK)
        _, said = waiting.communicate(timeout=120)
        assert waiting.returncode == 0, said
    finally:
        waiting.kill()
        waiting.communicate()
        connection.close()


def test_an_index_that_was_broken_off_is_made_whole(migrated: str, tmp_path: Path) -> None:
    connection = connect(migrated)
    ask(connection, 'CREATE INDEX ix_user_deleted_at_ccnew1 ON "user" (deleted_at)')
    names = ("ix_user_is_staff", "ix_user_deleted_at_ccnew1")
    ask(
        connection,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = ANY (%s::regclass[])",
        list(names),
    )
    looked = run_flask(migrated, tmp_path, "db", "current")
    assert looked.returncode == 0, looked.stderr
    left = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    assert ask(connection, left) == [(2,)], "who only looks changes nothing"

    mended = run_flask(migrated, tmp_path, "db", "upgrade")
    assert mended.returncode == 0, mended.stderr
    assert ask(connection, left) == [(0,)]
    found = "SELECT relname::text FROM pg_class WHERE relname = ANY (%s)"
    assert ask(connection, found, list(names)) == [("ix_user_is_staff",)]
    connection.close()
