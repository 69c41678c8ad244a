"""Builds the services of operations."""

from dataclasses import dataclass

from flask import Flask, current_app

from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.operations.adapters import (
    DatabaseCheck,
    MigrationsCheck,
    RedisCheck,
    ZonesCheck,
    check_indexes,
    check_letters,
)
from marketplace.blueprints.operations.ports import JobRepository
from marketplace.blueprints.operations.repositories import SqlJobRepository
from marketplace.blueprints.operations.services import Check, JobService, Readiness
from marketplace.database import deadlines
from marketplace.web.observability.metrics import OutboxState, watch_outbox
from marketplace.web.runtime import Runtime, runtime

CHECK_SECONDS = 3.0
"""The limit for the waits of one check: a probe is answered sooner, and the next one finds that the check has
ended.
"""


@dataclass(frozen=True)
class Operations:
    """The services of operations."""

    jobs: JobService
    readiness: Readiness
    rows: JobRepository


def build(parts: Runtime) -> Operations:
    """Wire services to their adapters; add our checks to those of `parts.readiness`, and the outbox to
    the metrics.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's documented way to the object
    rows = SqlJobRepository(parts.uow, parts.cursors)
    parts.readiness["database"] = _within(app, DatabaseCheck())
    parts.readiness["migrations"] = _within(app, MigrationsCheck())
    parts.readiness["indexes"] = _within(app, check_indexes)
    parts.readiness["letters"] = _within(app, check_letters)
    parts.readiness["time_zones"] = _within(app, ZonesCheck(parts.clock))
    if parts.settings.redis_url is not None:
        parts.readiness["redis"] = RedisCheck(parts.settings.redis_url)

    def outbox() -> OutboxState:
        with app.app_context():
            backlog = rows.backlog()
        return OutboxState(backlog.by_status, backlog.oldest_age_seconds)

    watch_outbox(app, outbox)
    return Operations(
        jobs=JobService(parts.uow, rows, moderation.audit(parts)),
        readiness=Readiness(parts.readiness),
        rows=rows,
    )


def operations() -> Operations:
    """The services of the current application."""
    return runtime().get(Operations)


def _within(app: Flask, check: Check) -> Check:
    """`check` for a thread, which has no application context of its own."""

    def run() -> str | None:
        with deadlines.within(CHECK_SECONDS), app.app_context():
            return check()

    return run
