"""The SQL of reports."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from marketplace.blueprints.moderation.ports import ReportFilters, ReportRepository, ReportView
from marketplace.blueprints.moderation.repositories.claims import SqlClaimRepository, claimed
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.moderation import Report

_COLUMNS: tuple[Any, ...] = tuple(Report.__table__.columns)


class SqlReportRepository(SqlRepository, ReportRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(self, values: Mapping[str, Any]) -> ReportView:
        statement = insert(Report).values(**values).returning(*_COLUMNS)
        return ReportView(**self.session.execute(statement).one()._mapping)

    def find(self, report_id: int, *, lock: bool = False) -> ReportView | None:
        statement = select(*_COLUMNS).where(Report.id == report_id)
        if lock:
            statement = statement.with_for_update(key_share=True)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else ReportView(**row._mapping)

    def close(self, report_id: int, values: Mapping[str, Any]) -> ReportView:
        statement = update(Report).where(Report.id == report_id).values(**values).returning(*_COLUMNS)
        return ReportView(**self.session.execute(statement).one()._mapping)

    def list_all(
        self, page: PageRequest, filters: ReportFilters, reader_id: int, now: datetime
    ) -> Page[ReportView]:
        statement = select(*_COLUMNS).order_by(Report.id)
        if filters.content_type is not None:
            statement = statement.where(Report.content_type == filters.content_type)
        if filters.status is not None:
            statement = statement.where(Report.status == filters.status)
        if filters.owner_id is not None:
            statement = statement.where(Report.owner_id == filters.owner_id)
        if filters.claimed is not None:
            statement = statement.where(claimed(Report, filters.claimed, reader_id, now))
        bound = {**asdict(filters), "reader": reader_id}
        found = fetch_page(self.session, statement, page, self._signer, name="reports", filters=bound)
        return Page([_report(row) for row in found.items], found.next, found.previous)


def report_claims(uow: SqlUnitOfWork) -> SqlClaimRepository[ReportView]:
    """The claims of reports; neither the reporter nor the owner of the content decides."""
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
