"""When performers work, and who is free in a span of time."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text

from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import User
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.caching import topics

ME = "/api/v1/performers/me"
MARKET_WEEK = [{"weekday": day, "start": "09:00", "end": "18:00"} for day in range(6)]
NINE_TO_FIVE = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(5)]


@pytest.fixture
def performer(make: Factory) -> Any:
    return make.performer(timezone="Europe/Berlin")


@pytest.fixture
def headers(performer: Any, auth: Any, make: Factory) -> dict[str, str]:
    return dict(auth(db.session.get_one(User, performer.user_id)))


def put(client: CheckedClient, headers: dict[str, str], weekly: Any, tag: str = "*") -> Any:
    return client.put(f"{ME}/schedule", json={"weekly": weekly}, headers=headers | {"If-Match": tag})


def hours(performer: Any, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    rows = db.session.execute(
        text("SELECT lower(s), upper(s) FROM unnest(working_hours(:id, :start, :end, '{}')) AS s ORDER BY 1"),
        {"id": performer.id, "start": start, "end": end},
    )
    return [(row[0], row[1]) for row in rows]


# --- the weekly hours ---------------------------------------------------------------------------------


def test_hours_are_replaced_as_a_whole(client: CheckedClient, headers: dict[str, str]) -> None:
    empty = client.get(f"{ME}/schedule", headers=headers)
    assert empty.json == {
        "timezone": "Europe/Berlin",
        "weekly": MARKET_WEEK,
        "notice_minutes": 0,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "travel_kmh": 30,
        "is_default": True,
    }
    first = put(client, headers, NINE_TO_FIVE, empty.headers["ETag"])
    assert first.status_code == 200
    assert (first.json["weekly"], first.json["is_default"]) == (NINE_TO_FIVE, False)
    night = [
        {"weekday": 6, "start": "20:00", "end": "24:00"},
        {"weekday": 0, "start": "00:00", "end": "02:00"},
    ]
    assert put(client, headers, night, first.headers["ETag"]).json["weekly"] == night[::-1]
    assert put(client, headers, NINE_TO_FIVE, first.headers["ETag"]).status_code == 412
    assert client.put(f"{ME}/schedule", json={"weekly": []}, headers=headers).status_code == 428
    assert put(client, headers, []).json["weekly"] == []


def test_what_touches_becomes_one(client: CheckedClient, headers: dict[str, str]) -> None:
    halves = [
        {"weekday": 2, "start": "13:00", "end": "17:00"},
        {"weekday": 2, "start": "09:00", "end": "13:00"},
    ]
    over_midnight = [
        {"weekday": 3, "start": "22:00", "end": "24:00"},
        {"weekday": 4, "start": "00:00", "end": "03:00"},
    ]
    assert put(client, headers, halves + over_midnight).json["weekly"] == [
        {"weekday": 2, "start": "09:00", "end": "17:00"},
        *over_midnight,
    ]


@pytest.mark.parametrize(
    ("weekly", "where"),
    [
        ([{"weekday": 0, "start": "09:00", "end": "09:00"}], "0.end"),
        ([{"weekday": 0, "start": "10:00", "end": "09:00"}], "0.end"),
        ([{"weekday": 0, "start": "24:00", "end": "24:00"}], "0.start"),
        ([{"weekday": 7, "start": "09:00", "end": "10:00"}], "0.weekday"),
        ([{"weekday": -1, "start": "09:00", "end": "10:00"}], "0.weekday"),
        ([{"weekday": 0, "start": "9:00", "end": "10:00"}], "0.start"),
        ([{"weekday": 0, "start": "09:00", "end": "24:01"}], "0.end"),
        ([{"weekday": 0, "start": "09:00"}], "0.end"),
        (
            [
                {"weekday": 0, "start": "09:00", "end": "12:00"},
                {"weekday": 0, "start": "11:59", "end": "13:00"},
            ],
            "1.start",
        ),
        ([{"weekday": 0, "start": f"{h:02}:00", "end": f"{h:02}:30"} for h in range(11)], "10.weekday"),
    ],
)
def test_bad_hours_are_named(client: CheckedClient, headers: dict[str, str], weekly: Any, where: str) -> None:
    answer = put(client, headers, weekly)
    assert answer.status_code == 422, answer.json
    index, name = where.split(".")
    assert name in answer.json["errors"]["json"]["weekly"][index]
    assert client.get(f"{ME}/schedule", headers=headers).json["is_default"]


# --- exceptions and vacations -------------------------------------------------------------------------


def test_exceptions(client: CheckedClient, headers: dict[str, str]) -> None:
    path = f"{ME}/exceptions"
    made = [
        client.post(path, json={"kind": kind, "starts_at": start, "ends_at": end}, headers=headers)
        for kind, start, end in (
            ("unavailable", "2026-05-06T08:00:00Z", "2026-05-06T10:00:00Z"),
            ("available", "2026-05-05T18:00:00+02:00", "2026-05-05T20:00:00+02:00"),
        )
    ]
    assert [answer.status_code for answer in made] == [201, 201]
    items = client.get(path, headers=headers).json["items"]
    assert [item["id"] for item in items] == [made[1].json["id"], made[0].json["id"]]
    assert items[0]["starts_at"] == "2026-05-05T16:00:00Z"
    assert client.delete(f"{path}/{made[0].json['id']}", headers=headers).status_code == 204
    assert client.delete(f"{path}/{made[0].json['id']}", headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        ("2026-05-05T09:00:00Z", "2026-05-05T09:00:00Z"),
        ("2026-05-05T09:00:00Z", "2026-05-05T08:00:00Z"),
        ("2026-05-01T09:00:00Z", "2026-05-02T09:00:00Z"),
        ("2026-05-05T09:00:00Z", "2027-05-07T09:00:00Z"),
        ("2029-05-05T09:00:00Z", "2029-05-05T10:00:00Z"),
    ],
)
def test_spans_that_make_no_sense(
    client: CheckedClient, headers: dict[str, str], starts: str, ends: str
) -> None:
    body = {"kind": "available", "starts_at": starts, "ends_at": ends}
    answer = client.post(f"{ME}/exceptions", json=body, headers=headers)
    assert (answer.status_code, list(answer.json["errors"]["json"])) == (422, ["ends_at"])
    days = {"starts_on": starts[:10], "ends_on": ends[:10]}
    if starts[:10] != ends[:10] or starts > "2029":
        answer = client.post(f"{ME}/vacations", json=days, headers=headers)
        assert (answer.status_code, list(answer.json["errors"]["json"])) == (422, ["ends_on"])


def test_a_vacation_is_told_and_ends(
    client: CheckedClient, performer: Any, headers: dict[str, str], clock: FrozenClock, run_jobs: Any
) -> None:
    profile = f"/api/v1/performers/{performer.id}"
    assert client.get(profile).json["on_vacation_until"] is None
    body = {"starts_on": "2026-05-04", "ends_on": "2026-05-06"}
    made = client.post(f"{ME}/vacations", json=body, headers=headers)
    assert made.status_code == 201
    assert client.get(profile).json["on_vacation_until"] == "2026-05-06"
    again = client.post(f"{ME}/vacations", json=body | {"starts_on": "2026-05-06"}, headers=headers)
    assert (again.status_code, again.json["code"]) == (409, "vacation_overlaps")
    after = client.post(
        f"{ME}/vacations", json={"starts_on": "2026-05-07", "ends_on": "2026-05-07"}, headers=headers
    )
    assert after.status_code == 201
    assert [item["starts_on"] for item in client.get(f"{ME}/vacations", headers=headers).json["items"]] == [
        "2026-05-04",
        "2026-05-07",
    ]
    # 22:30 UTC of the last day is the day after in Berlin.
    clock.set(datetime(2026, 5, 7, 22, 30, tzinfo=UTC))
    topics.clear()
    assert client.get(profile).json["on_vacation_until"] is None
    clock.set(START)
    assert client.delete(f"{ME}/vacations/{made.json['id']}", headers=headers).status_code == 204
    assert client.get(profile).json["on_vacation_until"] is None


def test_as_many_as_one_may_have(client: CheckedClient, performer: Any, headers: dict[str, str]) -> None:
    db.session.execute(
        text("""
            INSERT INTO schedule_exception (performer_id, kind, starts_at, ends_at)
            SELECT :id, 'available', :at, CAST(:at AS timestamptz) + interval '1 hour' FROM generate_series(1, 200)"""),
        {"id": performer.id, "at": START + timedelta(days=1)},
    )
    db.session.execute(
        text("""
            INSERT INTO vacation (performer_id, starts_on, ends_on)
            SELECT :id, CAST(:day AS date) + n, CAST(:day AS date) + n FROM generate_series(1, 50) n"""),
        {"id": performer.id, "day": START.date()},
    )
    db.session.commit()
    body = {"kind": "available", "starts_at": "2026-05-05T09:00:00Z", "ends_at": "2026-05-05T10:00:00Z"}
    answer = client.post(f"{ME}/exceptions", json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_exceptions")
    days = {"starts_on": "2026-09-01", "ends_on": "2026-09-02"}
    answer = client.post(f"{ME}/vacations", json=days, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_vacations")


def test_editors_at_once(committed: Flask) -> None:
    """One wins with a tag, and of vacations that overlap one is stored."""
    with committed.app_context():
        made = Factory()
        user = made.user()
        made.performer(user)
        tokens = committed.extensions["marketplace"].get(Accounts).sessions.open(user.id, Device())
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    tag = committed.test_client().get(f"{ME}/schedule", headers=headers).headers["ETag"]

    def replace(client: Any, _number: int) -> int:
        body = {"weekly": NINE_TO_FIVE}
        return int(client.put(f"{ME}/schedule", json=body, headers=headers | {"If-Match": tag}).status_code)

    def leave(client: Any, number: int) -> int:
        body = {"starts_on": f"2026-06-{10 + number % 5}", "ends_on": "2026-06-20"}
        return int(client.post(f"{ME}/vacations", json=body, headers=headers).status_code)

    for call, wanted in ((replace, {200: 1, 412: 19}), (leave, {201: 1, 409: 19})):
        gate = threading.Barrier(20)

        def one(number: int, call: Any = call, gate: threading.Barrier = gate) -> int:
            client = committed.test_client()
            gate.wait(30)
            return int(call(client, number))

        with ThreadPoolExecutor(20) as pool:
            assert Counter(pool.map(one, range(20))) == wanted


# --- what follows from it -----------------------------------------------------------------------------


def test_hours_less_what_is_taken_away(
    client: CheckedClient, performer: Any, headers: dict[str, str]
) -> None:
    put(client, headers, NINE_TO_FIVE)
    for kind, start, end in (
        ("unavailable", "2026-05-05T11:00:00+02:00", "2026-05-05T12:00:00+02:00"),
        ("available", "2026-05-09T10:00:00+02:00", "2026-05-09T11:00:00+02:00"),
    ):
        body = {"kind": kind, "starts_at": start, "ends_at": end}
        assert client.post(f"{ME}/exceptions", json=body, headers=headers).status_code == 201
    days = {"starts_on": "2026-05-07", "ends_on": "2026-05-08"}
    assert client.post(f"{ME}/vacations", json=days, headers=headers).status_code == 201
    zone = ZoneInfo("Europe/Berlin")

    def at(day: int, hour: int) -> datetime:
        return datetime(2026, 5, day, hour, tzinfo=zone)

    assert hours(performer, at(4, 16), at(11, 9)) == [
        (at(4, 16), at(4, 17)),
        (at(5, 9), at(5, 11)),
        (at(5, 12), at(5, 17)),
        (at(6, 9), at(6, 17)),
        (at(9, 10), at(9, 11)),
    ]


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Europe/Berlin", date(2026, 3, 27), date(2026, 3, 31)),
        ("Europe/Berlin", date(2026, 10, 23), date(2026, 10, 27)),
        ("America/New_York", date(2026, 3, 6), date(2026, 3, 10)),
        ("America/Santiago", date(2026, 9, 4), date(2026, 9, 8)),
        ("Australia/Lord_Howe", date(2026, 4, 3), date(2026, 4, 7)),
        ("Asia/Kathmandu", date(2026, 5, 1), date(2026, 5, 4)),
        ("Pacific/Kiritimati", date(2026, 12, 30), date(2027, 1, 2)),
    ],
)
def test_days_on_which_clocks_change(make: Factory, zone: str, first: date, last: date) -> None:
    """From nine to five is from nine to five of the local clock, whatever the offset."""
    performer = make.performer(timezone=zone)
    db.session.execute(
        text(
            "INSERT INTO performer_schedule (performer_id, weekly) SELECT :id, range_agg(int4range(d*1440+540, d*1440+1020))"
            " FROM generate_series(0, 6) d"
        ),
        {"id": performer.id},
    )
    local = ZoneInfo(zone)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def at(day: date, hour: int) -> datetime:
        return datetime(day.year, day.month, day.day, hour, tzinfo=local)

    found = hours(performer, at(days[0], 0), at(days[-1], 23))
    assert found == [(at(day, 9).astimezone(UTC), at(day, 17).astimezone(UTC)) for day in days]
    assert all(a[1] < b[0] for a, b in pairwise(found))


def free(client: CheckedClient, start: str, end: str, **query: Any) -> list[int]:
    response = client.get(
        "/api/v1/performers",
        query_string={"available_from": start, "available_to": end, "limit": 100} | query,
    )
    assert response.status_code == 200, response.get_json()
    return sorted(item["id"] for item in response.get_json()["items"])


def test_who_is_free(client: CheckedClient, make: Factory, performer: Any, headers: dict[str, str]) -> None:
    city = performer.city_id
    idle = make.performer(city_id=city)
    db.session.execute(
        text("INSERT INTO performer_schedule (performer_id, weekly) VALUES (:id, '{}')"), {"id": idle.id}
    )
    category = make.category()
    tokyo = make.performer(city_id=city, timezone="Asia/Tokyo", categories=[category])
    put(client, headers, NINE_TO_FIVE)
    db.session.execute(
        text("INSERT INTO performer_schedule (performer_id, weekly) VALUES (:id, '{[540,1020)}')"),
        {"id": tokyo.id},
    )
    monday = "2026-05-11T"
    assert free(client, f"{monday}07:00:00Z", f"{monday}08:00:00Z", city_id=city) == [performer.id, tokyo.id]
    assert free(client, f"{monday}08:00:00Z", f"{monday}15:00:00Z", city_id=city) == [performer.id]
    assert free(client, f"{monday}00:00:00Z", f"{monday}01:00:00Z", city_id=city) == [tokyo.id]
    assert (
        free(client, f"{monday}14:50:00Z", f"{monday}20:00:00Z", city_id=city) == []
    )  # ten minutes are too few
    assert free(client, f"{monday}14:45:00Z", f"{monday}20:00:00Z", city_id=city) == [performer.id]
    for more in ({"category_id": category.id}, {"sort": "rating", "category_id": category.id}):
        assert free(client, f"{monday}00:00:00Z", f"{monday}08:00:00Z", city_id=city, **more) == [tokyo.id]
    near = {"near": "52.5,13.4", "radius_km": 10}
    for sort in ("distance", "newest", "price"):
        found = free(client, f"{monday}08:00:00Z", f"{monday}15:00:00Z", sort=sort, **near)
        assert found == [performer.id]
    days = {"starts_on": "2026-05-11", "ends_on": "2026-05-11"}
    assert client.post(f"{ME}/vacations", json=days, headers=headers).status_code == 201
    assert free(client, f"{monday}07:00:00Z", f"{monday}08:00:00Z", city_id=city) == [tokyo.id]


@pytest.mark.parametrize(
    "query",
    [
        {"available_from": "2026-05-11T09:00:00Z", "city_id": 1},
        {"available_to": "2026-05-11T09:00:00Z", "city_id": 1},
        {"available_from": "2026-05-11T09:00:00Z", "available_to": "2026-05-11T10:00:00Z"},
        {"available_from": "2026-05-11T09:00:00Z", "available_to": "2026-05-11T10:00:00Z", "near": "1,1"},
        {"available_from": "2026-05-11T09:00:00Z", "available_to": "2026-05-11T09:00:00Z", "city_id": 1},
        {"available_from": "2026-05-11T09:00:00Z", "available_to": "2026-06-12T09:00:00Z", "city_id": 1},
        {"available_from": "2026-05-11T09:00:00", "available_to": "2026-05-11T10:00:00Z", "city_id": 1},
        {"available_from": "tomorrow", "available_to": "2026-05-11T10:00:00Z", "city_id": 1},
        {
            "available_from": "2026-05-11T09:00:00Z",
            "available_to": "2026-05-11T10:00:00Z",
            "near": "1,1",
            "radius_km": 51,
        },
    ],
)
@pytest.mark.parametrize("path", ["performers", "services"])
def test_spans_that_cannot_be_searched(client: CheckedClient, path: str, query: dict[str, Any]) -> None:
    answer = client.get(f"/api/v1/{path}", query_string=query)
    assert answer.status_code == 422
    assert {"available_from", "available_to", "radius_km"} & set(answer.get_json()["errors"]["query"])


def test_services_for_which_there_is_time(
    client: CheckedClient, make: Factory, performer: Any, headers: dict[str, str]
) -> None:
    put(client, headers, NINE_TO_FIVE)
    city = performer.city_id
    short = make.service(performer, duration_minutes=60, price_amount=900)
    long = make.service(performer, duration_minutes=480, price_amount=100)
    monday = "2026-05-11T"

    def found(start: str, end: str, **query: Any) -> list[int]:
        span = {"available_from": monday + start, "available_to": monday + end}
        answer = client.get("/api/v1/services", query_string=span | query)
        assert answer.status_code == 200, answer.get_json()
        return [item["id"] for item in answer.get_json()["items"]]

    # From nine to five in Berlin is from 7 to 15 UTC.
    assert found("07:00:00Z", "15:00:00Z", city_id=city, sort="price") == [long.id, short.id]
    assert found("07:00:00Z", "14:59:00Z", city_id=city) == [short.id]
    assert found("14:01:00Z", "23:00:00Z", city_id=city) == []
    assert found("14:00:00Z", "23:00:00Z", performer_id=performer.id) == [short.id]
    near = {"near": "52.5,13.4", "radius_km": 10}
    for sort in ("distance", "newest", "rating"):
        assert found("08:00:00Z", "10:00:00Z", sort=sort, **near) == [short.id]
    query = {"category_id": short.category_id, "max_price": 900, "currency": "EUR", "q": short.title}
    assert found("08:00:00Z", "10:00:00Z", city_id=city, sort="relevance", **query) == [short.id]
    # Who never set hours has those of the market, from nine to six.
    usual = make.service(make.performer(city_id=city, timezone="Asia/Tokyo"), duration_minutes=60)
    assert found("00:00:00Z", "01:00:00Z", city_id=city) == [usual.id]
