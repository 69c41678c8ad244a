"""The waiting list by HTTP: who may wait for which day, how long, and what each sees."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.blueprints.waitlist.wiring import Waitlist
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import ScheduleException, User, Vacation, WaitlistEntry
from marketplace.testing import START, AssertQueries, CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.waitlist.conftest import HOUR, NINE, TEN, TUESDAY, Day, events, problem


@pytest.fixture
def ann(make: Factory) -> User:
    return make.user()


def rows() -> int:
    found = db.session.execute(select(func.count()).select_from(WaitlistEntry)).scalar_one()
    db.session.commit()
    return found


def test_a_customer_waits_once_for_a_full_day(day: Day, ann: User) -> None:
    day.fill()
    made = day.join(ann)
    assert made.status_code == 200
    assert {**made.json, "id": 0} == {
        "id": 0,
        "performer_id": day.performer.id,
        "service_id": day.service.id,
        "date": "2026-05-05",
        "created_at": "2026-05-04T09:00:00Z",
        "offer": None,
    }
    assert day.join(ann).json == made.json
    assert rows() == 1
    assert [name for name, _ in events()] == ["waitlist.joined"]
    listed = day.client.get("/api/v1/user/me/waitlist", headers=day.auth(ann)).json
    assert listed["items"] == [made.json]
    assert day.leave(ann).status_code == 204
    assert rows() == 0


def test_a_day_that_is_not_full_is_booked_instead(day: Day, ann: User) -> None:
    assert problem(day.join(ann)) == (409, "day_not_full")
    day.fill(NINE)
    assert problem(day.join(ann)) == (409, "day_not_full")
    assert rows() == 0


def test_a_day_may_be_full_for_one_service_alone(day: Day, make: Factory, ann: User) -> None:
    long = make.service(day.performer, duration_minutes=120)
    day.fill(NINE)
    assert day.join(ann, service_id=long.id).json["service_id"] == long.id


def test_another_service_keeps_the_place(day: Day, make: Factory, ann: User, clock: FrozenClock) -> None:
    long = make.service(day.performer, duration_minutes=120)
    day.fill()
    made = day.join(ann).json
    clock.advance(HOUR)
    changed = day.join(ann, service_id=long.id, latitude=52.5, longitude=13.4).json
    assert changed == made | {"service_id": long.id}
    assert rows() == 1


def test_without_a_service_it_is_the_shortest_with_a_price(day: Day, make: Factory, ann: User) -> None:
    make.service(day.performer, duration_minutes=15, pricing="quote", price_amount=None, price_currency=None)
    make.service(day.performer, duration_minutes=15, is_active=False)
    short = make.service(day.performer, duration_minutes=30)
    day.fill()
    assert day.join(ann).json["service_id"] == short.id


def test_services_that_cannot_be_booked(day: Day, make: Factory, ann: User) -> None:
    quote = make.service(day.performer, pricing="quote", price_amount=None, price_currency=None)
    hidden = make.service(day.performer, is_active=False)
    foreign = make.service(make.performer())
    day.fill()
    refused = day.join(ann, service_id=quote.id)
    assert (refused.status_code, list(refused.json["errors"]["json"])) == (422, ["service_id"])
    for service in (hidden, foreign):
        assert day.join(ann, service_id=service.id).status_code == 404
    day.service.is_active = False
    db.session.commit()
    refused = day.join(ann)
    assert (refused.status_code, list(refused.json["errors"]["json"])) == (422, ["service_id"])


def test_days_that_cannot_be_waited_for(day: Day, ann: User, clock: FrozenClock) -> None:
    assert problem(day.join(ann, date(2026, 5, 3))) == (422, "starts_in_past")
    assert problem(day.join(ann, date(2026, 5, 6))) == (422, "outside_schedule")
    assert problem(day.join(ann, START.date() + timedelta(days=366))) == (422, "too_far_ahead")
    db.session.add(Vacation(performer_id=day.performer.id, starts_on=TUESDAY, ends_on=TUESDAY))
    db.session.commit()
    refused = day.join(ann)
    assert problem(refused) == (422, "outside_schedule")
    assert list(refused.json["errors"]["json"]) == ["date"]
    clock.set(NINE + 7 * timedelta(days=1) + 2 * HOUR)
    refused = day.join(ann, TUESDAY + timedelta(days=7))
    assert problem(refused) == (422, "outside_schedule"), "nothing is left of the day"


def test_a_performer_does_not_wait_for_the_own_day(day: Day) -> None:
    day.fill()
    assert problem(day.join(day.owner)) == (403, "own_service")


def test_who_is_not_public_is_not_there(day: Day, make: Factory, ann: User) -> None:
    day.fill()
    assert day.join(ann).status_code == 200
    day.performer.active = False
    db.session.commit()
    assert day.leave(ann).status_code == 204, "one can always leave"
    assert day.leave(ann).status_code == 404
    assert day.join(ann).status_code == 404


def test_one_waits_for_ten_days_at_most(day: Day, ann: User) -> None:
    tuesdays = [TUESDAY + timedelta(days=7 * number) for number in range(11)]
    for one in tuesdays:
        at = datetime(one.year, one.month, one.day, 9, tzinfo=UTC)
        day.fill(at, at + HOUR)
    for one in tuesdays[:10]:
        assert day.join(ann, one).status_code == 200
    assert problem(day.join(ann, tuesdays[10])) == (409, "too_many_days_awaited")
    assert day.join(ann, tuesdays[0]).status_code == 200, "as before"
    assert day.leave(ann, tuesdays[0]).status_code == 204
    assert day.join(ann, tuesdays[10]).status_code == 200


def test_fifty_wait_for_one_day_at_most(day: Day, make: Factory, ann: User) -> None:
    day.fill()
    for _ in range(50):
        wait(day, make.user())
    assert problem(day.join(ann)) == (409, "waitlist_full")


def wait(day: Day, user: User, on: date = TUESDAY) -> None:
    db.session.add(
        WaitlistEntry(
            customer_id=user.id,
            performer_id=day.performer.id,
            service_id=day.service.id,
            day=on,
            created_at=START,
        )
    )
    db.session.commit()


def test_performers_see_how_many_wait_and_not_who(day: Day, make: Factory) -> None:
    for number in range(5):
        wait(day, make.user(), TUESDAY + timedelta(days=7 * (number % 2)))
    wait(Day(**{**vars(day), "performer": make.performer(), "service": day.service}), make.user())
    path = "/api/v1/performers/me/waitlist"
    headers = day.auth(day.owner)
    found = day.client.get(path, headers=headers).json
    assert found["items"] == [{"date": "2026-05-05", "waiting": 3}, {"date": "2026-05-12", "waiting": 2}]
    first = day.client.get(path, query_string={"limit": 1}, headers=headers).json
    assert first["items"] == found["items"][:1]
    query = {"limit": 1, "after": first["next"]}
    assert day.client.get(path, query_string=query, headers=headers).json["items"] == found["items"][1:]


@pytest.mark.parametrize("count", [1, 6, 100])
def test_lists_cost_the_same_at_any_length(
    client: CheckedClient, day: Day, ann: User, assert_queries: AssertQueries, count: int
) -> None:
    for number in range(count):
        wait(day, ann, TUESDAY + timedelta(days=number))
    for user, path in ((ann, "/user/me/waitlist"), (day.owner, "/performers/me/waitlist")):
        headers = day.auth(user)
        with assert_queries(2):
            answer = client.get(f"/api/v1{path}?limit=100", headers=headers)
        assert len(answer.json["items"]) == count


def test_a_copy_of_ones_data_has_the_days_one_waits_for(day: Day, ann: User, parts: Waitlist) -> None:
    day.fill()
    day.join(ann, latitude=52.5, longitude=13.4)
    assert list(parts.rows.export(ann.id)) == [
        {
            "performer_id": day.performer.id,
            "service_id": day.service.id,
            "date": "2026-05-05",
            "latitude": 52.5,
            "longitude": 13.4,
            "offers": 0,
            "created_at": START,
        }
    ]
    assert list(parts.rows.export(day.owner.id)) == []


@pytest.mark.parametrize("who", ["customer", "performer"])
def test_nothing_is_left_of_who_has_gone(
    day: Day, make: Factory, ann: User, parts: Waitlist, runtime: Runtime, who: str
) -> None:
    wait(day, ann)
    wait(day, day.owner)
    other = make.performer(timezone="UTC")
    db.session.add(
        WaitlistEntry(
            customer_id=ann.id, performer_id=other.id, service_id=make.service(other).id, day=TUESDAY
        )
    )
    db.session.commit()
    with runtime.uow:
        parts.rows.forget(ann.id if who == "customer" else day.owner.id)
    left = db.session.scalars(select(WaitlistEntry.customer_id)).all()
    assert left == ([day.owner.id] if who == "customer" else [ann.id])


ZONES = [
    # 25 October 2026: at 01:00 it is midnight once more.
    ("Atlantic/Azores", date(2026, 10, 25), datetime(2026, 10, 25, 0, tzinfo=UTC), 25),
    # 24 April 2026 has no midnight; 30 October has an hour at its end that comes before midnight again.
    ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC), 23),
    ("Africa/Cairo", date(2026, 10, 29), datetime(2026, 10, 28, 21, tzinfo=UTC), 25),
    ("Europe/Berlin", date(2026, 10, 25), datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
    ("Australia/Lord_Howe", date(2026, 10, 4), datetime(2026, 10, 3, 13, 30, tzinfo=UTC), 23.5),
]


@pytest.mark.parametrize(("zone", "on", "begins", "hours"), ZONES)
def test_a_day_on_which_the_clock_changes_is_one_day(
    day: Day,
    ann: User,
    clock: FrozenClock,
    parts: Waitlist,
    zone: str,
    on: date,
    begins: datetime,
    hours: float,
) -> None:
    """From its first moment to its last; what is free the moment before or after is of another day."""
    clock.set(datetime(2026, 4, 1, tzinfo=UTC))
    day.performer.timezone = zone
    db.session.commit()
    ends = begins + hours * HOUR

    def works(start: datetime, kind: str = "available") -> ScheduleException:
        row = ScheduleException(
            performer_id=day.performer.id, kind=kind, starts_at=start, ends_at=start + HOUR
        )
        db.session.add(row)
        db.session.commit()
        return row

    works(begins - 2 * HOUR)
    works(ends)
    assert problem(day.join(ann, on)) in {(422, "outside_schedule"), (409, "day_not_full")}
    closed = ScheduleException(
        performer_id=day.performer.id, kind="unavailable", starts_at=begins - HOUR, ends_at=ends
    )
    db.session.add(closed)
    db.session.commit()
    for free in (begins, ends - HOUR):
        busy = day.make.order(ann, day.service, status="confirmed", starts_at=free)
        closed.starts_at, closed.ends_at = free - 30 * HOUR, free
        db.session.commit()
        extra = works(free)
        made = day.join(ann, on)
        assert made.status_code == 200, made.json
        busy.status = "cancelled"
        db.session.commit()
        parts.offering.tend(day.performer.id)
        offer = day.offer(ann)
        assert offer is not None
        assert offer["starts_at"] == free.isoformat().replace("+00:00", "Z")
        assert day.leave(ann, on).status_code == 204
        db.session.delete(extra)
        db.session.commit()


def test_bad_input(day: Day, ann: User) -> None:
    headers = day.auth(ann)
    bodies: list[Any] = [
        {},
        {"date": "2026-02-30"},
        {"date": "tomorrow"},
        {"date": "2026-05-05", "latitude": 1.5},
        {"date": "2026-05-05", "service_id": 0},
        {"date": "2026-05-05", "offers": 7},
    ]
    for body in bodies:
        assert day.client.put(day.path, json=body, headers=headers).status_code == 422
    assert day.client.delete(day.path, headers=headers).status_code == 422
    assert day.client.delete(f"{day.path}?date=2026-13-01", headers=headers).status_code == 422
    assert TEN > NINE
