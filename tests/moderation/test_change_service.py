"""The rules of change requests and bulk decisions, without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from marketplace.blueprints.moderation.contracts import BulkAction, ChangeView
from marketplace.blueprints.moderation.errors import (
    ChangeNotPending,
    FieldNotModerated,
    OwnChange,
    SubjectGone,
)
from marketplace.blueprints.moderation.ports import ChangeFilters
from marketplace.blueprints.moderation.services.audit import AuditService, Origin
from marketplace.blueprints.moderation.services.bulk import BulkChanges, BulkDecisions
from marketplace.blueprints.moderation.services.changes import ChangeRequestService
from marketplace.kernel.bulk import BulkOutcome, Moved
from marketplace.kernel.changes import Change
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import Invalid, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import PageRequest
from tests.fakes.audit import InMemoryAudit
from tests.fakes.transactions import FakeUnitOfWork
from tests.moderation.fakes import Fragile, InMemoryChanges, InMemoryOperations, Thing, Things

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
STAFF = Principal(user_id=900, session_id=1, roles=frozenset({"moderator"}))
OWNER = 7


@dataclass
class House:
    """Moderation on fakes."""

    uow: FakeUnitOfWork = field(default_factory=FakeUnitOfWork)
    repository: InMemoryChanges = field(default_factory=InMemoryChanges)
    entries: InMemoryAudit = field(default_factory=InMemoryAudit)
    things: Things = field(default_factory=Things)
    operations: InMemoryOperations = field(default_factory=InMemoryOperations)
    clock: FrozenClock = field(default_factory=lambda: FrozenClock(NOW))

    def __post_init__(self) -> None:
        self.audit = AuditService(self.uow, self.entries, lambda: Origin("request-1", "10.0.0.1"))
        subjects = [self.things.subject()]
        self.changes = ChangeRequestService(self.uow, self.repository, self.audit, self.clock, subjects)
        self.things.add(1, 2)

    def submit(
        self, new: str = "blue", *, thing: int = 1, name: str = "colour", by: int = OWNER
    ) -> ChangeView:
        old = getattr(self.things.rows[thing], name)
        (view,) = self.changes.submit("thing", thing, by, [Change(name, old, new)])
        return view

    def status(self, change_id: int) -> str:
        return self.repository.rows[change_id].status

    def names(self) -> list[str]:
        return [event.name for event in self.uow.events]


@pytest.fixture
def house() -> House:
    return House()


def test_submitting(house: House) -> None:
    view = house.submit()
    assert (view.status, view.old_value, view.new_value, view.created_at) == ("pending", "red", "blue", NOW)
    assert view.subject == {"type": "thing", "id": 1}
    assert house.names() == ["change.submitted"]
    assert house.things.rows[1].colour == "red"
    assert house.changes.pending("thing", 1) == [view]


def test_equal_values_are_skipped(house: House) -> None:
    assert house.changes.submit("thing", 1, OWNER, [Change("colour", "red", "red")]) == []
    assert house.changes.submit("thing", 1, OWNER, []) == []
    assert (house.repository.rows, house.uow.commits) == ({}, 0)


def test_a_newer_one_supersedes(house: House) -> None:
    first, other, second = house.submit("blue"), house.submit("square", name="shape"), house.submit("green")
    assert [house.status(view.id) for view in (first, other, second)] == ["superseded", "pending", "pending"]


def test_approving_applies_the_field(house: House) -> None:
    view = house.submit()
    decided = house.changes.approve(STAFF, view.id, "en")
    assert (decided.status, decided.decided_by, decided.decided_at) == ("approved", STAFF.user_id, NOW)
    assert house.things.rows[1].colour == "blue"
    assert (house.things.stores, house.things.changed) == ([("colour", {1: "blue"})], [1])
    assert house.names() == ["change.submitted", "change.decided"]
    (entry,) = house.entries.entries
    assert entry == {
        "actor_id": STAFF.user_id,
        "on_behalf_of": None,
        "action": "change.approved",
        "subject_type": "thing",
        "subject_id": 1,
        "before": {"change_id": view.id, "colour": "red"},
        "after": {"change_id": view.id, "colour": "blue"},
        "reason": None,
        "request_id": "request-1",
        "ip": "10.0.0.1",
    }


def test_the_audit_log_tells_the_real_old_value(house: House) -> None:
    view = house.submit("blue")
    house.things.rows[1].colour = "yellow"
    house.changes.approve(STAFF, view.id, "en")
    assert house.things.rows[1].colour == "blue"
    assert house.entries.entries[0]["before"]["colour"] == "yellow"


@pytest.mark.parametrize("status", ["rejected", "revision_requested"])
def test_refusing_leaves_the_field(house: House, status: str) -> None:
    view = house.submit()
    decide = house.changes.reject if status == "rejected" else house.changes.request_revision
    decided = decide(STAFF, view.id, "too blue", "en")
    assert (decided.status, decided.reason) == (status, "too blue")
    assert (house.things.rows[1].colour, house.things.changed, house.things.loads) == ("red", [], [])
    (entry,) = house.entries.entries
    assert (entry["action"], entry["reason"]) == (f"change.{status}", "too blue")
    assert entry["before"] == {"change_id": view.id, "status": "pending"}
    assert entry["after"] == {"change_id": view.id, "status": status}
    assert house.names()[-1] == "change.decided"


def test_staff_does_not_decide_on_their_own(house: House) -> None:
    view = house.submit(by=STAFF.user_id)
    for decide in (
        lambda: house.changes.approve(STAFF, view.id, "en"),
        lambda: house.changes.reject(STAFF, view.id, "x", "en"),
        lambda: house.changes.request_revision(STAFF, view.id, "x", "en"),
    ):
        with pytest.raises(OwnChange):
            decide()
    assert house.status(view.id) == "pending"
    assert house.entries.entries == []


@pytest.mark.parametrize("status", ["approved", "rejected", "withdrawn", "superseded"])
def test_only_pending_ones_are_decided(house: House, status: str) -> None:
    view = house.submit()
    house.repository.rows[view.id] = replace(view, status=status)
    with pytest.raises(ChangeNotPending):
        house.changes.approve(STAFF, view.id, "en")
    with pytest.raises(ChangeNotPending):
        house.changes.reject(STAFF, view.id, "x", "en")
    with pytest.raises(ChangeNotPending):
        house.changes.withdraw(OWNER, view.id)
    assert house.things.rows[1].colour == "red"
    assert house.entries.entries == []


def test_nothing_to_decide_on(house: House) -> None:
    with pytest.raises(NotFound):
        house.changes.approve(STAFF, 1, "en")
    view = house.submit()
    del house.things.rows[1]
    with pytest.raises(SubjectGone):
        house.changes.approve(STAFF, view.id, "en")
    assert house.status(view.id) == "pending"
    assert house.changes.reject(STAFF, view.id, "gone", "en").status == "rejected"


def test_a_strategy_that_no_longer_can(house: House) -> None:
    view = house.submit("square", name="shape")
    with pytest.raises(Fragile.Broken):
        house.changes.approve(STAFF, view.id, "en")
    assert house.status(view.id) == "pending"
    assert (house.entries.entries, house.names()) == ([], ["change.submitted"])


@pytest.mark.parametrize("change", [("ghost", "colour"), ("thing", "weight")])
def test_a_field_that_nobody_moderates_any_more(house: House, change: tuple[str, str]) -> None:
    subject_type, name = change
    (view,) = house.changes.submit(subject_type, 1, OWNER, [Change(name, 1, 2)])
    with pytest.raises(FieldNotModerated):
        house.changes.approve(STAFF, view.id, "en")
    assert house.status(view.id) == "pending"
    assert house.changes.reject(STAFF, view.id, "nobody knows it", "en").status == "rejected"


def test_withdrawing(house: House) -> None:
    view = house.submit()
    with pytest.raises(NotFound):
        house.changes.withdraw(OWNER + 1, view.id)
    with pytest.raises(NotFound):
        house.changes.withdraw(OWNER, view.id + 1)
    house.changes.withdraw(OWNER, view.id)
    assert house.status(view.id) == "withdrawn"
    assert house.changes.pending("thing", 1) == []


def test_a_revision_is_answered_by_a_new_edit(house: House) -> None:
    first = house.submit("blue")
    house.changes.request_revision(STAFF, first.id, "Which blue?", "en")
    (seen,) = house.changes.pending("thing", 1)
    assert (seen.status, seen.reason) == ("revision_requested", "Which blue?")
    second = house.submit("navy")
    assert house.status(first.id) == "superseded"
    assert house.changes.pending("thing", 1) == [second]
    house.changes.request_revision(STAFF, second.id, "Shorter", "en")
    house.changes.withdraw(OWNER, second.id)
    assert house.changes.pending("thing", 1) == []


def test_values_are_shown_by_their_strategy(house: House) -> None:
    house.submit("blue")
    house.submit("square", name="shape")
    house.changes.submit("ghost", 1, OWNER, [Change("colour", 1, 2)])
    shown = house.changes.list_queue(PageRequest(), ChangeFilters(), STAFF, "en").items
    assert [(v.old_display, v.new_display) for v in shown] == [("red", "blue"), ("ROUND", "SQUARE"), (1, 2)]


def test_lists(house: House) -> None:
    house.submit()
    house.submit("blue", thing=2, by=OWNER + 1)
    page = PageRequest()
    assert [
        v.subject_id
        for v in house.changes.list_queue(page, ChangeFilters(status="pending"), STAFF, "en").items
    ] == [1, 2]
    assert [v.subject_id for v in house.changes.list_own(OWNER, page, "en").items] == [1]


# --- many at once -----------------------------------------------------------------------------------


CHANGES = ("approved", "rejected", "revision_requested")


def decisions_of(house: House, *others: BulkAction) -> BulkDecisions:
    changes = BulkAction("changes", CHANGES, lambda: BulkChanges(house.changes))
    return BulkDecisions(house.uow, house.operations, house.audit, house.clock, [changes, *others])


@pytest.fixture
def bulk(house: House) -> BulkDecisions:
    return decisions_of(house)


def test_bulk_with_mixed_ids(house: House, bulk: BulkDecisions) -> None:
    good, broken, own, decided, second = (
        house.submit("blue"),
        house.submit("square", name="shape"),
        house.submit("blue", thing=2, by=STAFF.user_id),
        house.submit("green", thing=2, by=OWNER),
        house.submit("grey", thing=2, by=OWNER),
    )
    ids = [decided.id, second.id, 999, good.id, broken.id]
    assert bulk.run(STAFF, "changes", ids, "approved", None).results == [
        {"id": decided.id, "ok": False, "code": "transition_not_allowed"},
        {"id": second.id, "ok": True},
        {"id": 999, "ok": False, "code": "not_found"},
        {"id": good.id, "ok": True},
        {"id": broken.id, "ok": False, "code": "broken"},
    ]
    assert house.status(own.id) == "superseded"
    assert (house.things.rows[1].colour, house.things.rows[2].colour) == ("blue", "grey")
    assert house.entries.statements == 1
    assert [entry["subject_id"] for entry in house.entries.entries] == [1, 2]
    assert house.names().count("change.decided") == 2


def test_bulk_leaves_own_changes(house: House, bulk: BulkDecisions) -> None:
    own = house.submit(by=STAFF.user_id)
    results = bulk.run(STAFF, "changes", [own.id], "rejected", "x").results
    assert results == [{"id": own.id, "ok": False, "code": "own_change"}]


def test_bulk_loads_each_subject_once(house: House, bulk: BulkDecisions) -> None:
    house.things.add(*range(1, 31))
    ids = [house.submit("blue", thing=number).id for number in range(30, 0, -1)]
    bulk.run(STAFF, "changes", ids, "approved", None)
    assert house.things.loads == [list(range(1, 31))]
    assert house.things.stores == [("colour", dict.fromkeys(range(1, 31), "blue"))]
    assert house.things.changed == list(range(1, 31))


class LiveThings(Things):
    """A store that hands out what it writes to, as one of entities does."""

    def lock_many(self, ids: Sequence[int]) -> Mapping[int, Thing]:
        self.loads.append(list(ids))
        return {number: self.rows[number] for number in ids if number in self.rows}


@pytest.mark.parametrize(("old", "new"), [("red", "blue"), (["red"], ["red", "blue"])])
def test_a_store_may_hand_out_what_it_writes_to(old: object, new: object) -> None:
    house = House(things=LiveThings())
    bulk = decisions_of(house)
    house.things.rows[1].colour = old  # type: ignore[assignment]  # any value that JSON knows
    view = house.submit(new)  # type: ignore[arg-type]  # likewise
    made = bulk.run(STAFF, "changes", [view.id], "approved", None)
    assert house.things.rows[1].colour == new
    assert house.entries.entries[0]["before"]["colour"] == old
    assert made.operation_id is not None
    assert bulk.undo(STAFF, made.operation_id).results == [{"id": view.id, "ok": True}]
    assert house.things.rows[1].colour == old


def test_what_bulk_refuses(house: House, bulk: BulkDecisions) -> None:
    view = house.submit()
    with pytest.raises(NotFound):
        bulk.run(STAFF, "unicorns", [view.id], "approved", None)
    for status, reason in (("pending", None), ("superseded", None), ("", None), ("rejected", None)):
        with pytest.raises(Invalid):
            bulk.run(STAFF, "changes", [view.id], status, reason)
    assert house.status(view.id) == "pending"


class Lamps:
    """A bulk action of another domain that knows one lamp and forgets to mention the rest."""

    def apply(self, ids: Sequence[int], status: str, reason: str | None, actor: Principal) -> BulkOutcome:
        return BulkOutcome({ids[0]: None})

    def undo(self, moved: Sequence[Moved], actor: Principal) -> Mapping[int, str | None]:
        raise NotImplementedError


def test_other_domains_give_theirs(house: House) -> None:
    bulk = decisions_of(house, BulkAction("lamps", ("on", "off"), Lamps))
    result = bulk.run(STAFF, "lamps", [5, 4], "on", None)
    assert (result.operation_id, result.undo_until) == (None, None)
    assert result.results == [{"id": 5, "ok": True}, {"id": 4, "ok": False, "code": "not_found"}]
    assert house.uow.commits == 1
