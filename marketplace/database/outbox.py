"""The outbox: events and jobs are rows of the caller's transaction; the worker runs them after it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert
from sqlalchemy.dialects.postgresql import Insert, insert as pg_insert
from sqlalchemy.orm import Session

from marketplace.database.built import run_once_built
from marketplace.database.tables import DomainEventRow, JobRow
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.lanes import Lane
from marketplace.kernel.transactions import PlannedJob


def _once(statement: Insert) -> Insert:
    return statement.on_conflict_do_nothing(index_elements=[JobRow.key], index_where=JobRow.key.is_not(None))


_EVENTS = insert(DomainEventRow).returning(DomainEventRow.id, sort_by_parameter_order=True)
_JOBS = insert(JobRow)
_PLANNED = _once(pg_insert(JobRow))


def insert_events(session: Session, events: Sequence[DomainEvent], context: dict[str, str]) -> list[int]:
    """Append `events` to the log, in one statement; returns their sequence numbers in their order."""
    rows = [
        {"event_id": event.event_id, "name": event.name, "payload": event.payload(), "context": context}
        for event in events
    ]
    return list(run_once_built(session, _EVENTS, rows).scalars())


def insert_event_jobs(
    session: Session, jobs: Sequence[tuple[int, str, Lane]], context: dict[str, str]
) -> None:
    """For each `(sequence number, key of the handler, lane)` a row for the worker, in one statement."""
    rows = [
        {
            "kind": "event",
            "payload": {"handler": key},
            "context": context,
            "event_row_id": row_id,
            "lane": lane.value,
        }
        for row_id, key, lane in jobs
    ]
    if rows:
        run_once_built(session, _JOBS, rows)


def insert_planned_jobs(
    session: Session, kind: str, jobs: Sequence[PlannedJob], context: dict[str, str], *, lane: Lane
) -> None:
    """Rows for the worker, in one statement; those whose key there is already are dropped."""
    rows = [
        {
            "kind": kind,
            "payload": dict(job.payload),
            "context": context,
            "key": job.key,
            "lane": lane.value,
            "run_at": job.run_at,
        }
        for job in jobs
    ]
    if rows:
        run_once_built(session, _PLANNED, rows)


def insert_job(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    context: dict[str, str],
    *,
    lane: Lane,
    key: str | None = None,
    run_at: datetime | None = None,
) -> None:
    """A row for the worker. A trigger of the table wakes it at the commit (job_notify_lanes.sql)."""
    statement = pg_insert(JobRow).values(
        kind=kind,
        payload=payload,
        context=context,
        key=key,
        lane=lane.value,
        run_at=func.now() if run_at is None else run_at,
    )
    if key is not None:
        statement = _once(statement)
    session.execute(statement)
