"""Bookings: the order and its history."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, literal_column, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id

STATUSES = (
    "pending",
    "confirmed",
    "declined",
    "expired",
    "cancelled",
    "in_progress",
    "delivered",
    "changes_requested",
    "completed",
    "disputed",
)


class Order(Base):
    """A booked service. What was agreed (title, price, duration) is copied onto the order, so that a
    later change of the service changes no order; so is the notice that the performer wanted.
    `state_entered_at` names the entry into the present status; `proposed_*` hold a new time that one party
    proposes and the other may accept; `resolution*` hold a party's proposal of how to end a dispute.
    """

    __tablename__ = "order"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{s}'" for s in STATUSES) + ")", name="status"),
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("(proposed_starts_at IS NULL) = (proposed_by IS NULL)", name="proposal"),
        CheckConstraint("(resolution IS NULL) = (resolution_by IS NULL)", name="resolution"),
        ExcludeConstraint(
            ("performer_id", "="),
            (func.tstzrange(literal_column("starts_at"), literal_column("ends_at")), "&&"),
            where=text("status IN ('confirmed', 'in_progress')"),
            using="gist",
            name="ex_order_performer_time",
        ),
        Index("ix_order_customer_id", "customer_id", text("created_at DESC"), text("id DESC")),
        Index("ix_order_performer_id", "performer_id", text("created_at DESC"), text("id DESC")),
        Index("ix_order_service_id", "service_id"),
        Index("ix_order_created_at", "created_at"),
        Index("ix_order_status", "status", "starts_at"),
        Index(
            "uq_order_pending",
            "customer_id",
            "performer_id",
            "starts_at",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    status: Mapped[str] = mapped_column(server_default="pending")
    title: Mapped[str]
    pricing: Mapped[str]
    price_amount: Mapped[int | None]
    price_currency: Mapped[str | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    notice_minutes: Mapped[int] = mapped_column(server_default="0")
    address: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(server_default="")
    proposed_starts_at: Mapped[datetime | None]
    proposed_by: Mapped[str | None]
    resolution: Mapped[str | None]
    resolution_by: Mapped[str | None]
    state_entered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    completed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(server_default="1")


class OrderTransition(Base):
    """One row of an order's history: who moved it, from where to where, and why."""

    __tablename__ = "order_transition"
    __table_args__ = (
        Index("ix_order_transition_order_id", "order_id", "id"),
        Index("ix_order_transition_to_status", "to_status", "created_at"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"))
    transition: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_role: Mapped[str]
    reason: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]
