"""Moderation without a database; the change requests pass the same contract tests as the real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from marketplace.blueprints.moderation.contracts import ChangeView, ModeratedSubject
from marketplace.blueprints.moderation.policies import live_claim
from marketplace.blueprints.moderation.ports import (
    BulkOperation,
    ChangeFilters,
    ChangeRepository,
    OperationRepository,
)
from marketplace.kernel.bulk import Moved
from marketplace.kernel.changes import Attribute, Change, FieldStore
from marketplace.kernel.errors import AppError, Conflict
from marketplace.kernel.pages import Page, PageRequest

OPEN = {"pending", "revision_requested"}


class InMemoryChanges(ChangeRepository):
    """Its lists are one page: cursors are the database's matter."""

    def __init__(self) -> None:
        self.rows: dict[int, ChangeView] = {}

    def add(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change], at: datetime
    ) -> list[ChangeView]:
        fields = {change.field for change in changes}
        for row in self.list_open(subject_type, subject_id):
            if row.field_name in fields:
                self.rows[row.id] = replace(row, status="superseded", decided_at=at)
        added = []
        for change in changes:
            number = len(self.rows) + 1
            self.rows[number] = ChangeView(
                id=number,
                subject_type=subject_type,
                subject_id=subject_id,
                requested_by=requested_by,
                field_name=change.field,
                old_value=change.old,
                new_value=change.new,
                status="pending",
                reason=None,
                decided_by=None,
                decided_at=None,
                created_at=at,
            )
            added.append(self.rows[number])
        return added

    def find(self, change_id: int) -> ChangeView | None:
        return self.rows.get(change_id)

    def find_many(self, ids: Sequence[int]) -> list[ChangeView]:
        return [self.rows[change_id] for change_id in ids if change_id in self.rows]

    def lock_many(self, ids: Sequence[int]) -> list[ChangeView]:
        return self.find_many(sorted(ids))

    def decide(
        self, changes: Sequence[ChangeView], status: str, reason: str | None, actor_id: int, at: datetime
    ) -> list[ChangeView]:
        old = {change.id: change.old_value for change in changes}
        pending = [row for row in self.find_many(sorted(old)) if row.status == "pending"]
        for row in pending:
            self.rows[row.id] = replace(
                row,
                status=status,
                reason=reason,
                decided_by=actor_id,
                decided_at=at,
                old_value=old[row.id],
                claimed_by=None,
                claimed_until=None,
            )
        return self.find_many([row.id for row in pending])

    def open_fields(self, changes: Sequence[ChangeView]) -> set[tuple[str, int, str]]:
        return {
            (row.subject_type, row.subject_id, row.field_name)
            for change in changes
            for row in self.list_open(change.subject_type, change.subject_id)
        }

    def reopen(self, ids: Sequence[int]) -> None:
        for number in ids:
            self.rows[number] = replace(
                self.rows[number], status="pending", reason=None, decided_by=None, decided_at=None
            )

    def withdraw(self, change_id: int, user_id: int, at: datetime) -> bool:
        row = self.rows[change_id]
        if row.status not in OPEN:
            return False
        self.rows[change_id] = replace(
            row, status="withdrawn", reason=None, decided_by=user_id, decided_at=at
        )
        return True

    def list_open(self, subject_type: str, subject_id: int) -> list[ChangeView]:
        return [
            row
            for row in self.rows.values()
            if (row.subject_type, row.subject_id) == (subject_type, subject_id) and row.status in OPEN
        ]

    def list_all(
        self, page: PageRequest, filters: ChangeFilters, reader_id: int, now: datetime
    ) -> Page[ChangeView]:
        found = [row for row in self.rows.values() if filters.status in {None, row.status}]
        found = [row for row in found if filters.field_name in {None, row.field_name}]
        found = [row for row in found if filters.subject_type in {None, row.subject_type}]
        if filters.claimed is not None:
            wanted = reader_id if filters.claimed == "mine" else None
            found = [row for row in found if live_claim(row, now)["claimed_by"] == wanted]
        return Page(found[: page.limit])

    def list_own(self, user_id: int, page: PageRequest, *, status: str | None) -> Page[ChangeView]:
        found = [row for row in reversed(self.rows.values()) if row.requested_by == user_id]
        return Page([row for row in found if status in {None, row.status}][: page.limit])


class InMemoryOperations(OperationRepository):
    """Bulk decisions, by id."""

    def __init__(self) -> None:
        self.rows: dict[int, BulkOperation] = {}

    def add(self, kind: str, actor_id: int, items: Sequence[Moved], at: datetime) -> int:
        number = len(self.rows) + 1
        self.rows[number] = BulkOperation(number, kind, actor_id, items, at, None)
        return number

    def lock(self, operation_id: int) -> BulkOperation | None:
        return self.rows.get(operation_id)

    def mark_undone(self, operation_id: int, actor_id: int, at: datetime) -> None:
        self.rows[operation_id] = replace(self.rows[operation_id], undone_at=at)

    def prune(self, before: datetime) -> int:
        old = [number for number, row in self.rows.items() if row.created_at < before]
        for number in old:
            del self.rows[number]
        return len(old)


@dataclass
class Thing:
    """Something with moderated fields."""

    id: int
    colour: str = "red"
    shape: str = "round"


class Fragile:
    """A strategy that can no longer store anything, and shows values in capitals."""

    class Broken(Conflict):
        code = "broken"
        title = "This broke"

    def read(self, subject: Any) -> Any:
        return subject.shape

    def write(self, _store: FieldStore, values: Mapping[int, Any], /) -> Mapping[int, AppError]:
        return {thing_id: self.Broken() for thing_id in values}

    def show(self, values: Sequence[Any], _language: str, /) -> Sequence[Any]:
        return [value.upper() for value in values]


@dataclass
class Things:
    """The domain that owns things."""

    rows: dict[int, Thing] = field(default_factory=dict)
    loads: list[list[int]] = field(default_factory=list)
    stores: list[tuple[str, dict[int, Any]]] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)

    def add(self, *ids: int) -> None:
        self.rows.update({number: Thing(number) for number in ids})

    def lock_many(self, ids: Sequence[int]) -> Mapping[int, Thing]:
        self.loads.append(list(ids))
        return {number: replace(self.rows[number]) for number in ids if number in self.rows}

    def set_each(self, column: str, values: Mapping[int, Any]) -> None:
        self.stores.append((column, dict(values)))
        for number, value in values.items():
            setattr(self.rows[number], column, value)

    def subject(self) -> ModeratedSubject:
        return ModeratedSubject(
            name="thing",
            fields={"colour": Attribute("colour"), "shape": Fragile()},
            store=lambda: self,
            changed=self.changed.extend,
        )
