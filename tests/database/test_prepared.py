"""Statements that only read outlive their connection, and are planned once on each."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from marketplace.database.engine import READING
from marketplace.database.prepared import fetch_all, read_connection
from marketplace.extensions import db

SQL = "SELECT %(number)s::bigint AS number, '50%%' AS share, %(number)s::bigint + 1 AS next, pg_backend_pid() AS pid"


@pytest.fixture
def sent(committed: Flask) -> Iterator[list[str]]:
    """What goes to the server on connections that read; the pool is empty at the beginning."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement.split(" ", 1)[0])

    with committed.app_context():
        engine = db.engines[READING]
        engine.dispose()
        event.listen(engine, "before_cursor_execute", note)
        yield seen
        event.remove(engine, "before_cursor_execute", note)
        engine.dispose()


def ask(number: int = 5, *, prepared: bool = True) -> Any:
    with read_connection(db.session()) as connection:
        (row,) = fetch_all(connection, SQL, {"number": number}, prepared=prepared)
    return row


def kill(pid: int) -> None:
    with db.engine.begin() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_it_is_planned_once_on_a_connection(sent: list[str]) -> None:
    rows = [ask(number) for number in (5, 6, 7)]
    assert [(row.number, row.share, row.next) for row in rows] == [
        (5, "50%", 6),
        (6, "50%", 7),
        (7, "50%", 8),
    ]
    assert len({row.pid for row in rows}) == 1
    assert sent == ["PREPARE", "EXECUTE", "EXECUTE", "EXECUTE"]


def test_a_statement_without_parameters(sent: list[str]) -> None:
    with read_connection(db.session()) as connection:
        assert [tuple(row) for row in fetch_all(connection, "SELECT '50%%' AS x", {}, prepared=True)] == [
            ("50%",)
        ]


def test_there_is_nothing_beside_the_statement(sent: list[str]) -> None:
    for _ in range(3):
        assert ask(prepared=False).number == 5
    assert sent == ["SELECT"] * 3


@pytest.mark.parametrize("prepared", [True, False])
def test_a_connection_that_the_server_has_closed(sent: list[str], prepared: bool) -> None:
    pid = ask(prepared=prepared).pid
    kill(pid)
    row = ask(8, prepared=prepared)
    assert (row.number, row.pid == pid) == (8, False)


def test_statements_that_the_server_has_forgotten(sent: list[str]) -> None:
    ask()
    with db.engines[READING].connect() as connection:
        connection.exec_driver_sql("DEALLOCATE ALL")
    assert ask(9).number == 9


def test_a_column_that_a_migration_has_changed(sent: list[str]) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE changing AS SELECT 7::int AS x"))
    try:
        for kind in ("int", "bigint"):
            with db.engine.begin() as connection:
                connection.execute(text(f"ALTER TABLE changing ALTER x TYPE {kind}"))
            with read_connection(db.session()) as connection:
                assert [
                    tuple(r) for r in fetch_all(connection, "SELECT x FROM changing", {}, prepared=True)
                ] == [(7,)]
    finally:
        with db.engine.begin() as connection:
            connection.execute(text("DROP TABLE changing"))


def test_what_is_wrong_is_said_at_once(sent: list[str]) -> None:
    with read_connection(db.session()) as connection, pytest.raises(DataError):
        fetch_all(connection, "SELECT %(x)s::int", {"x": "none"}, prepared=True)
    assert sent == ["PREPARE", "EXECUTE"]
    with read_connection(db.session()) as connection, pytest.raises(DBAPIError):
        fetch_all(connection, "SELECT nothing", {})
    assert sent[2:] == ["SELECT"]


def test_a_server_that_stays_away_is_an_error(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with read_connection(db.session()) as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        kill(pid)

        def refuse(*_: object, **__: object) -> None:
            raise OperationalError("connect", {}, Exception("no server"))

        monkeypatch.setattr(db.engines[READING].pool, "_creator", refuse)
        with pytest.raises(OperationalError):
            fetch_all(connection, "SELECT 1", {})


def test_a_transactions_own_connection_is_left_as_it_is(sent: list[str]) -> None:
    db.session.execute(text("SELECT 1"))
    with read_connection(db.session()) as connection:
        assert connection is db.session.connection()
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        kill(pid)
        with pytest.raises(OperationalError):
            fetch_all(connection, "SELECT 1", {}, prepared=True)
    db.session.rollback()
    assert sent == []


def test_no_transaction_is_left_open(sent: list[str]) -> None:
    pid = ask().pid

    def state(connection: Connection) -> str | None:
        return connection.scalar(text("SELECT state FROM pg_stat_activity WHERE pid = :pid"), {"pid": pid})

    with db.engine.begin() as connection:
        assert state(connection) == "idle"
