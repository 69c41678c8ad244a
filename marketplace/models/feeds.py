"""Feeds: a user's own orders as a calendar that other programs subscribe to."""

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class CalendarFeed(Base):
    """A secret address at which calendar programs read a user's orders, as customer or as performer. Only a
    hash of the secret is kept (256 random bits, so a fast one).
    """

    __tablename__ = "calendar_feed"
    __table_args__ = (
        CheckConstraint("side IN ('customer', 'performer')", name="side"),
        UniqueConstraint("user_id", "side", name="uq_calendar_feed_user_id_side"),
        UniqueConstraint("secret_hash", name="uq_calendar_feed_secret_hash"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    side: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]
