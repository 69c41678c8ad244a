"""The audit log on rows in memory, which pass the same tests as those in SQL (tests/moderation/test_audit_repository.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from marketplace.blueprints.moderation.ports import AuditFilters, AuditRepository, AuditView
from marketplace.blueprints.moderation.services.audit import AuditService, Origin
from marketplace.kernel.pages import Page, PageRequest
from marketplace.testing import START
from tests.fakes.transactions import FakeUnitOfWork

TOLD = ("action", "subject_type", "subject_id", "actor_id", "before", "after", "reason")


class InMemoryAudit(AuditRepository):
    """`statements` counts how often something was added. Its lists are one page."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.statements = 0

    def add(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self.statements += 1
        self.entries += [dict(entry) for entry in entries]

    def list_all(self, page: PageRequest, filters: AuditFilters) -> Page[AuditView]:
        views = [
            AuditView(id=number, created_at=START, **entry) for number, entry in enumerate(self.entries, 1)
        ]
        found = [
            view
            for view in reversed(views)
            if all(value in (None, getattr(view, name)) for name, value in asdict(filters).items())
        ]
        return Page(found[: page.limit])


class RecordedAudit(AuditService):
    """The program's audit log; `entries` is what it was told."""

    def __init__(self) -> None:
        self._rows = InMemoryAudit()
        super().__init__(FakeUnitOfWork(), self._rows, lambda: Origin(None, None))

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [{name: row[name] for name in TOLD} for row in self._rows.entries]
