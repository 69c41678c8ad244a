"""Pictures of a performer's work, in the order that the performer gave them."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class PortfolioImage(Base):
    """A stored picture; `width` and `height` in pixels. Without `thumbnail_key` its thumbnail is still
    being made. The rows of a performer are added and moved under the lock of the performer's row.
    """

    __tablename__ = "portfolio_image"
    __table_args__ = (
        CheckConstraint("width > 0 AND height > 0", name="size"),
        Index("ix_portfolio_image_performer_id", "performer_id", "position", "id"),
        Index("uq_portfolio_image_key", "key", unique=True),
        Index("uq_portfolio_image_thumbnail_key", "thumbnail_key", unique=True),
    )

    id: Mapped[Id]
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id", ondelete="CASCADE"))
    key: Mapped[str]
    thumbnail_key: Mapped[str | None]
    width: Mapped[int]
    height: Mapped[int]
    caption: Mapped[str] = mapped_column(server_default="")
    position: Mapped[int]
    created_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(server_default="1")
