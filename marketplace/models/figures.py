"""Response and completion figures of performers: derived, and recomputable at any time."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base


class PerformerFigures(Base):
    """The figures of one performer, as blueprints/reliability/repositories.py counts them: `asked` new orders
    and chats, of which `answered` were answered, a third of these within `response_p33` minutes and two
    thirds within `response_p66`; `completed` orders, and `withdrawn` ones that the performer accepted and
    then cancelled or did not come to.
    """

    __tablename__ = "performer_figures"
    __table_args__ = (CheckConstraint("answered BETWEEN 0 AND asked", name="answered"),)

    performer_id: Mapped[int] = mapped_column(
        ForeignKey("performer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    asked: Mapped[int]
    answered: Mapped[int]
    response_p33: Mapped[int | None]
    response_p66: Mapped[int | None]
    completed: Mapped[int]
    withdrawn: Mapped[int]
    computed_at: Mapped[datetime]
