"""The SQL of change requests."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Row, Select, insert, select, text, update

from marketplace.blueprints.moderation.contracts import ChangeView
from marketplace.blueprints.moderation.ports import ChangeFilters, ChangeRepository
from marketplace.blueprints.moderation.repositories.claims import SqlClaimRepository, claimed
from marketplace.database.bulk_update import bulk_update
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.changes import Change
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.moderation import ChangeRequest

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
    ChangeRequest.claimed_by,
    ChangeRequest.claimed_until,
)
_OPEN = ("pending", "revision_requested")
"""Statuses that a newer request supersedes: it waits for staff, or for its owner."""
_UNCLAIMED: dict[str, None] = {"claimed_by": None, "claimed_until": None}

# An advisory lock by subject, not a row lock: where nothing is pending yet, there is no row to wait for.

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


class SqlChangeRepository(SqlRepository, ChangeRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change], at: datetime
    ) -> list[ChangeView]:
        # Writers of one subject's requests take turns, so that each sees what the one before it stored; the
        # partial unique index guards this.
        self.lock_name(f"change_request:{subject_type}:{subject_id}")
        fields = [change.field for change in changes]
        superseded = (
            update(ChangeRequest)
            .where(
                ChangeRequest.subject_type == subject_type,
                ChangeRequest.subject_id == subject_id,
                ChangeRequest.field_name.in_(fields),
                ChangeRequest.status.in_(_OPEN),
            )
            .values(status="superseded", decided_at=at, **_UNCLAIMED)
        )
        self.write(superseded)
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
        row = self.session.execute(self._select().where(ChangeRequest.id == change_id)).one_or_none()
        return None if row is None else _change(row)

    def find_many(self, ids: Sequence[int]) -> list[ChangeView]:
        statement = self._select().where(ChangeRequest.id.in_(ids))
        return [_change(row) for row in self.session.execute(statement)]

    def lock_many(self, ids: Sequence[int]) -> list[ChangeView]:
        statement = (
            self._select()
            .where(ChangeRequest.id.in_(ids))
            .order_by(ChangeRequest.id)
            .with_for_update(key_share=True)
        )
        return [_change(row) for row in self.session.execute(statement)]

    def decide(
        self, changes: Sequence[ChangeView], status: str, reason: str | None, actor_id: int, at: datetime
    ) -> list[ChangeView]:
        if not changes:
            return []
        # There is one winner, because the status is in the WHERE.
        statement = (
            update(ChangeRequest)
            .where(ChangeRequest.id.in_([change.id for change in changes]), ChangeRequest.status == "pending")
            .values(status=status, reason=reason, decided_by=actor_id, decided_at=at, **_UNCLAIMED)
            .returning(*_CHANGE_COLUMNS)
        )
        rows = self.write(statement)
        old = {change.id: change.old_value for change in changes}
        decided = [_change(row) for row in rows]
        moved = [change for change in decided if change.old_value != old[change.id]]
        bulk_update(
            self.session,
            ChangeRequest,
            [{"id": change.id, "old_value": old[change.id]} for change in moved],
        )
        return [replace(change, old_value=old[change.id]) for change in decided]

    def open_fields(self, changes: Sequence[ChangeView]) -> set[tuple[str, int, str]]:
        statement = select(
            ChangeRequest.subject_type, ChangeRequest.subject_id, ChangeRequest.field_name
        ).where(
            ChangeRequest.subject_type.in_({change.subject_type for change in changes}),
            ChangeRequest.subject_id.in_({change.subject_id for change in changes}),
            ChangeRequest.status.in_(_OPEN),
            ChangeRequest.id.not_in({change.id for change in changes}),
        )
        return {(kind, subject_id, name) for kind, subject_id, name in self.session.execute(statement)}

    def reopen(self, ids: Sequence[int]) -> None:
        statement = (
            update(ChangeRequest)
            .where(ChangeRequest.id.in_(ids))
            .values(status="pending", reason=None, decided_by=None, decided_at=None)
        )
        self.write(statement)

    def withdraw(self, change_id: int, user_id: int, at: datetime) -> bool:
        statement = (
            update(ChangeRequest)
            .where(ChangeRequest.id == change_id, ChangeRequest.status.in_(_OPEN))
            .values(status="withdrawn", reason=None, decided_by=user_id, decided_at=at, **_UNCLAIMED)
            .returning(ChangeRequest.id)
        )
        return self.write(statement).scalar() is not None

    def list_open(self, subject_type: str, subject_id: int) -> list[ChangeView]:
        statement = (
            self._select()
            .where(
                ChangeRequest.subject_type == subject_type,
                ChangeRequest.subject_id == subject_id,
                ChangeRequest.status.in_(_OPEN),
            )
            .order_by(ChangeRequest.id)
        )
        return [_change(row) for row in self.session.execute(statement)]

    def list_all(
        self, page: PageRequest, filters: ChangeFilters, reader_id: int, now: datetime
    ) -> Page[ChangeView]:
        # Each of the two orders is that of an index.
        statement = self._select()
        if filters.status is None:
            statement = statement.order_by(ChangeRequest.id)
        else:
            statement = statement.where(ChangeRequest.status == filters.status)
            statement = statement.order_by(ChangeRequest.created_at, ChangeRequest.id)
        if filters.field_name is not None:
            statement = statement.where(ChangeRequest.field_name == filters.field_name)
        if filters.subject_type is not None:
            statement = statement.where(ChangeRequest.subject_type == filters.subject_type)
        if filters.claimed is not None:
            statement = statement.where(claimed(ChangeRequest, filters.claimed, reader_id, now))
        return self._page(statement, page, "changes", {**asdict(filters), "reader": reader_id})

    def list_own(self, user_id: int, page: PageRequest, *, status: str | None) -> Page[ChangeView]:
        statement = (
            self._select().where(ChangeRequest.requested_by == user_id).order_by(ChangeRequest.id.desc())
        )
        if status is not None:
            statement = statement.where(ChangeRequest.status == status)
        return self._page(statement, page, "own_changes", {"user": user_id, "status": status})

    def replace_item(self, subject_type: str, field_name: str, old: int, new: int) -> int:
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


def _change(row: Row[Any]) -> ChangeView:
    return ChangeView(**row._mapping)


def change_claims(uow: SqlUnitOfWork) -> SqlClaimRepository[ChangeView]:
    """The claims of change requests; nobody decides on their own request."""
    return SqlClaimRepository(
        uow,
        ChangeRequest,
        _change,
        columns=_CHANGE_COLUMNS,
        waiting="pending",
        parties=(ChangeRequest.requested_by,),
    )
