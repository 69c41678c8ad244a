"""The SQL of privacy: copies of people's data, and deletions that can no longer be taken back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, insert, or_, select, update

from marketplace.blueprints.privacy.ports import DueDeletion, DueDeletions, ExportRepository, ExportView
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.accounts import User
from marketplace.models.privacy import DataExport

_VIEW: tuple[Any, ...] = (
    DataExport.id,
    DataExport.user_id,
    DataExport.status,
    DataExport.created_at,
    DataExport.ready_at,
    DataExport.expires_at,
)
_IS_PENDING = DataExport.status == "pending"


class SqlExportRepository(SqlRepository, ExportRepository):
    def find_pending(self, user_id: int) -> ExportView | None:
        return self._one(select(*_VIEW).where(DataExport.user_id == user_id, _IS_PENDING))

    def find_newest(self, user_id: int, at: datetime) -> ExportView | None:
        statement = (
            select(*_VIEW)
            .where(DataExport.user_id == user_id, or_(_IS_PENDING, DataExport.expires_at > at))
            .order_by(DataExport.id.desc())
            .limit(1)
        )
        return self._one(statement)

    def start(self, user_id: int, at: datetime) -> ExportView:
        self.write(delete(DataExport).where(DataExport.user_id == user_id, ~_IS_PENDING))
        made = insert(DataExport).values(user_id=user_id, created_at=at).returning(*_VIEW)
        return _view(self.session.execute(made).one())

    def lock_pending(self, export_id: int) -> int | None:
        statement = (
            select(DataExport.user_id)
            .where(DataExport.id == export_id, _IS_PENDING)
            .with_for_update(key_share=True)
        )
        return self.session.scalar(statement)

    def find_pending_owner(self, export_id: int) -> int | None:
        return self.session.scalar(select(DataExport.user_id).where(DataExport.id == export_id, _IS_PENDING))

    def finish(self, export_id: int, ready_at: datetime, expires_at: datetime) -> None:
        self._set(export_id, status="ready", ready_at=ready_at, expires_at=expires_at)

    def existing(self, ids: Sequence[int]) -> set[int]:
        return set(self.session.scalars(select(DataExport.id).where(DataExport.id.in_(ids))))

    def fail(self, export_id: int, expires_at: datetime) -> None:
        self._set(export_id, status="failed", expires_at=expires_at)

    def is_ready(self, export_id: int, user_id: int, at: datetime) -> bool:
        statement = (
            select(DataExport.id)
            .join(User, User.id == DataExport.user_id)
            .where(
                DataExport.id == export_id,
                DataExport.user_id == user_id,
                DataExport.status == "ready",
                DataExport.expires_at > at,
                User.is_active,
                User.deleted_at.is_(None),
            )
        )
        return self.session.scalar(statement) is not None

    def purge(self, at: datetime) -> None:
        self.write(delete(DataExport).where(DataExport.expires_at <= at))

    def discard(self, user_id: int) -> None:
        statement = delete(DataExport).where(DataExport.user_id == user_id)
        self.write(statement)

    def fail_pending(self, started_before: datetime, expires_at: datetime) -> None:
        statement = (
            update(DataExport)
            .where(_IS_PENDING, DataExport.created_at < started_before)
            .values(status="failed", expires_at=expires_at)
        )
        self.write(statement)

    def _set(self, export_id: int, **values: Any) -> None:
        statement = update(DataExport).where(DataExport.id == export_id).values(**values)
        self.write(statement)

    def _one(self, statement: Select[Any]) -> ExportView | None:
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _view(row)

    def section(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """The list of copies, for the user's own copy."""
        return stream_rows(
            self.session,
            select(DataExport.id, DataExport.status, DataExport.created_at)
            .where(DataExport.user_id == user_id)
            .order_by(DataExport.id),
        )


class SqlDueDeletions(SqlRepository, DueDeletions):
    def list_due(self, deleted_before: datetime, after_id: int, limit: int) -> list[DueDeletion]:
        statement = (
            select(User.id, User.deleted_at)
            .where(User.deleted_at <= deleted_before, User.anonymised_at.is_(None), User.id > after_id)
            .order_by(User.id)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        rows = self.session.execute(statement)
        return [DueDeletion(user_id, deleted_at) for user_id, deleted_at in rows if deleted_at is not None]

    def lock_due(self, user_id: int, deleted_before: datetime) -> bool:
        statement = (
            select(User.id)
            .where(User.id == user_id, User.deleted_at <= deleted_before, User.anonymised_at.is_(None))
            .with_for_update(key_share=True)
        )
        return self.session.scalar(statement) is not None


def _view(row: Row[Any]) -> ExportView:
    return ExportView(**row._mapping)
