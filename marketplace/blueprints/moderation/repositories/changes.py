"""The SQL of change requests."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Row, Select, insert, select, text, update

from marketplace.blueprints.moderation.ports import ChangeFilters, ChangeView
from marketplace.blueprints.moderation.repositories.claims import SqlClaimRepository, claimed
from marketplace.database.keyset import fetch_page
from marketplace.database.many import update_each
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
"""Those that a newer one supersedes: they wait for staff, or for their owner."""
_UNCLAIMED: dict[str, None] = {"claimed_by": None, "claimed_until": None}

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
                ChangeRequest.status.in_(_OPEN),
            )
            .values(status="superseded", decided_at=at, **_UNCLAIMED)
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

    def lock_many(self, ids: Sequence[int]) -> list[ChangeView]:
        """Those that exist, as they are now; locked in the order of their ids, in one query."""
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
        """Move those of `changes` that are pending to `status`, in one UPDATE; one winner, because the
        status is in the WHERE. A second UPDATE keeps values that are no longer what was stored as the old
        ones.
        """
        if not changes:
            return []
        statement = (
            update(ChangeRequest)
            .where(ChangeRequest.id.in_([change.id for change in changes]), ChangeRequest.status == "pending")
            .values(status=status, reason=reason, decided_by=actor_id, decided_at=at, **_UNCLAIMED)
            .returning(*_CHANGE_COLUMNS)
        )
        rows = self.session.execute(statement, execution_options={"synchronize_session": False})
        old = {change.id: change.old_value for change in changes}
        decided = [_change(row) for row in rows]
        moved = [change for change in decided if change.old_value != old[change.id]]
        update_each(
            self.session,
            ChangeRequest,
            [{"id": change.id, "old_value": old[change.id]} for change in moved],
        )
        return [replace(change, old_value=old[change.id]) for change in decided]

    def open_fields(self, changes: Sequence[ChangeView]) -> set[tuple[str, int, str]]:
        """Subjects and fields of these that another request is about, pending or to be revised."""
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
        """Let these wait for staff again, in one UPDATE."""
        statement = (
            update(ChangeRequest)
            .where(ChangeRequest.id.in_(ids))
            .values(status="pending", reason=None, decided_by=None, decided_at=None)
        )
        self.session.execute(statement, execution_options={"synchronize_session": False})

    def withdraw(self, change_id: int, user_id: int, at: datetime) -> bool:
        """False when it neither waits for staff nor for its owner."""
        statement = (
            update(ChangeRequest)
            .where(ChangeRequest.id == change_id, ChangeRequest.status.in_(_OPEN))
            .values(status="withdrawn", reason=None, decided_by=user_id, decided_at=at, **_UNCLAIMED)
            .returning(ChangeRequest.id)
        )
        return self.session.scalar(statement, execution_options={"synchronize_session": False}) is not None

    def list_open(self, subject_type: str, subject_id: int) -> list[ChangeView]:
        """Pending, or to be revised; at most one for each moderated field."""
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
        """Oldest first; each of the two orders is that of an index."""
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


def _change(row: Row[Any]) -> ChangeView:
    return ChangeView(**row._mapping)


def change_claims(uow: SqlUnitOfWork) -> SqlClaimRepository[ChangeView]:
    """The claims of change requests; nobody decides on their own."""
    return SqlClaimRepository(
        uow,
        ChangeRequest,
        _change,
        columns=_CHANGE_COLUMNS,
        waiting="pending",
        parties=(ChangeRequest.requested_by,),
    )
