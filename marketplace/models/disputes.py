"""Disputes about orders, and the evidence in them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id

CATEGORIES = ("not_as_agreed", "not_done", "damage", "payment", "behaviour", "other")


class Dispute(Base):
    """What a party complains of about an order, and what became of it; an order has one open dispute at most.

    `from_status` is the order's status before; `reason` is that of the step, `text` the whole story; `due_at`
    is when staff may decide. `asked_*` say who asked staff to decide before that. The order holds proposals
    and the refund; `outcome`, `ended_*` and `decision` say how the dispute ended, who ended it and why.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        CheckConstraint("opened_role IN ('customer', 'performer')", name="opened_role"),
        CheckConstraint("category IN (" + ", ".join(f"'{c}'" for c in CATEGORIES) + ")", name="category"),
        CheckConstraint("asked_role IN ('customer', 'performer')", name="asked_role"),
        CheckConstraint("(asked_at IS NULL) = (asked_role IS NULL)", name="asked_at"),
        CheckConstraint("outcome IN ('completed', 'cancelled', 'withdrawn')", name="outcome"),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended_at"),
        CheckConstraint("(ended_at IS NULL) = (ended_role IS NULL)", name="ended_role"),
        Index("uq_dispute_open", "order_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_dispute_order_id", "order_id", "id"),
        Index("ix_dispute_due_at", "due_at", "id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_dispute_opened_at", "opened_at"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"))
    opened_role: Mapped[str]
    category: Mapped[str] = mapped_column(server_default="other")
    reason: Mapped[str]
    text: Mapped[str] = mapped_column(server_default="")
    from_status: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    asked_role: Mapped[str | None]
    asked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_role: Mapped[str | None]
    outcome: Mapped[str | None]
    decision: Mapped[str | None]


class DisputeEvidence(Base):
    """A file that a party (`side`) of a disputed order shows to the other one and to staff. `file_key` leads
    to the stored file: a re-encoded picture, or the PDF unchanged; `content_type`, `size` (bytes) and
    `sha256` (hex) describe that file. It is the order's: a dispute that is opened anew goes on with it.
    """

    __tablename__ = "dispute_evidence"
    __table_args__ = (
        CheckConstraint("side IN ('customer', 'performer')", name="side"),
        Index("uq_dispute_evidence_file_key", "file_key", unique=True),
        Index("ix_dispute_evidence_order_id", "order_id", "id"),
        Index("ix_dispute_evidence_user_id", "user_id", "id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    side: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    file_key: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    created_at: Mapped[CreatedAt]
