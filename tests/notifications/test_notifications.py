"""Notifications: who is told of what, once, and how they are read."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from marketplace.blueprints.moderation.contracts import ChangeDecided
from marketplace.blueprints.notifications.handlers import TOLD, TOPICS
from marketplace.blueprints.notifications.policies import NotificationTopic
from marketplace.blueprints.notifications.wiring import Notifications
from marketplace.blueprints.orders.contracts import OrderAccepted, OrderCreated, OrderExpired
from marketplace.blueprints.performers.contracts import PerformerApproved
from marketplace.blueprints.reviews.contracts import ReviewPublished
from marketplace.extensions import db, socketio
from marketplace.kernel.events import DomainEvent
from marketplace.models import Notification, Performer, User

URL = "/api/v1/notifications"
Record = Callable[[DomainEvent], list[tuple[int, str]]]


@pytest.fixture
def record(runtime: Any, run_jobs: Any) -> Record:
    """Lets an event happen; gives who was told of what."""

    def happen(event: DomainEvent) -> list[tuple[int, str]]:
        with runtime.uow as uow:
            uow.record(event)
        run_jobs()
        rows = db.session.query(Notification).filter_by(event_id=event.event_id).order_by(Notification.id)
        return [(row.user_id, row.topic) for row in rows]

    return happen


@pytest.fixture
def order(make: Any) -> Any:
    return make.order()


def step(kind: type[Any], order: Any, actor_id: int | None, status: str = "confirmed") -> Any:
    performer = db.session.get(Performer, order.performer_id)
    assert performer is not None
    return kind(
        order_id=order.id,
        customer_id=order.customer_id,
        performer_id=order.performer_id,
        performer_user_id=performer.user_id,
        status=status,
        actor_id=actor_id,
    )


def test_every_topic_is_documented() -> None:
    assert set(NotificationTopic) == {TOPICS.get(kind, kind.name) for kind, _ in TOLD}


def test_the_party_that_did_not_act_is_told_of_an_order(record: Record, order: Any) -> None:
    performer_user_id = step(OrderCreated, order, None).performer_user_id
    assert record(step(OrderCreated, order, order.customer_id)) == [(performer_user_id, "order.created")]
    assert record(step(OrderAccepted, order, performer_user_id)) == [(order.customer_id, "order.accepted")]
    assert sorted(record(step(OrderExpired, order, None))) == sorted(
        [(order.customer_id, "order.expired"), (performer_user_id, "order.expired")]
    )


@pytest.mark.parametrize("direction", ["of_performer", "of_customer"])
def test_whom_a_review_is_of_is_told(record: Record, order: Any, direction: str) -> None:
    performer = db.session.get(Performer, order.performer_id)
    assert performer is not None
    event = ReviewPublished(
        review_id=1,
        order_id=order.id,
        author_id=1,
        performer_id=performer.id,
        customer_id=order.customer_id,
        direction=direction,
    )
    told = performer.user_id if direction == "of_performer" else order.customer_id
    assert record(event) == [(told, "review.published")]


def test_decisions_of_staff_are_told(record: Record, make: Any) -> None:
    performer = make.performer()
    approved = PerformerApproved(performer_id=performer.id, user_id=performer.user_id)
    assert record(approved) == [(performer.user_id, "performer.approved")]
    decided = ChangeDecided(
        change_id=1,
        subject_type="performer",
        subject_id=performer.id,
        field_name="headline",
        requested_by=performer.user_id,
        status="approved",
    )
    assert record(decided) == [(performer.user_id, "change.decided")]


def test_an_event_that_comes_again_is_told_once(runtime: Any, make: Any, run_jobs: Any) -> None:
    user, event_id = make.user(), uuid4()
    service = runtime.get(Notifications).notifications
    for _ in range(3):
        service.tell(user.id, event_id, "order.created", {"order_id": 1})
    assert db.session.query(Notification).filter_by(user_id=user.id).count() == 1
    assert run_jobs() == 1


def test_a_notification_is_pushed_to_its_user_only(
    app: Any, record: Record, order: Any, auth: Any, make: Any
) -> None:
    def connect(user: Any) -> Any:
        token = auth(user)["Authorization"].removeprefix("Bearer ")
        return socketio.test_client(app, namespace="/chat", auth={"token": token})

    customer, stranger = connect(db.session.get(User, order.customer_id)), connect(make.user())
    try:
        record(step(OrderAccepted, order, actor_id=1))
        heard = [item for item in customer.queue if item["name"] == "notification:new"]
        assert [item["args"][0]["topic"] for item in heard] == ["order.accepted"]
        assert heard[0]["args"][0]["data"]["order_id"] == order.id
        assert "actor_id" not in heard[0]["args"][0]["data"]
        assert stranger.queue == []
    finally:
        customer.disconnect("/chat")
        stranger.disconnect("/chat")


def test_events_have_one_rule_each() -> None:
    kinds = [kind for kind, _ in TOLD]
    assert len(kinds) == len(set(kinds))


@pytest.fixture
def told(make: Any, auth: Any) -> Any:
    """Makes users with notifications, oldest first, and headers to read them with."""

    def tell(count: int, user: Any = None) -> tuple[Any, list[int], Any]:
        user = user or make.user()
        rows = [
            Notification(user_id=user.id, event_id=uuid4(), topic="order.created", data={"order_id": n})
            for n in range(count)
        ]
        db.session.add_all(rows)
        db.session.commit()
        return auth(user), [row.id for row in rows], user

    return tell


def ids(client: Any, headers: Any, query: str = "") -> list[int]:
    found: list[Any] = client.get(f"{URL}?{query}", headers=headers).json["items"]
    return [item["id"] for item in found]


def test_own_notifications_come_newest_first_in_pages(client: Any, told: Any) -> None:
    headers, made, _ = told(5)
    told(2)
    seen, query = [], "limit=2"
    while query:
        page = client.get(f"{URL}?{query}", headers=headers).json
        seen += [item["id"] for item in page["items"]]
        query = f"limit=2&after={page['next']}" if page["next"] else ""
    assert seen == made[::-1]


def test_reading_some_or_all_up_to_one(client: Any, told: Any) -> None:
    headers, made, _ = told(5)
    foreign_headers, foreign, _ = told(1)

    def read(**body: Any) -> int:
        return int(client.post(f"{URL}/read", headers=headers, json=body).json["marked"])

    assert read(ids=[made[4], foreign[0]]) == 1
    assert ids(client, headers, "unread=true") == made[3::-1]
    assert read(up_to_id=made[1]) == 2
    assert read(up_to_id=made[1]) == 0
    assert ids(client, headers, "unread=true") == [made[3], made[2]]
    assert ids(client, headers) == made[::-1]
    assert ids(client, foreign_headers, "unread=true") == foreign


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": [1], "up_to_id": 1}, {"ids": [0]}, {"x": 1}])
def test_a_bad_reading_is_refused(client: Any, told: Any, body: Any) -> None:
    assert client.post(f"{URL}/read", headers=told(0)[0], json=body).status_code == 422


def test_a_cursor_of_the_other_filter_is_refused(client: Any, told: Any) -> None:
    headers, _, _ = told(3)
    cursor = client.get(f"{URL}?limit=1", headers=headers).json["next"]
    found = client.get(f"{URL}?limit=1&unread=true&after={cursor}", headers=headers)
    assert (found.status_code, found.json["code"]) == (400, "invalid_cursor")


def test_nobody_reads_without_signing_in(client: Any) -> None:
    assert client.get(URL).status_code == 401
    assert client.post(f"{URL}/read", json={"up_to_id": 1}).status_code == 401


def test_a_list_of_any_length_costs_the_same_queries(client: Any, told: Any, assert_queries: Any) -> None:
    user = None
    for more, rows in ((1, 1), (5, 6), (94, 100)):
        headers, _, user = told(more, user)
        with assert_queries(2):
            assert len(ids(client, headers, "limit=100")) == rows
