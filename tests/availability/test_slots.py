"""When a service can be booked: what slots, lists and bookings say, and that they say the same."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DataError

from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.blueprints.availability.services.slots import starts_within
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Performer, Service, User
from marketplace.testing import START, CheckedClient, Factory

ME = "/api/v1/performers/me"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NINE_TO_FIVE = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(7)]
MONDAY = datetime(2026, 5, 11, tzinfo=ZoneInfo("Europe/Berlin"))
ADDRESS = {"line1": "Side Street 2", "postal_code": "10115"}


@pytest.fixture
def performer(make: Factory) -> Any:
    return make.performer(timezone="Europe/Berlin")


@pytest.fixture
def service(make: Factory, performer: Performer) -> Any:
    return make.service(performer, duration_minutes=120)


@pytest.fixture
def headers(performer: Any, auth: Any) -> dict[str, str]:
    return dict(auth(db.session.get_one(User, performer.user_id)))


def put(client: CheckedClient, headers: dict[str, str], **values: Any) -> Any:
    body = {"weekly": NINE_TO_FIVE} | values
    return client.put(f"{ME}/schedule", json=body, headers=headers | {"If-Match": "*"})


def ask(client: Any, service: Service, start: Any, end: Any, version: str = "v1") -> Any:
    query = {"service_id": service.id, "from": start.isoformat(), "to": end.isoformat()}
    return client.get(f"/api/{version}/performers/{service.performer_id}/slots", query_string=query)


def slots(client: CheckedClient, service: Service, start: Any, end: Any) -> list[datetime]:
    answer = ask(client, service, start, end)
    assert answer.status_code == 200, answer.json
    takes = timedelta(minutes=answer.json["duration_minutes"])
    for item in answer.json["items"]:
        assert datetime.fromisoformat(item["ends_at"]) - datetime.fromisoformat(item["starts_at"]) == takes
    return [datetime.fromisoformat(item["starts_at"]) for item in answer.json["items"]]


def quarters(start: datetime, last: datetime) -> list[datetime]:
    """Each quarter of an hour from `start` to `last`."""
    return [start + timedelta(minutes=15) * n for n in range((last - start) // timedelta(minutes=15) + 1)]


# --- the settings -------------------------------------------------------------------------------------


def test_settings_are_kept_and_left_as_they_are(client: CheckedClient, headers: dict[str, str]) -> None:
    wanted = {"notice_minutes": 1440, "buffer_before_minutes": 10, "buffer_after_minutes": 20}
    first = put(client, headers, **wanted)
    assert first.json.items() >= wanted.items()
    assert put(client, headers).json.items() >= wanted.items()
    changed = put(client, headers, buffer_after_minutes=0)
    assert changed.json.items() >= (wanted | {"buffer_after_minutes": 0}).items()
    stale = headers | {"If-Match": first.headers["ETag"]}
    body = {"weekly": [], "notice_minutes": 5}
    assert client.put(f"{ME}/schedule", json=body, headers=stale).status_code == 412
    assert client.get(f"{ME}/schedule", headers=headers).json == changed.json


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notice_minutes", -1),
        ("notice_minutes", 43_201),
        ("buffer_before_minutes", -1),
        ("buffer_before_minutes", 1_441),
        ("buffer_after_minutes", 2**40),
        ("buffer_after_minutes", None),
        ("notice_minutes", "60"),
        ("notice_minutes", 1.5),
        ("travel_kmh", -1),
        ("travel_kmh", 301),
    ],
)
def test_settings_that_make_no_sense(
    client: CheckedClient, headers: dict[str, str], name: str, value: Any
) -> None:
    answer = put(client, headers, **{name: value})
    assert (answer.status_code, list(answer.json["errors"]["json"])) == (422, [name])
    assert client.get(f"{ME}/schedule", headers=headers).json["is_default"]


# --- slots --------------------------------------------------------------------------------------------


def test_starts_are_the_beginning_and_the_quarters_after_it() -> None:
    at = datetime(2026, 5, 4, 9, 7, tzinfo=UTC)
    found = list(starts_within(at, at + timedelta(minutes=90), HOUR))
    assert [one.minute for one in found] == [7, 15, 30]
    assert list(starts_within(at, at + HOUR, HOUR)) == [at]
    assert not list(starts_within(at, at + HOUR - timedelta(seconds=1), HOUR))


def test_slots_of_a_day(
    client: CheckedClient, service: Service, headers: dict[str, str], make: Factory
) -> None:
    # No hours were set: those of the market hold, Monday to Saturday from nine to six.
    assert slots(client, service, MONDAY, MONDAY + DAY) == quarters(MONDAY + 9 * HOUR, MONDAY + 16 * HOUR)
    assert slots(client, service, MONDAY - DAY, MONDAY) == []
    put(client, headers)
    answer = ask(client, service, MONDAY, MONDAY + DAY)
    assert (answer.json["timezone"], answer.json["duration_minutes"]) == ("Europe/Berlin", 120)
    assert answer.headers["Cache-Control"].startswith("public")
    assert ask(client, service, MONDAY, MONDAY + DAY, "v2").json == answer.json
    assert slots(client, service, MONDAY, MONDAY + DAY) == quarters(MONDAY + 9 * HOUR, MONDAY + 15 * HOUR)
    # An accepted order takes its time, and the buffers of both; a pending one none.
    put(client, headers, buffer_before_minutes=10, buffer_after_minutes=20)
    customer = make.user()
    for status, hour in (("confirmed", 12), ("pending", 9), ("cancelled", 15)):
        at = MONDAY + hour * HOUR
        padded = Range(at - timedelta(minutes=10), at + timedelta(minutes=140))
        make.order(customer, service, status=status, starts_at=at, padded=padded)
    order_ends = MONDAY + 14 * HOUR
    assert slots(client, service, MONDAY, MONDAY + DAY) == [
        *quarters(MONDAY + 9 * HOUR, MONDAY + 9.5 * HOUR),
        *quarters(order_ends + HOUR / 2, MONDAY + 15 * HOUR),
    ]
    away = {
        "kind": "unavailable",
        "starts_at": "2026-05-11T09:00:00+02:00",
        "ends_at": "2026-05-11T09:20:00+02:00",
    }
    client.post(f"{ME}/exceptions", json=away, headers=headers)
    assert slots(client, service, MONDAY, order_ends) == [MONDAY + HOUR * 28 / 3, MONDAY + 9.5 * HOUR]
    days = {"starts_on": "2026-05-11", "ends_on": "2026-05-11"}
    client.post(f"{ME}/vacations", json=days, headers=headers)
    assert slots(client, service, MONDAY, MONDAY + DAY) == []


def test_notice_counts_from_now_and_rounds_up(
    client: CheckedClient, service: Service, headers: dict[str, str], clock: FrozenClock
) -> None:
    put(client, headers, notice_minutes=60)
    clock.set(START + timedelta(minutes=7, seconds=3))  # 11:07 in Berlin
    first = slots(client, service, START - DAY, START + DAY / 2)[0]
    assert first == START + timedelta(minutes=75)
    assert slots(client, service, START - 2 * DAY, START - DAY) == []
    put(client, headers, notice_minutes=43_200)
    assert slots(client, service, START, START + 29 * DAY) == []


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        ("Europe/Berlin", (2027, 3, 28)),
        ("Europe/Berlin", (2026, 10, 25)),
        ("America/New_York", (2026, 11, 1)),
        ("Australia/Lord_Howe", (2026, 10, 4)),
    ],
)
def test_nights_on_which_clocks_change(make: Factory, client: CheckedClient, zone: str, night: Any) -> None:
    """From 0 to 6 by the local clock is an hour more or less, and each quarter that passes is a start."""
    performer = make.performer(timezone=zone)
    service = make.service(performer, duration_minutes=60)
    db.session.execute(
        text(
            "INSERT INTO performer_schedule (performer_id, weekly) SELECT :id, range_agg(int4range(d*1440, d*1440+360))"
            " FROM generate_series(0, 6) d"
        ),
        {"id": performer.id},
    )
    begins = datetime(*night, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    ends = datetime(*night, 6, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert ends - begins != 6 * HOUR
    found = slots(client, service, begins - 6 * HOUR, begins + 12 * HOUR)
    assert found == quarters(begins, ends - HOUR)
    assert all(a < b for a, b in pairwise(found))


def test_what_is_not_public_has_no_slots(
    client: CheckedClient, make: Factory, service: Service, performer: Performer, headers: dict[str, str]
) -> None:
    put(client, headers)
    other = make.service()
    hidden = make.service(performer, is_active=False)
    gone = [make.service(make.performer(status=status)) for status in ("pending", "suspended")]
    gone += [make.service(make.performer(active=False)), hidden]
    for one in gone:
        assert ask(client, one, MONDAY, MONDAY + DAY).status_code == 404
    path = f"/api/v1/performers/{performer.id}/slots"
    query = {"service_id": other.id, "from": MONDAY.isoformat(), "to": (MONDAY + DAY).isoformat()}
    assert client.get(path, query_string=query).status_code == 404
    assert client.post(f"{ME}/pause", headers=headers).status_code == 200
    assert ask(client, service, MONDAY, MONDAY + DAY).status_code == 404


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"to": "2026-06-11T00:00:01Z"}, "to"),
        ({"to": "2026-05-11T00:00:00Z"}, "to"),
        ({"to": "2026-05-10T00:00:00Z"}, "to"),
        ({"to": None}, "to"),
        ({"from": None}, "from"),
        ({"from": "2026-05-11"}, "from"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
        ({"service_id": None}, "service_id"),
        ({"service_id": 2**63}, "service_id"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_spans_that_cannot_be_asked_for(
    client: CheckedClient, service: Service, change: dict[str, Any], where: str
) -> None:
    query = {"service_id": service.id, "from": "2026-05-11T00:00:00Z", "to": "2026-06-11T00:00:00Z"}
    query = {key: value for key, value in (query | change).items() if value is not None}
    answer = client.get(f"/api/v1/performers/{service.performer_id}/slots", query_string=query)
    assert (answer.status_code, list(answer.json["errors"]["query"])) == (422, [where])


@pytest.mark.parametrize("orders", [1, 6, 100])
def test_queries(
    client: CheckedClient,
    service: Service,
    headers: dict[str, str],
    make: Factory,
    assert_queries: Any,
    orders: int,
) -> None:
    put(client, headers)
    customer = make.user()
    for number in range(orders):
        make.order(customer, service, status="confirmed", starts_at=MONDAY + number * DAY / 4)
    with assert_queries(1):
        assert ask(client, service, MONDAY, MONDAY + 31 * DAY).status_code == 200


# --- lists and bookings agree -------------------------------------------------------------------------


def test_lists_find_who_has_a_slot(
    client: CheckedClient, make: Factory, clock: FrozenClock, auth: Any
) -> None:
    """Whatever hours, orders, buffers and notice: listed are those with a slot, and slots can be booked."""
    rng = random.Random(7)
    city = make.city()
    customer = make.user()
    offers = []
    for number in range(8):
        performer = make.performer(city_id=city.id, timezone=rng.choice(["Europe/Berlin", "Asia/Kathmandu"]))
        service = make.service(performer, duration_minutes=rng.choice([60, 90, 200]))
        short = make.service(performer, duration_minutes=15)
        offers.append((performer, service, short))
        if number == 0:
            continue
        headers = dict(auth(db.session.get_one(User, performer.user_id)))
        weekly = [{"weekday": day, "start": "09:10", "end": "13:25"} for day in rng.sample(range(7), 4)]
        buffers = {"buffer_before_minutes": rng.randrange(40), "buffer_after_minutes": rng.randrange(40)}
        assert (
            put(client, headers, weekly=weekly, notice_minutes=rng.randrange(4000), **buffers).status_code
            == 200
        )
        for day in range(5):
            at = START + day * DAY + timedelta(minutes=rng.randrange(-240, 120))
            make.order(customer, service, status="confirmed", starts_at=at, ends_at=at + HOUR)
    clock.set(START + timedelta(minutes=3, seconds=17))
    seen = set()
    for _ in range(25):
        start = START + timedelta(minutes=rng.randrange(5 * 1440))
        end = start + timedelta(minutes=rng.choice([30, 120, 300, 1000]))
        query = {
            "city_id": city.id,
            "available_from": start.isoformat(),
            "available_to": end.isoformat(),
            "limit": 100,
        }
        listed = {
            path: {item["id"] for item in client.get(f"/api/v1/{path}", query_string=query).json["items"]}
            for path in ("performers", "services")
        }
        for performer, service, short in offers:
            found = slots(client, service, start, end)
            assert (service.id in listed["services"]) == bool(found)
            assert (performer.id in listed["performers"]) == bool(slots(client, short, start, end))
            seen.add(bool(found))
            for at in found[:1]:
                body = {"service_id": service.id, "starts_at": at.isoformat(), "address": ADDRESS}
                assert client.post("/api/v1/orders", json=body, headers=auth(make.user())).status_code == 201
    assert seen == {True, False}


def test_who_is_free_is_never_kept(
    client: CheckedClient, make: Factory, service: Service, performer: Performer, headers: dict[str, str]
) -> None:
    put(client, headers)
    query = {
        "city_id": performer.city_id,
        "available_from": (MONDAY + 9 * HOUR).isoformat(),
        "available_to": (MONDAY + 11 * HOUR).isoformat(),
    }
    for version, path in (("v1", "performers"), ("v2", "performers"), ("v1", "services")):
        assert client.get(f"/api/{version}/{path}", query_string=query).json["items"]
    make.order(make.user(), service, status="confirmed", starts_at=MONDAY + 9 * HOUR)
    for version, path in (("v1", "performers"), ("v2", "performers"), ("v1", "services")):
        assert client.get(f"/api/{version}/{path}", query_string=query).json["items"] == []


def test_bookings_outside_of_slots(
    client: CheckedClient, make: Factory, service: Service, headers: dict[str, str], auth: Any
) -> None:
    customer = make.user()
    signed = auth(customer)

    def book(at: datetime) -> tuple[int, str | None]:
        body = {"service_id": service.id, "starts_at": at.isoformat(), "address": ADDRESS}
        answer = client.post("/api/v1/orders", json=body, headers=signed)
        return answer.status_code, answer.json.get("code")

    # Who never set hours has those of the market.
    days = {"starts_on": "2026-05-20", "ends_on": "2026-05-20"}
    assert client.post(f"{ME}/vacations", json=days, headers=headers).status_code == 201
    wednesday = MONDAY + 9 * DAY
    assert book(MONDAY + 9 * HOUR)[0] == 201
    assert book(MONDAY + 8.9 * HOUR) == (422, "outside_schedule")
    assert book(wednesday - 8 * HOUR)[0] == 201
    assert book(wednesday + 9 * HOUR) == (422, "outside_schedule")
    assert book(wednesday + DAY + 9 * HOUR)[0] == 201

    put(client, headers, notice_minutes=3 * 1440, buffer_before_minutes=10, buffer_after_minutes=20)
    assert book(MONDAY + 8.99 * HOUR) == (422, "outside_schedule")
    assert book(MONDAY + 15.01 * HOUR) == (422, "outside_schedule")
    assert book(wednesday + 10 * HOUR) == (422, "outside_schedule")
    assert book(MONDAY + 15 * HOUR)[0] == 201
    assert book(START + 3 * DAY - timedelta(seconds=1)) == (422, "too_short_notice")
    assert book(START + 3 * DAY)[0] == 201
    padded = Range(MONDAY + 12 * HOUR - timedelta(minutes=10), MONDAY + 14 * HOUR + timedelta(minutes=20))
    make.order(customer, service, status="confirmed", starts_at=MONDAY + 12 * HOUR, padded=padded)
    for minutes, wanted in ((-151, 201), (-150, 201), (-149, 409), (149, 409), (150, 201)):
        status, code = book(MONDAY + 12 * HOUR + timedelta(minutes=minutes))
        assert (status, code) == (wanted, "slot_taken" if wanted == 409 else None)
    put(client, headers, weekly=[])
    assert book(MONDAY + 10 * HOUR) == (422, "outside_schedule")


# --- at once ------------------------------------------------------------------------------------------


def test_schedule_edited_while_slots_are_asked(committed: Flask) -> None:
    """Each answer is of one schedule, never a mixture."""
    with committed.app_context():
        made = Factory()
        user = made.user()
        service = made.service(made.performer(user), duration_minutes=60)
        tokens = committed.extensions["marketplace"].get(Accounts).sessions.open(user.id, Device())
    headers = {"Authorization": f"Bearer {tokens.access_token}", "If-Match": "*"}
    choices = [
        [{"weekday": day, "start": start, "end": end} for day in range(7)]
        for start, end in (("09:00", "10:00"), ("12:00", "13:30"))
    ]
    first = committed.test_client().put(f"{ME}/schedule", json={"weekly": choices[0]}, headers=headers)
    assert first.status_code == 200
    gate = threading.Barrier(8)

    def one(number: int) -> list[list[str]]:
        client = committed.test_client()
        gate.wait(30)
        found = []
        for turn in range(6):
            if number < 2:
                body = {"weekly": choices[(number + turn) % 2]}
                assert client.put(f"{ME}/schedule", json=body, headers=headers).status_code == 200
            else:
                answer = ask(client, service, MONDAY, MONDAY + 7 * DAY)
                assert answer.status_code == 200
                found.append(sorted({item["starts_at"][11:16] for item in answer.json["items"]}))
                assert len(answer.json["items"]) in {7, 21}
        return found

    with ThreadPoolExecutor(8) as pool:
        answers = [found for answer in pool.map(one, range(8)) for found in answer]
    assert len(answers) == 36
    assert all(found in (["07:00"], ["10:00", "10:15", "10:30"]) for found in answers)


def test_one_slot_booked_and_accepted_at_once(committed: Flask) -> None:
    """Many may ask for a slot; one is accepted, and the slot is gone."""
    with committed.app_context():
        made = Factory()
        owner = made.user()
        service = made.service(made.performer(owner), duration_minutes=60)
        people = [made.user() for _ in range(6)]
        sessions = committed.extensions["marketplace"].get(Accounts).sessions
        tokens = [sessions.open(user.id, Device()).access_token for user in (owner, *people)]
    signed = [{"Authorization": f"Bearer {token}"} for token in tokens]
    body = {"weekly": [{"weekday": 0, "start": "09:00", "end": "10:00"}]}
    put_ = committed.test_client().put(f"{ME}/schedule", json=body, headers=signed[0] | {"If-Match": "*"})
    assert put_.status_code == 200
    [slot] = ask(committed.test_client(), service, MONDAY, MONDAY + DAY).json["items"]

    def at_once(count: int, call: Any) -> list[Any]:
        gate = threading.Barrier(count)

        def one(number: int) -> Any:
            client = committed.test_client()
            gate.wait(30)
            return call(client, number)

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    order = {"service_id": service.id, "starts_at": slot["starts_at"], "address": ADDRESS}
    booked = at_once(6, lambda client, n: client.post("/api/v1/orders", json=order, headers=signed[n + 1]))
    assert [answer.status_code for answer in booked] == [201] * 6
    paths = [f"/api/v1/orders/{answer.json['id']}/accept" for answer in booked]
    accepted = at_once(6, lambda client, n: client.post(paths[n], headers=signed[0]))
    assert sorted(answer.status_code for answer in accepted) == [200] + [409] * 5
    assert {answer.json["code"] for answer in accepted if answer.status_code == 409} == {"slot_taken"}
    assert ask(committed.test_client(), service, MONDAY, MONDAY + DAY).json["items"] == []
    late = committed.test_client().post("/api/v1/orders", json=order, headers=signed[1])
    assert (late.status_code, late.json["code"]) == (409, "slot_taken")


# --- clocks that are put back -------------------------------------------------------------------------

NIGHTS = [
    ("Atlantic/Azores", date(2026, 10, 25)),  # midnight comes twice
    ("America/Havana", date(2025, 11, 2)),  # likewise
    ("Europe/Berlin", date(2026, 10, 25)),  # the hour from 2
    ("America/New_York", date(2026, 11, 1)),  # the hour from 1
    ("Australia/Lord_Howe", date(2027, 4, 4)),  # half an hour
    ("America/Nuuk", date(2026, 10, 25)),  # the last hour of the day before
    ("America/Santiago", date(2026, 9, 6)),  # midnight does not come
    ("Asia/Beirut", date(2027, 3, 28)),  # likewise
    ("Africa/Cairo", date(2026, 4, 24)),  # likewise
    ("Africa/Cairo", date(2026, 10, 29)),  # the last hour of the day before
    ("Pacific/Apia", date(2011, 12, 31)),  # the day before does not come
]


def first(zone: str, day: date, minutes: int = 0) -> datetime:
    """When a local clock first shows so many minutes after midnight (PEP 495: fold=0)."""
    local = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(("zone", "day"), NIGHTS)
def test_what_is_listed_can_be_booked_when_clocks_change(
    client: CheckedClient, make: Factory, auth: Any, clock: FrozenClock, zone: str, day: date
) -> None:
    """Slots, bookings and vacations begin and end at the first of two equal times (RFC 5545, 3.3.5)."""
    clock.set(datetime.combine(day - timedelta(days=8), time(), UTC))
    performer = make.performer(timezone=zone)
    service = make.service(performer, duration_minutes=30)
    put(
        client,
        auth(db.session.get_one(User, performer.user_id)),
        weekly=[{"weekday": n, "start": "00:00", "end": "02:30"} for n in range(7)],
    )
    db.session.execute(
        text("INSERT INTO vacation (performer_id, starts_on, ends_on) VALUES (:id, :day, :day)"),
        {"id": performer.id, "day": day + timedelta(days=1)},
    )
    begins, ends = first(zone, day), first(zone, day, 150)
    found = slots(client, service, begins - 12 * HOUR, begins + 44 * HOUR)
    assert found == quarters(begins, ends - HOUR / 2)
    booker = auth(make.user())
    for start in (begins, ends - HOUR / 2, begins - timedelta(minutes=15), ends - timedelta(minutes=15)):
        body = {"service_id": service.id, "starts_at": start.isoformat(), "address": ADDRESS}
        answer = client.post("/api/v1/orders", json=body, headers=booker)
        assert (answer.status_code == 201) == (start in found), (start, answer.json)


@pytest.mark.parametrize(("zone", "day"), NIGHTS)
def test_a_vacation_is_as_long_as_its_days(
    client: CheckedClient, make: Factory, auth: Any, clock: FrozenClock, zone: str, day: date
) -> None:
    clock.set(datetime.combine(day - timedelta(days=8), time(), UTC))
    performer = make.performer(timezone=zone)
    service = make.service(performer, duration_minutes=30)
    put(
        client,
        auth(db.session.get_one(User, performer.user_id)),
        weekly=[{"weekday": n, "start": "00:00", "end": "24:00"} for n in range(7)],
    )
    db.session.execute(
        text("INSERT INTO vacation (performer_id, starts_on, ends_on) VALUES (:id, :day, :day)"),
        {"id": performer.id, "day": day},
    )
    begins, ends = first(zone, day), first(zone, day + timedelta(days=1))
    quarter, takes = timedelta(minutes=15), HOUR / 2
    wanted = {begins - takes: 201, begins - quarter: 422, ends - quarter: 422, ends: 201}
    for start, status in wanted.items():
        body = {"service_id": service.id, "starts_at": start.isoformat(), "address": ADDRESS}
        assert client.post("/api/v1/orders", json=body, headers=auth(make.user())).status_code == status, (
            start
        )


def test_a_zone_that_the_database_does_not_know_is_refused_at_the_door(
    client: CheckedClient, make: Factory, auth: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stores it is told, and nobody else is any worse for it."""
    monkeypatch.setattr("marketplace.web.hardened.fields.text.zone_names", lambda: {"Mars/Phobos"})
    user = make.user()
    headers = auth(user) | {"If-Match": "*"}
    answer = client.patch("/api/v1/user/me", json={"timezone": "Mars/Phobos"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (422, "unknown_value")
    make.performer()
    for table in ("user", "performer", "city"):
        savepoint = db.session.begin_nested()
        with pytest.raises(DataError, match="not recognized"):
            db.session.execute(text(f"UPDATE \"{table}\" SET timezone = 'Mars/Phobos'"))
        savepoint.rollback()
