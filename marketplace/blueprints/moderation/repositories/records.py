"""The SQL of what moderation holds on one user: change requests, reports and entries of the audit log."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, null, or_, select, update

from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.moderation import AuditEntry, ChangeRequest, Report
from marketplace.models.performers import Performer


class SqlPersonalRecords(SqlRepository):
    """Rows that are read for the user's export and blanked when the account is anonymised. The audit log
    stays as it is.
    """

    def changes(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """Edits that the user asked for."""
        return stream_rows(
            self.session,
            select(
                ChangeRequest.id,
                ChangeRequest.subject_type,
                ChangeRequest.subject_id,
                ChangeRequest.field_name,
                ChangeRequest.old_value,
                ChangeRequest.new_value,
                ChangeRequest.status,
                ChangeRequest.reason,
                ChangeRequest.created_at,
                ChangeRequest.decided_at,
            )
            .where(ChangeRequest.requested_by == user_id)
            .order_by(ChangeRequest.id),
        )

    def reports(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """Reports that the user filed."""
        return stream_rows(
            self.session,
            select(
                Report.id,
                Report.content_type,
                Report.content_id,
                Report.reason,
                Report.status,
                Report.outcome,
                Report.created_at,
                Report.closed_at,
            )
            .where(Report.reporter_id == user_id)
            .order_by(Report.id),
        )

    def audit(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """Entries of the audit log about the user, or for acts of the user."""
        performer_id = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
        about = or_(
            and_(AuditEntry.subject_type == "user", AuditEntry.subject_id == user_id),
            and_(AuditEntry.subject_type == "performer", AuditEntry.subject_id == performer_id),
        )
        by_self = and_(AuditEntry.actor_id == user_id, AuditEntry.on_behalf_of.is_(None))
        return stream_rows(
            self.session,
            select(
                AuditEntry.id,
                AuditEntry.action,
                AuditEntry.subject_type,
                AuditEntry.subject_id,
                case((by_self, "you"), (AuditEntry.actor_id.is_(None), "system"), else_="staff").label("by"),
                # What staff did to others, or from where, is not the user's data.
                case((about, AuditEntry.before)).label("before"),
                case((about, AuditEntry.after)).label("after"),
                case((about, AuditEntry.reason)).label("reason"),
                case((by_self, AuditEntry.ip)).label("ip"),
                AuditEntry.created_at,
            )
            .where(or_(about, AuditEntry.actor_id == user_id))
            .order_by(AuditEntry.id),
        )

    def forget(self, user_id: int, at: datetime) -> None:
        """Withdraw the user's pending change requests, and blank the values of all; likewise blank the user's
        text in reports that staff has closed.
        """
        told = (
            update(Report).where(Report.reporter_id == user_id, Report.status == "closed").values(reason="")
        )
        self.write(told)
        waiting = ChangeRequest.status.in_(["pending", "revision_requested"])
        statement = (
            update(ChangeRequest)
            .where(ChangeRequest.requested_by == user_id)
            .values(
                old_value=null(),
                new_value=null(),
                reason=None,
                status=case((waiting, "withdrawn"), else_=ChangeRequest.status),
                decided_at=func.coalesce(ChangeRequest.decided_at, at),
                claimed_by=None,
                claimed_until=None,
            )
        )
        self.write(statement)
