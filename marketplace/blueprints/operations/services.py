"""The use cases of operations."""

from collections.abc import Callable, Mapping

from marketplace.blueprints.operations.errors import JobNotDead
from marketplace.blueprints.operations.ports import AuditLog, Backlog, JobRepository, JobView
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork


class JobService:
    """The outbox, for staff."""

    def __init__(self, uow: UnitOfWork, jobs: JobRepository, audit: AuditLog) -> None:
        self._uow = uow
        self._jobs = jobs
        self._audit = audit

    def list_jobs(self, page: PageRequest, status: str | None) -> Page[JobView]:
        """Newest first."""
        return self._jobs.list_all(page, status)

    def retry(self, actor: Principal, job_id: int) -> JobView:
        """Give a dead job all its tries again. Raises NotFound, JobNotDead."""
        with self._uow:
            revived = self._jobs.revive(job_id)
            if revived is None:
                if self._jobs.find(job_id) is None:
                    raise NotFound
                raise JobNotDead
            self._audit.write("job.retry", "job", job_id, actor=actor, before="dead", after="pending")
            return revived

    def backlog(self) -> Backlog:
        """What waits."""
        return self._jobs.backlog()

    def prune(self) -> None:
        """Delete what has served."""
        with self._uow:
            self._jobs.prune()


class Readiness:
    """Whether the program can serve; each check gives None or what is missing."""

    def __init__(self, checks: Mapping[str, Callable[[], str | None]]) -> None:
        self._checks = checks

    def missing(self) -> dict[str, str]:
        """What is missing, by check; empty when all is there."""
        found = {name: check() for name, check in self._checks.items()}
        return {name: problem for name, problem in found.items() if problem is not None}
