"""Moderation without a database; the change requests pass the same contract tests as the real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from marketplace.blueprints.moderation.ports import AuditView, ChangeView, ModeratedSubject
from marketplace.kernel.changes import Attribute, Change
from marketplace.kernel.errors import Conflict, NotFound
from marketplace.kernel.pages import Page, PageRequest


class InMemoryChanges:
    """A ChangeRepository. Its lists are one page: cursors are the database's matter."""

    def __init__(self) -> None:
        self.rows: dict[int, ChangeView] = {}

    def add(
        self, subject_type: str, subject_id: int, requested_by: int, changes: Sequence[Change], at: datetime
    ) -> list[ChangeView]:
        fields = {change.field for change in changes}
        for row in self.pending(subject_type, subject_id):
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

    def lock_pending(self, ids: Sequence[int]) -> set[int]:
        return {row.id for row in self.find_many(ids) if row.status == "pending"}

    def decide(
        self, ids: Sequence[int], status: str, reason: str | None, actor_id: int, at: datetime
    ) -> list[ChangeView]:
        pending = self.lock_pending(ids)
        for number in pending:
            self.rows[number] = replace(
                self.rows[number], status=status, reason=reason, decided_by=actor_id, decided_at=at
            )
        return self.find_many(sorted(pending))

    def pending(self, subject_type: str, subject_id: int) -> list[ChangeView]:
        return [
            row
            for row in self.rows.values()
            if (row.subject_type, row.subject_id, row.status) == (subject_type, subject_id, "pending")
        ]

    def list_all(self, page: PageRequest, *, status: str | None, field_name: str | None) -> Page[ChangeView]:
        found = [row for row in self.rows.values() if status in {None, row.status}]
        return Page([row for row in found if field_name in {None, row.field_name}][: page.limit])

    def list_own(self, user_id: int, page: PageRequest, *, status: str | None) -> Page[ChangeView]:
        found = [row for row in reversed(self.rows.values()) if row.requested_by == user_id]
        return Page([row for row in found if status in {None, row.status}][: page.limit])


class InMemoryAudit:
    """An AuditRepository; `statements` counts how often something was added."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.statements = 0

    def add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self.statements += 1
        self.entries += [dict(entry) for entry in entries]

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[AuditView]:
        raise NotImplementedError


@dataclass
class Thing:
    """Something with moderated fields."""

    id: int
    colour: str = "red"
    shape: str = "round"


class Fragile:
    """A strategy that can no longer apply anything."""

    class Broken(Conflict):
        code = "broken"
        title = "This broke"

    def read(self, subject: Any) -> Any:
        return subject.shape

    def apply(self, subject: Any, value: Any) -> None:
        raise self.Broken


@dataclass
class Things:
    """The domain that owns things."""

    rows: dict[int, Thing] = field(default_factory=dict)
    loads: list[int] = field(default_factory=list)
    changed: list[tuple[int, Change]] = field(default_factory=list)

    def add(self, *ids: int) -> None:
        self.rows.update({number: Thing(number) for number in ids})

    def load(self, thing_id: int) -> Thing:
        self.loads.append(thing_id)
        if thing_id not in self.rows:
            raise NotFound
        return self.rows[thing_id]

    def subject(self) -> ModeratedSubject:
        return ModeratedSubject(
            name="thing",
            strategies={"colour": Attribute("colour"), "shape": Fragile()},
            load=self.load,
            changed=lambda thing, changes: self.changed.extend((thing.id, change) for change in changes),
        )
