"""The worker: claims jobs of the outbox, runs them, retries with backoff, and leaves the dead visible."""

import logging
import random
import selectors
import socket
import threading
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg2
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from marketplace.database.dsn import libpq_dsn
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.events import EVENT_TYPES, restore
from marketplace.kernel.lanes import Lane, Postponed
from marketplace.kernel.registry import Registry

log = logging.getLogger(__name__)

LEASE_SECONDS = 300
"""How long an unreachable worker keeps its jobs; a killed worker is noticed at once."""
POLL_SECONDS = 1.0
BACKOFF_CAP_SECONDS = 3600
FIXED_THREADS = {Lane.SOCKETS: 1, Lane.CODES: 2, Lane.BULK: 2, Lane.FETCHES: 4}
"""Threads of the lanes with a fixed number: pushes take no time one after the other, codes are few, and work
that nobody waits for takes as little as possible. One of two threads may hang. Fetches wait for strangers
nearly all of their time.
"""
CHANNEL = "job"
_LOCK_SPACE = 0x4A4F42  # the first key of the advisory locks that say "this worker is alive"

_CLAIM = """
    UPDATE job SET status = 'running', attempts = attempts + 1, worker_id = :worker,
                   lease_until = now() + make_interval(secs => :lease)
    WHERE id = (SELECT id FROM job WHERE status = 'pending' AND {due}
                ORDER BY run_at, id FOR NO KEY UPDATE SKIP LOCKED LIMIT 1)
    RETURNING id, kind, payload, context, attempts, event_row_id"""
_CLAIM_ANY = text(_CLAIM.format(due="run_at <= now()"))
_CLAIM_IN_LANE = text(_CLAIM.format(due="run_at <= now() AND lane = :lane"))
# A job that failed or was put off has its time from the database, and so has one that was to run at once.
_CLAIM_BY_CLOCK = text(
    _CLAIM.format(
        due="(run_at = created_at OR run_at <= CASE WHEN last_error IS NULL THEN :clock ELSE now() END)"
    )
)
_EVENT = text("SELECT event_id, name, payload FROM domain_event WHERE id = :id")
_DONE = text("""
    UPDATE job SET status = 'done', finished_at = now(), worker_id = NULL, lease_until = NULL,
                   last_error = NULL
    WHERE id = :id AND status = 'running' AND attempts = :attempts AND worker_id = :worker""")
_FAILED = text("""
    UPDATE job SET status = :status, run_at = now() + make_interval(secs => :delay), last_error = :error,
                   finished_at = CASE WHEN :status = 'dead' THEN now() END,
                   worker_id = NULL, lease_until = NULL
    WHERE id = :id AND status = 'running' AND attempts = :attempts AND worker_id = :worker""")
# The try does not count. The running row of a later claim still has a higher count.
_PUT_OFF = text("""
    UPDATE job SET status = 'pending', run_at = now() + make_interval(secs => :delay), last_error = :error,
                   attempts = attempts - 1, worker_id = NULL, lease_until = NULL
    WHERE id = :id AND status = 'running' AND attempts = :attempts AND worker_id = :worker""")
_RECLAIM = text("""
    UPDATE job SET status = 'pending', worker_id = NULL, lease_until = NULL
    WHERE status = 'running' AND (lease_until < now() OR NOT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = :space AND objid = worker_id
                             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ))""")


def _nothing(_error: Exception) -> None:
    """The default `report`: ignores failed jobs."""


class JobGone(RuntimeError):
    """The job was taken over by another worker while this one ran it; nothing of it was stored."""


@dataclass(frozen=True)
class Claimed:
    id: int
    kind: str
    payload: dict[str, Any]
    context: dict[str, str]
    attempts: int
    event_row_id: int | None


def backoff(attempts: int) -> float:
    """Seconds until the next try: doubling from 1 s up to an hour, half of it random, so
    that jobs that failed together do not come back together (AWS, Exponential Backoff And Jitter).
    """
    full = min(2.0 ** (attempts - 1), BACKOFF_CAP_SECONDS)
    return full * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, guards nothing


class Worker:
    """Runs jobs until `stop()`, in `threads` threads for each of the lanes `work` and `mail`, and in those of
    FIXED_THREADS for the others: a job that hangs in one lane holds no thread of another.

    `scope(context, name)` opens the surroundings of a job: an application context, with the request id and
    trace of the caller bound. `report` is called for every failed try. Several workers share the work
    (`SKIP LOCKED`). Each holds an advisory lock while it lives: the jobs of a killed one are
    free again within `POLL_SECONDS`.
    """

    def __init__(
        self,
        engine: Engine,
        uow: SqlUnitOfWork,
        registry: Registry,
        scope: Callable[[dict[str, str], str], AbstractContextManager[object]],
        report: Callable[[Exception], None] = _nothing,
        threads: int = 2,
    ) -> None:
        self._engine = engine
        self._uow = uow
        self._registry = registry
        self._scope = scope
        self._report = report
        self._count = threads
        self._id = random.randrange(1, 2**31)  # noqa: S311 - a name, not a secret
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._woken: Counter[Lane] = Counter()
        self._threads: list[threading.Thread] = []
        self._bell: tuple[socket.socket, socket.socket] | None = None
        self._alive = threading.Event()
        self._periods: dict[str, int] = {}

    def start(self) -> None:
        """Start the threads and return."""
        self._bell = socket.socketpair()
        self._bell[0].setblocking(False)
        targets: list[tuple[str, Callable[[], None]]] = [("job-listener", self._listen)]
        for lane in Lane:
            count = FIXED_THREADS.get(lane, self._count)
            targets += [(f"job-{lane}-{number}", partial(self._loop, lane)) for number in range(count)]
        for name, target in targets:
            thread = threading.Thread(target=target, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def ask_to_stop(self) -> None:
        """Take no more jobs; returns at once, so that a signal handler may call it."""
        self._stopping.set()
        self._alive.set()
        if self._bell is not None:
            # Closed once the worker has stopped, full when it was asked often enough.
            with suppress(OSError):
                self._bell[0].send(b"!")

    def stop(self, timeout: float = 10.0) -> None:
        """Finish the running jobs and end; others take over jobs that last beyond `timeout` seconds."""
        self.ask_to_stop()
        self._notify()
        deadline = monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        if self._bell is not None and not self._threads[0].is_alive():
            for end in self._bell:
                end.close()

    def run_until_stopped(self) -> None:
        """Block until `stop()` is called, from a signal handler or another thread."""
        self._stopping.wait()

    def run_pending(self, clock: datetime | None = None) -> int:
        """Run all due jobs of any lane in this thread, for tests and commands. Returns how many ran.

        Jobs with a time of their own are due by the database's time, or by `clock` where a test holds it.
        """
        count = 0
        while self.run_one(clock=clock):
            count += 1
        return count

    def run_one(self, lane: Lane | None = None, *, clock: datetime | None = None) -> bool:
        """Claim and run one job, of `lane` or of any; False when none is due. `clock` is as in `run_pending`,
        and goes for all lanes.
        """
        with self._scope({}, "claim"):
            job = self._claim(lane, clock)
        if job is None:
            return False
        with self._scope(job.context, job.kind):
            self._run(job)
        return True

    def _claim(self, lane: Lane | None, clock: datetime | None) -> Claimed | None:
        values: dict[str, Any] = {"worker": self._id, "lease": LEASE_SECONDS}
        statement = _CLAIM_ANY
        if clock is not None:
            statement, values["clock"] = _CLAIM_BY_CLOCK, clock
        elif lane is not None:
            statement, values["lane"] = _CLAIM_IN_LANE, lane.value
        with self._uow as uow:
            row = uow.session.execute(statement, values).one_or_none()
            return None if row is None else Claimed(*row)

    def _run(self, job: Claimed) -> None:
        try:
            run, effect = self._prepare(job)
            if effect:
                run()
                with self._uow:
                    self._finish(job)
            else:
                with self._uow:
                    run()
                    self._finish(job)
        except JobGone:
            log.warning("job taken over", extra={"job_id": job.id, "kind": job.kind})
        except Postponed as postponed:
            self._put_off(job, postponed)
        except Exception as error:  # noqa: BLE001 - whatever a job raises, the row must say so
            self._failed(job, error)

    def _prepare(self, job: Claimed) -> tuple[Callable[[], None], bool]:
        if job.event_row_id is None:
            known = self._registry.jobs.get(job.kind)
            if known is None:
                raise LookupError(f"no plugin runs jobs of the kind {job.kind!r}")
            return partial(known.run, job.payload), known.effect
        handler = self._registry.handler(job.payload["handler"])
        if handler is None:
            raise LookupError(f"no plugin has the event handler {job.payload['handler']!r}")
        with self._uow as uow:
            event_id, name, payload = uow.session.execute(_EVENT, {"id": job.event_row_id}).one()
        if name not in EVENT_TYPES:
            raise LookupError(f"no plugin knows the event {name!r}")
        event = restore(name, UUID(str(event_id)), payload)
        return partial(handler.run, event), handler.effect

    def _finish(self, job: Claimed) -> None:
        values = {"id": job.id, "attempts": job.attempts, "worker": self._id}
        if self._uow.session.connection().execute(_DONE, values).rowcount != 1:
            raise JobGone

    def _put_off(self, job: Claimed, postponed: Postponed) -> None:
        log.info("job put off", extra={"job_id": job.id, "kind": job.kind, "reason": str(postponed)})
        # Spread out, like retries.
        spread = 0.0 if postponed.exactly else random.random() / 4  # noqa: S311 - spreads load, guards nothing
        values = {
            "id": job.id,
            "attempts": job.attempts,
            "worker": self._id,
            "delay": postponed.seconds * (1 + spread),
            "error": f"Postponed: {postponed}",
        }
        with self._uow as uow:
            uow.session.execute(_PUT_OFF, values)

    def _failed(self, job: Claimed, error: Exception) -> None:
        known = self._registry.jobs.get(job.kind)
        dead = job.attempts >= (known.max_attempts if known else 10)
        log.log(
            logging.ERROR if dead else logging.WARNING,
            "job failed",
            exc_info=error,
            extra={"job_id": job.id, "kind": job.kind, "attempts": job.attempts, "dead": dead},
        )
        self._report(error)
        values = {
            "id": job.id,
            "attempts": job.attempts,
            "worker": self._id,
            "status": "dead" if dead else "pending",
            "delay": backoff(job.attempts),
            "error": f"{type(error).__name__}: {error}"[:2000].replace("\x00", ""),
        }
        with self._uow as uow:
            uow.session.execute(_FAILED, values)

    def _loop(self, lane: Lane) -> None:
        failures = 0
        self._alive.wait()  # a claim before the lock is held would look like a dead worker's
        while not self._stopping.is_set():
            seen = self._woken[lane]
            try:
                worked = self.run_one(lane)
                failures = 0
            except Exception:
                # The database is away: wait longer each time, and never end the thread.
                failures = min(failures + 1, 5)
                log.exception("worker cannot reach its jobs")
                self._stopping.wait(failures * 0.5)
                continue
            if not worked:
                with self._wake:
                    self._wake.wait_for(partial(self._has_news, lane, seen), POLL_SECONDS)

    def _has_news(self, lane: Lane, seen: int) -> bool:
        return self._woken[lane] != seen or self._stopping.is_set()

    def _notify(self, names: Collection[str] = ()) -> None:
        """Wake the lanes of these names, or all."""
        with self._wake:
            self._woken.update(lane for lane in Lane if not names or lane.value in names)
            self._wake.notify_all()

    def _listen(self) -> None:
        """Hold the lock of a living worker, wake threads on NOTIFY, reclaim and schedule jobs."""
        while not self._stopping.is_set():
            try:
                self._listen_once()
            except (psycopg2.Error, SQLAlchemyError):
                log.warning("job listener lost the database; trying again")
                self._stopping.wait(0.5)

    def _listen_once(self) -> None:
        connection = psycopg2.connect(libpq_dsn(self._engine.url))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s, %s)", (_LOCK_SPACE, self._id))
                cursor.execute(f'LISTEN "{CHANNEL}"')
            self._alive.set()
            self._notify()
            # Not select(): a process with a thousand sockets has file numbers beyond its limit.
            selector = selectors.DefaultSelector()
            selector.register(connection, selectors.EVENT_READ)
            assert self._bell is not None
            selector.register(self._bell[1], selectors.EVENT_READ)
            while not self._stopping.is_set():
                self._tend()
                if selector.select(POLL_SECONDS) and not self._stopping.is_set():
                    connection.poll()
                    # An older trigger sends no payload: then wake all lanes.
                    payloads = {notice.payload for notice in connection.notifies}
                    connection.notifies.clear()
                    self._notify(() if "" in payloads else payloads)
            # The lock is held until the jobs at hand are done: else other workers would begin them, too.
            self._notify()
            for thread in self._threads[1:]:
                thread.join()
        finally:
            connection.close()

    def _tend(self) -> None:
        with self._scope({}, "tend"), self._uow as uow:
            uow.session.execute(_RECLAIM, {"space": _LOCK_SPACE})
            self._enqueue_periodic(uow)

    def _enqueue_periodic(self, uow: SqlUnitOfWork) -> None:
        """One job per period and kind, however many workers there are: the period is in the key."""
        now = uow.database_now().timestamp()
        for job in self._registry.jobs.values():
            if job.every is None:
                continue
            period = int(now // job.every)
            if self._periods.get(job.kind) != period:
                uow.enqueue(job.kind, {}, key=f"{job.kind}:{period}")
                self._periods[job.kind] = period
