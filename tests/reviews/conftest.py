"""Two parties of a completed order, staff, and who has nothing to do with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.models import CustomerRating, Order, Performer, Review, Service, User
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.caching import topics


@dataclass
class Job:
    """A piece of work that was done; `headers` sign each role in."""

    client: CheckedClient
    make: Factory
    people: dict[str, User]
    performer: Performer
    service: Service
    auth: Callable[[User], dict[str, str]]
    days: Any
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def sign_in(self) -> None:
        """Everybody once more: access tokens do not live as long as orders."""
        self.headers = {role: self.auth(user) for role, user in self.people.items()} | {"anonymous": {}}

    def order(self, status: str = "completed", completed_at: datetime | None = START) -> Order:
        """An order of its own day, completed at START."""
        return self.make.order(
            self.people["customer"],
            self.service,
            status=status,
            completed_at=completed_at if status == "completed" else None,
            starts_at=START - timedelta(days=next(self.days)),
        )

    def write(self, role: str, order: Order, rating: int = 5, **values: Any) -> Any:
        """The role's review of an order."""
        url = f"/api/v1/orders/{order.id}/review"
        return self.client.post(url, json={"rating": rating} | values, headers=self.headers[role])

    def post(self, role: str, path: str, **body: Any) -> Any:
        return self.client.post(f"/api/v1{path}", json=body, headers=self.headers[role])

    def get(self, role: str, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.headers[role])

    def public(self) -> list[dict[str, Any]]:
        """What everybody sees, asked for anew."""
        topics.clear()
        items: list[dict[str, Any]] = self.get("anonymous", self.list_path).json["items"]
        return items

    @property
    def list_path(self) -> str:
        return f"/performers/{self.performer.id}/reviews"


@pytest.fixture
def work(client: CheckedClient, make: Factory, auth: Callable[[User], dict[str, str]]) -> Job:
    people = {
        "customer": make.user(first_name="Clara", last_name="Schumann"),
        "performer": make.user(first_name="Pavel"),
        "staff": make.staff(),
        "stranger": make.user(),
        "other_performer": make.user(),
        "unverified": make.user(email_verified=False),
    }
    performer = make.performer(people["performer"])
    make.performer(people["other_performer"])
    job = Job(client, make, people, performer, make.service(performer), auth, count(1))
    job.sign_in()
    return job


def figures(performer_id: int) -> tuple[int, int, list[int]]:
    """What is kept on the performer."""
    columns = (Performer.rating_count, Performer.rating_sum, Performer.rating_histogram)
    return tuple(db.session.execute(select(*columns).where(Performer.id == performer_id)).one())  # type: ignore[return-value]  # three columns


def aspect_figures(performer_id: int) -> tuple[list[int], list[int]]:
    """What is kept on the performer by aspect: counts and sums."""
    columns = (Performer.aspect_counts, Performer.aspect_sums)
    return tuple(db.session.execute(select(*columns).where(Performer.id == performer_id)).one())  # type: ignore[return-value]  # two columns


def customer_figures() -> dict[int, tuple[int, int]]:
    """What is kept on customers who have been reviewed."""
    rows = db.session.execute(
        select(CustomerRating.user_id, CustomerRating.rating_count, CustomerRating.rating_sum)
    )
    return {user_id: (count, total) for user_id, count, total in rows if count or total}


def recounted_aspects(performer_id: int) -> tuple[list[int], list[int]]:
    """What the performer's reviews say by aspect."""
    columns = (Review.quality, Review.punctuality, Review.communication)
    rows = db.session.execute(
        select(*columns).where(*_shown("of_performer"), Review.performer_id == performer_id)
    )
    given = [[stars for stars in aspect if stars is not None] for aspect in zip(*rows, strict=True)] or [
        []
    ] * 3
    return [len(stars) for stars in given], [sum(stars) for stars in given]


def recounted_customers() -> dict[int, tuple[int, int]]:
    """What the reviews of customers say."""
    found: dict[int, tuple[int, int]] = {}
    statement = select(Review.customer_id, Review.rating).where(*_shown("of_customer"))
    for customer_id, rating in db.session.execute(statement):
        count, total = found.get(customer_id, (0, 0))
        found[customer_id] = (count + 1, total + rating)
    return found


def _shown(direction: str) -> tuple[Any, ...]:
    return (Review.direction == direction, Review.published_at.is_not(None), Review.hidden_at.is_(None))


def recounted(performer_id: int) -> tuple[int, int, list[int]]:
    """What the performer's reviews say."""
    statement = select(Review.rating).where(Review.performer_id == performer_id, *_shown("of_performer"))
    ratings = list(db.session.scalars(statement))
    return len(ratings), sum(ratings), [ratings.count(stars) for stars in range(1, 6)]


def event_names() -> list[str]:
    """The recorded events of reviews, in their order."""
    statement = select(DomainEventRow.name).where(DomainEventRow.name.startswith("review."))
    return list(db.session.scalars(statement.order_by(DomainEventRow.id)))
