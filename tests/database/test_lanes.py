"""Lanes of the outbox: what hangs or piles up in one holds up no other."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import psycopg2
import pytest

from marketplace.database import worker as worker_module
from marketplace.database.dsn import libpq_dsn
from marketplace.database.unit_of_work import MANY_EVENTS
from marketplace.extensions import db
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.kernel.lanes import Lane, Postponed
from marketplace.kernel.registry import Job
from tests.support.waiting import eventually

from .conftest import Parts


@dataclass(frozen=True, kw_only=True)
class BellRung(DomainEvent):
    name: ClassVar[str] = "test.bell_rung"


def enqueue(parts: Parts, kind: str, count: int = 1) -> None:
    with parts.uow as uow:
        for number in range(count):
            uow.enqueue(kind, {"number": number})


@pytest.fixture
def hung(parts: Parts) -> Iterator[threading.Semaphore]:
    """Ten mails that never come to an end, in a running worker; counts those that were begun."""
    begun, leave = threading.Semaphore(0), threading.Event()

    def hang(_payload: Any) -> None:
        begun.release()
        assert leave.wait(60)

    parts.registry.add_jobs([Job("mail", hang, effect=True, lane=Lane.MAIL)])
    enqueue(parts, "mail", 10)
    parts.worker(2).start()
    for _ in range(2):
        assert begun.acquire(timeout=20)
    yield begun
    leave.set()


@pytest.mark.parametrize("lane", [lane for lane in Lane if lane is not Lane.MAIL])
def test_hanging_mails_hold_up_no_other_lane(parts: Parts, hung: threading.Semaphore, lane: Lane) -> None:
    ran = threading.Event()
    parts.registry.add_jobs([Job("other", lambda _payload: ran.set(), lane=lane)])
    enqueue(parts, "other")
    assert ran.wait(20)
    assert not hung.acquire(blocking=False), "no thread of another lane took a mail"
    assert parts.rows("SELECT count(*) FROM job WHERE kind = 'mail' AND status = 'running'") == [(2,)]


def test_one_that_hangs_leaves_its_lane_a_thread(parts: Parts) -> None:
    inside, leave, ran = threading.Event(), threading.Event(), threading.Event()

    def hang(_payload: Any) -> None:
        inside.set()
        assert leave.wait(60)

    parts.registry.add_jobs(
        [Job("hang", hang, lane=Lane.CODES), Job("code", lambda _payload: ran.set(), lane=Lane.CODES)]
    )
    enqueue(parts, "hang")
    parts.worker(1).start()
    assert inside.wait(20)
    enqueue(parts, "code")
    assert ran.wait(20)
    leave.set()


def test_a_code_is_not_behind_what_many_decisions_cause(parts: Parts) -> None:
    order: list[str] = []
    code = threading.Event()

    def decided(_event: object) -> None:
        if not code.is_set():
            order.append("decided")

    def send(_payload: object) -> None:
        code.set()

    parts.registry.add_handlers([Handler(BellRung, decided, key="bell")])
    parts.registry.add_jobs([Job("code", send, lane=Lane.CODES)])
    with parts.uow as uow:
        uow.record_many([BellRung() for _ in range(300)])
    enqueue(parts, "code")
    parts.worker(2).start()
    assert code.wait(20)
    assert len(order) < 150
    eventually(lambda: set(parts.statuses()) == {"done"}, timeout=30)


def test_the_lane_stands_in_the_row(parts: Parts) -> None:
    parts.registry.add_handlers(
        [Handler(BellRung, print, key="a", lane=Lane.MAIL), Handler(BellRung, print, key="b")]
    )
    parts.registry.add_jobs([Job("plain", print), Job("push", print, lane=Lane.SOCKETS)])
    with parts.uow as uow:
        uow.record(BellRung())
        uow.record_many([BellRung() for _ in range(MANY_EVENTS)])
        uow.enqueue("plain", {})
        uow.enqueue("push", {})
    lanes = (
        "SELECT coalesce(payload ->> 'handler', kind), lane, count(*) FROM job GROUP BY 1, 2 ORDER BY 1, 2"
    )
    singles = MANY_EVENTS + 1
    assert parts.rows(lanes) == [
        ("a", "mail", singles), ("b", "work", singles), ("plain", "work", 1), ("push", "sockets", 1)
    ]  # fmt: skip
    with parts.uow as uow:
        uow.record_many([BellRung() for _ in range(MANY_EVENTS + 1)])
    assert parts.rows("SELECT lane, count(*) FROM job GROUP BY 1 ORDER BY 1") == [
        ("bulk", 2 * singles), ("mail", singles), ("sockets", 1), ("work", singles + 1)
    ]  # fmt: skip


def test_what_old_code_enqueues_is_run(parts: Parts) -> None:
    """It names no lane."""
    ran = threading.Event()
    parts.registry.add_jobs([Job("note", lambda _payload: ran.set(), lane=Lane.MAIL)])
    parts.execute("INSERT INTO job (kind, payload) VALUES ('note', '{}')")
    parts.worker().start()
    assert ran.wait(20)


def test_a_commit_wakes_its_lane_alone(parts: Parts) -> None:
    connection = psycopg2.connect(libpq_dsn(db.engine.url))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute('LISTEN "job"')
            parts.registry.add_jobs([Job("push", print, lane=Lane.SOCKETS), Job("plain", print)])
            with parts.uow as uow:
                uow.enqueue("push", {})
                uow.enqueue("push", {})
                uow.enqueue("plain", {})

            def heard() -> bool:
                cursor.execute("SELECT 1")
                return {notice.payload for notice in connection.notifies} == {"sockets", "work"}

            eventually(heard)
            assert len(connection.notifies) == 2
    finally:
        connection.close()


def test_each_lane_finds_its_next_job_by_an_index(parts: Parts) -> None:
    statement = worker_module._CLAIM_IN_LANE.text.partition("(SELECT")[2].partition(")\n")[0]
    inner = "SELECT" + statement.replace(":lane", "'codes'").partition(" FOR NO KEY")[0]
    with db.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_sort = off")
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {inner}"))
    assert "ix_job_lane" in plan
    assert "Sort" not in plan


def test_what_is_put_off_comes_again_and_the_try_does_not_count(parts: Parts) -> None:
    tries: list[int] = []

    def busy(_payload: Any) -> None:
        tries.append(1)
        if len(tries) < 4:
            raise Postponed("the provider is put aside", 40)

    parts.registry.add_jobs([Job("mail", busy, effect=True, max_attempts=1)])
    enqueue(parts, "mail")
    worker = parts.worker()
    for _ in range(3):
        assert worker.run_pending() == 1
        [(status, attempts, delay, error)] = parts.rows(
            "SELECT status, attempts, extract(epoch FROM run_at - now()), last_error FROM job"
        )
        assert (status, attempts, error) == ("pending", 0, "Postponed: the provider is put aside")
        assert 35 < delay <= 50
        parts.execute("UPDATE job SET run_at = now()")
    assert worker.run_pending() == 1
    assert parts.rows("SELECT status, attempts, last_error FROM job") == [("done", 1, None)]
    assert parts.reported == []
