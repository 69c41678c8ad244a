"""Bookings: the order and its history."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, func, literal_column, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
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
    """A booked service. The agreed title, price and duration are copied onto the order, so that a later
    change of the service changes no order; so is the notice that the performer wanted. `padded` is the time
    with the buffers that the performer wanted around it, NULL for orders of before; `latitude` and
    `longitude` are those of the address, or of the performer's city. `despite_conflicts` means that the
    performer took the order though it leaves too little time before or after others.
    `state_entered_at` names the entry into the present status; `state_entry` counts entries and agreed
    reschedules, for timers, and is below 1 where code that knows no timers made the last one; `proposed_*`
    hold a new time that one party proposes and the other may accept; `resolution*` hold a party's proposal of
    how to end a dispute.

    `cancellation_policy` is the performer's when the order was created ({"name", "tiers"}), NULL for orders
    of before. `fault` and `cancellation_*` say of a cancelled order whose doing it was and what it costs the
    customer, in percent and in minor units of `price_currency`. `arrival_code` is known to the customer
    alone; `arrival_tries` counts the tries of it.

    `series_id` names the series that the order was booked with, and `series_position` its place there.

    While a dispute lasts, `disputed_from` is the status that it interrupts, `disputed_after` for how long
    that had lasted, and `disputed_by` the role of who opened it; NULL where code of before opened it.
    `decision_due_at` is when staff may decide, and stays when a dispute is withdrawn. `refund_*` say what the
    end of a dispute gives back to the customer, in percent and in minor units of `price_currency`.
    """

    __tablename__ = "order"
    __table_args__ = (
        CheckConstraint("status IN (" + ", ".join(f"'{s}'" for s in STATUSES) + ")", name="status"),
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("padded IS NULL OR padded @> tstzrange(starts_at, ends_at)", name="padded"),
        CheckConstraint("(proposed_starts_at IS NULL) = (proposed_by IS NULL)", name="proposal"),
        CheckConstraint("(resolution IS NULL) = (resolution_by IS NULL)", name="resolution"),
        CheckConstraint("resolution_refund_percent BETWEEN 0 AND 100", name="resolution_refund_percent"),
        CheckConstraint("(disputed_from IS NULL) = (disputed_by IS NULL)", name="disputed_by"),
        CheckConstraint("(disputed_from IS NULL) = (disputed_after IS NULL)", name="disputed_after"),
        CheckConstraint("refund_percent BETWEEN 0 AND 100", name="refund_percent"),
        CheckConstraint("refund_amount IS NULL OR refund_percent IS NOT NULL", name="refund"),
        CheckConstraint("fault IN ('customer', 'performer', 'none')", name="fault"),
        CheckConstraint("cancellation_percent BETWEEN 0 AND 100", name="cancellation_percent"),
        CheckConstraint("(fault IS NULL) = (cancellation_percent IS NULL)", name="cancellation"),
        CheckConstraint("arrival_tries BETWEEN 0 AND 5", name="arrival_tries"),
        CheckConstraint("NOT arrival_proven OR arrived_at IS NOT NULL", name="arrival"),
        CheckConstraint("(series_id IS NULL) = (series_position IS NULL)", name="series"),
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
            "ix_order_without_timers",
            "id",
            postgresql_where=text(
                "state_entry <= 0 AND status NOT IN ('declined', 'expired', 'cancelled', 'completed')"
            ),
        ),
        Index(
            "uq_order_series",
            "series_id",
            "series_position",
            unique=True,
            postgresql_where=text("series_id IS NOT NULL"),
        ),
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
    series_id: Mapped[int | None] = mapped_column(ForeignKey("order_series.id"))
    series_position: Mapped[int | None]
    title: Mapped[str]
    pricing: Mapped[str]
    price_amount: Mapped[int | None]
    price_currency: Mapped[str | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    notice_minutes: Mapped[int] = mapped_column(server_default="0")
    padded: Mapped[Range[datetime] | None] = mapped_column(TSTZRANGE)
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    despite_conflicts: Mapped[bool] = mapped_column(server_default=text("false"))
    address: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(server_default="")
    proposed_starts_at: Mapped[datetime | None]
    proposed_by: Mapped[str | None]
    proposed_despite_conflicts: Mapped[bool] = mapped_column(server_default=text("false"))
    resolution: Mapped[str | None]
    resolution_by: Mapped[str | None]
    resolution_refund_percent: Mapped[int | None]
    disputed_from: Mapped[str | None]
    disputed_by: Mapped[str | None]
    disputed_after: Mapped[timedelta | None]
    decision_due_at: Mapped[datetime | None]
    refund_percent: Mapped[int | None]
    refund_amount: Mapped[int | None]
    cancellation_policy: Mapped[dict[str, Any] | None]
    fault: Mapped[str | None]
    cancellation_percent: Mapped[int | None]
    cancellation_amount: Mapped[int | None]
    waived_at: Mapped[datetime | None]
    arrival_code: Mapped[str | None]
    arrival_tries: Mapped[int] = mapped_column(server_default="0")
    arrived_at: Mapped[datetime | None]
    arrival_proven: Mapped[bool] = mapped_column(server_default=text("false"))
    state_entered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state_entry: Mapped[int] = mapped_column(server_default="0")
    completed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    version: Mapped[int] = mapped_column(server_default="1")


class OrderRemark(Base):
    """Something that happened to an order without being a step of it: staff waived its fee."""

    __tablename__ = "order_remark"
    __table_args__ = (
        CheckConstraint("kind IN ('waiver')", name="kind"),
        Index("ix_order_remark_order_id", "order_id", "created_at", "id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"))
    kind: Mapped[str]
    actor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    actor_role: Mapped[str]
    reason: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]


class CancellationPolicy(Base):
    """What a performer's customers pay when they cancel: `tiers` is [{"hours_before", "percent"}], the
    earliest first. New orders copy it.
    """

    __tablename__ = "cancellation_policy"
    __table_args__ = (
        CheckConstraint("name IN ('free', 'flexible', 'moderate', 'strict', 'custom')", name="name"),
        CheckConstraint("jsonb_typeof(tiers) = 'array'", name="tiers"),
    )

    performer_id: Mapped[int] = mapped_column(
        ForeignKey("performer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str]
    tiers: Mapped[list[Any]]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
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
