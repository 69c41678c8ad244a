"""The use cases of operations."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, TimeoutError as NotYet
from time import monotonic

from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.blueprints.operations.errors import JobNotDead
from marketplace.blueprints.operations.ports import JobRepository, JobView
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

log = logging.getLogger(__name__)

READY_SECONDS = 2.0
PRUNE_BATCH = 1000
PRUNE_BATCHES = 200
"""The limit of batches per table in one run of the pruning job; the next run takes the rest."""

Check = Callable[[], str | None]


class JobService:
    """The outbox, for staff and for its own upkeep."""

    def __init__(self, uow: UnitOfWork, jobs: JobRepository, audit: AuditLog) -> None:
        self._uow = uow
        self._jobs = jobs
        self._audit = audit

    def retry(self, actor: Principal, job_id: int) -> JobView:
        """Give a dead job all its tries again. Raises NotFound, JobNotDead."""
        with self._uow:
            revived = self._jobs.revive(job_id)
            if revived is None:
                if self._jobs.find(job_id) is None:
                    raise NotFound
                raise JobNotDead
            before, after = {"status": "dead"}, {"status": revived.status}
            self._audit.write("job.retried", "job", job_id, actor=actor, before=before, after=after)
            return revived

    def prune(self) -> None:
        """Delete rows that are no longer needed, in batches with a transaction each: none runs long or locks
        much.
        """
        for delete in (self._jobs.prune_done, self._jobs.prune_answers, self._jobs.prune_bus_messages):
            for _ in range(PRUNE_BATCHES):
                with self._uow:
                    deleted = delete(PRUNE_BATCH)
                if deleted < PRUNE_BATCH:
                    break


class Readiness:
    """Whether the program can serve; each check returns None or what is missing.

    An answer comes within `timeout` seconds even when a check hangs. The next probe waits for a check that
    still runs and does not start it twice, so probes cost at most one thread and one connection for each
    check, whatever their rate.
    """

    def __init__(self, checks: Mapping[str, Check], timeout: float = READY_SECONDS) -> None:
        self._checks = checks
        self._timeout = timeout
        self._running: dict[str, Future[str | None]] = {}
        self._lock = threading.Lock()

    def missing(self) -> dict[str, str]:
        """What is missing, by check; empty when nothing is."""
        deadline = monotonic() + self._timeout
        running = {name: self._start(name, check) for name, check in self._checks.items()}
        found = {name: _answer(future, deadline) for name, future in running.items()}
        return {name: problem for name, problem in found.items() if problem is not None}

    def _start(self, name: str, check: Check) -> Future[str | None]:
        with self._lock:
            known = self._running.get(name)
            if known is not None and not known.done():
                return known
            future = self._running[name] = Future()
            threading.Thread(
                target=_run, args=(name, check, future), name=f"ready-{name}", daemon=True
            ).start()
            return future


def _run(name: str, check: Check, future: Future[str | None]) -> None:
    try:
        future.set_result(check())
    except Exception:
        # A check of a plugin may raise anything; the probe must answer all the same.
        log.exception("a readiness check failed", extra={"check": name})
        future.set_result("the check failed")


def _answer(future: Future[str | None], deadline: float) -> str | None:
    try:
        return future.result(max(deadline - monotonic(), 0))
    except NotYet:
        return "does not answer in time"
