"""What a repository of change requests does: the same for the one in memory and the one in SQL."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from marketplace.blueprints.moderation.ports import ChangeFilters, ChangeRepository
from marketplace.blueprints.moderation.repositories.audit import SqlAuditRepository
from marketplace.blueprints.moderation.repositories.changes import SqlChangeRepository
from marketplace.extensions import db
from marketplace.kernel.changes import Change
from marketplace.kernel.cursors import InvalidCursor
from marketplace.kernel.pages import PageRequest
from marketplace.models import ChangeRequest
from marketplace.testing import START, Factory
from marketplace.web.runtime import Runtime
from tests.moderation.fakes import InMemoryChanges


@pytest.fixture(params=["fake", "sql"])
def repository(request: pytest.FixtureRequest) -> ChangeRepository:
    if request.param == "fake":
        return InMemoryChanges()
    runtime: Runtime = request.getfixturevalue("runtime")
    return SqlChangeRepository(runtime.uow, runtime.cursors)


@pytest.fixture
def person(make: Factory) -> int:
    return make.user().id


@pytest.mark.parametrize("value", [None, "text", 7, True, [1, 2], {"line1": "Ümlaut", "floor": None}, ""])
def test_any_json_value(repository: ChangeRepository, person: int, value: Any) -> None:
    (view,) = repository.add("user", 5, person, [Change("f", value, [value])], START)
    assert repository.find(view.id) == view
    assert (view.old_value, view.new_value) == (value, [value])


def test_one_pending_for_each_field(repository: ChangeRepository, person: int) -> None:
    first = repository.add("user", 5, person, [Change("a", 1, 2), Change("b", 1, 2)], START)
    assert [view.field_name for view in first] == ["a", "b"]
    repository.add("user", 6, person, [Change("a", 1, 2)], START)
    repository.add("lamp", 5, person, [Change("a", 1, 2)], START)
    (second,) = repository.add("user", 5, person, [Change("a", 1, 3)], START + timedelta(hours=1))
    assert repository.list_open("user", 5) == [first[1], second]
    old = repository.find(first[0].id)
    assert old is not None
    assert (old.status, old.decided_at) == ("superseded", START + timedelta(hours=1))
    assert len(repository.list_open("user", 6)) == len(repository.list_open("lamp", 5)) == 1


def test_deciding_once(repository: ChangeRepository, person: int) -> None:
    views = repository.add("user", 5, person, [Change(name, 1, 2) for name in "abc"], START)
    ids = [view.id for view in views]
    assert repository.lock_many([2**62, *ids[::-1]]) == views
    ghost = replace(views[0], id=2**62)
    decided = repository.decide([views[0], ghost], "rejected", "no", person, START)
    assert [(v.id, v.status, v.reason, v.decided_by) for v in decided] == [(ids[0], "rejected", "no", person)]
    assert repository.decide([views[0]], "approved", None, person, START) == []
    assert repository.decide([], "approved", None, person, START) == []
    assert {v.id: v.status for v in repository.find_many([*ids, 2**62])} == {
        ids[0]: "rejected",
        ids[1]: "pending",
        ids[2]: "pending",
    }


def test_after_a_decision_comes_a_new_one(repository: ChangeRepository, person: int) -> None:
    (first,) = repository.add("user", 5, person, [Change("a", 1, 2)], START)
    repository.decide([first], "approved", None, person, START)
    (second,) = repository.add("user", 5, person, [Change("a", 2, 3)], START)
    assert repository.list_open("user", 5) == [second]
    found = repository.find(first.id)
    assert found is not None
    assert found.status == "approved"


def test_lists(repository: ChangeRepository, person: int, make: Factory) -> None:
    other = make.user().id
    one = repository.add("user", 5, person, [Change("a", 1, 2), Change("b", 1, 2)], START)
    (two,) = repository.add("user", 6, other, [Change("a", 1, 2)], START + timedelta(hours=1))
    repository.decide([one[0]], "rejected", "no", other, START)

    def queue(**filters: Any) -> list[int]:
        given = ChangeFilters(**filters)
        return [view.id for view in repository.list_all(PageRequest(), given, other, START).items]

    assert queue() == [one[0].id, one[1].id, two.id]
    assert queue(status="pending") == [one[1].id, two.id]
    assert queue(field_name="a") == [one[0].id, two.id]
    assert queue(status="pending", field_name="a") == [two.id]
    assert queue(subject_type="user", status="pending") == [one[1].id, two.id]
    assert queue(subject_type="lamp") == queue(claimed="mine") == []
    assert queue(claimed="none", field_name="b") == [one[1].id]
    assert [v.id for v in repository.list_own(person, PageRequest(), status=None).items] == [
        one[1].id,
        one[0].id,
    ]
    assert [v.id for v in repository.list_own(person, PageRequest(), status="rejected").items] == [one[0].id]
    assert len(repository.list_all(PageRequest(limit=2), ChangeFilters(), other, START).items) == 2


# --- what only the database does ---------------------------------------------------------------------


def test_pages_go_through_all(runtime: Runtime, person: int) -> None:
    repository = SqlChangeRepository(runtime.uow, runtime.cursors)
    # All at one moment: the order must not depend on the time alone.
    ids = [
        view.id
        for n in range(7)
        for view in repository.add("user", n + 1, person, [Change("a", 1, 2)], START)
    ]
    for filters in (ChangeFilters(status="pending"), ChangeFilters(field_name="a")):
        seen: list[int] = []
        page = PageRequest(limit=3)
        while True:
            found = repository.list_all(page, filters, person, START)
            seen += [view.id for view in found.items]
            if found.next is None:
                break
            page = PageRequest(limit=3, after=found.next)
        assert seen == ids
    first = repository.list_all(PageRequest(limit=3), ChangeFilters(status="pending"), person, START)
    with pytest.raises(InvalidCursor):
        repository.list_all(PageRequest(after=first.next), ChangeFilters(status="rejected"), person, START)
    with pytest.raises(InvalidCursor):
        repository.list_own(person, PageRequest(after=first.next), status="pending")


def test_the_index_stands_behind_the_lock(runtime: Runtime, person: int) -> None:
    SqlChangeRepository(runtime.uow, runtime.cursors).add("user", 5, person, [Change("a", 1, 2)], START)
    with pytest.raises(IntegrityError, match="uq_change_request_pending"), db.session.begin_nested():
        db.session.execute(
            insert(ChangeRequest).values(
                subject_type="user",
                subject_id=5,
                requested_by=person,
                field_name="a",
                old_value=1,
                new_value=2,
            )
        )


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET reason = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_the_audit_log_is_append_only(runtime: Runtime, statement: str) -> None:
    entry = {"action": "a", "subject_type": "s", "subject_id": None, "actor_id": None}
    SqlAuditRepository(runtime.uow, runtime.cursors).add([entry])
    with pytest.raises(DBAPIError, match="append-only"), db.session.begin_nested():
        db.session.execute(text(statement))
