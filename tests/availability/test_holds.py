"""Holds: a slot that one customer keeps for five minutes, by the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import (
    BookedTime,
    ExternalBusyTime,
    ExternalCalendar,
    Order,
    Performer,
    PerformerSchedule,
    Service,
    User,
)
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.runtime import Runtime

HOUR = timedelta(hours=1)
NINE = datetime(2026, 5, 5, 9, tzinfo=UTC)
ADDRESS = {"line1": "Side Street 2"}


@pytest.fixture
def owner(make: Factory) -> Any:
    return make.user()


@pytest.fixture
def service(make: Factory, owner: User) -> Any:
    return make.service(make.performer(owner, timezone="UTC"), duration_minutes=60)


@pytest.fixture
def ann(make: Factory, auth: Any) -> dict[str, str]:
    return dict(auth(make.user()))


@pytest.fixture
def bob(make: Factory, auth: Any) -> dict[str, str]:
    return dict(auth(make.user()))


def hold(client: CheckedClient, service: Service, headers: dict[str, str], at: datetime = NINE) -> Any:
    body = {"service_id": service.id, "starts_at": at.isoformat()}
    return client.post(f"/api/v1/performers/{service.performer_id}/holds", json=body, headers=headers)


def order(client: CheckedClient, service: Service, headers: dict[str, str], at: datetime = NINE) -> Any:
    body = {"service_id": service.id, "starts_at": at.isoformat(), "address": ADDRESS}
    return client.post("/api/v1/orders", json=body, headers=headers)


def starts(client: CheckedClient, service: Service) -> list[str]:
    query = {
        "service_id": service.id,
        "from": NINE.isoformat(),
        "to": (NINE + 3 * HOUR).isoformat(),
    }
    found = client.get(f"/api/v1/performers/{service.performer_id}/slots", query_string=query)
    return [item["starts_at"][11:16] for item in found.json["items"]]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_a_hold_keeps_the_slot_from_others(
    client: CheckedClient, service: Service, ann: dict[str, str], bob: dict[str, str], clock: FrozenClock
) -> None:
    made = hold(client, service, ann)
    assert made.status_code == 201
    assert made.json["expires_at"] == "2026-05-04T09:05:00Z"
    assert starts(client, service) == ["10:00", "10:15", "10:30", "10:45", "11:00"]
    assert code(order(client, service, bob)) == (409, "slot_taken")
    assert code(hold(client, service, bob, NINE + HOUR / 2)) == (409, "slot_taken")
    clock.advance(timedelta(minutes=5))
    assert starts(client, service)[0] == "09:00"
    assert hold(client, service, bob, NINE + HOUR / 2).status_code == 201, "an ended hold is no hold"


def test_the_same_slot_again_is_the_same_hold(
    client: CheckedClient, service: Service, ann: dict[str, str], clock: FrozenClock
) -> None:
    made = hold(client, service, ann).json
    clock.advance(timedelta(minutes=4))
    assert hold(client, service, ann).json == made, "its end stays"
    moved = hold(client, service, ann, NINE + 2 * HOUR).json
    assert (moved["id"], moved["starts_at"]) == (made["id"], "2026-05-05T11:00:00Z")
    assert starts(client, service) == ["09:00", "09:15", "09:30", "09:45", "10:00"]
    assert db.session.scalar(select(func.count()).select_from(BookedTime)) == 1


def test_an_order_of_its_holder_uses_it_up(
    client: CheckedClient, service: Service, ann: dict[str, str], bob: dict[str, str]
) -> None:
    hold(client, service, ann)
    assert order(client, service, ann).status_code == 201
    assert starts(client, service)[0] == "09:00", "a pending order takes no time"
    assert order(client, service, bob).status_code == 201


def test_a_hold_is_given_back(
    client: CheckedClient, service: Service, ann: dict[str, str], bob: dict[str, str], clock: FrozenClock
) -> None:
    path = f"/api/v1/holds/{hold(client, service, ann).json['id']}"
    assert client.delete(path, headers=bob).status_code == 404
    assert client.delete(path, headers=ann).status_code == 204
    assert client.delete(path, headers=ann).status_code == 404
    assert hold(client, service, bob).status_code == 201
    clock.advance(timedelta(minutes=5))
    path = f"/api/v1/holds/{hold(client, service, ann).json['id']}"
    clock.advance(timedelta(minutes=5))
    assert client.delete(path, headers=ann).status_code == 404, "it has ended"


def test_nobody_holds_again_and_again(
    client: CheckedClient, make: Factory, service: Service, auth: Any, clock: FrozenClock
) -> None:
    ann, bob = make.user(), make.user()
    for _ in range(4):
        assert hold(client, service, auth(ann)).status_code == 201
        clock.advance(timedelta(minutes=5))
    assert code(hold(client, service, auth(ann))) == (409, "too_many_holds")
    assert hold(client, service, auth(bob)).status_code == 201
    clock.advance(timedelta(minutes=40))
    assert hold(client, service, auth(ann)).status_code == 201


def test_nobody_holds_a_whole_city(
    client: CheckedClient, make: Factory, ann: dict[str, str], clock: FrozenClock
) -> None:
    services = [make.service(make.performer(timezone="UTC")) for _ in range(6)]
    for one in services[:5]:
        assert hold(client, one, ann).status_code == 201
    assert code(hold(client, services[5], ann)) == (409, "too_many_holds")
    clock.advance(timedelta(minutes=5))
    assert hold(client, services[5], ann).status_code == 201


def test_what_cannot_be_booked_cannot_be_held(
    client: CheckedClient, make: Factory, service: Service, ann: dict[str, str], auth: Any
) -> None:
    assert code(hold(client, service, ann, NINE - HOUR)) == (422, "outside_schedule")
    assert code(hold(client, service, ann, START)) == (422, "starts_in_past")
    assert code(hold(client, service, ann, NINE + timedelta(days=366))) == (422, "too_far_ahead")
    other = make.service(make.performer())
    body = {"service_id": other.id, "starts_at": NINE.isoformat()}
    path = f"/api/v1/performers/{service.performer_id}/holds"
    assert client.post(path, json=body, headers=ann).status_code == 404
    half = {"service_id": service.id, "starts_at": NINE.isoformat(), "latitude": 52.5}
    refused = client.post(path, json=half, headers=ann)
    assert (refused.status_code, list(refused.json["errors"]["json"])) == (422, ["longitude"])


def test_the_performer_takes_no_order_over_a_hold(
    client: CheckedClient,
    make: Factory,
    service: Service,
    ann: dict[str, str],
    owner: User,
    auth: Any,
    clock: FrozenClock,
) -> None:
    headers = auth(owner)
    asked = make.order(make.user(), service, starts_at=NINE + HOUR / 2, ends_at=NINE + 1.5 * HOUR)
    hold(client, service, ann)
    path = f"/api/v1/orders/{asked.id}/accept"
    assert code(client.post(path, json={"despite_conflicts": True}, headers=headers)) == (409, "slot_taken")
    clock.advance(timedelta(minutes=5))
    assert client.post(path, headers=headers).json["status"] == "confirmed"


def test_a_customers_own_hold_stands_not_in_the_way_of_the_order(
    client: CheckedClient, make: Factory, service: Service, owner: User, auth: Any
) -> None:
    """Neither when the performer accepts, nor when the customer holds the slot to move the order to."""
    customer = make.user()
    performer, ann = auth(owner), dict(auth(customer))
    asked = make.order(customer, service, starts_at=NINE)
    assert hold(client, service, ann).status_code == 201
    accepted = client.post(f"/api/v1/orders/{asked.id}/accept", headers=performer)
    assert accepted.json["status"] == "confirmed"
    assert hold(client, service, ann, NINE + 2 * HOUR).status_code == 201
    body = {"starts_at": (NINE + 2 * HOUR).isoformat()}
    path = f"/api/v1/orders/{asked.id}/reschedule"
    assert client.post(path, json=body, headers=ann).status_code == 200
    assert client.post(path, json=body, headers=performer).json["starts_at"] == "2026-05-05T11:00:00Z"


def test_the_database_refuses_what_the_code_forgot(make: Factory, service: Service) -> None:
    """Padded times of confirmed orders never overlap, and holds have room beside them alone."""
    quarter = timedelta(minutes=15)
    customer = make.user()
    make.order(
        customer,
        service,
        status="confirmed",
        starts_at=NINE,
        padded=Range(NINE - quarter, NINE + HOUR + quarter),
    )
    late = NINE + HOUR + quarter
    close = make.order(customer, service, starts_at=late, padded=Range(late - quarter, late + HOUR))
    with pytest.raises(IntegrityError, match="ex_booked_time_padded"), db.session.begin_nested():
        db.session.execute(update(Order).where(Order.id == close.id).values(status="confirmed"))
    with db.session.begin_nested():
        values = {"status": "confirmed", "despite_conflicts": True}
        db.session.execute(update(Order).where(Order.id == close.id).values(**values))
    over = make.order(customer, service, starts_at=NINE + HOUR / 2)
    with pytest.raises(IntegrityError, match="ex_"), db.session.begin_nested():
        db.session.execute(update(Order).where(Order.id == over.id).values(**values))
    db.session.execute(update(Order).where(Order.id == close.id).values(status="cancelled"))
    held = select(func.count()).select_from(BookedTime)
    assert db.session.scalar(held) == 1, "a cancelled order gives its time back"


@pytest.mark.parametrize(("kmh", "first"), [(0, "10:00"), (30, "10:30"), (60, "10:15")])
def test_the_way_between_two_places_takes_time(
    client: CheckedClient, make: Factory, service: Service, kmh: int, first: str
) -> None:
    """Ten kilometres north at 30 km/h are 26 minutes, so that the next quarter of an hour is 10:30."""
    db.session.add(
        PerformerSchedule(
            performer_id=service.performer_id,
            weekly=text("'{[1440,2880)}'::int4multirange"),
            travel_kmh=kmh,
        )
    )
    make.order(make.user(), service, status="confirmed", starts_at=NINE, latitude=52.5, longitude=13.4)
    query = {
        "service_id": service.id,
        "from": NINE.isoformat(),
        "to": (NINE + 5 * HOUR).isoformat(),
        "near": "52.59,13.4",
    }
    path = f"/api/v1/performers/{service.performer_id}/slots"
    found = client.get(path, query_string=query).json["items"]
    quarters = [
        item["starts_at"][11:16] for item in found if item["starts_at"][14:16] in {"00", "15", "30", "45"}
    ]
    assert quarters[0] == first


def test_rows_of_ended_holds_go(
    client: CheckedClient, service: Service, ann: dict[str, str], clock: FrozenClock, runtime: Runtime
) -> None:
    from marketplace.blueprints.availability.wiring import Availability

    hold(client, service, ann)
    holds = runtime.get(Availability).holds
    clock.advance(timedelta(hours=24))
    holds.remove_ended()
    assert db.session.scalar(select(func.count()).select_from(BookedTime)) == 1
    clock.advance(timedelta(minutes=6))
    holds.remove_ended()
    assert db.session.scalar(select(func.count()).select_from(BookedTime)) == 0


def test_busy_times_of_other_calendars_are_taken(
    client: CheckedClient, make: Factory, service: Service, owner: User, ann: dict[str, str], auth: Any
) -> None:
    """In slots, lists, bookings and holds, and for the performer, who cannot overlook them either."""
    headers = auth(owner)
    asked = make.order(make.user(), service, starts_at=NINE)
    calendar = ExternalCalendar(performer_id=service.performer_id, url_sealed=b"x", url_hash=b"x")
    db.session.add(calendar)
    db.session.flush()
    busy = Range(NINE + HOUR / 2, NINE + 1.5 * HOUR)
    db.session.add(ExternalBusyTime(calendar_id=calendar.id, performer_id=service.performer_id, time=busy))
    db.session.commit()
    assert starts(client, service) == ["10:30", "10:45", "11:00"]
    assert code(order(client, service, ann)) == (409, "slot_taken")
    assert code(hold(client, service, ann, NINE + HOUR)) == (409, "slot_taken")
    city = db.session.get_one(Performer, service.performer_id).city_id
    for until, found in ((1, []), (3, [service.id])):
        query = {
            "city_id": city,
            "available_from": NINE.isoformat(),
            "available_to": (NINE + until * HOUR).isoformat(),
        }
        items = client.get("/api/v1/services", query_string=query).json["items"]
        assert [item["id"] for item in items] == found
    path = f"/api/v1/orders/{asked.id}/accept"
    assert code(client.post(path, json={"despite_conflicts": True}, headers=headers)) == (409, "slot_taken")
