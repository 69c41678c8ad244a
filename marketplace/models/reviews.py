"""Reviews in both directions, double blind."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class Review(Base):
    """One party's review of the other after a completed order.

    `direction` is `of_performer` (shown to all) or `of_customer` (shown to performers).
    `publish_at` is when the window ends and the review is published even if the other stays silent.
    """

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("direction IN ('of_performer', 'of_customer')", name="direction"),
        Index("uq_review_order_id_author_id", "order_id", "author_id", unique=True),
        Index(
            "ix_review_performer_id",
            "performer_id",
            text("published_at DESC"),
            text("id DESC"),
            postgresql_where=text(
                "published_at IS NOT NULL AND hidden_at IS NULL AND direction = 'of_performer'"
            ),
        ),
        Index("ix_review_publish_at", "publish_at", postgresql_where=text("published_at IS NULL")),
        Index("ix_review_customer_id", "customer_id"),
        Index("ix_review_published_at", "published_at", postgresql_where=text("published_at IS NOT NULL")),
        Index("ix_review_author_id", "author_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    direction: Mapped[str]
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(server_default="")
    note_to_staff: Mapped[str | None]
    reply: Mapped[str | None]
    replied_at: Mapped[datetime | None]
    publish_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]
