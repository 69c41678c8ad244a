"""Moderation: change requests, reports, bulk operations and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class ChangeRequest(Base):
    """An edit of one moderated field that waits for staff; one pending per subject and field.

    `subject_type` and `subject_id` name the edited subject (`user`, `performer`), `requested_by` its owner.
    """

    __tablename__ = "change_request"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'revision_requested', 'withdrawn', 'superseded')",
            name="status",
        ),
        Index(
            "uq_change_request_pending",
            "subject_type",
            "subject_id",
            "field_name",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_change_request_queue", "status", "created_at", "id"),
        Index("ix_change_request_requested_by", "requested_by", text("id DESC")),
        Index("ix_change_request_subject", "subject_type", "subject_id"),
        Index("ix_change_request_claimed_by", "claimed_by", postgresql_where=text("claimed_by IS NOT NULL")),
    )

    id: Mapped[Id]
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    requested_by: Mapped[int] = mapped_column(ForeignKey("user.id"))
    field_name: Mapped[str]
    old_value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), nullable=True)
    new_value: Mapped[Any] = mapped_column(JSONB(none_as_null=False), nullable=True)
    status: Mapped[str] = mapped_column(server_default="pending")
    reason: Mapped[str | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    claimed_until: Mapped[datetime | None]


class AuditEntry(Base):
    """An entry of the audit log: actor, action and subject; the database refuses UPDATE and DELETE
    (audit_log_append_only.sql).

    When an admin acts as a user, `actor_id` is the admin and `on_behalf_of` the user.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_subject", "subject_type", "subject_id", "id"),
        Index("ix_audit_log_actor_id", "actor_id", "id"),
        Index("ix_audit_log_action", "action", "created_at"),
    )

    id: Mapped[Id]
    actor_id: Mapped[int | None]
    on_behalf_of: Mapped[int | None]
    action: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[int | None]
    before: Mapped[Any] = mapped_column(JSONB, nullable=True)
    after: Mapped[Any] = mapped_column(JSONB, nullable=True)
    reason: Mapped[str | None]
    request_id: Mapped[str | None]
    ip: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class Report(Base):
    """A user's report to staff about somebody else's content; `owner_id` is the owner of that content. One
    open report per reporter and subject.
    """

    __tablename__ = "report"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'closed')", name="status"),
        CheckConstraint("outcome IN ('upheld', 'dismissed')", name="outcome"),
        CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="closed"),
        Index(
            "uq_report_open",
            "reporter_id",
            "content_type",
            "content_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_report_queue", "status", "id"),
        Index("ix_report_created_at", "created_at"),
        Index("ix_report_content", "content_type", "content_id"),
        Index("ix_report_owner_id", "owner_id"),
        Index("ix_report_claimed_by", "claimed_by", postgresql_where=text("claimed_by IS NOT NULL")),
    )

    id: Mapped[Id]
    reporter_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    content_type: Mapped[str]
    content_id: Mapped[int]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="open")
    outcome: Mapped[str | None]
    note: Mapped[str | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    closed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    claimed_until: Mapped[datetime | None]


class BulkOperation(Base):
    """A bulk decision, kept for as long as it can be undone: `items` are the subjects it changed, with the
    state before and after (`kernel.bulk.Moved`).
    """

    __tablename__ = "bulk_operation"
    __table_args__ = (
        Index("ix_bulk_operation_created_at", "created_at"),
        Index("ix_bulk_operation_actor_id", "actor_id"),
        Index("ix_bulk_operation_undone_by", "undone_by"),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    actor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    items: Mapped[list[Any]]
    created_at: Mapped[CreatedAt]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
