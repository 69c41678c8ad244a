"""What every OrderRepository does: the one in memory and the one on PostgreSQL alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from marketplace.blueprints.availability.errors import SlotTaken
from marketplace.blueprints.orders.ports import (
    CancellationPolicy,
    Move,
    OrderFilters,
    OrderRepository,
    OrderView,
    Step,
)
from marketplace.blueprints.orders.repositories.orders import SqlOrderRepository
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import PageRequest
from marketplace.kernel.transactions import UnitOfWork
from marketplace.testing import START
from tests.fakes.orders import FakeOrderRepository
from tests.fakes.transactions import FakeUnitOfWork

HOUR = timedelta(hours=1)
STATES = ("pending", "confirmed", "declined", "expired", "cancelled", "in_progress", "delivered",
          "changes_requested", "completed", "disputed")  # fmt: skip


@dataclass
class Bench:
    """A repository with two customers and two performers who are known to it."""

    orders: OrderRepository
    uow: UnitOfWork
    customers: list[Principal]
    performers: list[Principal]
    service_ids: list[int]

    def add(self, *args: Any, **more: Any) -> int:
        return self.store(*args, **more).id

    def store(
        self, starts_at: datetime = START + HOUR, *, customer: int = 0, performer: int = 0, **more: Any
    ) -> OrderView:
        values = {
            "customer_id": self.customers[customer].user_id,
            "performer_id": self.performers[performer].performer_id,
            "service_id": self.service_ids[performer],
            "title": "Install a lamp",
            "pricing": "fixed",
            "price_amount": 5000,
            "price_currency": "EUR",
            "starts_at": starts_at,
            "ends_at": starts_at + HOUR,
            "address": {"line1": "Side Street 2"},
            "note": "Ring twice",
            "state_entered_at": START,
            "created_at": START,
            "updated_at": START,
        }
        with self.uow:
            [added] = self.orders.add([values | more])
            return added

    def get(self, order_id: int) -> OrderView:
        found = self.orders.find(order_id, lock=True)
        assert found is not None
        return found


def fake(_request: pytest.FixtureRequest) -> Bench:
    customers = [Principal(user_id=number, session_id=number) for number in (1, 2)]
    performers = [Principal(user_id=number, session_id=number, performer_id=number + 40) for number in (3, 4)]
    repository = FakeOrderRepository({43: 3, 44: 4})
    return Bench(repository, FakeUnitOfWork(), customers, performers, [7, 8])


def sql(request: pytest.FixtureRequest) -> Bench:
    runtime, make = request.getfixturevalue("runtime"), request.getfixturevalue("make")
    services = [make.service(), make.service()]
    customers = [Principal(user_id=make.user().id, session_id=1) for _ in range(2)]
    from marketplace.extensions import db
    from marketplace.models import Performer

    performers = []
    for service in services:
        user_id = db.session.get_one(Performer, service.performer_id).user_id
        performers.append(Principal(user_id=user_id, session_id=1, performer_id=service.performer_id))
    repository = SqlOrderRepository(runtime.uow, runtime.cursors)
    return Bench(repository, runtime.uow, customers, performers, [service.id for service in services])


@pytest.fixture(params=[fake, sql])
def bench(request: pytest.FixtureRequest) -> Bench:
    build: Callable[[pytest.FixtureRequest], Bench] = request.param
    return build(request)


def test_what_is_added_is_found(bench: Bench) -> None:
    added = bench.store()
    order = bench.get(added.id)
    assert added == order
    assert order == OrderView(
        id=order.id,
        customer_id=bench.customers[0].user_id,
        performer_id=bench.performers[0].performer_id or 0,
        performer_user_id=bench.performers[0].user_id,
        service_id=bench.service_ids[0],
        status="pending",
        title="Install a lamp",
        pricing="fixed",
        price=Money(5000, "EUR"),
        starts_at=START + HOUR,
        ends_at=START + 2 * HOUR,
        notice_minutes=0,
        padded_from=None,
        padded_to=None,
        latitude=None,
        longitude=None,
        despite_conflicts=False,
        address={"line1": "Side Street 2"},
        note="Ring twice",
        proposed_starts_at=None,
        proposed_by=None,
        proposed_despite_conflicts=False,
        resolution=None,
        resolution_by=None,
        cancellation_policy=CancellationPolicy("free", ()),
        state_entered_at=START,
        state_entry=0,
        completed_at=None,
        created_at=START,
        updated_at=START,
        version=1,
    )
    assert bench.orders.find(2**62) is None


def test_an_order_without_a_price(bench: Bench) -> None:
    assert bench.get(bench.add(pricing="quote", price_amount=None, price_currency=None)).price is None


def test_moves_only_from_where_it_stands(bench: Bench) -> None:
    order_id = bench.add()
    with bench.uow:
        assert bench.orders.move(
            [Move(order_id, "pending", {"status": "confirmed", "updated_at": START + HOUR})]
        )
    with bench.uow:
        assert not bench.orders.move([Move(order_id, "pending", {"status": "declined"})])
        assert not bench.orders.move([Move(2**62, "pending", {"status": "declined"})])
    order = bench.get(order_id)
    assert (order.status, order.version, order.updated_at) == ("confirmed", 2, START + HOUR)


def test_several_are_moved_at_once_to_values_of_their_own(bench: Bench) -> None:
    ids = [bench.add(START + number * 2 * HOUR) for number in range(3)]
    assert [order.id for order in bench.orders.find_many([*reversed(ids), 2**62])] == ids
    notes = [Move(order_id, "pending", {"note": f"Note {order_id}", "title": "Lamp"}) for order_id in ids[:2]]
    gone = Move(ids[2], "pending", {"completed_at": None, "status": "declined", "updated_at": START + HOUR})
    with bench.uow:
        assert bench.orders.move([*notes, gone])
    found = bench.orders.find_many(ids)
    assert [order.note for order in found] == [f"Note {ids[0]}", f"Note {ids[1]}", "Ring twice"]
    assert [order.title for order in found] == ["Lamp", "Lamp", "Install a lamp"]
    assert [order.status for order in found] == ["pending", "pending", "declined"]
    assert [order.version for order in found] == [2, 2, 2]
    # One that has moved on is told; the caller takes all of it back.
    again = [Move(order_id, "pending", {"note": "Once more"}) for order_id in ids]
    with bench.uow:
        assert not bench.orders.move(again)


def test_two_confirmed_orders_never_overlap(bench: Bench) -> None:
    first, second, later, elsewhere = (
        bench.add(),
        bench.add(START + HOUR / 2),
        bench.add(START + 2 * HOUR),
        bench.add(performer=1),
    )
    for order_id in (first, later, elsewhere):
        with bench.uow:
            assert bench.orders.move([Move(order_id, "pending", {"status": "confirmed"})])
    with pytest.raises(SlotTaken), bench.uow:
        bench.orders.move([Move(second, "pending", {"status": "confirmed"})])
    with pytest.raises(SlotTaken), bench.uow:
        bench.orders.move(
            [Move(later, "confirmed", {"starts_at": START + HOUR, "ends_at": START + 2 * HOUR})]
        )
    assert bench.get(second).status == "pending"
    assert bench.get(later).starts_at == START + 2 * HOUR


def test_history(bench: Bench) -> None:
    order_id, other_id = bench.add(), bench.add(START + 3 * HOUR)
    values: dict[str, Any] = {
        "from_status": "pending", "to_status": "confirmed", "actor_id": bench.performers[0].user_id,
        "actor_role": "performer", "reason": None,
    }  # fmt: skip
    names = [f"step{number}" for number in range(5)]
    with bench.uow:
        bench.orders.add_steps([])
        bench.orders.add_steps(
            [
                Step(order_id=id_, transition=name, created_at=START, data={"for": id_}, **values)
                for name in names
                for id_ in (order_id, other_id)
            ]
        )
    page = bench.orders.history(order_id, PageRequest(limit=2))
    rest = bench.orders.history(order_id, PageRequest(limit=3, after=page.next))
    assert [entry.transition for entry in page.items + rest.items] == names
    assert all(entry.data == {"for": order_id} for entry in page.items + rest.items)
    assert (page.previous, rest.next) == (None, None)
    back = bench.orders.history(order_id, PageRequest(limit=2, before=rest.previous))
    assert back.items == page.items


def test_lists(bench: Bench) -> None:
    ids = [
        bench.add(created_at=START),
        bench.add(created_at=START + HOUR, status="confirmed"),
        bench.add(created_at=START - HOUR, customer=1, starts_at=START + 5 * HOUR),
        bench.add(created_at=START, customer=1, performer=1),
    ]
    ann, bob = bench.customers
    petra = bench.performers[0]

    def own(caller: Principal, role: str | None = None, **filters: Any) -> list[int]:
        return [
            order.id
            for order in bench.orders.list_own(PageRequest(), caller, role, OrderFilters(**filters)).items
        ]

    assert own(ann) == own(ann, "customer") == [ids[1], ids[0]]
    assert own(ann, "performer") == []
    assert own(bob) == [ids[3], ids[2]]
    assert own(petra) == own(petra, "performer") == [ids[1], ids[0], ids[2]]
    assert own(petra, status="pending") == [ids[0], ids[2]]
    assert own(petra, starts_from=START + 2 * HOUR) == [ids[2]]
    assert own(petra, starts_from=START + HOUR, starts_before=START + 5 * HOUR) == [ids[1], ids[0]]
    everybody = bench.orders.list_all(PageRequest(), OrderFilters())
    assert [order.id for order in everybody.items] == ids[::-1]
    assert [o.id for o in bench.orders.list_all(PageRequest(), OrderFilters("confirmed")).items] == [ids[1]]


def test_somebody_who_is_both(bench: Bench) -> None:
    petra = bench.performers[0]
    bench.customers[1] = petra
    served, ordered = bench.add(), bench.add(customer=1, performer=1)

    def own(role: str | None) -> list[int]:
        return [order.id for order in bench.orders.list_own(PageRequest(), petra, role, OrderFilters()).items]

    assert own(None) == [ordered, served]
    assert own("customer") == [ordered]
    assert own("performer") == [served]


def test_pages(bench: Bench) -> None:
    ids = [bench.add(START + number * HOUR) for number in range(1, 6)][::-1]
    ann = bench.customers[0]

    def page(**where: Any) -> Any:
        return bench.orders.list_own(PageRequest(limit=2, **where), ann, None, OrderFilters())

    first = page()
    second = page(after=first.next)
    third = page(after=second.next)
    assert [o.id for o in first.items + second.items + third.items] == ids
    assert (first.previous, third.next) == (None, None)
    assert page(before=third.previous).items == second.items
    with pytest.raises(AppError) as bent:
        page(after="bent")
    assert bent.value.code == "invalid_cursor"


def test_orders_without_timers_are_counted(bench: Bench) -> None:
    known = bench.add(state_entry=3)
    over = [bench.add(START + 9 * HOUR, status=status) for status in ("declined", "expired", "completed")]
    ids = [bench.add(START + number * HOUR) for number in range(2, 6)]
    moved = bench.add(START + 6 * HOUR, state_entry=-2, status="delivered", updated_at=START)

    def heal(limit: int) -> list[tuple[int, int]]:
        with bench.uow:
            found = bench.orders.heal(limit)
        assert found == [bench.get(order.id) for order in found]
        return [(order.id, order.state_entry) for order in found]

    assert heal(3) == [(order_id, 1) for order_id in ids[:3]]
    assert heal(3) == [(ids[3], 1), (moved, 3)]
    assert heal(3) == []
    assert [bench.get(order_id).state_entry for order_id in [known, *over]] == [3, 0, 0, 0]
    # Nobody sees the number, so no cached answer and no ETag changes.
    assert (bench.get(moved).version, bench.get(moved).updated_at) == (1, START)


def test_who_has_met(bench: Bench) -> None:
    bench.add()
    ann, bob = (customer.user_id for customer in bench.customers)
    petra, paul = (performer.user_id for performer in bench.performers)
    assert bench.orders.have_met(ann, petra)
    assert bench.orders.have_met(petra, ann)
    for one, other in ((bob, petra), (ann, paul), (ann, bob), (ann, ann)):
        assert not bench.orders.have_met(one, other)
