"""The SQL of the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select

from marketplace.blueprints.moderation.ports import AuditFilters, AuditRepository, AuditView
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.moderation import AuditEntry

_AUDIT_COLUMNS: tuple[Any, ...] = (
    AuditEntry.id,
    AuditEntry.actor_id,
    AuditEntry.on_behalf_of,
    AuditEntry.action,
    AuditEntry.subject_type,
    AuditEntry.subject_id,
    AuditEntry.before,
    AuditEntry.after,
    AuditEntry.reason,
    AuditEntry.request_id,
    AuditEntry.ip,
    AuditEntry.created_at,
)


class SqlAuditRepository(SqlRepository, AuditRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        if entries:
            self.session.execute(insert(AuditEntry), [dict(entry) for entry in entries])

    def list_all(self, page: PageRequest, filters: AuditFilters) -> Page[AuditView]:
        statement = select(*_AUDIT_COLUMNS).order_by(AuditEntry.id.desc())
        for name, value in asdict(filters).items():
            if value is not None:
                statement = statement.where(getattr(AuditEntry, name) == value)
        found = fetch_page(self.session, statement, page, self._signer, name="audit", filters=asdict(filters))
        return Page([AuditView(**row._mapping) for row in found.items], found.next, found.previous)
