"""Feeds: who makes and opens them, what stands in them, and that their secret stays one."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import text as sql

from marketplace.blueprints.feeds.ports import Side
from marketplace.blueprints.feeds.wiring import Feeds
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import User
from marketplace.outside.ics_reader import ProcessCalendarReader, own_domain
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.runtime import Runtime

BOOKED, JOBS = "/api/v1/user/me/feed", "/api/v1/performers/me/feed"


@pytest.fixture
def customer(make: Factory) -> User:
    return make.user(first_name="Ada", last_name="Lovelace")


@pytest.fixture
def service(make: Factory) -> Any:
    return make.service(make.performer(), title="House cleaning")


@pytest.fixture
def worker(service: Any) -> User:
    """The user behind the performer."""
    statement = sql("SELECT user_id FROM performer WHERE id = :id")
    return db.session.get_one(User, db.session.execute(statement, {"id": service.performer_id}).scalar_one())


@pytest.fixture
def opened(client: CheckedClient, auth: Any) -> Any:
    """Makes the feed of a user, and gives its path."""

    def make_feed(user: User, where: str = BOOKED) -> str:
        made = client.post(where, headers=auth(user))
        assert made.status_code == 201, made.json
        url = str(made.json["url"])
        assert url.startswith("http://localhost/feeds/")
        return url.removeprefix("http://localhost")

    return make_feed


def events(client: CheckedClient, path: str) -> list[Any]:
    answer = client.get(path)
    assert answer.status_code == 200
    return list(Calendar.from_ical(answer.data).events)


def test_a_forged_host_makes_no_address(client, auth, customer):
    made = client.post(BOOKED, headers={**auth(customer), "Host": "evil.example"})
    assert made.json["url"].startswith("/feeds/")
    assert client.get(made.json["url"]).status_code == 200


def test_a_customer_reads_the_own_orders(client, make, customer, service, opened):
    order = make.order(
        customer, service, status="confirmed", address={"line1": "Main St 1", "postal_code": "10115"}
    )
    make.order(make.user(), service)
    answer = client.get(opened(customer))
    assert answer.content_type == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.data)
    assert (calendar["VERSION"], calendar["METHOD"]) == ("2.0", "PUBLISH")
    (event,) = calendar.events
    assert (event.start, event.end) == (order.starts_at, order.ends_at)
    assert event["SUMMARY"].startswith("House cleaning (")
    assert (event["STATUS"], event["TRANSP"], event["SEQUENCE"]) == ("CONFIRMED", "OPAQUE", order.version)
    assert event["LOCATION"] == "Main St 1, 10115"
    assert b"DTSTART:" in answer.data
    assert answer.data.split(b"DTSTART:")[1].split(b"\r\n")[0].endswith(b"Z")
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))


@pytest.mark.parametrize(
    ("status", "shown", "address"),
    [
        ("pending", "TENTATIVE", False),
        ("confirmed", "CONFIRMED", True),
        ("in_progress", "CONFIRMED", True),
        ("delivered", "CONFIRMED", True),
        ("completed", "CONFIRMED", True),
        ("disputed", "CONFIRMED", True),
        ("cancelled", "CANCELLED", False),
        ("declined", None, False),
        ("expired", None, False),
    ],
)
def test_what_a_performer_sees(client, make, customer, service, worker, opened, status, shown, address):
    make.order(customer, service, status=status)
    found = events(client, opened(worker, JOBS))
    assert [event["STATUS"] for event in found] == ([shown] if shown else [])
    for event in found:
        assert event["SUMMARY"] == "House cleaning (Ada L)"
        assert ("LOCATION" in event) is address
        assert (event["TRANSP"] == "TRANSPARENT") is (status == "cancelled")


def test_the_id_stays_and_is_the_same_for_both(client, make, customer, service, worker, opened):
    order = make.order(customer, service)
    mine, theirs = opened(customer), opened(worker, JOBS)
    (before,), (other,) = events(client, mine), events(client, theirs)
    order.status, order.version, order.starts_at = "confirmed", 7, order.starts_at - timedelta(hours=1)
    db.session.commit()
    (after,) = events(client, mine)
    assert before["UID"] == after["UID"] == other["UID"]
    assert after["SEQUENCE"] == 7


def test_only_a_window_of_time(client, make, customer, service, opened, clock: FrozenClock):
    for days in (-40, -20, 390, 410):
        start = clock.now() + timedelta(days=days)
        make.order(customer, service, status="completed", starts_at=start, ends_at=start + timedelta(hours=1))
    assert len(events(client, opened(customer))) == 2


def test_hostile_titles_break_no_line(client, make, customer, service, opened):
    order = make.order(customer, service)
    order.title = "a\r\nEND:VEVENT\r\nBEGIN:VEVENT;,\\" + "é" * 200
    db.session.commit()
    (event,) = events(client, opened(customer))
    assert "END:VEVENT" in event["SUMMARY"]


def test_only_a_hash_is_kept_and_each_new_one_ends_the_one_before(client, customer, opened, auth):
    assert client.get(BOOKED, headers=auth(customer)).json == {"created_at": None}
    first = opened(customer)
    assert client.get(BOOKED, headers=auth(customer)).json["created_at"] is not None
    secret = first.removeprefix("/feeds/").removesuffix(".ics")
    assert len(secret) == 43
    rows = db.session.execute(sql("SELECT to_jsonb(f)::text FROM calendar_feed f")).scalars().all()
    assert len(rows) == 1
    assert secret not in rows[0]
    second = opened(customer)
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    assert client.delete(BOOKED, headers=auth(customer)).status_code == 204
    assert client.delete(BOOKED, headers=auth(customer)).status_code == 204
    assert client.get(second).status_code == 404


def test_what_is_no_feed_is_answered_alike(client, customer, opened):
    path = opened(customer)
    answers = [
        client.get(wrong)
        for wrong in (
            "/feeds/" + "x" * 43 + ".ics", path[:-5] + "x.ics", path.replace(".ics", "x.ics"), "/feeds/x.ics",
            "/feeds/%00.ics", "/feeds/" + "é" * 43 + ".ics", "/feeds/" + "x" * 5000 + ".ics",
        )
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.json["code"], answer.json["detail"]) for answer in answers}) == 1


@pytest.mark.parametrize("change", ["is_active = false", "deleted_at = now()"])
def test_a_blocked_or_deleted_user_has_none(client, customer, opened, change):
    path = opened(customer)
    assert client.get(path).status_code == 200
    db.session.execute(sql(f'UPDATE "user" SET {change} WHERE id = :id'), {"id": customer.id})
    assert client.get(path).status_code == 404


def test_unchanged_calendars_are_not_sent_again(client, make, customer, service, opened, clock):
    order = make.order(customer, service)
    path = opened(customer)
    first = client.get(path)
    clock.advance(timedelta(minutes=5))
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    order.status, order.version = "confirmed", 2
    db.session.commit()
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert first.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_the_secret_is_in_no_log_and_no_figure(client, customer, opened, caplog):
    path = opened(customer)
    with caplog.at_level(logging.DEBUG):
        client.get(path)
        client.get(path.replace(".ics", ""))
    figures = client.get("/metrics").get_data(as_text=True)
    secret = path.removeprefix("/feeds/").removesuffix(".ics")
    assert "/feeds/[redacted]" in caplog.text
    assert secret not in caplog.text
    assert secret not in figures
    assert secret[:20] not in caplog.text + figures


def test_the_own_feed_as_an_external_calendar_takes_no_time(
    client, make, customer, service, worker, opened, runtime: Runtime
):
    make.order(customer, service, status="confirmed")
    content = client.get(opened(worker, JOBS)).data
    window = (START - timedelta(days=1), START + timedelta(days=60))
    own = own_domain(runtime.settings.secret_key)
    assert ProcessCalendarReader(own).busy(content, "UTC", *window) == []
    assert len(ProcessCalendarReader("other").busy(content, "UTC", *window)) == 1


@pytest.mark.parametrize("count", [1, 6, 100])
def test_as_many_statements_for_many_orders(client, make, customer, service, opened, assert_queries, count):
    for number in range(count):
        start = START + timedelta(days=1, hours=number)
        make.order(customer, service, starts_at=start, ends_at=start + timedelta(minutes=30))
    path = opened(customer)
    with assert_queries(2):
        assert len(events(client, path)) == count


def test_export_and_erasure(client, customer, opened, runtime: Runtime):
    path = opened(customer)
    rows = runtime.get(Feeds).rows
    assert [row["side"] for row in rows.export(customer.id)] == [Side.CUSTOMER]
    with runtime.uow:
        rows.forget(customer.id)
    assert client.get(path).status_code == 404
