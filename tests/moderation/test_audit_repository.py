"""What a repository of the audit log does: the same for the one in memory and the one in SQL."""

from typing import Any

import pytest

from marketplace.blueprints.moderation.ports import AuditFilters, AuditRepository
from marketplace.blueprints.moderation.repositories.audit import SqlAuditRepository
from marketplace.kernel.pages import PageRequest
from marketplace.web.runtime import Runtime
from tests.fakes.audit import InMemoryAudit


@pytest.fixture(params=["fake", "sql"])
def repository(request: pytest.FixtureRequest) -> AuditRepository:
    if request.param == "fake":
        return InMemoryAudit()
    runtime: Runtime = request.getfixturevalue("runtime")
    return SqlAuditRepository(runtime.uow, runtime.cursors)


def entry(action: str, subject_id: int | None, **values: Any) -> dict[str, Any]:
    names = ("actor_id", "on_behalf_of", "before", "after", "reason", "request_id", "ip")
    return {
        "action": action,
        "subject_type": "lamp",
        "subject_id": subject_id,
        **dict.fromkeys(names),
        **values,
    }


def shown(repository: AuditRepository, limit: int = 20, **filters: Any) -> list[tuple[str, int | None]]:
    page = repository.list_all(PageRequest(limit=limit), AuditFilters(**filters))
    return [(view.action, view.subject_id) for view in page.items]


def test_an_entry_comes_back_whole(repository: AuditRepository) -> None:
    values = {
        "actor_id": 7,
        "on_behalf_of": 8,
        "before": {"colour": "red"},
        "after": [1, "zwei", None],
        "reason": "why not",
        "request_id": "a-b",
        "ip": "::1",
    }
    repository.add([entry("lamp.lit", 1, **values)])
    [view] = repository.list_all(PageRequest(limit=20), AuditFilters()).items
    assert {name: getattr(view, name) for name in values} == values
    assert (view.action, view.subject_type, view.subject_id) == ("lamp.lit", "lamp", 1)


def test_newest_first_by_columns_and_their_values(repository: AuditRepository) -> None:
    repository.add([entry("lamp.lit", 1, actor_id=7), entry("lamp.lit", 2, actor_id=8)])
    repository.add([])
    repository.add([entry("night.fell", None)])
    assert shown(repository) == [("night.fell", None), ("lamp.lit", 2), ("lamp.lit", 1)]
    assert shown(repository, limit=2) == [("night.fell", None), ("lamp.lit", 2)]
    assert shown(repository, action="lamp.lit") == [("lamp.lit", 2), ("lamp.lit", 1)]
    assert shown(repository, action="lamp.lit", actor_id=7) == [("lamp.lit", 1)]
    assert shown(repository, subject_id=3) == []
