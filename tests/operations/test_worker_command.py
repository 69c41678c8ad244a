"""`flask worker` as an operator runs it: it works, and it ends when told, with the job at hand done."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import make_url, text

from marketplace.config import PROJECT_ROOT
from marketplace.database.dsn import libpq_dsn
from marketplace.extensions import db
from tests.support.waiting import eventually


@pytest.fixture
def worker(committed: Flask, database_url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running `flask worker`."""
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--threads", "1"],
            cwd=PROJECT_ROOT,
            env={
                "PATH": os.environ["PATH"],
                "DATABASE_URL": database_url,
                "INSTANCE_PATH": str(tmp_path),
                "PYTHONPATH": str(PROJECT_ROOT),
            },
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            sys.stdout.write((tmp_path / "worker.log").read_text())


@pytest.fixture
def other(committed: Flask, database_url: str) -> Iterator[Any]:
    """A connection beside the program's."""
    connection = psycopg2.connect(libpq_dsn(make_url(database_url)))
    yield connection
    connection.close()


def enqueue(app: Flask) -> int:
    """A job that deletes what was done long ago; its id."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("""INSERT INTO job (kind, payload, status, finished_at)
            VALUES ('old', '{}', 'done', now() - interval '30 days')""")
        )
        statement = "INSERT INTO job (kind, payload) VALUES ('operations.prune', '{}') RETURNING id"
        return int(connection.execute(text(statement)).scalar_one())


def status_of(app: Flask, job_id: int) -> str:
    with app.app_context(), db.engine.connect() as connection:
        found = connection.execute(text("SELECT status FROM job WHERE id = :id"), {"id": job_id})
        return str(found.scalar_one())


def test_it_works_until_ctrl_c(committed: Flask, worker: subprocess.Popen[bytes]) -> None:
    job_id = enqueue(committed)
    eventually(lambda: status_of(committed, job_id) == "done", timeout=30)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(10) == 0


def test_the_job_at_hand_is_finished(committed: Flask, worker: subprocess.Popen[bytes], other: Any) -> None:
    eventually(lambda: running(committed), timeout=30)
    with other.cursor() as cursor:
        job_id = enqueue(committed)
        # While this row is held, the job that wants to delete it is at hand.
        cursor.execute("SELECT id FROM job WHERE kind = 'old' FOR UPDATE")
        eventually(lambda: status_of(committed, job_id) in {"running", "done"}, every=0.01)
        worker.send_signal(signal.SIGTERM)
        other.rollback()
    assert worker.wait(10) == 0
    assert status_of(committed, job_id) == "done"


def running(app: Flask) -> bool:
    """Whether a worker has enqueued the periodic jobs, and done them."""
    with app.app_context(), db.engine.connect() as connection:
        found = connection.execute(text("SELECT count(*), count(*) FILTER (WHERE status = 'done') FROM job"))
        there, done = found.one()
        return bool(there) and there == done
