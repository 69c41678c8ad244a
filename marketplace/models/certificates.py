"""Certificates: documents that prove a performer's trade."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.database.base import Base, CreatedAt, Id

WATCHED = "status = 'approved' AND expired_at IS NULL AND expires_on IS NOT NULL"
"""Certificates that have not expired, or whose expiry has not been processed."""


class Certificate(Base):
    """A document of a performer. `expires_on` is the last day, in the performer's time zone, on which it is
    valid; `expired_at` and `reminded_at` are when the expiry and the reminder were processed. `file_key`
    leads to the stored file: a re-encoded picture, or the PDF unchanged; `content_type`, `size` (bytes) and
    `sha256` (hex) describe that file.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'approved', 'rejected')", name="status"),
        CheckConstraint("(status = 'pending') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(status = 'rejected') = (reason IS NOT NULL)", name="reason"),
        CheckConstraint("expires_on > issued_on", name="expires_on"),
        Index("uq_certificate_file_key", "file_key", unique=True),
        Index("ix_certificate_performer_id", "performer_id", "id"),
        Index("ix_certificate_queue", "status", "id"),
        Index("ix_certificate_decided_by", "decided_by"),
        Index("ix_certificate_expires_on", "expires_on", "id", postgresql_where=text(WATCHED)),
    )

    id: Mapped[Id]
    performer_id: Mapped[int] = mapped_column(ForeignKey("performer.id", ondelete="CASCADE"))
    title: Mapped[str]
    issued_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    file_key: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    reason: Mapped[str | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(server_default="1")
