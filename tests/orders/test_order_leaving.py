"""Nobody leaves in the middle of an order, and nobody books who has left; not even at the same moment."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.blueprints.orders.policies.life import FINAL, TRANSITIONS
from marketplace.blueprints.orders.repositories.orders import SqlOrderRepository
from marketplace.extensions import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.models import DomainEventRow, Order, User, UserSession
from marketplace.models.orders import STATUSES
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.orders.conftest import Deal
from tests.orders.test_order_services import ANN, Market
from tests.support.waiting import eventually

Auth = Callable[[User], dict[str, str]]
ME = "/api/v1/user/me"
ANY = {"If-Match": "*"}
OPEN = [status for status in STATUSES if status not in FINAL]


def test_no_step_leads_out_of_a_final_status() -> None:
    left = {source for step in TRANSITIONS.values() for source in step.sources}
    assert left.isdisjoint(FINAL)
    assert left == set(OPEN)


@pytest.mark.parametrize("role", ["customer", "performer"])
@pytest.mark.parametrize("status", STATUSES)
def test_who_has_an_open_order_stays(client: CheckedClient, deal: Deal, role: str, status: str) -> None:
    order = deal.order(status)
    answer = client.delete(ME, headers=deal.headers[role] | ANY)
    if status in FINAL:
        assert answer.status_code == 204
        return
    assert (answer.status_code, answer.json["code"]) == (409, "order_open")
    assert answer.json["order_ids"] == [order.id]
    user = deal.people[role]
    db.session.refresh(user)
    assert (user.deleted_at, user.version) == (None, 1)
    assert client.get(ME, headers=deal.headers[role]).status_code == 200
    assert db.session.scalars(select(UserSession.revoked_at).where(UserSession.user_id == user.id)).all() == [
        None
    ]
    assert not db.session.scalars(
        select(DomainEventRow.id).where(DomainEventRow.name == "user.deleted")
    ).all()


def test_strangers_may_go(client: CheckedClient, deal: Deal) -> None:
    deal.order("confirmed")
    for role in ("stranger", "other_performer"):
        assert client.delete(ME, headers=deal.headers[role] | ANY).status_code == 204, role


def test_at_most_ten_are_named(client: CheckedClient, deal: Deal) -> None:
    ids = [deal.order("pending").id for _ in range(12)]
    answer = client.delete(ME, headers=deal.headers["customer"] | ANY)
    assert answer.json["order_ids"] == ids[:10]


def test_once_it_is_over_one_may_go(client: CheckedClient, deal: Deal) -> None:
    order = deal.order("pending")
    cancelled = client.post(f"/api/v1/orders/{order.id}/cancel", headers=deal.headers["customer"], json={})
    assert cancelled.status_code == 200
    assert client.delete(ME, headers=deal.headers["customer"] | ANY).status_code == 204
    # The other party still has the order.
    assert client.get(f"/api/v1/orders/{order.id}", headers=deal.headers["performer"]).status_code == 200


@pytest.mark.parametrize("gone", [1, 2])
def test_no_order_of_who_has_left(gone: int) -> None:
    market = Market()
    market.repository.gone = {gone}
    with pytest.raises(NotFound):
        market.book()
    assert not market.repository.orders
    market.repository.gone = set()
    assert market.book().customer_id == ANN.user_id


def test_which_accounts_are_open(runtime: Runtime, make: Factory) -> None:
    here, blocked, deleted = make.user(), make.user(is_active=False), make.user(deleted_at=START)
    orders = SqlOrderRepository(runtime.uow, runtime.cursors)
    with runtime.uow:
        assert orders.hold_parties({here.id, blocked.id, deleted.id, 10**9}) == {here.id}


# --- at the same moment -------------------------------------------------------------------------------


class Pair:
    """A customer and a performer, signed in, on real connections."""

    def __init__(self, app: Flask, auth: Auth) -> None:
        self.app = app
        with app.app_context():
            make = Factory()
            self.customer, self.performer = make.user(), make.user()
            self.service = make.service(make.performer(self.performer))
            self.headers = {"customer": auth(self.customer), "performer": auth(self.performer)}
            db.session.remove()

    def book(self, day: int = 1) -> int:
        body = {
            "service_id": self.service.id,
            "starts_at": (START + timedelta(days=day)).isoformat(),
            "address": {"line1": "Side Street 2"},
        }
        headers = self.headers["customer"]
        return self.app.test_client().post("/api/v1/orders", json=body, headers=headers).status_code

    def leave(self, role: str) -> int:
        return self.app.test_client().delete(ME, headers=self.headers[role] | ANY).status_code

    def state(self, role: str) -> tuple[bool, int]:
        """Whether the user is deleted, and how many orders are open."""
        user = self.customer if role == "customer" else self.performer
        with self.app.app_context():
            deleted = db.session.scalar(select(User.deleted_at).where(User.id == user.id)) is not None
            count = select(func.count()).where(
                Order.service_id == self.service.id, Order.status.not_in(FINAL)
            )
            return deleted, db.session.execute(count).scalar_one()


@pytest.mark.parametrize("role", ["customer", "performer"])
def test_booked_or_left_never_both(committed: Flask, auth: Auth, role: str) -> None:
    for _ in range(20):
        pair = Pair(committed, auth)
        barrier = Barrier(4)

        def run(number: int, pair: Pair = pair, barrier: Barrier = barrier) -> int:
            barrier.wait(30)
            return pair.leave(role) if number == 0 else pair.book(number)

        with ThreadPoolExecutor(4) as pool:
            left, *booked = pool.map(run, range(4))
        deleted, open_orders = pair.state(role)
        assert (left, deleted) in {(204, True), (409, False)}
        assert booked.count(201) == open_orders
        assert set(booked) <= {201, 401, 404}
        assert deleted == (open_orders == 0), (left, booked)


def waiting(app: Flask) -> Callable[[], bool]:
    """Whether some statement waits for a lock."""

    def look() -> bool:
        with app.app_context(), db.engine.connect() as connection:
            statement = text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return bool(connection.execute(statement).scalar_one())

    return look


@pytest.mark.parametrize("role", ["customer", "performer"])
def test_who_leaves_waits_for_a_booking_under_way(committed: Flask, auth: Auth, role: str) -> None:
    pair = Pair(committed, auth)
    runtime: Runtime = committed.extensions["marketplace"]
    with ThreadPoolExecutor(1) as pool:
        with committed.app_context(), runtime.uow:
            orders = SqlOrderRepository(runtime.uow, runtime.cursors)
            orders.hold_parties({pair.customer.id, pair.performer.id})
            leaving: Future[int] = pool.submit(pair.leave, role)
            eventually(waiting(committed))
            orders.add(
                [
                    {
                        "customer_id": pair.customer.id,
                        "performer_id": pair.service.performer_id,
                        "service_id": pair.service.id,
                        "title": "Install a lamp",
                        "pricing": "quote",
                        "starts_at": START,
                        "ends_at": START + timedelta(hours=1),
                        "address": {"line1": "Side Street 2"},
                    }
                ]
            )
        assert leaving.result(30) == 409
    assert pair.state(role) == (False, 1)


@pytest.mark.parametrize("role", ["customer", "performer"])
def test_a_booking_waits_for_who_is_leaving(committed: Flask, auth: Auth, role: str) -> None:
    pair = Pair(committed, auth)
    runtime: Runtime = committed.extensions["marketplace"]
    user = pair.customer if role == "customer" else pair.performer
    with ThreadPoolExecutor(1) as pool:
        with committed.app_context(), runtime.uow:
            runtime.get(Accounts).deletion.delete(Principal(user_id=user.id, session_id=0), None)
            booking: Future[int] = pool.submit(pair.book)
            eventually(waiting(committed))
        assert booking.result(30) == 404
    assert pair.state(role) == (True, 0)
