"""The overflow of the LISTEN/NOTIFY bus: payloads too long for a notification."""

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id


class RealtimeMessage(Base):
    """Not logged to the WAL: after a crash, clients catch up on lost messages by `sync`."""

    __tablename__ = "realtime_message"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    id: Mapped[Id]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
