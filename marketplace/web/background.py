"""Builds the worker of the outbox; its jobs keep the request id and the trace of their request."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from marketplace.database import deadlines
from marketplace.database.worker import Worker
from marketplace.extensions import db
from marketplace.web.observability.request_id import bind_request_id, current_request_id
from marketplace.web.observability.sentry import capture_exception
from marketplace.web.observability.tracing import continue_trace, inject_context
from marketplace.web.runtime import Runtime


def job_context() -> dict[str, str]:
    """The data to store with a job of the current request, job or socket event."""
    context = inject_context()
    request_id = current_request_id()
    if request_id is not None:
        context["request_id"] = request_id
    return context


def make_worker(app: Flask, threads: int | None = None) -> Worker:
    """A worker for the outbox of `app`, not yet started."""
    runtime = app.extensions["marketplace"]
    assert isinstance(runtime, Runtime)

    @contextmanager
    def scope(context: dict[str, str], name: str) -> Iterator[None]:
        within = deadlines.within(deadlines.JOB_SECONDS, each=True)
        with within, app.app_context(), bind_request_id(context.get("request_id")):
            if "traceparent" not in context:
                yield
                return
            with continue_trace(context, name):
                yield

    with app.app_context():
        engine = db.engine
    count = threads or runtime.settings.worker_threads
    return Worker(engine, runtime.uow, runtime.registry, scope, capture_exception, count)
