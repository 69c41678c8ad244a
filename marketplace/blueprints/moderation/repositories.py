"""The SQL of moderation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Row, Select, insert, select, text, update

from marketplace.blueprints.moderation.ports import AuditView, ChangeView
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.changes import Change
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.moderation import AuditEntry, ChangeRequest

_CHANGE_COLUMNS: tuple[Any, ...] = (
    ChangeRequest.id,
    ChangeRequest.subject_type,
    ChangeRequest.subject_id,
    ChangeRequest.requested_by,
    ChangeRequest.field_name,
    ChangeRequest.old_value,
    ChangeRequest.new_value,
    ChangeRequest.status,
    ChangeRequest.reason,
    ChangeRequest.decided_by,
    ChangeRequest.decided_at,
    ChangeRequest.created_at,
)
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

# A lock for the subject and not of its row: where nothing is pending yet, there is no row to wait for.
_SUBMITTING = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")

_REPLACED = """
    CASE WHEN {column} @> to_jsonb(CAST(:old AS bigint)) AND jsonb_typeof({column}) = 'array' THEN (
        SELECT jsonb_agg(DISTINCT item ORDER BY item) FROM (
            SELECT CASE item WHEN to_jsonb(CAST(:old AS bigint)) THEN to_jsonb(CAST(:new AS bigint))
            ELSE item END
            FROM jsonb_array_elements({column}) AS item
        ) AS replaced (item)
    ) ELSE {column} END
"""
_REPLACE_ITEM = text(
    f"""
    UPDATE change_request
    SET old_value = {_REPLACED.format(column="old_value")}, new_value = {_REPLACED.format(column="new_value")}
    WHERE subject_type = :subject_type AND field_name = :field_name AND status = 'pending'
    AND (old_value @> to_jsonb(CAST(:old AS bigint)) OR new_value @> to_jsonb(CAST(:old AS bigint)))
    """  # noqa: S608 - the names are the constants above
)


class SqlChangeRepository(SqlRepository):
    """Change requests."""

    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change], at: datetime
    ) -> list[ChangeView]:
        """Store as pending; what was pending for the same fields is superseded.

        Writers of one subject's requests come one after the other, so that each sees what the one
        before it stored; the partial unique index stands behind this.
        """
        self.session.execute(_SUBMITTING, {"name": f"change_request:{subject_type}:{subject_id}"})
        fields = [change.field for change in changes]
        superseded = (
            update(ChangeRequest)
            .where(
                ChangeRequest.subject_type == subject_type,
                ChangeRequest.subject_id == subject_id,
                ChangeRequest.field_name.in_(fields),
                ChangeRequest.status == "pending",
            )
            .values(status="superseded", decided_at=at)
        )
        self.session.execute(superseded, execution_options={"synchronize_session": False})
        rows = [
            {
                "subject_type": subject_type,
                "subject_id": subject_id,
                "requested_by": requested_by,
                "field_name": change.field,
                "old_value": change.old,
                "new_value": change.new,
                "status": "pending",
                "created_at": at,
            }
            for change in changes
        ]
        statement = insert(ChangeRequest).returning(*_CHANGE_COLUMNS, sort_by_parameter_order=True)
        return [_change(row) for row in self.session.execute(statement, rows)]

    def find(self, change_id: int) -> ChangeView | None:
        """One by its id."""
        row = self.session.execute(self._select().where(ChangeRequest.id == change_id)).one_or_none()
        return None if row is None else _change(row)

    def find_many(self, ids: Sequence[int]) -> list[ChangeView]:
        """Those that exist, in one query."""
        statement = self._select().where(ChangeRequest.id.in_(ids))
        return [_change(row) for row in self.session.execute(statement)]

    def lock_pending(self, ids: Sequence[int]) -> set[int]:
        """Which of `ids` are pending; locked in the order of their ids, in one query."""
        statement = (
            select(ChangeRequest.id)
            .where(ChangeRequest.id.in_(ids), ChangeRequest.status == "pending")
            .order_by(ChangeRequest.id)
            .with_for_update()
        )
        return set(self.session.scalars(statement))

    def decide(
        self, ids: Sequence[int], status: str, reason: str | None, actor_id: int, at: datetime
    ) -> list[ChangeView]:
        """Move those of `ids` that are pending to `status`, in one UPDATE; one winner, because the status
        is in the WHERE.
        """
        if not ids:
            return []
        statement = (
            update(ChangeRequest)
            .where(ChangeRequest.id.in_(ids), ChangeRequest.status == "pending")
            .values(status=status, reason=reason, decided_by=actor_id, decided_at=at)
            .returning(*_CHANGE_COLUMNS)
        )
        rows = self.session.execute(statement, execution_options={"synchronize_session": False})
        return [_change(row) for row in rows]

    def pending(self, subject_type: str, subject_id: int) -> list[ChangeView]:
        """At most one for each moderated field."""
        statement = (
            self._select()
            .where(
                ChangeRequest.subject_type == subject_type,
                ChangeRequest.subject_id == subject_id,
                ChangeRequest.status == "pending",
            )
            .order_by(ChangeRequest.id)
        )
        return [_change(row) for row in self.session.execute(statement)]

    def list_all(self, page: PageRequest, *, status: str | None, field_name: str | None) -> Page[ChangeView]:
        """Oldest first; each of the two orders is that of an index."""
        statement = self._select()
        if status is None:
            statement = statement.order_by(ChangeRequest.id)
        else:
            statement = statement.where(ChangeRequest.status == status)
            statement = statement.order_by(ChangeRequest.created_at, ChangeRequest.id)
        if field_name is not None:
            statement = statement.where(ChangeRequest.field_name == field_name)
        return self._page(statement, page, "changes", {"status": status, "field_name": field_name})

    def list_own(self, user_id: int, page: PageRequest, *, status: str | None) -> Page[ChangeView]:
        """Newest first."""
        statement = (
            self._select().where(ChangeRequest.requested_by == user_id).order_by(ChangeRequest.id.desc())
        )
        if status is not None:
            statement = statement.where(ChangeRequest.status == status)
        return self._page(statement, page, "own_changes", {"user": user_id, "status": status})

    def replace_item(self, subject_type: str, field_name: str, old: int, new: int) -> int:
        """In pending requests whose values are lists of ids, `new` for `old`; how many."""
        values = {"subject_type": subject_type, "field_name": field_name, "old": old, "new": new}
        result = self.session.execute(_REPLACE_ITEM, values)
        assert isinstance(result, CursorResult)
        return result.rowcount

    @staticmethod
    def _select() -> Select[Any]:
        return select(*_CHANGE_COLUMNS)

    def _page(
        self, statement: Select[Any], page: PageRequest, name: str, filters: Mapping[str, Any]
    ) -> Page[ChangeView]:
        found = fetch_page(self.session, statement, page, self._signer, name=name, filters=filters)
        return Page([_change(row) for row in found.items], found.next, found.previous)


class SqlAuditRepository(SqlRepository):
    """The audit log, to which rows are only added."""

    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """One statement for all."""
        if entries:
            self.session.execute(insert(AuditEntry), [dict(entry) for entry in entries])

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[AuditView]:
        """Newest first; `filters` are columns and their values."""
        statement = select(*_AUDIT_COLUMNS).order_by(AuditEntry.id.desc())
        for name, value in filters.items():
            statement = statement.where(getattr(AuditEntry, name) == value)
        found = fetch_page(self.session, statement, page, self._signer, name="audit", filters=filters)
        return Page([AuditView(**row._mapping) for row in found.items], found.next, found.previous)


def _change(row: Row[Any]) -> ChangeView:
    return ChangeView(**row._mapping)
