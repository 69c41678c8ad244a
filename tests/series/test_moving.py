"""This and the following orders of a series are moved together: proposed by one party, agreed to by the other."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.extensions import db
from marketplace.models import BookedTime, Order, OrderSeries, OrderTransition, PerformerSchedule
from marketplace.testing import START, CheckedClient
from tests.orders.conftest import Deal, event_names

ANY = {"If-Match": "*"}
FIRST = START + timedelta(days=1)
WEEK, HOUR = timedelta(weeks=1), timedelta(hours=1)

Call = Callable[..., Any]


@pytest.fixture
def series(deal: Deal) -> OrderSeries:
    return deal.make.series(deal.customer, deal.service, count=4, state_entry=1, created_at=START)


def orders(series: OrderSeries) -> list[Any]:
    columns = (Order.id, Order.status, Order.starts_at, Order.proposed_starts_at, Order.state_entry)
    found = select(*columns).where(Order.series_id == series.id).order_by(Order.series_position)
    return list(db.session.execute(found))


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def problems(answer: Any) -> list[tuple[int, list[str]]]:
    return [(date["position"], [one["code"] for one in date["problems"]]) for date in answer.json["dates"]]


@pytest.fixture
def move(client: CheckedClient, deal: Deal) -> Call:
    def send(
        order_id: int,
        starts_at: datetime | str,
        scope: str = "following",
        role: str = "customer",
        **more: Any,
    ) -> Any:
        headers = deal.headers[role] | (more.pop("headers", None) or ANY)
        body = {"starts_at": starts_at if isinstance(starts_at, str) else starts_at.isoformat()} | more
        url = f"/api/v1/orders/{order_id}"
        return client.patch(url, query_string={"scope": scope}, json=body, headers=headers)

    return send


@pytest.mark.parametrize("status", ["pending", "confirmed"])
@pytest.mark.parametrize(("one", "other"), [("customer", "performer"), ("performer", "customer")])
def test_both_agree_on_another_time_of_this_and_the_following(
    move: Call, deal: Deal, status: str, one: str, other: str
) -> None:
    series = deal.make.series(deal.customer, deal.service, count=4, state_entry=1, status=status)
    db.session.commit()
    before = orders(series)
    second = before[1].id
    target = before[1].starts_at + 2 * HOUR
    proposed = move(second, target, role=one)
    assert proposed.status_code == 200
    assert [order["series_position"] for order in proposed.json["orders"]] == [2, 3, 4]
    assert {order["proposed_by"] for order in proposed.json["orders"]} == {one}
    assert [row.starts_at for row in orders(series)] == [row.starts_at for row in before]

    agreed = move(second, target, role=other)
    assert [order["proposed_starts_at"] for order in agreed.json["orders"]] == [None] * 3
    after = orders(series)
    assert [row.starts_at - old.starts_at for row, old in zip(after, before, strict=True)] == [
        timedelta(0),
        *[2 * HOUR] * 3,
    ]
    # Timers are made anew for what has moved, and for nothing else.
    assert [row.state_entry for row in after] == [1, 2, 2, 2]
    assert event_names() == ["order.reschedule_proposed"] * 3 + ["order.rescheduled"] * 3
    history = db.session.execute(select(OrderTransition.order_id, OrderTransition.data))
    told = [(row.order_id, row.data["starts_at"], "proposal" in row.data) for row in history]
    wanted = [(row.id, row.starts_at) for row in after[1:]]
    assert sorted(told) == sorted(
        (order_id, at.isoformat(), proposal) for order_id, at in wanted for proposal in (True, False)
    )
    assert db.session.scalar(select(func.count()).select_from(Order)) == 4
    if status == "confirmed":
        spans = db.session.scalars(select(func.lower(BookedTime.span)))
        assert sorted(spans) == [row.starts_at for row in after]


def test_one_is_moved_alone(move: Call, series: OrderSeries) -> None:
    before = orders(series)
    answer = move(before[1].id, FIRST + WEEK + HOUR, "one")
    assert [order["series_position"] for order in answer.json["orders"]] == [2]
    assert [row.proposed_starts_at for row in orders(series)] == [None, FIRST + WEEK + HOUR, None, None]


def test_a_start_that_is_refused_moves_none(move: Call, deal: Deal, series: OrderSeries) -> None:
    at = FIRST + 2 * WEEK + 3 * HOUR
    deal.make.order(deal.people["stranger"], deal.service, status="confirmed", starts_at=at)
    db.session.commit()
    first = orders(series)[0].id
    answer = move(first, FIRST + 3 * HOUR)
    assert code(answer) == (409, "series_conflicts")
    assert problems(answer) == [(1, []), (2, []), (3, ["slot_taken"]), (4, [])]
    assert [row.proposed_starts_at for row in orders(series)] == [None] * 4
    assert event_names() == []
    # One alone is refused as by POST /orders/{order_id}/reschedule.
    third = orders(series)[2].id
    assert code(move(third, at, "one")) == (409, "slot_taken")
    assert code(move(third, START, "one")) == (422, "starts_in_past")
    assert code(move(first, START)) == (409, "series_conflicts")
    assert code(move(third, at, "one", despite_conflicts=True)) == (422, "only_performer")


def test_a_move_by_as_much_as_the_repeat_meets_the_next_date(move: Call, deal: Deal) -> None:
    series = deal.make.series(deal.customer, deal.service, count=3, status="confirmed")
    db.session.commit()
    answer = move(orders(series)[0].id, FIRST + WEEK)
    assert problems(answer) == [(1, ["slot_taken"]), (2, ["slot_taken"]), (3, [])]


def test_orders_that_have_moved_on_are_passed_over(move: Call, series: OrderSeries) -> None:
    rows = orders(series)
    db.session.get_one(Order, rows[2].id).status = "declined"
    db.session.commit()
    answer = move(rows[1].id, FIRST + WEEK + HOUR)
    assert [order["series_position"] for order in answer.json["orders"]] == [2, 4]
    assert code(move(rows[2].id, FIRST + 3 * WEEK)) == (409, "transition_not_allowed")


def test_if_match_is_wanted(move: Call, client: CheckedClient, deal: Deal, series: OrderSeries) -> None:
    first = orders(series)[0].id
    url, headers = f"/api/v1/orders/{first}", deal.headers["customer"]
    body = {"starts_at": (FIRST + HOUR).isoformat()}
    assert code(client.patch(url, json=body, headers=headers)) == (428, "precondition_required")
    tag = client.get(url, headers=headers).headers["ETag"]
    assert move(first, FIRST + HOUR, headers={"If-Match": tag}).status_code == 200
    assert code(move(first, FIRST + HOUR, headers={"If-Match": tag})) == (412, "precondition_failed")


def test_who_moves(move: Call, series: OrderSeries) -> None:
    first = orders(series)[0].id
    for role in ("staff", "moderator"):
        assert code(move(first, FIRST + HOUR, role=role)) == (403, "wrong_party")
    for role in ("stranger", "other_performer"):
        assert code(move(first, FIRST + HOUR, role=role)) == (404, "not_found")
    assert [row.proposed_starts_at for row in orders(series)] == [None] * 4


def test_the_clock_of_the_performer_counts(move: Call, deal: Deal) -> None:
    """From 9 to 11 before and after the clock is put back, and over the hour that comes twice."""
    deal.performer.timezone = "Europe/Berlin"
    db.session.add(PerformerSchedule(performer_id=deal.performer.id, weekly="{[0,10080)}"))
    first = datetime.fromisoformat("2026-10-18T09:00:00+02:00")
    series = deal.make.series(deal.customer, deal.service, count=3, starts_at=first)
    rows = [db.session.get_one(Order, row.id) for row in orders(series)]
    for row in rows[1:]:  # 9:00 by the clock, which is put back on the 25th
        row.starts_at, row.ends_at = row.starts_at + HOUR, row.ends_at + HOUR
    db.session.commit()
    one = rows[0].id
    assert move(one, "2026-10-18T11:00:00+02:00").status_code == 200
    proposed = [row.proposed_starts_at for row in orders(series)]
    assert proposed == [
        datetime.fromisoformat(text)
        for text in ("2026-10-18T11:00:00+02:00", "2026-10-25T11:00:00+01:00", "2026-11-01T11:00:00+01:00")
    ]

    twice = move(one, "2026-10-18T02:30:00+02:00")
    assert code(twice) == (409, "series_conflicts")
    assert problems(twice) == [(2, ["time_comes_twice"]), (3, [])]
    choices = twice.json["dates"][0]["problems"][0]["choices"]
    assert choices == ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]
    assert code(move(one, "2026-10-18T02:30:00+02:00", dates=["2026-10-26T02:30:00+01:00"])) == (
        422,
        "date_not_in_series",
    )
    assert move(one, "2026-10-18T02:30:00+02:00", dates=choices[1:]).status_code == 200
    chosen = datetime.fromisoformat(choices[1])
    assert orders(series)[1].proposed_starts_at == chosen
    # The other party agrees to what was chosen, without choosing once more.
    agreed = move(one, "2026-10-18T02:30:00+02:00", role="performer")
    assert agreed.status_code == 200
    assert orders(series)[1].starts_at == chosen


@pytest.mark.parametrize("count", [2, 6, 52])
def test_a_move_costs_the_same_for_any_number(
    move: Call, deal: Deal, assert_queries: Any, count: int
) -> None:
    first = FIRST
    series = deal.make.series(deal.customer, deal.service, count=count, status="confirmed", starts_at=first)
    db.session.commit()
    one = orders(series)[0].id
    with assert_queries(13):
        assert move(one, first + HOUR).status_code == 200
    with assert_queries(14):
        assert move(one, first + HOUR, role="performer").status_code == 200
