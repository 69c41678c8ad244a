"""A performer with two hours on Tuesdays, and customers who want them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from marketplace.blueprints.waitlist.wiring import Waitlist
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.models import Order, Performer, PerformerSchedule, Service, User, WaitlistEntry
from marketplace.testing import CheckedClient, Factory, RunJobs
from marketplace.web.runtime import Runtime
from tests.support.people import messages

__all__ = ["messages"]

TUESDAY = date(2026, 5, 5)
NINE = datetime(2026, 5, 5, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
HOUR = timedelta(hours=1)
HALF_AN_HOUR = timedelta(minutes=30)
ADDRESS = {"line1": "Side Street 2"}
TUESDAYS_FROM_9_TO_11 = text("'{[1980,2100)}'::int4multirange")


@dataclass
class Day:
    """A Tuesday of a performer, which `fill` fills; everybody calls by `client`, signed in for each call."""

    client: CheckedClient
    make: Factory
    auth: Callable[[User], dict[str, str]]
    run_jobs: RunJobs
    owner: User
    performer: Performer
    service: Service
    orders: list[int] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/api/v1/performers/{self.performer.id}/waitlist"

    def fill(self, *starts: datetime) -> None:
        """Confirmed orders at `starts`, which are nine and ten unless said."""
        for at in starts or (NINE, TEN):
            made = self.make.order(self.make.user(), self.service, status="confirmed", starts_at=at)
            self.orders.append(made.id)

    def join(self, user: User, day: date = TUESDAY, **more: Any) -> Any:
        body = {"date": day.isoformat(), **more}
        return self.client.put(self.path, json=body, headers=self.auth(user))

    def waiting(self, *users: User) -> None:
        """These wait for Tuesday, in this order."""
        for user in users:
            answer = self.join(user)
            assert answer.status_code == 200, answer.json
        self.run_jobs()

    def leave(self, user: User, day: date = TUESDAY) -> Any:
        return self.client.delete(f"{self.path}?date={day.isoformat()}", headers=self.auth(user))

    def cancel(self, number: int = 0) -> None:
        """The performer cancels the order `number`, and all that follows is done."""
        path = f"/api/v1/orders/{self.orders[number]}/cancel"
        answer = self.client.post(path, headers=self.auth(self.owner))
        assert answer.status_code == 200, answer.json
        self.run_jobs()

    def offer(self, user: User) -> Any:
        """What the user is offered on the first day that the user waits for; None without an entry too."""
        items = self.client.get("/api/v1/user/me/waitlist", headers=self.auth(user)).json["items"]
        return items[0]["offer"] if items else None

    def is_waiting(self, user: User) -> bool:
        found = db.session.scalar(select(WaitlistEntry.id).where(WaitlistEntry.customer_id == user.id))
        db.session.commit()
        return found is not None

    def order(self, user: User, at: datetime = NINE, service: Service | None = None, **more: Any) -> Any:
        chosen = service or self.service
        body = {"service_id": chosen.id, "starts_at": at.isoformat(), "address": ADDRESS, **more}
        return self.client.post("/api/v1/orders", json=body, headers=self.auth(user))

    def hold(self, user: User, at: datetime = NINE) -> Any:
        body = {"service_id": self.service.id, "starts_at": at.isoformat()}
        path = f"/api/v1/performers/{self.performer.id}/holds"
        return self.client.post(path, json=body, headers=self.auth(user))

    def step(self, user: User, order_id: int, name: str, **body: Any) -> Any:
        answer = self.client.post(f"/api/v1/orders/{order_id}/{name}", json=body, headers=self.auth(user))
        self.run_jobs()
        return answer

    def slots(self, day: datetime = NINE) -> list[str]:
        query = {
            "service_id": self.service.id,
            "from": (day - 9 * HOUR).isoformat(),
            "to": (day + 15 * HOUR).isoformat(),
        }
        found = self.client.get(f"/api/v1/performers/{self.performer.id}/slots", query_string=query)
        return [item["starts_at"][11:16] for item in found.json["items"]]


@pytest.fixture
def day(client: CheckedClient, make: Factory, auth: Any, run_jobs: RunJobs) -> Day:
    owner = make.user()
    performer = make.performer(owner, timezone="UTC")
    db.session.add(PerformerSchedule(performer_id=performer.id, weekly=TUESDAYS_FROM_9_TO_11))
    db.session.commit()

    def run() -> int:
        count = run_jobs()
        # What was read has begun a savepoint, with which a refused request would take back what came since.
        db.session.commit()
        return count

    return Day(client, make, auth, run, owner, performer, make.service(performer, duration_minutes=60))


@pytest.fixture
def parts(runtime: Runtime) -> Waitlist:
    return runtime.get(Waitlist)


def events(prefix: str = "waitlist.") -> list[tuple[str, dict[str, Any]]]:
    """The recorded events, in their order."""
    statement = select(DomainEventRow.name, DomainEventRow.payload)
    statement = statement.where(DomainEventRow.name.startswith(prefix)).order_by(DomainEventRow.id)
    found = [(row.name, row.payload) for row in db.session.execute(statement)]
    db.session.commit()
    return found


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def status_of(order_id: int) -> str:
    found = db.session.execute(select(Order.status).where(Order.id == order_id)).scalar_one()
    db.session.commit()
    return found
