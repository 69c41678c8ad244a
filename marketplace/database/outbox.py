"""The outbox: events and jobs are rows of the caller's transaction; the worker runs them after it."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from marketplace.database.tables import DomainEventRow, JobRow
from marketplace.kernel.events import DomainEvent


def insert_event(session: Session, event: DomainEvent, context: dict[str, str]) -> int:
    """Append `event` to the log; returns its sequence number."""
    statement = (
        insert(DomainEventRow)
        .values(event_id=event.event_id, name=event.name, payload=event.payload(), context=context)
        .returning(DomainEventRow.id)
    )
    return session.execute(statement).scalar_one()


def insert_job(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    context: dict[str, str],
    *,
    key: str | None = None,
    run_at: datetime | None = None,
    event_row_id: int | None = None,
) -> None:
    """A row for the worker. A trigger of the table wakes it at the commit (migration 0001)."""
    statement = pg_insert(JobRow).values(
        kind=kind,
        payload=payload,
        context=context,
        key=key,
        event_row_id=event_row_id,
        run_at=func.now() if run_at is None else run_at,
    )
    if key is not None:
        statement = statement.on_conflict_do_nothing(
            index_elements=[JobRow.key], index_where=JobRow.key.is_not(None)
        )
    session.execute(statement)
