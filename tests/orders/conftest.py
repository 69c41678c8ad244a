"""A customer, a performer, staff and a stranger around orders."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.blueprints.orders.policies.life import StepTimes
from marketplace.blueprints.orders.wiring import Orders
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.models import Order, Performer, Service, User
from marketplace.realtime import outgoing
from marketplace.testing import START, Factory
from marketplace.web.runtime import Runtime


@dataclass
class Deal:
    """Who is who; `headers` sign each role in. Staff who move orders are admins."""

    make: Factory
    customer: User
    performer_user: User
    staff: User
    performer: Performer
    service: Service
    people: dict[str, User]
    auth: Callable[[User], dict[str, str]]
    days: Any
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def sign_in(self) -> None:
        """Everybody once more: access tokens do not live as long as orders."""
        self.headers = {role: self.auth(user) for role, user in self.people.items()} | {"anonymous": {}}

    def order(self, status: str = "pending", **values: Any) -> Order:
        """An order of its own day."""
        values.setdefault("starts_at", START + timedelta(days=next(self.days)))
        if status == "completed":
            values.setdefault("completed_at", START)
        return self.make.order(self.customer, self.service, status=status, **values)


@pytest.fixture
def deal(make: Factory, auth: Callable[[User], dict[str, str]]) -> Deal:
    performer_user = make.user(first_name="Pavel")
    performer = make.performer(performer_user)
    customer, staff = make.user(first_name="Clara"), make.staff("admin")
    people = {
        "customer": customer,
        "performer": performer_user,
        "staff": staff,
        "moderator": make.staff("moderator"),
        "stranger": make.user(),
        "other_performer": make.user(),
        "unverified": make.user(email_verified=False),
    }
    make.performer(people["other_performer"])
    deal = Deal(
        make=make,
        customer=customer,
        performer_user=performer_user,
        staff=staff,
        performer=performer,
        service=make.service(performer),
        people=people,
        auth=auth,
        days=count(1),
    )
    deal.sign_in()
    return deal


@pytest.fixture
def at_any_time(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders may be started, and missed, long before the agreed time."""
    found = runtime.get(Orders)
    times = StepTimes(start_early=timedelta(days=365), no_show_after=timedelta(days=-365))
    for service in (found.booking, found.transitions._steps, found.cancellation):
        monkeypatch.setattr(service, "_times", times)


def event_names(prefix: str = "order.") -> list[str]:
    """The recorded events, in their order."""
    statement = select(DomainEventRow.name).where(DomainEventRow.name.startswith(prefix))
    return list(db.session.scalars(statement.order_by(DomainEventRow.id)))


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    """What goes to sockets about orders: room, event and payload."""
    sent: list[tuple[str, str, Any]] = []

    def publish(room: str, name: str, payload: Any) -> None:
        if name.startswith("order:"):
            sent.append((room, name, payload))

    monkeypatch.setattr(outgoing, "publish", publish)
    return sent
