"""The timeline of an order: all that happened, for those who may see it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import OrderTransition, Review
from marketplace.testing import START, CheckedClient
from tests.orders.conftest import Deal

HOUR = timedelta(hours=1)
URL = "/api/v1/orders"


def read(client: CheckedClient, deal: Deal, role: str, order_id: int, query: str = "") -> Any:
    return client.get(f"{URL}/{order_id}/timeline{query}", headers=deal.headers[role])


def kinds(answer: Any) -> list[tuple[str, str | None]]:
    return [(one["kind"], one["transition"]) for one in answer.json["items"]]


def step(client: CheckedClient, deal: Deal, role: str, order_id: int, name: str, **body: Any) -> None:
    prefix = URL.replace("v1/", "v1/admin/") if name == "waive" else URL
    answer = client.post(f"{prefix}/{order_id}/{name}", json=body, headers=deal.headers[role])
    assert answer.status_code == 200, answer.json


def test_everything_in_its_order(client: CheckedClient, deal: Deal, clock: FrozenClock) -> None:
    order_id = deal.order(starts_at=START + HOUR).id
    start = (START + 2 * HOUR).isoformat()
    for role, name, body in (
        ("performer", "accept", {}),
        ("customer", "reschedule", {"starts_at": start}),
        ("performer", "reschedule", {"starts_at": start}),
        ("performer", "arrive", {}),
        ("customer", "cancel", {"reason": "No lamp"}),
        ("staff", "waive", {"reason": "It was broken"}),
    ):
        clock.advance(timedelta(seconds=1))
        step(client, deal, role, order_id, name, **body)
    for role in ("customer", "performer", "staff", "moderator"):
        answer = read(client, deal, role, order_id)
        assert kinds(answer) == [
            ("transition", "accept"),
            ("proposal", "reschedule"),
            ("transition", "reschedule"),
            ("arrival", "arrive"),
            ("transition", "cancel"),
            ("waiver", None),
        ]
    cancel, waiver = answer.json["items"][-2:]
    assert (cancel["reason"], cancel["actor_role"], cancel["to_status"]) == (
        "No lamp",
        "customer",
        "cancelled",
    )
    assert (waiver["reason"], waiver["actor_role"]) == ("It was broken", "staff")
    assert waiver["data"]["fault"] == "customer"
    assert read(client, deal, "stranger", order_id).status_code == 404


def test_reviews_show_when_they_are_published(client: CheckedClient, deal: Deal) -> None:
    order = deal.order("completed")
    review = deal.make.review(order, published_at=None, text="Fine work")
    seen = {
        role: read(client, deal, role, order.id).json["items"] for role in ("customer", "performer", "staff")
    }
    assert [len(found) for found in seen.values()] == [1, 0, 0]
    [own] = seen["customer"]
    assert own["review"] == {"id": review.id, "rating": 5, "text": "Fine work", "published_at": None}
    assert (own["reason"], own["actor_role"]) == (None, "customer")
    db.session.execute(update(Review).values(published_at=START))
    for role in seen:
        assert kinds(read(client, deal, role, order.id)) == [("review", None)]
    db.session.execute(update(Review).values(hidden_at=START, hidden_reason="Rude"))
    for role in seen:
        assert kinds(read(client, deal, role, order.id)) == []


@pytest.mark.parametrize("count", [1, 6, 100])
def test_the_same_queries_at_any_length(
    client: CheckedClient, deal: Deal, assert_queries: Any, count: int
) -> None:
    order = deal.order("completed")
    deal.make.review(order)
    db.session.add_all(
        OrderTransition(
            order_id=order.id, transition="reschedule", from_status="pending", to_status="pending",
            actor_role="customer", data={"proposal": True}, created_at=START,
        )
        for _ in range(count - 1)
    )  # fmt: skip
    db.session.commit()
    with assert_queries(3):
        answer = read(client, deal, "customer", order.id, "?limit=100")
    assert len(answer.json["items"]) == count


def test_pages_there_and_back(client: CheckedClient, deal: Deal) -> None:
    order = deal.order("completed")
    deal.make.review(order)
    db.session.add_all(
        OrderTransition(
            order_id=order.id, transition="deliver", from_status="in_progress", to_status="delivered",
            actor_role="performer", created_at=START,
        )
        for _ in range(4)
    )  # fmt: skip
    db.session.commit()
    whole = read(client, deal, "customer", order.id).json["items"]
    found: list[Any] = []
    query = "?limit=2"
    while True:
        page = read(client, deal, "customer", order.id, query).json
        found += page["items"]
        if page["next"] is None:
            break
        query = f"?limit=2&after={page['next']}"
    assert found == whole
    assert len(whole) == 5
    back = read(client, deal, "customer", order.id, f"?limit=2&before={page['previous']}").json
    assert back["items"] == whole[2:4]
    cursor = read(client, deal, "customer", order.id, "?limit=2").json["next"]
    foreign = read(client, deal, "performer", order.id, f"?limit=2&after={cursor}")
    assert (foreign.status_code, foreign.json["code"]) == (400, "invalid_cursor")
