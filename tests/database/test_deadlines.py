"""Who asks the database waits as long as its budget says, whatever the server does."""

import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, request_started
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError, TimeoutError as PoolTimeout

from marketplace.blueprints.operations.wiring import Operations
from marketplace.database import deadlines
from marketplace.database.deadlines import BudgetedPool, Watchdog, at_most, within
from marketplace.database.engine import READING
from marketplace.database.errors import translate
from marketplace.database.prepared import fetch_all, read_connection
from marketplace.extensions import db
from marketplace.kernel.errors import Unavailable
from marketplace.web import background

HANG = text("SELECT pg_sleep(120)")
"""With a minute of the server's: as from one that hangs, no answer comes."""


@pytest.fixture
def engine(committed: Flask) -> Iterator[Engine]:
    """An engine of the database, which has no limits of the server's side."""
    with committed.app_context():
        url = db.engine.url
    found = create_engine(
        url,
        poolclass=BudgetedPool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=60,
        pool_pre_ping=True,
        connect_args={
            "connection_factory": deadlines.WatchedConnection,
            "cursor_factory": deadlines.WatchedCursor,
            "connect_timeout": 3,
            "options": "-c statement_timeout=60000",
        },
    )
    event.listen(found, "do_connect", deadlines.connect)
    with found.connect():
        """A connection is there: a new one wants 2 s at least."""
    yield found
    found.dispose()


def test_a_statement_without_an_answer_ends_with_the_budget(engine: Engine) -> None:
    with within(0.3), engine.connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            connection.execute(HANG)
        assert caught.value.connection_invalidated
        assert at_most(60) == 0
    assert isinstance(translate(caught.value, {}), Unavailable)
    # The pool has made another one.
    with within(4), engine.connect() as connection:
        assert connection.scalar(text("SELECT 7")) == 7


def test_waits_add_up(engine: Engine) -> None:
    with within(3), engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(0.2)"))
        connection.execute(text("SELECT pg_sleep(0.2)"))
        assert 0 < at_most(60) <= 2.6


def test_a_job_has_its_time_for_each_wait(engine: Engine) -> None:
    with within(3, each=True), engine.connect() as connection:
        for _ in range(4):
            connection.execute(text("SELECT pg_sleep(0.8)"))
        with pytest.raises(DBAPIError):
            connection.execute(HANG)


def test_without_a_budget_nobody_is_cut(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_sleep(0.5)"))
        assert at_most(60) == 60


def test_who_has_spent_its_time_leaves_a_good_connection_in_order(engine: Engine) -> None:
    with engine.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with within(1), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        deadlines._mine.budget.left = 0.0  # type: ignore[union-attr]  # inside of `within`
        connection.rollback()
        assert connection.scalar(text("SELECT pg_backend_pid()")) == pid


@pytest.mark.parametrize("call", ["commit", "rollback"])
def test_the_end_of_a_transaction_is_watched(
    engine: Engine, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for statements: what is asked of the watchdog is the connection's own socket."""
    seen = []
    begin = Watchdog.begin
    monkeypatch.setattr(
        Watchdog, "begin", lambda self, number, until: seen.append(number) or begin(self, number, until)
    )
    with within(5), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        number = connection.connection.fileno()  # type: ignore[attr-defined]  # psycopg2's
        seen.clear()
        getattr(connection, call)()
        assert seen == [number]


def test_a_wait_for_the_pool_ends_with_the_budget(engine: Engine) -> None:
    with engine.connect(), within(0.2):
        with pytest.raises(PoolTimeout) as caught:
            engine.connect()
        assert at_most(60) == 0
    assert isinstance(translate(caught.value, {}), Unavailable)
    assert engine.pool.recreate().timeout() == 60  # type: ignore[attr-defined]  # a QueuePool


def test_nobody_begins_to_connect_without_the_time(engine: Engine) -> None:
    engine.dispose()
    with within(1), pytest.raises(OperationalError, match="no time is left") as caught:
        engine.connect()
    assert isinstance(translate(caught.value, {}), Unavailable)


def test_a_new_connection_that_nobody_answers(engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        hung = create_engine(engine.url.set(host="127.0.0.1", port=port, query={}), pool_size=1)
        event.listen(
            hung, "do_connect", lambda d, r, a, p: deadlines.connect(d, r, a, {**p, "connect_timeout": 60})
        )
        with within(2.5):
            with pytest.raises(OperationalError):
                hung.connect()
            assert at_most(60) <= 0.6


def test_a_read_is_not_asked_again_when_its_time_is_over(committed: Flask) -> None:
    with committed.app_context(), read_connection(db.session()) as connection, within(0.3):
        with pytest.raises(DBAPIError):
            fetch_all(connection, "SELECT pg_sleep(120)", {})
        assert at_most(60) == 0
        db.engines[READING].dispose()


def test_many_at_once_are_cut_each(engine: Engine) -> None:
    many = create_engine(
        engine.url,
        poolclass=BudgetedPool,
        pool_size=8,
        connect_args={
            "connection_factory": deadlines.WatchedConnection,
            "cursor_factory": deadlines.WatchedCursor,
        },
    )
    answers: list[Any] = []

    def ask(hang: bool) -> None:
        with within(0.5 if hang else 60), many.connect() as connection:
            try:
                answers.append(connection.scalar(HANG if hang else text("SELECT pg_sleep(1.5)::text || 'x'")))
            except SQLAlchemyError as error:
                answers.append(type(error).__name__)

    threads = [threading.Thread(target=ask, args=(hang,)) for hang in (True, False) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    many.dispose()
    assert sorted(answers) == ["OperationalError"] * 4 + ["x"] * 4


def test_only_who_waits_is_cut() -> None:
    """Whose wait has ended is left alone, also when its number is another's by now."""
    watchdog = Watchdog()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        watchdog.end(watchdog.begin(ours.fileno(), 0.0))
        wait = watchdog.begin(ours.fileno(), float("inf"))

        watchdog.end(wait)
        watchdog._cut(wait)
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
        watchdog.begin(ours.fileno(), 0.0)
        ours.settimeout(20)
        assert ours.recv(1) == b""


def test_a_child_has_a_watchdog_of_its_own(engine: Engine) -> None:
    with within(30), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    child = os.fork()
    if child == 0:
        running, waits = deadlines._watchdog._running, deadlines._watchdog._waits
        os._exit(0 if not running and not waits else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_requests_checks_and_jobs_have_budgets(committed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[deadlines.Budget | None] = []

    def note(_app: Flask, **_: object) -> None:
        seen.append(deadlines._mine.budget)

    with request_started.connected_to(note, committed):
        committed.test_client().get("/health")
    with background.make_worker(committed)._scope({}, "job"):
        seen.append(deadlines._mine.budget)
    request, job = seen
    assert request is not None
    assert job is not None
    assert (request.left, request.each) == (deadlines.REQUEST_SECONDS, False)
    assert (job.left, job.each) == (deadlines.JOB_SECONDS, True)
    assert deadlines.REQUEST_SECONDS + deadlines.TICK_SECONDS + deadlines.GRACE_SECONDS < 5
    assert deadlines._mine.budget is None
    monkeypatch.setattr("marketplace.blueprints.operations.wiring.CHECK_SECONDS", 0.0)
    with committed.app_context():
        for engine in db.engines.values():
            engine.dispose()
    readiness = committed.extensions["marketplace"].get(Operations).readiness
    assert readiness.missing()["database"] == "does not answer"
