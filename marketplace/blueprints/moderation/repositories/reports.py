"""The SQL of reports."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from marketplace.blueprints.moderation.ports import ReportView
from marketplace.blueprints.moderation.repositories.claims import SqlClaimRepository, claimed
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.moderation import Report

_COLUMNS: tuple[Any, ...] = tuple(Report.__table__.columns)


class SqlReportRepository(SqlRepository):
    """Reports."""

    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(self, values: Mapping[str, Any]) -> ReportView:
        """Store a new one; the partial unique index refuses a second open one."""
        statement = insert(Report).values(**values).returning(*_COLUMNS)
        return ReportView(**self.session.execute(statement).one()._mapping)

    def find(self, report_id: int, *, lock: bool = False) -> ReportView | None:
        """One by its id."""
        statement = select(*_COLUMNS).where(Report.id == report_id)
        if lock:
            statement = statement.with_for_update(key_share=True)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else ReportView(**row._mapping)

    def close(self, report_id: int, values: Mapping[str, Any]) -> ReportView:
        """Store what staff decided."""
        statement = update(Report).where(Report.id == report_id).values(**values).returning(*_COLUMNS)
        return ReportView(**self.session.execute(statement).one()._mapping)

    def list_all(
        self, page: PageRequest, filters: Mapping[str, Any], reader_id: int, now: datetime
    ) -> Page[ReportView]:
        """Oldest first."""
        statement = select(*_COLUMNS).order_by(Report.id)
        for name, value in filters.items():
            if name == "claimed":
                statement = statement.where(claimed(Report, value, reader_id, now))
            else:
                statement = statement.where(getattr(Report, name) == value)
        bound = {**filters, "reader": reader_id}
        found = fetch_page(self.session, statement, page, self._signer, name="reports", filters=bound)
        return Page([_report(row) for row in found.items], found.next, found.previous)


def report_claims(uow: SqlUnitOfWork) -> SqlClaimRepository[ReportView]:
    """The claims of reports; neither who told nor whose it is decides."""
    return SqlClaimRepository(
        uow,
        Report,
        _report,
        columns=_COLUMNS,
        waiting="open",
        parties=(Report.reporter_id, Report.owner_id),
    )


def _report(row: Row[Any]) -> ReportView:
    return ReportView(**row._mapping)
