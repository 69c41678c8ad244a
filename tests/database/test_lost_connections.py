"""Connections that are lost at any point of a request: a good answer or 503, and the next request is well."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, Response
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from marketplace.database.deadlines import WatchedConnection
from marketplace.extensions import db
from tests.support.postgres import query

OURS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
Kill = Callable[[], None]


@pytest.fixture
def kill(committed: Flask) -> Kill:
    """Ends all backends that the program has at this moment, as a restart does."""
    with committed.app_context():
        url = db.engine.url

    def run() -> None:
        query(url, f"SELECT count(*) FROM ({OURS}) AS ended")

    return run


def sign_up(app: Flask, name: str, **headers: str) -> TestResponse:
    body = {
        "username": name,
        "email": f"{name}@example.org",
        "password": "Correct-Horse-7",
        "first_name": "Ann",
        "last_name": "Lee",
    }
    return app.test_client().post("/api/v1/user/sign-up", json=body, headers=headers)


@contextmanager
def at_each(app: Flask, name: str, number: int, kill: Kill) -> Iterator[list[str]]:
    """Backends end before the program's call `name` of this number; yields what was seen of them."""
    seen: list[str] = []

    def note(*arguments: Any) -> None:
        seen.append(name)
        if len(seen) == number:
            kill()

    with app.app_context():
        engines = list(db.engines.values())
    for engine in engines:
        event.listen(engine, name, note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, name, note)


def test_between_requests(committed: Flask, kill: Kill) -> None:
    assert sign_up(committed, "before").status_code == 201
    kill()
    assert sign_up(committed, "after").status_code == 201
    kill()
    assert committed.test_client().get("/api/v1/performers").status_code == 200


def test_before_each_statement(committed: Flask, kill: Kill) -> None:
    """The write is done whole or not at all, and is tried again with its key."""
    number, codes = 0, []
    while True:
        number += 1
        key = {"Idempotency-Key": f"k{number}"}
        with at_each(committed, "before_cursor_execute", number, kill) as seen:
            answer = sign_up(committed, f"person{number}", **key)
        assert answer.status_code in {201, 503}, answer.text
        codes.append(answer.status_code)
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
        assert sign_up(committed, f"person{number}", **key).status_code == 201
        if len(seen) < number:
            break
    assert number > 3
    assert set(codes[:-1]) == {503}
    with committed.app_context(), db.engine.connect() as connection:
        assert connection.scalar(text('SELECT count(*) FROM "user"')) == number


def test_before_the_commit(committed: Flask, kill: Kill) -> None:
    with at_each(committed, "commit", 1, kill) as seen:
        answer = sign_up(committed, "person")
    assert seen
    assert answer.status_code == 503
    assert sign_up(committed, "person").status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/user/me", "/api/v1/performers", "/api/v1/categories"])
def test_after_the_views_answer(
    committed: Flask, kill: Kill, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that only read is open until the request ends: its rollback fails, and nobody minds."""
    token = sign_up(committed, "person").get_json()["tokens"]["access_token"]

    def end(response: Response) -> Response:
        db.session.execute(text("SELECT 1"))
        kill()
        return response

    monkeypatch.setitem(committed.after_request_funcs, None, [*committed.after_request_funcs[None], end])
    answer = committed.test_client().get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    monkeypatch.undo()
    assert committed.test_client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_rollback_of_a_lost_connection_is_done(committed: Flask, kill: Kill) -> None:
    with committed.app_context():
        connection = db.engine.raw_connection()
        raw = connection.driver_connection
        assert isinstance(raw, WatchedConnection)
        with raw.cursor() as cursor:
            cursor.execute("SELECT 1")
        kill()
        raw.rollback()
        assert raw.closed
        raw.rollback()
        connection.invalidate()
