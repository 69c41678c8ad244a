"""Reviews in both directions, double blind, and the ratings of customers."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id
from marketplace.kernel.ratings import ASPECTS


class Review(Base):
    """One party's review of the other after a completed order.

    `direction` is `of_performer` (shown to all) or `of_customer` (shown to performers).
    `publish_at` is when the window ends and the review is published even if the other stays silent.
    `quality`, `punctuality` and `communication` are of performers alone, and each may be left out.
    """

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("direction IN ('of_performer', 'of_customer')", name="direction"),
        *(
            CheckConstraint(
                f"{aspect} IS NULL OR {aspect} BETWEEN 1 AND 5 AND direction = 'of_performer'", name=aspect
            )
            for aspect in ASPECTS
        ),
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
    quality: Mapped[int | None]
    punctuality: Mapped[int | None]
    communication: Mapped[int | None]
    text: Mapped[str] = mapped_column(server_default="")
    note_to_staff: Mapped[str | None]
    reply: Mapped[str | None]
    replied_at: Mapped[datetime | None]
    publish_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class ReviewPhoto(Base):
    """A photo of a review; `width` and `height` in pixels. It comes with the review and never changes."""

    __tablename__ = "review_photo"
    __table_args__ = (
        CheckConstraint("width > 0 AND height > 0", name="size"),
        CheckConstraint("position BETWEEN 0 AND 4", name="position"),
        Index("uq_review_photo_position", "review_id", "position", unique=True),
        Index("uq_review_photo_key", "key", unique=True),
        Index("uq_review_photo_thumbnail_key", "thumbnail_key", unique=True),
    )

    id: Mapped[Id]
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"))
    position: Mapped[int]
    key: Mapped[str]
    thumbnail_key: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    created_at: Mapped[CreatedAt]


class CustomerRating(Base):
    """The published reviews of a customer by performers, counted: kept by the transaction that publishes or
    hides one, as the figures of performers are. Customers without such reviews may have no row.
    """

    __tablename__ = "customer_rating"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    rating_count: Mapped[int]
    rating_sum: Mapped[int]
