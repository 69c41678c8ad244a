"""What the embedded PostgreSQL writes into its log: that something failed, and no values."""

import contextlib
import os
import signal
import threading
from pathlib import Path

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.embedded.places import home_of
from marketplace.extensions import db
from marketplace.testing import Factory
from tests.support.postgres import ON_PURPOSE, User, deadlocks, query
from tests.support.waiting import eventually

SECRET = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo"


def answers(url: str) -> bool:
    """Whether the server is there."""
    with contextlib.suppress(psycopg2.OperationalError):
        return query(url) == 1
    return False


@pytest.fixture
def log(server_url: str) -> Path:
    """The log of the server of this run."""
    found = Path(server_url.partition("host=")[2]).parent / "server.log"
    if not found.exists():
        pytest.skip("DATABASE_URL names a server that is not ours")
    return found


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ('UPDATE "user" SET password_hash = :secret, username = NULL', "violates not-null constraint"),
        (
            'UPDATE "user" SET password_hash = :secret, username = repeat(:secret, 9)',
            "violates check constraint",
        ),
        ('UPDATE "user" SET password_hash = :secret, id = 7', "duplicate key value"),
        ("SELECT CAST('0' AS integer) / 0, :secret", "division by zero"),
        ('UPDATE "user" SET password_hash = :secret WHERE no_such_column', "does not exist"),
    ],
)
def test_a_password_hash_never_gets_there(committed: Flask, log: Path, statement: str, says: str) -> None:
    with committed.app_context():
        make = Factory()
        make.user()
        make.user()
        db.session.commit()
        before = log.stat().st_size
        with pytest.raises(DBAPIError), db.engine.begin() as connection:
            connection.execute(text(statement), {"secret": SECRET})
    with log.open() as file:
        file.seek(before)
        written = file.read()
    assert says in written
    assert SECRET not in written
    assert "argon2id" not in written


def test_not_even_when_a_process_of_the_server_dies(tmp_path: Path, use: object) -> None:
    """Its parent then tells the statement that it was at."""
    instance = tmp_path / "instance"
    assert callable(use)
    user = use(instance)
    assert isinstance(user, User)
    url = user.said()
    log = home_of(instance) / "server.log"
    working = psycopg2.connect(url.replace("+psycopg2", ""))
    busy = f"SELECT pg_sleep(60), '{SECRET}'"

    def work() -> None:
        with pytest.raises(psycopg2.OperationalError), working.cursor() as cursor:
            cursor.execute(busy)

    thread = threading.Thread(target=work)
    thread.start()
    pid = working.info.backend_pid
    eventually(
        lambda: query(url, f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid} AND state = 'active'")
    )
    os.kill(pid, signal.SIGKILL)
    thread.join(30)
    working.close()
    eventually(lambda: f"(PID {pid}) was terminated by signal 9" in log.read_text())
    assert "argon2id" not in log.read_text()
    eventually(lambda: answers(url), timeout=30)


def test_deadlocks_are_found_in_the_logs(tmp_path: Path) -> None:
    """Of those that a test makes on purpose nothing is said; the fixture of the run asks for all others."""
    folder = tmp_path / "a" / "postgres"
    folder.mkdir(parents=True)
    real = "2026-05-04 09:00:00.000 UTC [71] marketplace ERROR:  deadlock detected"
    lines = [real, real.replace("marketplace", ON_PURPOSE), real.replace("deadlock detected", "canceling")]
    (folder / "server.log").write_text("\n".join(lines))
    assert deadlocks(tmp_path) == [real]
    assert deadlocks(tmp_path / "b") == []
    (folder / "server.log").unlink()
