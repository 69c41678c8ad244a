"""Orders of a series that are accepted or cancelled together, and those that are not touched by it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.blueprints.orders.contracts import OrderCreated
from marketplace.blueprints.reliability.wiring import Reliability
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.events import restore
from marketplace.models import CancellationPolicy, Order, OrderSeries, OrderTransition, PerformerSchedule
from marketplace.testing import START, CheckedClient
from marketplace.web.runtime import Runtime
from tests.orders.conftest import Deal, event_names

ANY = {"If-Match": "*"}
WEEK = timedelta(weeks=1)


@pytest.fixture
def series(deal: Deal) -> OrderSeries:
    return deal.make.series(deal.customer, deal.service, count=4, state_entry=1, created_at=START)


def ids(series: OrderSeries) -> list[int]:
    found = select(Order.id).where(Order.series_id == series.id).order_by(Order.series_position)
    return list(db.session.scalars(found))


def statuses(series: OrderSeries) -> list[str]:
    found = select(Order.status).where(Order.series_id == series.id).order_by(Order.series_position)
    return list(db.session.scalars(found))


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


Call = Callable[..., Any]


@pytest.fixture
def cancel(client: CheckedClient, deal: Deal) -> Call:
    def send(order_id: int, scope: str | None = None, role: str = "customer", **headers: str) -> Any:
        return client.delete(
            f"/api/v1/orders/{order_id}",
            query_string={} if scope is None else {"scope": scope},
            headers=deal.headers[role] | (headers or ANY),
        )

    return send


@pytest.fixture
def accept(client: CheckedClient, deal: Deal) -> Call:
    def send(series: OrderSeries, role: str = "performer", **body: Any) -> Any:
        url = f"/api/v1/series/{series.id}/accept"
        return client.post(url, json=body, headers=deal.headers[role])

    return send


# --- cancelled together ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["customer", "performer", "staff"])
def test_this_and_the_following_are_cancelled(
    cancel: Call, deal: Deal, series: OrderSeries, role: str
) -> None:
    answer = cancel(ids(series)[1], "following", role)
    assert answer.status_code == 200
    assert [order["series_position"] for order in answer.json["orders"]] == [2, 3, 4]
    assert {order["status"] for order in answer.json["orders"]} == {"cancelled"}
    assert statuses(series) == ["pending", "cancelled", "cancelled", "cancelled"]
    assert event_names() == ["order.cancelled"] * 3
    steps = db.session.scalars(select(OrderTransition.order_id).order_by(OrderTransition.order_id))
    assert list(steps) == ids(series)[1:]


@pytest.mark.parametrize("scope", [None, "one"])
def test_one_is_cancelled_alone(cancel: Call, series: OrderSeries, scope: str | None) -> None:
    answer = cancel(ids(series)[1], scope)
    assert [order["series_position"] for order in answer.json["orders"]] == [2]
    assert statuses(series) == ["pending", "cancelled", "pending", "pending"]


def test_an_order_of_no_series_is_cancelled_alone(cancel: Call, deal: Deal, series: OrderSeries) -> None:
    alone, other = (deal.order(starts_at=START + timedelta(days=days)) for days in (2, 3))
    db.session.commit()
    answer = cancel(alone.id, "following")
    assert [order["id"] for order in answer.json["orders"]] == [alone.id]
    assert db.session.scalar(select(Order.status).where(Order.id == other.id)) == "pending"
    assert statuses(series) == ["pending"] * 4


def test_each_costs_what_its_own_policy_says(cancel: Call, deal: Deal, clock: FrozenClock) -> None:
    policy = {"name": "flexible", "tiers": [{"hours_before": 24, "percent": 50}]}
    series = deal.make.series(
        deal.customer,
        deal.service,
        count=3,
        status="confirmed",
        starts_at=START + timedelta(hours=12),
        cancellation_policy=policy,
    )
    db.session.commit()
    answer = cancel(ids(series)[0], "following")
    costs = [order["cancellation"] for order in answer.json["orders"]]
    assert [(cost["percent"], cost["amount"]["amount"], cost["fault"]) for cost in costs] == [
        (50, 2500, "customer"),
        (0, 0, "customer"),
        (0, 0, "customer"),
    ]


def test_orders_that_have_moved_on_are_passed_over(cancel: Call, deal: Deal, series: OrderSeries) -> None:
    row = db.session.get_one(Order, ids(series)[2])
    row.status = "disputed"
    db.session.commit()
    answer = cancel(ids(series)[0], "following")
    assert [order["series_position"] for order in answer.json["orders"]] == [1, 2, 4]
    assert statuses(series) == ["cancelled", "cancelled", "disputed", "cancelled"]
    # The one in the address must be one that can be cancelled.
    assert code(cancel(row.id, "following")) == (409, "transition_not_allowed")


def test_the_version_of_the_order_in_the_address_counts(
    cancel: Call, client: CheckedClient, deal: Deal, series: OrderSeries
) -> None:
    order_id = ids(series)[0]
    url, headers = f"/api/v1/orders/{order_id}", deal.headers["customer"]
    assert code(client.delete(url, headers=headers)) == (428, "precondition_required")
    tag = client.get(url, headers=headers).headers["ETag"]
    moved = {"starts_at": (START + timedelta(days=2)).isoformat()}
    proposed = client.post(f"{url}/reschedule", json=moved, headers=deal.headers["performer"])
    assert proposed.status_code == 200
    assert code(cancel(order_id, "following", **{"If-Match": tag})) == (412, "precondition_failed")
    other = client.get(f"/api/v1/orders/{ids(series)[1]}", headers=headers).headers["ETag"]
    assert code(cancel(order_id, **{"If-Match": other})) == (412, "precondition_failed")
    assert statuses(series) == ["pending"] * 4
    tag = client.get(url, headers=headers).headers["ETag"]
    assert cancel(order_id, "following", **{"If-Match": tag}).status_code == 200


def test_a_new_series_can_have_the_dates_that_were_cancelled(
    cancel: Call, client: CheckedClient, deal: Deal, series: OrderSeries
) -> None:
    cancel(ids(series)[1], "following")
    body = {
        "service_id": deal.service.id,
        "starts_at": (START + timedelta(days=1)).isoformat(),
        "address": {"line1": "Side Street 2"},
        "repeat": "weekly",
        "count": 4,
        "preview": True,
    }
    answer = client.post("/api/v1/orders/series", json=body, headers=deal.headers["customer"])
    found = [[one["code"] for one in date["problems"]] for date in answer.json["dates"]]
    assert found == [["already_requested"], [], [], []]


# --- accepted together ----------------------------------------------------------------------------------


def test_what_is_free_is_accepted_and_the_rest_is_told(accept: Call, deal: Deal, series: OrderSeries) -> None:
    deal.make.order(
        deal.people["stranger"], deal.service, status="confirmed", starts_at=START + timedelta(days=1) + WEEK
    )
    db.session.get_one(Order, ids(series)[3]).status = "declined"
    db.session.commit()
    answer = accept(series)
    assert answer.status_code == 200
    told = [
        (one["order"]["series_position"], one["order"]["status"], one["refused"])
        for one in answer.json["outcomes"]
    ]
    assert told == [(1, "confirmed", None), (2, "pending", "slot_taken"), (3, "confirmed", None)]
    assert statuses(series) == ["confirmed", "pending", "confirmed", "declined"]
    assert event_names() == ["order.accepted"] * 2
    # What is refused can be answered alone, and all others were.
    again = accept(series)
    assert [one["refused"] for one in again.json["outcomes"]] == ["slot_taken"]
    assert event_names() == ["order.accepted"] * 2


def test_too_little_time_is_told_or_overlooked(accept: Call, deal: Deal, series: OrderSeries) -> None:
    quarter, hour = timedelta(minutes=15), timedelta(hours=1)
    from sqlalchemy.dialects.postgresql import Range

    db.session.add(
        PerformerSchedule(performer_id=deal.performer.id, weekly="{[0,10080)}", buffer_after_minutes=15)
    )
    at = START + timedelta(days=1) + WEEK + hour
    deal.make.order(
        deal.people["stranger"],
        deal.service,
        status="confirmed",
        starts_at=at,
        padded=Range(at - quarter, at + hour + quarter),
    )
    db.session.commit()
    answer = accept(series)
    assert [one["refused"] for one in answer.json["outcomes"]] == [None, "too_close", None, None]
    answer = accept(series, despite_conflicts=True)
    assert [one["refused"] for one in answer.json["outcomes"]] == [None]
    assert answer.json["outcomes"][0]["order"]["despite_conflicts"] is True


def test_orders_of_a_series_that_were_moved_together_do_not_overlap(
    accept: Call, deal: Deal, series: OrderSeries
) -> None:
    first, second, *_ = (db.session.get_one(Order, order_id) for order_id in ids(series))
    second.starts_at, second.ends_at = (at + timedelta(minutes=30) for at in (first.starts_at, first.ends_at))
    db.session.commit()
    answer = accept(series)
    assert [one["refused"] for one in answer.json["outcomes"]] == [None, "slot_taken", None, None]


def test_who_accepts(accept: Call, client: CheckedClient, deal: Deal, series: OrderSeries) -> None:
    for role in ("customer", "staff", "moderator"):
        assert code(accept(series, role)) == (403, "wrong_party")
    for role in ("stranger", "other_performer"):
        assert code(accept(series, role)) == (404, "not_found")
    assert statuses(series) == ["pending"] * 4
    assert accept(series).status_code == 200
    assert code(accept(series)) == (409, "transition_not_allowed")
    assert code(client.post("/api/v1/series/99/accept", json={}, headers=deal.headers["performer"])) == (
        404,
        "not_found",
    )


def test_orders_that_have_expired_by_the_clock_are_not_accepted(
    accept: Call, deal: Deal, series: OrderSeries, clock: FrozenClock
) -> None:
    clock.advance(timedelta(hours=24))
    deal.sign_in()
    assert code(accept(series)) == (409, "transition_not_allowed")
    assert statuses(series) == ["pending"] * 4


# --- what stays as it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "name", "body"),
    [
        ("performer", "accept", {}),
        ("performer", "decline", {}),
        ("customer", "cancel", {}),
        ("customer", "reschedule", {"starts_at": (START + timedelta(days=3)).isoformat()}),
    ],
)
def test_a_step_of_one_touches_no_other_and_creates_none(
    client: CheckedClient, deal: Deal, series: OrderSeries, role: str, name: str, body: Any
) -> None:
    def others() -> list[Any]:
        columns = (Order.id, Order.status, Order.starts_at, Order.version, Order.updated_at)
        return list(db.session.execute(select(*columns).where(Order.id != one).order_by(Order.id)))

    one = ids(series)[1]
    before = others()
    answer = client.post(f"/api/v1/orders/{one}/{name}", json=body, headers=deal.headers[role])
    assert answer.status_code == 200
    assert others() == before


def test_an_order_keeps_its_place_wherever_it_is_moved(
    client: CheckedClient, deal: Deal, series: OrderSeries
) -> None:
    first, second, *_ = ids(series)
    body = {"starts_at": (START + timedelta(days=30)).isoformat()}
    for role in ("customer", "performer"):
        url = f"/api/v1/orders/{first}/reschedule"
        assert client.post(url, json=body, headers=deal.headers[role]).status_code == 200
    shown = client.get(f"/api/v1/series/{series.id}", headers=deal.headers["customer"]).json
    assert [date["order"]["id"] for date in shown["dates"]][:2] == [first, second]
    assert datetime.fromisoformat(shown["dates"][0]["starts_at"]) == START + timedelta(days=30)


def test_a_series_is_one_request_in_the_response_figures(
    deal: Deal, series: OrderSeries, runtime: Runtime, clock: FrozenClock, run_jobs: Callable[[], int]
) -> None:
    from marketplace.models import PerformerFigures

    for order_id in ids(series):
        db.session.add(
            OrderTransition(
                order_id=order_id,
                transition="expire",
                from_status="pending",
                to_status="expired",
                actor_role="system",
                created_at=START + timedelta(days=1),
            )
        )
    db.session.commit()
    runtime.get(Reliability).figures.refresh(deal.performer.id)
    assert db.session.scalar(select(PerformerFigures.asked)) == 1
    assert db.session.scalar(select(PerformerFigures.answered)) == 0


def test_policies_are_copied_to_each_order(client: CheckedClient, deal: Deal) -> None:
    tiers = [{"hours_before": 10, "percent": 30}]
    db.session.add(CancellationPolicy(performer_id=deal.performer.id, name="custom", tiers=tiers))
    db.session.commit()
    body = {
        "service_id": deal.service.id,
        "starts_at": (START + timedelta(days=1)).isoformat(),
        "address": {"line1": "Side Street 2"},
        "repeat": "fortnightly",
        "count": 2,
    }
    answer = client.post("/api/v1/orders/series", json=body, headers=deal.headers["customer"])
    assert [date["order"]["cancellation_policy"] for date in answer.json["dates"]] == [
        {"name": "custom", "tiers": tiers}
    ] * 2


def test_events_of_orders_alone_are_those_that_the_release_before_knows() -> None:
    values = {"order_id": 1, "customer_id": 2, "performer_id": 3, "performer_user_id": 4, "status": "pending"}
    alone = OrderCreated(**values, actor_id=2)
    assert set(alone.payload()) == {*values, "actor_id"}
    assert restore(alone.name, alone.event_id, alone.payload()) == alone
    other = OrderCreated(**values, actor_id=2, along_with=1)
    assert restore(other.name, other.event_id, other.payload()) == other
