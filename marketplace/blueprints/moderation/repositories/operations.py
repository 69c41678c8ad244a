"""The SQL of bulk decisions that may be taken back."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import CursorResult, delete, insert, select, update

from marketplace.blueprints.moderation.ports import BulkOperation, OperationRepository
from marketplace.database.repository import SqlRepository
from marketplace.kernel.bulk import Moved
from marketplace.models.moderation import BulkOperation as Row


class SqlOperationRepository(SqlRepository, OperationRepository):
    """A bulk decision is one document: it is written once, and read at most once."""

    def add(self, kind: str, actor_id: int, items: Sequence[Moved], at: datetime) -> int:
        values = {"kind": kind, "actor_id": actor_id, "created_at": at, "items": [asdict(i) for i in items]}
        return self.session.execute(insert(Row).values(**values).returning(Row.id)).scalar_one()

    def lock(self, operation_id: int) -> BulkOperation | None:
        statement = (
            select(Row.id, Row.kind, Row.actor_id, Row.items, Row.created_at, Row.undone_at)
            .where(Row.id == operation_id)
            .with_for_update(key_share=True)
        )
        row = self.session.execute(statement).one_or_none()
        if row is None:
            return None
        items = [Moved(**item) for item in row.items]
        return BulkOperation(row.id, row.kind, row.actor_id, items, row.created_at, row.undone_at)

    def mark_undone(self, operation_id: int, actor_id: int, at: datetime) -> None:
        statement = update(Row).where(Row.id == operation_id).values(undone_at=at, undone_by=actor_id)
        self.write(statement)

    def prune(self, before: datetime) -> int:
        result = self.write(delete(Row).where(Row.created_at < before))
        assert isinstance(result, CursorResult)
        return result.rowcount
