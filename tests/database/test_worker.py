"""The outbox and its workers on a real PostgreSQL: shared, retried, taken over, never lost."""

import threading
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import pytest
from sqlalchemy import text

from marketplace.database import worker as worker_module
from marketplace.database.worker import LEASE_SECONDS, backoff
from marketplace.kernel.events import EVENT_TYPES, DomainEvent, Handler
from marketplace.kernel.registry import Job
from tests.support.waiting import eventually


@dataclass(frozen=True, kw_only=True)
class LampLit(DomainEvent):
    name: ClassVar[str] = "test.lamp_lit"
    lamp_id: int


def enqueue(parts, kind="note", count=1, **values):
    with parts.uow as uow:
        for number in range(count):
            uow.enqueue(kind, {"number": number}, **values)


def test_several_workers_share_the_work(parts):
    ran, lock = Counter(), threading.Lock()

    def note(payload):
        with lock:
            ran[payload["number"]] += 1

    parts.registry.add_jobs([Job("note", note)])
    enqueue(parts, count=60)
    for worker in [parts.worker(2) for _ in range(3)]:
        worker.start()
    eventually(lambda: set(parts.statuses()) == {"done"})
    assert ran == Counter(dict.fromkeys(range(60), 1))
    assert parts.rows("SELECT DISTINCT attempts, worker_id, lease_until FROM job") == [(1, None, None)]


def test_a_running_worker_is_woken_by_the_commit(parts, monkeypatch):
    """By NOTIFY: nobody waits for the next look at the table."""
    monkeypatch.setattr(worker_module, "POLL_SECONDS", 60.0)
    ran = threading.Event()
    parts.registry.add_jobs([Job("note", lambda _payload: ran.set())])
    worker = parts.worker()
    worker.start()
    eventually(lambda: parts.rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"))
    enqueue(parts)
    assert ran.wait(10)
    worker.stop(30)
    assert not any(thread.is_alive() for thread in worker._threads), "the listener sleeps for the minute"


def test_what_a_job_writes_is_written_with_its_end(parts):
    def copy(payload):
        statement = "INSERT INTO domain_event (event_id, name, payload) VALUES (gen_random_uuid(), 'a', '{}')"
        with parts.uow as uow:
            uow.session.execute(text(statement))
        if payload["number"] == 1:
            raise ZeroDivisionError

    parts.registry.add_jobs([Job("copy", copy)])
    enqueue(parts, "copy", 2)
    assert parts.worker().run_pending() == 2
    assert parts.statuses() == ["done", "pending"]
    assert parts.rows("SELECT count(*) FROM domain_event") == [(1,)]


def test_a_failed_job_is_retried_with_backoff_and_ends_visibly(parts):
    def fail(_payload):
        raise ZeroDivisionError("no\x00 way")

    parts.registry.add_jobs([Job("fail", fail, max_attempts=3)])
    enqueue(parts, "fail")
    worker = parts.worker()
    delays = []
    for _ in range(3):
        assert worker.run_pending() == 1
        [(status, delay)] = parts.rows("SELECT status, extract(epoch FROM run_at - now()) FROM job")
        delays.append(float(delay))
        if status == "pending":
            assert worker.run_pending() == 0, "not before its time"
            parts.execute("UPDATE job SET run_at = now()")
    assert 0.3 < delays[0] <= 1 < delays[2] <= 4
    assert parts.rows("SELECT status, attempts, last_error, finished_at IS NOT NULL FROM job") == [
        ("dead", 3, "ZeroDivisionError: no way", True)
    ]
    assert [type(error) for error in parts.reported] == [ZeroDivisionError] * 3
    parts.execute("UPDATE job SET run_at = now()")
    assert worker.run_pending() == 0


def test_a_retry_that_works_clears_the_error(parts):
    tries = []

    def second_time(_payload):
        tries.append(1)
        if len(tries) == 1:
            raise ZeroDivisionError

    parts.registry.add_jobs([Job("note", second_time)])
    enqueue(parts)
    parts.worker().run_pending()
    parts.execute("UPDATE job SET run_at = now()")
    parts.worker().run_pending()
    assert parts.rows("SELECT status, attempts, last_error FROM job") == [("done", 2, None)]


@pytest.mark.parametrize("attempts", [1, 2, 5, 11, 12, 13, 1000])
def test_backoff_doubles_up_to_an_hour(attempts):
    full = min(2 ** (attempts - 1), 3600)
    found = [backoff(attempts) for _ in range(50)]
    assert full / 2 <= min(found) < max(found) <= full


def test_the_jobs_of_a_killed_worker_are_taken_over(parts):
    ran = []
    parts.registry.add_jobs([Job("note", ran.append)])
    enqueue(parts, count=2)
    # As after kill -9: claimed, the lease far from over, and nobody holds the lock of that worker.
    parts.execute(
        "UPDATE job SET status = 'running', attempts = 1, worker_id = 12345,"
        " lease_until = now() + make_interval(secs => :lease)",
        lease=LEASE_SECONDS,
    )
    parts.worker().start()
    eventually(lambda: parts.statuses() == ["done", "done"])
    assert len(ran) == 2
    assert parts.rows("SELECT DISTINCT attempts FROM job") == [(2,)]


def test_the_jobs_of_a_living_worker_are_left_alone(parts):
    inside, leave = threading.Event(), threading.Event()
    ran = []

    def slow(payload):
        ran.append(payload)
        inside.set()
        assert leave.wait(20)

    parts.registry.add_jobs([Job("slow", slow, effect=True)])
    enqueue(parts, "slow")
    parts.worker().start()
    assert inside.wait(10)
    other = parts.worker()
    with parts.app.app_context():
        other._tend()
    assert parts.statuses() == ["running"]
    assert other.run_pending() == 0
    leave.set()
    eventually(lambda: parts.statuses() == ["done"])
    assert len(ran) == 1


def test_a_lease_that_is_over_frees_the_job_and_the_late_worker_stores_nothing(parts):
    """The first worker hangs past its lease, another takes over; what the first writes is undone."""
    inside, leave = threading.Event(), threading.Event()
    tries = []

    def hang_once(_payload):
        statement = "INSERT INTO domain_event (event_id, name, payload) VALUES (gen_random_uuid(), 'a', '{}')"
        parts.uow.session.execute(text(statement))
        tries.append(1)
        if len(tries) == 1:
            inside.set()
            assert leave.wait(20)

    parts.registry.add_jobs([Job("note", hang_once)])
    enqueue(parts)
    first, second = parts.worker(), parts.worker()
    thread = threading.Thread(target=first.run_pending)
    thread.start()
    assert inside.wait(10)
    parts.execute("UPDATE job SET lease_until = now() - interval '1 second'")
    second._tend()
    assert second.run_pending() == 1
    leave.set()
    thread.join(20)
    assert not thread.is_alive()
    assert parts.rows("SELECT status, attempts FROM job") == [("done", 2)]
    assert parts.rows("SELECT count(*) FROM domain_event") == [(1,)]
    assert parts.reported == []


def test_effects_run_without_an_open_transaction(parts):
    found = []

    def look(_payload):
        found.append(parts.uow.is_open)
        found.append(
            # This database's alone: other tests run on the same server.
            parts.rows(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state LIKE 'idle in trans%'"
            )[0][0]
        )

    parts.registry.add_jobs([Job("effect", look, effect=True), Job("plain", look)])
    parts.registry.add_handlers([Handler(LampLit, look, key="lamp", effect=True)])
    enqueue(parts, "effect")
    with parts.uow as uow:
        uow.record(LampLit(lamp_id=1))
    with parts.uow:
        pass  # ends the transaction that the session of this test may have
    assert parts.worker().run_pending() == 2
    assert found == [False, 0, False, 0]
    enqueue(parts, "plain")
    parts.worker().run_pending()
    assert found[4] is True


def test_handlers_get_the_event_as_it_was(parts):
    seen = []
    parts.registry.add_handlers([Handler(LampLit, seen.append, key="lamp")])
    event = LampLit(lamp_id=7)
    with parts.uow as uow:
        uow.record(event)
    parts.worker().run_pending()
    assert seen == [event]


@pytest.mark.parametrize("lost", ["kind", "handler", "event"])
def test_what_no_plugin_knows_any_more_stays_visible(parts, lost, monkeypatch):
    if lost == "kind":
        parts.registry.add_jobs([Job("note", print)])
        enqueue(parts)
        parts.registry.jobs.clear()
    else:
        parts.registry.add_handlers([Handler(LampLit, print, key="lamp")])
        with parts.uow as uow:
            uow.record(LampLit(lamp_id=1))
        if lost == "handler":
            parts.registry._by_key.clear()
        else:
            monkeypatch.delitem(EVENT_TYPES, "test.lamp_lit")
    parts.worker().run_pending()
    [(status, error)] = parts.rows("SELECT status, last_error FROM job")
    assert status == "pending", "it is tried again: the plugin may come back"
    assert error.startswith("LookupError: no plugin")


def test_jobs_wait_for_their_time_and_go_in_its_order(parts):
    ran = []
    parts.registry.add_jobs([Job("note", lambda payload: ran.append(payload["number"]))])
    enqueue(parts, count=4)
    parts.execute("UPDATE job SET run_at = now() - make_interval(secs => (payload ->> 'number')::int)")
    parts.execute("UPDATE job SET run_at = now() + interval '1 hour' WHERE payload ->> 'number' = '0'")
    parts.worker().run_pending()
    assert ran == [3, 2, 1]
    assert sorted(parts.statuses()) == ["done", "done", "done", "pending"]


def test_periodic_jobs_once_a_period(parts):
    ran = []
    parts.registry.add_jobs([Job("clean", ran.append, every=3600.0)])
    workers = [parts.worker() for _ in range(3)]
    for worker in workers:
        worker._tend()
        worker._tend()
    periods = parts.rows("SELECT floor(extract(epoch FROM now()) / 3600)::bigint")
    assert parts.rows("SELECT kind, key FROM job") == [("clean", f"clean:{periods[0][0]}")]
    for worker in workers:
        worker.run_pending()
    assert ran == [{}]
    parts.execute("UPDATE job SET key = 'clean:0'")  # as if the period were over
    parts.worker()._tend()
    assert len(parts.statuses()) == 2


def test_stop_lets_the_job_at_hand_finish(parts):
    inside, leave = threading.Event(), threading.Event()

    def slow(_payload):
        inside.set()
        assert leave.wait(20)

    parts.registry.add_jobs([Job("slow", slow)])
    enqueue(parts, "slow", 2)
    worker = parts.worker()
    worker.start()
    assert inside.wait(10)
    worker.ask_to_stop()
    parts.worker()._tend()  # what any other worker does each second
    assert parts.statuses() == ["running", "pending"], "the job at hand would be run a second time"
    leave.set()
    worker.stop()
    assert parts.statuses() == ["done", "pending"]
    held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = :id"
    # The server's process ends a moment after its connection.
    eventually(lambda: not parts.rows(held, id=worker._id))
    worker.run_until_stopped()  # returns at once


def test_workers_live_through_a_lost_connection(parts):
    ran = threading.Event()
    parts.registry.add_jobs([Job("note", lambda _payload: ran.set())])
    parts.worker().start()
    listening = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    [(pid,)] = eventually(lambda: parts.rows(listening))
    parts.execute("SELECT pg_terminate_backend(:pid)", pid=pid)
    eventually(lambda: parts.rows(listening + " AND pid <> :pid", pid=pid))
    enqueue(parts)
    assert ran.wait(10)
