"""Builds the services of operations."""

from dataclasses import dataclass

from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.operations.checks import check_database, check_migrations, check_redis
from marketplace.blueprints.operations.repositories import SqlJobRepository
from marketplace.blueprints.operations.services import JobService, Readiness
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Operations:
    """The services of operations."""

    jobs: JobService
    readiness: Readiness


def build(parts: Runtime) -> Operations:
    """Wire services to their adapters."""
    jobs = JobService(parts.uow, SqlJobRepository(parts.uow, parts.cursors), moderation.audit(parts))
    checks = {"database": check_database, "migrations": check_migrations, "redis": check_redis}
    return Operations(jobs=jobs, readiness=Readiness(checks))


def operations() -> Operations:
    """The services of the current application."""
    return runtime().get(Operations)
