"""Series over HTTP: previews, dates that are named, what is stored, and who may see it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from marketplace.blueprints.series.policies import MAX_LIVE
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import (
    DomainEventRow,
    JobRow,
    Order,
    OrderSeries,
    OrderTransition,
    PerformerSchedule,
    User,
)
from marketplace.testing import START, CheckedClient
from tests.orders.conftest import Deal, event_names

SERIES = "/api/v1/orders/series"
FIRST = START + timedelta(days=1)
WEEK = timedelta(weeks=1)
TABLES = (OrderSeries, Order, OrderTransition, DomainEventRow, JobRow)


def z(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def body(deal: Deal, **more: Any) -> dict[str, Any]:
    wanted = {
        "service_id": deal.service.id,
        "starts_at": z(FIRST),
        "address": {"line1": "Side Street 2"},
        "repeat": "weekly",
        "count": 3,
    }
    return wanted | more


Ask = Callable[..., Any]


@pytest.fixture
def ask(client: CheckedClient, deal: Deal) -> Ask:
    def send(role: str = "customer", headers: dict[str, str] | None = None, **more: Any) -> Any:
        return client.post(SERIES, json=body(deal, **more), headers=deal.headers[role] | (headers or {}))

    return send


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def rows() -> list[int]:
    return [db.session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


def problems(answer: Any) -> list[list[str]]:
    return [[one["code"] for one in date["problems"]] for date in answer.json["dates"]]


def test_a_preview_tells_of_each_date_and_stores_nothing(ask: Ask, deal: Deal) -> None:
    deal.make.order(deal.customer, deal.service, status="confirmed", starts_at=FIRST + WEEK)
    deal.make.order(deal.customer, deal.service, starts_at=FIRST + 2 * WEEK)
    db.session.commit()
    before = rows()
    answer = ask(preview=True, count=4)
    assert answer.status_code == 200
    assert problems(answer) == [[], ["slot_taken"], ["already_requested"], []]
    assert [date["starts_at"] for date in answer.json["dates"]] == [z(FIRST + n * WEEK) for n in range(4)]
    assert [date["position"] for date in answer.json["dates"]] == [1, 2, 3, 4]
    assert (answer.json["id"], answer.json["created_at"]) == (None, None)
    assert all(date["order"] is None for date in answer.json["dates"])
    assert rows() == before


def test_all_dates_are_stored_as_ordinary_orders(ask: Ask, client: CheckedClient, deal: Deal) -> None:
    answer = ask(note="Ring twice", arrival_code=True)
    assert answer.status_code == 201
    orders = [date["order"] for date in answer.json["dates"]]
    assert [order["starts_at"] for order in orders] == [z(FIRST + n * WEEK) for n in range(3)]
    assert [(order["series_id"], order["series_position"]) for order in orders] == [
        (answer.json["id"], place) for place in (1, 2, 3)
    ]
    assert {order["status"] for order in orders} == {"pending"}
    assert all(len(order["arrival_code"]) == 4 for order in orders)
    assert event_names() == ["order.created"] * 3
    history = db.session.execute(select(OrderTransition.order_id, OrderTransition.transition))
    assert sorted(map(tuple, history)) == sorted((order["id"], "create") for order in orders)

    # Each is what a booking alone would have made.
    alone = client.post(
        "/api/v1/orders",
        json={
            "service_id": deal.service.id,
            "starts_at": z(FIRST + timedelta(days=1)),
            "address": {"line1": "Side Street 2"},
            "note": "Ring twice",
            "arrival_code": True,
        },
        headers=deal.headers["customer"],
    ).json
    differs = {"id", "starts_at", "ends_at", "arrival_code", "series_id", "series_position"}
    for order in orders:
        assert {key for key in alone if alone[key] != order[key]} <= differs
    assert (alone["series_id"], alone["series_position"]) == (None, None)
    listed = client.get(
        "/api/v1/orders", query_string={"series_id": answer.json["id"]}, headers=deal.headers["customer"]
    )
    assert {order["id"] for order in listed.json["items"]} == {order["id"] for order in orders}


def test_the_performer_is_told_once(
    ask: Ask, client: CheckedClient, deal: Deal, run_jobs: Callable[[], int]
) -> None:
    ask(count=30)
    run_jobs()
    told = client.get("/api/v1/notifications", headers=deal.headers["performer"]).json["items"]
    assert [(one["topic"], one["data"]["status"]) for one in told] == [("order.created", "pending")]


def test_something_against_one_date_stores_none(ask: Ask, deal: Deal) -> None:
    deal.make.order(deal.customer, deal.service, status="confirmed", starts_at=FIRST + WEEK)
    db.session.commit()
    before = rows()
    answer = ask()
    assert code(answer) == (409, "series_conflicts")
    assert problems(answer) == [[], ["slot_taken"], []]
    assert rows() == before
    spanish = ask(headers={"Accept-Language": "es"})
    [problem] = spanish.json["dates"][1]["problems"]
    assert problem["detail"] == "El profesional ya está reservado a esa hora; elija otra"

    named = ask(dates=[z(FIRST + 2 * WEEK), z(FIRST)])
    assert named.status_code == 201
    assert [date["position"] for date in named.json["dates"]] == [1, 3]


@pytest.mark.parametrize(
    ("dates", "wrong"),
    [
        ([FIRST + timedelta(days=2)], ["0"]),
        ([FIRST + 3 * WEEK], ["0"]),
        ([FIRST, FIRST + WEEK, FIRST + timedelta(seconds=1)], ["2"]),
    ],
)
def test_dates_that_are_not_of_the_series(
    ask: Ask, deal: Deal, dates: list[datetime], wrong: list[str]
) -> None:
    for preview in (True, False):
        answer = ask(dates=[z(date) for date in dates], preview=preview)
        assert code(answer) == (422, "date_not_in_series")
        assert list(answer.json["errors"]["json"]["dates"]) == wrong
    assert rows()[0] == 0


def test_a_date_is_named_once(ask: Ask) -> None:
    same = [z(FIRST), FIRST.isoformat()]
    assert ask(dates=same).status_code == 422
    assert ask(dates=[]).status_code == 422
    assert rows()[0] == 0


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"count": 0}, "validation_failed"),
        ({"count": 53}, "validation_failed"),
        ({"count": 10**9}, "validation_failed"),
        ({"count": "3"}, "validation_failed"),
        ({"repeat": "daily"}, "validation_failed"),
        ({"repeat": None}, "validation_failed"),
        ({"dates": [z(FIRST)] * 53}, "validation_failed"),
        ({"dates": ["soon"]}, "validation_failed"),
        ({"starts_at": "2199-12-31T09:00:00Z"}, "too_far_ahead"),
        ({"starts_at": z(START)}, "starts_in_past"),
        ({"every": "second"}, "validation_failed"),
    ],
)
def test_bad_input_is_refused(ask: Ask, more: dict[str, Any], expected: str) -> None:
    for preview in (True, False):
        assert code(ask(preview=preview, **more)) == (422, expected)
    assert rows()[0] == 0


def test_what_cannot_be_booked_alone_cannot_be_booked_in_a_series(
    client: CheckedClient, ask: Ask, deal: Deal
) -> None:
    quote = deal.make.service(deal.performer, pricing="quote", price_amount=None, price_currency=None)
    db.session.commit()
    for preview in (True, False):
        assert code(ask(preview=preview, service_id=quote.id)) == (422, "price_needed")
        assert code(ask(preview=preview, service_id=2**60)) == (404, "not_found")
        assert code(ask("performer", preview=preview)) == (403, "own_service")
    assert rows()[0] == 0


def test_what_lies_too_far_ahead_is_said_and_left_out(ask: Ask) -> None:
    answer = ask(preview=True, repeat="monthly", count=52)
    found = problems(answer)
    assert found[:13] == [[]] * 13
    assert found[13:] == [["too_far_ahead"]] * 39
    near = [date["starts_at"] for date in answer.json["dates"][:13]]
    assert code(ask(repeat="monthly", count=52)) == (409, "series_conflicts")
    stored = ask(repeat="monthly", count=52, dates=near)
    assert stored.status_code == 201
    assert (stored.json["week_of_month"], len(stored.json["dates"])) == (1, 13)


def test_hours_and_notice_speak_against_dates(ask: Ask, deal: Deal) -> None:
    db.session.add(
        PerformerSchedule(performer_id=deal.performer.id, weekly="{[1500,2400)}", notice_minutes=9 * 24 * 60)
    )
    db.session.commit()
    assert problems(ask(preview=True)) == [["too_short_notice"], ["too_short_notice"], []]
    late = ask(preview=True, starts_at=z(FIRST + timedelta(hours=14)), count=4)
    assert problems(late)[2:] == [["outside_schedule"], ["outside_schedule"]]


def test_a_customer_has_five_series_with_a_performer(ask: Ask, client: CheckedClient, deal: Deal) -> None:
    ids = []
    for number in range(MAX_LIVE):
        answer = ask(starts_at=z(FIRST + timedelta(hours=number)), count=2)
        assert answer.status_code == 201
        ids.append(answer.json["dates"][0]["order"]["id"])
    late = z(FIRST + timedelta(hours=MAX_LIVE))
    before = rows()
    assert code(ask(starts_at=late, count=2)) == (409, "too_many_series")
    assert rows() == before
    assert ask(starts_at=late, count=2, preview=True).status_code == 200
    # One that is cancelled makes room.
    url = f"/api/v1/orders/{ids[0]}"
    headers = deal.headers["customer"] | {"If-Match": "*"}
    assert client.delete(url, query_string={"scope": "following"}, headers=headers).status_code == 200
    assert ask(starts_at=late, count=2).status_code == 201


def test_a_retry_stores_nothing_twice(ask: Ask) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = ask(headers=key), ask(headers=key)
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert rows()[:2] == [1, 3]
    assert code(ask()) == (409, "series_conflicts")


@pytest.mark.parametrize("count", [1, 6, 52])
def test_the_number_of_statements_does_not_depend_on_the_dates(
    ask: Ask, client: CheckedClient, deal: Deal, assert_queries: Any, count: int
) -> None:
    with assert_queries(5):
        preview = ask(preview=True, count=count)
    assert preview.status_code == 200
    with assert_queries(15):
        stored = ask(count=count)
    assert stored.status_code == 201
    url = f"/api/v1/series/{stored.json['id']}"
    with assert_queries(4):
        shown = client.get(url, headers=deal.headers["customer"])
    assert shown.json["dates"] == stored.json["dates"]
    with assert_queries(15):
        accepted = client.post(f"{url}/accept", json={}, headers=deal.headers["performer"])
    assert [one["refused"] for one in accepted.json["outcomes"]] == [None] * count
    order_id = stored.json["dates"][0]["order"]["id"]
    headers = deal.headers["customer"] | {"If-Match": "*"}
    with assert_queries(9):
        ended = client.delete(
            f"/api/v1/orders/{order_id}", query_string={"scope": "following"}, headers=headers
        )
    assert len(ended.json["orders"]) == count


def test_who_sees_a_series(ask: Ask, client: CheckedClient, deal: Deal) -> None:
    stored = ask(arrival_code=True).json
    url = f"/api/v1/series/{stored['id']}"
    for role in ("performer", "staff", "moderator"):
        shown = client.get(url, headers=deal.headers[role])
        assert shown.status_code == 200
        assert all(date["order"]["arrival_code"] is None for date in shown.json["dates"])
    for role in ("stranger", "other_performer"):
        assert code(client.get(url, headers=deal.headers[role])) == (404, "not_found")
    assert code(client.get(f"/api/v1/series/{2**60}", headers=deal.headers["customer"])) == (404, "not_found")


def in_zone(deal: Deal, name: str) -> None:
    """The performer works all day and all night, by the clock of a zone."""
    deal.performer.timezone = name
    db.session.add(PerformerSchedule(performer_id=deal.performer.id, weekly="{[0,10080)}"))
    db.session.commit()


@pytest.mark.parametrize(
    ("name", "first", "before", "after"),
    [
        (
            "Europe/Berlin",
            "2027-03-21T02:30:00+01:00",
            "2027-03-28T01:30:00+01:00",
            "2027-03-28T03:30:00+02:00",
        ),
        (
            "America/New_York",
            "2027-03-07T02:00:00-05:00",
            "2027-03-14T01:00:00-05:00",
            "2027-03-14T03:00:00-04:00",
        ),
        (
            "Australia/Lord_Howe",
            "2026-09-27T02:15:00+10:30",
            "2026-10-04T01:45:00+10:30",
            "2026-10-04T02:45:00+11:00",
        ),
        (
            "Africa/Cairo",
            "2027-04-23T00:00:00+02:00",
            "2027-04-29T23:00:00+02:00",
            "2027-04-30T01:00:00+03:00",
        ),
        (
            "Atlantic/Azores",
            "2027-03-21T00:15:00-01:00",
            "2027-03-27T23:15:00-01:00",
            "2027-03-28T01:15:00+00:00",
        ),
    ],
)
def test_a_time_that_does_not_exist_is_refused_with_both_neighbours(
    ask: Ask, deal: Deal, name: str, first: str, before: str, after: str
) -> None:
    in_zone(deal, name)
    answer = ask(preview=True, starts_at=first, count=2)
    assert problems(answer) == [[], ["time_does_not_exist"]]
    gap = answer.json["dates"][1]
    assert (gap["starts_at"], gap["problems"][0]["choices"]) == (None, [before, after])
    assert code(ask(starts_at=first, count=2)) == (409, "series_conflicts")
    assert code(ask(starts_at=first, count=2, dates=[before, after])) == (422, "date_not_in_series")
    # Without it, or with either of the neighbours, the rest can be stored.
    for choice in (before, after):
        stored = ask(starts_at=first, count=2, dates=[first, choice])
        assert stored.status_code == 201
        starts = [datetime.fromisoformat(date["starts_at"]) for date in stored.json["dates"]]
        assert starts == [datetime.fromisoformat(first), datetime.fromisoformat(choice)]
        assert [date["local"] for date in stored.json["dates"]] == [first[:19], choice[:19]]
        db.session.execute(text('TRUNCATE "order", order_series CASCADE'))
        db.session.commit()


@pytest.mark.parametrize(
    ("name", "starts_at", "earlier", "later"),
    [
        (
            "Europe/Berlin",
            "2026-10-18T02:30:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:30:00+01:00",
        ),
        (
            "Australia/Lord_Howe",
            "2027-03-28T01:45:00+11:00",
            "2027-04-04T01:45:00+11:00",
            "2027-04-04T01:45:00+10:30",
        ),
        (
            "Atlantic/Azores",
            "2026-10-18T00:00:00+00:00",
            "2026-10-25T00:00:00+00:00",
            "2026-10-25T00:00:00-01:00",
        ),
    ],
)
def test_a_time_that_comes_twice_is_named_by_its_offset(
    ask: Ask, deal: Deal, name: str, starts_at: str, earlier: str, later: str
) -> None:
    in_zone(deal, name)
    answer = ask(preview=True, starts_at=starts_at)
    assert problems(answer) == [[], ["time_comes_twice"], []]
    assert answer.json["dates"][1]["problems"][0]["choices"] == [earlier, later]
    assert code(ask(starts_at=starts_at)) == (409, "series_conflicts")
    assert code(ask(starts_at=starts_at, dates=[earlier, later])) == (422, "date_not_in_series")
    for number, choice in enumerate((earlier, later)):
        stored = ask(starts_at=starts_at, dates=[choice])
        assert stored.status_code == 201, number
        [date] = stored.json["dates"]
        assert datetime.fromisoformat(date["starts_at"]) == datetime.fromisoformat(choice)
        assert date["local"] == choice[:19]


def test_a_series_keeps_its_time_of_day_over_a_change_of_the_clock(ask: Ask, deal: Deal) -> None:
    in_zone(deal, "Europe/Berlin")
    stored = ask(starts_at="2026-10-20T09:00:00+02:00", count=2)
    assert [date["local"] for date in stored.json["dates"]] == ["2026-10-20T09:00:00", "2026-10-27T09:00:00"]
    assert [date["starts_at"] for date in stored.json["dates"]] == [
        "2026-10-20T07:00:00Z",
        "2026-10-27T08:00:00Z",
    ]


def test_timers_of_each_order_are_its_own(ask: Ask, run_jobs: Callable[[], int], clock: FrozenClock) -> None:
    ask()
    clock.advance(timedelta(hours=24))
    run_jobs()
    assert list(db.session.scalars(select(Order.status))) == ["expired"] * 3
    assert event_names().count("order.expired") == 3


def test_an_export_tells_of_series(ask: Ask, runtime: Any, deal: Deal) -> None:
    from marketplace.blueprints.series.wiring import Series

    stored = ask().json
    for user in (deal.customer, deal.performer_user):
        with runtime.uow:
            [row] = list(runtime.get(Series).rows.export(user.id))
        assert (row["id"], row["repeat"], row["count"]) == (stored["id"], "weekly", 3)
    stranger: User = deal.people["stranger"]
    with runtime.uow:
        assert list(runtime.get(Series).rows.export(stranger.id)) == []


def test_the_database_holds_each_place_once(ask: Ask) -> None:
    ask()
    with pytest.raises(Exception, match="uq_order_series"):
        db.session.execute(text('UPDATE "order" SET series_position = 1'))
