"""The SQL of operations."""

from typing import Any

from sqlalchemy import Row, Select, TextClause, select, text, update

from marketplace.blueprints.operations.ports import Backlog, JobRepository, JobView
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.tables import JobRow
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest

_COLUMNS: tuple[Any, ...] = (
    JobRow.id,
    JobRow.kind,
    JobRow.status,
    JobRow.attempts,
    JobRow.run_at,
    JobRow.last_error,
    JobRow.created_at,
    JobRow.finished_at,
)


def _select() -> Select[Any]:
    return select(*_COLUMNS)


_BACKLOG = text("""
    SELECT CASE WHEN status = 'pending' AND attempts = 0 AND run_at > now() THEN 'planned' ELSE status END,
           count(*), extract(epoch FROM max(now() - run_at)) FROM job
    WHERE status IN ('pending', 'running', 'dead') GROUP BY 1""")
_PRUNE_DONE = text("""
    DELETE FROM job WHERE id IN (
        SELECT id FROM job WHERE status = 'done' AND finished_at < now() - interval '7 days'
        ORDER BY finished_at LIMIT :limit)""")
_PRUNE_ANSWERS = text("""
    DELETE FROM idempotency_key WHERE (scope, key_hash) IN (
        SELECT scope, key_hash FROM idempotency_key WHERE created_at < now() - interval '24 hours'
        ORDER BY created_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)""")
_PRUNE_BUS_MESSAGES = text("""
    DELETE FROM realtime_message WHERE id IN (
        SELECT id FROM realtime_message WHERE created_at < now() - interval '1 hour'
        ORDER BY created_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)""")


class SqlJobRepository(SqlRepository, JobRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def list_all(self, page: PageRequest, status: str | None) -> Page[JobView]:
        statement = _select().order_by(JobRow.id.desc())
        if status is not None:
            statement = statement.where(JobRow.status == status)
        found = fetch_page(
            self.session, statement, page, self._signer, name="jobs", filters={"status": status}
        )
        return Page([_view(row) for row in found.items], found.next, found.previous)

    def find(self, job_id: int) -> JobView | None:
        row = self.session.execute(_select().where(JobRow.id == job_id)).one_or_none()
        return None if row is None else _view(row)

    def revive(self, job_id: int) -> JobView | None:
        statement = (
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.status == "dead")
            .values(status="pending", attempts=0, run_at=text("now()"), finished_at=None)
            .returning(*_COLUMNS)
        )
        row: Row[Any] | None = self.write(statement).one_or_none()
        if row is None:
            return None
        self.session.execute(text("SELECT pg_notify('job', '')"))
        return _view(row)

    def backlog(self) -> Backlog:
        rows = self.session.execute(_BACKLOG).all()
        ages = [float(age) for status, _, age in rows if status == "pending"]
        # A missing gauge is not zero, so statuses without rows are reported too.
        by_status = {"planned": 0, "pending": 0, "running": 0, "dead": 0} | {
            status: count for status, count, _ in rows
        }
        return Backlog(by_status, max([*ages, 0.0]))

    def prune_done(self, limit: int) -> int:
        return self._delete(_PRUNE_DONE, limit)

    def prune_answers(self, limit: int) -> int:
        return self._delete(_PRUNE_ANSWERS, limit)

    def prune_bus_messages(self, limit: int) -> int:
        return self._delete(_PRUNE_BUS_MESSAGES, limit)

    def _delete(self, statement: TextClause, limit: int) -> int:
        return self.session.connection().execute(statement, {"limit": limit}).rowcount


def _view(row: Row[Any]) -> JobView:
    return JobView(**row._mapping)
