"""The rules of performers, without a database."""

from typing import Any

import pytest

from marketplace.blueprints.performers import policies
from marketplace.blueprints.performers.changes import Categories, moderated_fields
from marketplace.blueprints.performers.contracts import PerformerApproved, PerformerRejected
from marketplace.blueprints.performers.errors import CategoryGone, OwnPerformer, StatusNotAllowed
from marketplace.blueprints.performers.ports import PerformerStatus
from marketplace.blueprints.performers.services.decisions import DecisionService
from marketplace.kernel.changes import diff
from marketplace.kernel.errors import Invalid
from marketplace.kernel.identity import Principal
from marketplace.models import Category, Performer
from tests.fakes.audit import RecordedAudit
from tests.fakes.transactions import FakeUnitOfWork

STAFF = Principal(user_id=1, session_id=1, roles=frozenset({"moderator"}), verified=True)
STATUSES = ("pending", "approved", "rejected", "suspended")
ALLOWED = {
    ("pending", "approved"),
    ("pending", "rejected"),
    ("approved", "suspended"),
    ("suspended", "approved"),
    ("rejected", "approved"),
}


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_the_table_of_decisions(before: str, after: str) -> None:
    found = policies.objection(STAFF, PerformerStatus(5, 2, before, None), after)
    assert (found is None) == ((before, after) in ALLOWED)
    assert found is None or isinstance(found, StatusNotAllowed)


def test_staff_do_not_decide_on_themselves() -> None:
    assert isinstance(
        policies.objection(STAFF, PerformerStatus(5, 1, "pending", None), "approved"), OwnPerformer
    )


class FakePerformers:
    """Statuses and categories in memory."""

    def __init__(self, *rows: PerformerStatus, categories: tuple[int, ...] = ()) -> None:
        self.rows = {row.id: row for row in rows}
        self.categories = categories
        self.updates: list[tuple[list[int], str, str | None]] = []
        self.links: dict[int, list[int]] = {}

    def lock_statuses(self, ids: Any) -> list[PerformerStatus]:
        return [self.rows[i] for i in sorted(set(ids)) if i in self.rows]

    def set_status(self, ids: Any, status: str, reason: str | None) -> None:
        self.updates.append((list(ids), status, reason))

    def find_active_categories(self, ids: Any) -> list[Category]:
        return [Category(id=i) for i in sorted(ids) if i in self.categories]

    def lock_active_categories(self, ids: Any) -> list[Category]:
        return self.find_active_categories(ids)

    def replace_categories(self, links: Any) -> None:
        self.links.update(links)


def decisions(performers: FakePerformers) -> tuple[DecisionService, FakeUnitOfWork, RecordedAudit]:
    uow, audit = FakeUnitOfWork(), RecordedAudit()
    return DecisionService(uow, performers, None, audit), uow, audit  # type: ignore[arg-type, return-value]


def test_a_bulk_decision_is_one_update_and_a_result_per_id() -> None:
    performers = FakePerformers(
        PerformerStatus(3, 30, "pending", None),
        PerformerStatus(4, 40, "approved", None),
        PerformerStatus(5, 1, "pending", None),
        PerformerStatus(6, 60, "rejected", "no photo"),
    )
    service, uow, audit = decisions(performers)
    outcome = service.apply([6, 3, 4, 5, 99], "approved", None, STAFF)
    assert [one.id for one in outcome.moved] == [3, 6]
    assert outcome.codes == {
        6: None,
        3: None,
        4: "transition_not_allowed",
        5: "own_performer",
        99: "not_found",
    }
    assert performers.updates == [([3, 6], "approved", None)]
    assert {type(e) for e in uow.events} == {PerformerApproved}
    assert [e.performer_id for e in uow.events] == [3, 6]  # type: ignore[attr-defined]
    assert audit.entries[1] == {
        "action": "performer.approved",
        "subject_type": "performer",
        "subject_id": 6,
        "actor_id": STAFF.user_id,
        "before": {"status": "rejected", "status_reason": "no photo"},
        "after": {"status": "approved", "status_reason": None},
        "reason": None,
    }


def test_a_rejection_needs_its_reason() -> None:
    performers = FakePerformers(PerformerStatus(3, 30, "pending", None))
    service, uow, _ = decisions(performers)
    for status in ("rejected", "suspended"):
        with pytest.raises(Invalid) as error:
            service.apply([3], status, None, STAFF)
        assert "reason" in error.value.data["errors"]["json"]
    service.apply([3], "rejected", "no photo", STAFF)
    assert performers.updates == [([3], "rejected", "no photo")]
    assert isinstance(uow.events[0], PerformerRejected)
    assert uow.events[0].reason == "no photo"


@pytest.mark.parametrize("status", ["pending", "deleted", ""])
def test_staff_set_no_other_status(status: str) -> None:
    service, uow, _ = decisions(FakePerformers(PerformerStatus(3, 30, "pending", None)))
    with pytest.raises(Invalid):
        service.apply([3], status, "why", STAFF)
    assert uow.events == []


def test_categories_are_compared_and_replaced_as_ids() -> None:
    performers = FakePerformers(categories=(2, 3))
    strategy = Categories(lambda: performers)  # type: ignore[arg-type, return-value]
    subject = Performer(categories=[Category(id=2), Category(id=1)])
    assert strategy.read(subject) == [1, 2]
    assert diff(subject, {"category_ids": [1, 2]}, moderated_fields(lambda: performers)) == []  # type: ignore[arg-type, return-value]
    assert strategy.write(performers, {7: [2, 3], 8: []}) == {}  # type: ignore[arg-type, return-value]
    assert performers.links == {7: [2, 3], 8: []}


def test_a_vanished_category_is_refused() -> None:
    performers = FakePerformers(categories=(2,))
    refused = Categories(lambda: performers).write(performers, {7: [2], 8: [2, 9]})  # type: ignore[arg-type, return-value]
    assert [(key, type(error), "9" in str(error)) for key, error in refused.items()] == [
        (8, CategoryGone, True)
    ]
    assert performers.links == {7: [2]}
