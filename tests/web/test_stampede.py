"""When a kept answer falls, one request makes it anew, and the others of the process wait for it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from marketplace.database.engine import READING
from marketplace.extensions import db
from marketplace.web.caching import topics
from marketplace.web.caching.singleflight import SingleFlight

URL = "/api/v1/performers?city_id=77"
CALLERS = 20


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that public lists are read with."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("EXECUTE"):
            seen.append(statement)

    with app.app_context():
        engine = db.engines[READING]
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_many_at_once_cost_one_query(committed: Flask) -> None:
    for _ in range(5):
        with committed.app_context():
            topics.clear()
        gate = threading.Barrier(CALLERS)

        def ask(_number: int, gate: threading.Barrier = gate) -> bytes:
            client = committed.test_client()
            gate.wait(30)
            return bytes(client.get(URL).data)

        with counted(committed) as seen, ThreadPoolExecutor(CALLERS) as pool:
            answers = set(pool.map(ask, range(CALLERS)))
        assert len(seen) == 1
        assert len(answers) == 1


def test_whoever_waits_goes_on_when_the_maker_fails() -> None:
    flight = SingleFlight()
    assert flight.join("key") is None
    waiting = flight.join("key")
    assert waiting is not None
    assert not waiting.is_set()
    flight.finish("key")
    assert waiting.is_set()
    assert flight.join("key") is None  # and the next one makes it


def test_a_refusal_is_not_kept(committed: Flask) -> None:
    client = committed.test_client()
    with committed.app_context():
        topics.clear()
    for _ in range(2):
        assert client.get("/api/v1/performers/987654321").status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/performers", "/api/v1/services", "/api/v1/performers/facets"])
def test_a_kept_answer_carries_its_tag(committed: Flask, path: str) -> None:
    client = committed.test_client()
    with committed.app_context():
        topics.clear()
    made, kept = client.get(path), client.get(path)
    assert made.headers["ETag"] == kept.headers["ETag"]
    assert made.data == kept.data
    assert client.get(path, headers={"If-None-Match": kept.headers["ETag"]}).status_code == 304
