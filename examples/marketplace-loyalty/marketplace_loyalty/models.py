"""The plugin's table."""

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import CreatedAt
from marketplace.models import Base


class LoyaltyAccount(Base):
    """The points of one user."""

    __tablename__ = "loyalty_account"
    __table_args__ = (CheckConstraint("points >= 0", name="points"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    points: Mapped[int] = mapped_column(server_default=text("0"))
    opened_at: Mapped[CreatedAt] = mapped_column(index=True)
