"""Tables that the mechanisms of this layer own: the event log, jobs, idempotency keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class DomainEventRow(Base):
    """The log of domain events, written in the transaction that causes them."""

    __tablename__ = "domain_event"

    id: Mapped[Id]
    event_id: Mapped[UUID] = mapped_column(unique=True)
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    context: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    occurred_at: Mapped[CreatedAt]


class JobRow(Base):
    """The outbox: work that runs after the commit, at least once."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'running', 'done', 'dead')", name="status"),
        CheckConstraint("lane IN ('sockets', 'codes', 'work', 'mail', 'bulk', 'fetches')", name="lane"),
        Index("ix_job_pending", "run_at", "id", postgresql_where=text("status = 'pending'")),
        Index("ix_job_lane", "lane", "run_at", "id", postgresql_where=text("status = 'pending'")),
        Index("ix_job_running", "worker_id", postgresql_where=text("status = 'running'")),
        Index("ix_job_dead", "id", postgresql_where=text("status = 'dead'")),
        Index("ix_job_finished_at", "finished_at", postgresql_where=text("status = 'done'")),
        Index("uq_job_key", "key", unique=True, postgresql_where=text("key IS NOT NULL")),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    key: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    context: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    event_row_id: Mapped[int | None] = mapped_column(ForeignKey("domain_event.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(server_default="pending")
    lane: Mapped[str] = mapped_column(server_default="work")
    run_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default="0")
    worker_id: Mapped[int | None]
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """The stored answer of a POST; written in the transaction of the POST."""

    __tablename__ = "idempotency_key"

    scope: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), index=True
    )
