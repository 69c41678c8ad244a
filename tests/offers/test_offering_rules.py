"""The rules of offering, without a database."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from marketplace.blueprints.offers.contracts import ServiceChanged, ServiceCreated, ServiceRemoved
from marketplace.blueprints.offers.errors import InvalidService
from marketplace.blueprints.offers.services.offering import OfferingService
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import NotFound, PreconditionFailed
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.models.catalog import Service
from marketplace.testing import START
from tests.fakes.transactions import FakeUnitOfWork

CALLER = Principal(user_id=1, session_id=1, verified=True, performer_id=7)
VALUES: dict[str, Any] = {
    "category_id": 3,
    "title": "Install a lamp",
    "description": "",
    "pricing": "fixed",
    "price": Money(5000, "EUR"),
    "duration_minutes": 60,
    "is_active": True,
}


@dataclass
class FakeServices:
    rows: dict[int, Service] = field(default_factory=dict)

    def count_of(self, performer_id: int) -> int:
        return len(self.rows)

    def add(self, service: Service) -> None:
        service.id, service.version = len(self.rows) + 1, 1
        self.rows[service.id] = service

    def get_own(self, service_id: int, performer_id: int) -> Service:
        found = self.rows.get(service_id)
        if found is None or found.performer_id != performer_id or found.deleted_at is not None:
            raise NotFound
        return found


@pytest.fixture
def parts() -> tuple[OfferingService, FakeUnitOfWork, FakeServices]:
    uow, rows = FakeUnitOfWork(), FakeServices()
    return OfferingService(uow, rows, lambda ids: set(ids) - {3}, FrozenClock(START)), uow, rows  # type: ignore[arg-type]  # fakes


def test_a_service_is_offered_edited_and_withdrawn(parts):
    offering, uow, rows = parts
    made = offering.create(CALLER, VALUES)
    assert made.price == Money(5000, "EUR")
    offering.update(CALLER, made.id, {"title": "Install two lamps"}, 1)
    offering.delete(CALLER, made.id, None)
    assert rows.rows[made.id].deleted_at == START
    assert [type(event) for event in uow.events] == [ServiceCreated, ServiceChanged, ServiceRemoved]
    with pytest.raises(NotFound):
        offering.update(CALLER, made.id, {"title": "Again"}, None)


def test_an_edit_that_changes_nothing_is_no_event(parts):
    offering, uow, _ = parts
    made = offering.create(CALLER, VALUES)
    offering.update(CALLER, made.id, {"title": VALUES["title"], "price": VALUES["price"]}, 1)
    assert [type(event) for event in uow.events] == [ServiceCreated]


def test_a_stale_edit_is_refused(parts):
    offering, _, _ = parts
    made = offering.create(CALLER, VALUES)
    with pytest.raises(PreconditionFailed):
        offering.update(CALLER, made.id, {"title": "Other"}, 9)
    with pytest.raises(PreconditionFailed):
        offering.delete(CALLER, made.id, 9)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"price": None}, "price"),
        ({"price": None, "pricing": "hourly"}, "price"),
        ({"category_id": 99}, "category_id"),
    ],
)
def test_a_service_that_cannot_be_offered(parts, values, where):
    offering, uow, _ = parts
    with pytest.raises(InvalidService) as refused:
        offering.create(CALLER, VALUES | values)
    assert list(refused.value.data["errors"]["json"]) == [where]
    made = offering.create(CALLER, VALUES)
    with pytest.raises(InvalidService):
        offering.update(CALLER, made.id, values, 1)
    assert len(uow.events) == 1


def test_a_quote_needs_no_price(parts):
    assert parts[0].create(CALLER, VALUES | {"pricing": "quote", "price": None}).price is None
