"""What the doctor sees of the program itself: its checks of readiness, and the background work."""

from collections.abc import Callable
from functools import partial

from flask import Flask

from marketplace.app import create_app
from marketplace.blueprints.operations.wiring import Operations
from marketplace.config import Settings, StartError
from marketplace.database import deadlines
from marketplace.doctor.findings import Check, Finding, fail, ok, warn
from marketplace.embedded.server import EmbeddedPostgresError
from marketplace.web.runtime import Runtime

MAX_WAIT_SECONDS = 60
"""How long a due job may wait before nobody seems to run it."""
TOLD_ELSEWHERE = {"database", "redis"}
SECONDS = 4.0


def build(settings: Settings) -> tuple[Flask | None, Finding]:
    """The program, and whether it can be built; it is not served."""
    try:
        app = create_app(settings)
    except (StartError, EmbeddedPostgresError) as error:
        return None, fail(str(error), "see docs/operators.md")
    plugins = [plugin.name for plugin in app.extensions["marketplace_plugins"]]
    return app, ok(f"the program can be built, with {len(plugins)} plugins")


def checks_of(app: Flask) -> list[Check]:
    """The checks of readiness, and one of the background work."""
    runtime = app.extensions["marketplace"]
    assert isinstance(runtime, Runtime)
    found = [
        Check(name, partial(look_at, check))
        for name, check in runtime.readiness.items()
        if name not in TOLD_ELSEWHERE
    ]
    return [*found, Check("worker", partial(look_at_worker, app))]


def look_at(check: Callable[[], str | None]) -> Finding:
    """What a check of readiness says; it holds its own advice."""
    missing = check()
    return ok("fine") if missing is None else fail(missing, "/health/ready is 503 until then")


def look_at_worker(app: Flask) -> Finding:
    """Whether due jobs are run, and whether some were given up."""
    runtime = app.extensions["marketplace"]
    with deadlines.within(SECONDS), app.app_context():
        backlog = runtime.get(Operations).rows.backlog()
    waiting, dead = backlog.by_status.get("pending", 0), backlog.by_status.get("dead", 0)
    oldest = backlog.oldest_age_seconds
    said = f"{waiting} jobs wait, the oldest due one for {oldest:.0f} s"
    if oldest > MAX_WAIT_SECONDS:
        return fail(said, "start `make run` or `flask worker`, or set WORKER_INSIDE=true")
    if dead:
        return warn(f"{said}; {dead} were given up", "see GET /api/v1/admin/jobs?status=dead")
    return ok(said)
