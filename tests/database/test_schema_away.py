"""What the database does not have, or does not take, is 503: migrations are run, disks and standbys mended."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
import sentry_sdk
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError

from marketplace.blueprints.operations.adapters import DatabaseCheck
from marketplace.database.dsn import libpq_dsn
from marketplace.database.errors import SchemaAway, translate
from marketplace.extensions import db
from marketplace.kernel.errors import Unavailable
from marketplace.web.access import public

AWAY = {
    "42P01": "SELECT * FROM nowhere",
    "42703": "SELECT nothing",
    "42883": "SELECT nothing_of_that_name(1)",
    "3F000": "CREATE TABLE nowhere.what (id int)",
    "42704": "SELECT 1::no_such_type",
}
PERSON = {
    "username": "annlee",
    "email": "ann@example.org",
    "password": "Correct-Horse-7",
    "first_name": "Ann",
    "last_name": "Lee",
}


@pytest.mark.parametrize("code", AWAY)
def test_what_is_not_there(committed: Flask, code: str) -> None:
    with (
        committed.app_context(),
        db.engine.connect() as connection,
        pytest.raises(SQLAlchemyError) as caught,
    ):
        connection.execute(text(AWAY[code]))
    assert caught.value.orig.pgcode == code  # type: ignore[attr-defined]  # a DBAPIError
    assert isinstance(translate(caught.value, {}), SchemaAway)


def test_what_follows_a_lost_connection(committed: Flask) -> None:
    """Whoever swallows the first error meets the second one, which means the same."""
    with committed.app_context(), db.engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        with db.engine.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
        with pytest.raises(PendingRollbackError) as caught:
            connection.execute(text("SELECT 1"))
    assert isinstance(translate(caught.value, {}), Unavailable)
    assert translate(PendingRollbackError("after a flush that failed", code="7s2a"), {}) is None


@contextmanager
def changed(app: Flask, there: str, back: str) -> Iterator[None]:
    """Both are done on a connection of their own, whatever new ones are told by default."""
    with app.app_context():
        url = libpq_dsn(db.engine.url)
    for_writing = psycopg2.connect(url, options="-c default_transaction_read_only=off")
    for_writing.autocommit = True
    try:
        with for_writing.cursor() as cursor:
            cursor.execute(there)
            try:
                yield
            finally:
                cursor.execute(back)
    finally:
        for_writing.close()


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What goes to Sentry."""
    found: list[BaseException] = []
    monkeypatch.setattr(sentry_sdk, "capture_exception", found.append)
    return found


@pytest.mark.parametrize(
    ("table", "call"),
    [
        # One that a unit of work translates, one that nobody does before the handler.
        ("user", lambda client: client.post("/api/v1/user/sign-up", json=PERSON)),
        ("banner", lambda client: client.get("/api/v1/banners")),
        ("performer_listing", lambda client: client.get("/api/v1/performers")),
    ],
)
def test_a_table_that_is_away(
    committed: Flask,
    table: str,
    call: Callable[[Any], Any],
    reported: list[BaseException],
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = committed.test_client()
    with changed(committed, f'ALTER TABLE "{table}" RENAME TO away', f'ALTER TABLE away RENAME TO "{table}"'):
        answer = call(client)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert "away" not in answer.text
        assert table not in answer.text
        assert client.get("/health").status_code == 200
    (error,) = reported
    assert "does not exist" in str(error)
    lines = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(lines) == 1
    assert lines[0].exc_info
    assert call(client).status_code in {200, 201}


def test_a_defect_is_reported(
    committed: Flask, reported: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    @public
    def broken() -> None:
        raise LookupError("a secret of the inside")

    monkeypatch.setitem(committed.view_functions, "pages.errors", broken)
    answer = committed.test_client().get("/api/docs/errors")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert [type(error) for error in reported] == [LookupError]


@contextmanager
def read_only(app: Flask) -> Iterator[None]:
    """The database as operators make it during a move; new connections notice."""
    with app.app_context():
        name, engines = db.engine.url.database, list(db.engines.values())
    on = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
    with changed(app, on, f'ALTER DATABASE "{name}" RESET default_transaction_read_only'):
        for engine in engines:
            engine.dispose()
        try:
            yield
        finally:
            for engine in engines:
                engine.dispose()


def test_a_database_that_is_read_only(committed: Flask, reported: list[BaseException]) -> None:
    client = committed.test_client()
    signed = client.post("/api/v1/user/sign-up", json=PERSON)
    headers = {"Authorization": f"Bearer {signed.get_json()['tokens']['access_token']}"}
    with read_only(committed):
        other = {**PERSON, "username": "other", "email": "other@example.org"}
        for refused in (
            client.post("/api/v1/user/sign-up", json=other),
            client.post("/api/v1/user/sign-up", json=other, headers={"Idempotency-Key": "k"}),
            client.post("/api/v1/user/logout", headers=headers),
        ):
            assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
            assert int(refused.headers["Retry-After"]) > 0
        for path in ("user/me", "performers", "categories", "cities", "services", "notifications"):
            assert client.get(f"/api/v1/{path}", headers=headers).status_code == 200, path
    assert reported == []
    assert client.post("/api/v1/user/logout", headers=headers).status_code == 204


def test_a_read_only_database_is_not_ready(committed: Flask) -> None:
    check = DatabaseCheck()
    with committed.app_context():
        with read_only(committed):
            found = check()
            assert found is not None
            assert found.startswith("takes no writes: cannot execute INSERT in a read-only transaction")
        assert check() is None


def test_readiness_leaves_nothing_behind(committed: Flask) -> None:
    """And writes at most once in some seconds, whatever the rate of probes."""
    seen: list[str] = []
    check = DatabaseCheck()
    with committed.app_context():

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement.split(" ", 1)[0])

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert [check() for _ in range(3)] == [None] * 3
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        assert seen == ["SELECT", "INSERT", "SELECT", "SELECT"]
        with db.engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM idempotency_key")) == 0


def test_a_disk_that_is_full(committed: Flask) -> None:
    """As PostgreSQL says it: SQLSTATE 53100, at whatever writes."""
    client = committed.test_client()
    full = """
        CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
        END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON "user" FOR EACH ROW EXECUTE FUNCTION full_disk();
        CREATE TRIGGER full_disk BEFORE INSERT ON idempotency_key
            FOR EACH ROW EXECUTE FUNCTION full_disk()
    """
    with changed(committed, full, "DROP FUNCTION full_disk CASCADE"):
        refused = client.post("/api/v1/user/sign-up", json=PERSON)
        assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert client.get("/api/v1/performers").status_code == 200
        with committed.app_context():
            assert DatabaseCheck()() == "takes no writes: could not extend file: No space left on device"
    assert client.post("/api/v1/user/sign-up", json=PERSON).status_code == 201
