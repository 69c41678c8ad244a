"""External calendars: who sees them, how they are fetched, and what becomes of their busy times."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text as sql

from marketplace.blueprints.calendars import policies
from marketplace.blueprints.calendars.errors import TooManyCalendars
from marketplace.blueprints.calendars.wiring import Calendars
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.identity import Principal
from marketplace.models import AuditEntry, User
from marketplace.testing import START, CheckedClient, Factory, RunJobs
from marketplace.web.runtime import Runtime
from tests.support.threads import at_once
from tests.support.web_server import WebServer, text, web_server

URL = "/api/v1/performers/me/calendars"
TODAY = START.replace(hour=0, minute=0)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as running:
        yield running


@pytest.fixture
def performer(make: Factory) -> Any:
    return make.performer(timezone="Europe/Berlin")


@pytest.fixture
def headers(performer: Any, auth: Any) -> dict[str, str]:
    return dict(auth(db.session.get_one(User, performer.user_id)))


@pytest.fixture
def fetches(runtime: Runtime) -> Any:
    return runtime.get(Calendars).fetches


def ics(*days: int, hour: int = 9) -> bytes:
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{day}\r\nDTSTART:{TODAY + timedelta(days=day):%Y%m%d}T{hour:02}0000Z\r\n"
        "DURATION:PT1H\r\nEND:VEVENT\r\n"
        for day in days
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n".encode()


def add(client: CheckedClient, headers: dict[str, str], url: str, **more: Any) -> dict[str, Any]:
    made = client.post(URL, json={"url": url, **more}, headers=headers)
    assert made.status_code == 201, made.json
    return dict(made.json)


def one(client: CheckedClient, headers: dict[str, str], calendar_id: int) -> dict[str, Any]:
    return dict(client.get(f"{URL}/{calendar_id}", headers=headers).json)


def spans(performer_id: int) -> list[datetime]:
    rows = db.session.execute(
        sql("SELECT lower(time) FROM external_busy_time WHERE performer_id = :id ORDER BY 1"),
        {"id": performer_id},
    )
    return [row[0] for row in rows]


def events(name: str) -> list[Any]:
    rows = db.session.execute(sql("SELECT payload FROM domain_event WHERE name = :name"), {"name": name})
    return [row[0] for row in rows]


def status(calendar_id: int) -> str:
    """Without the API: the clock has outlived the token."""
    statement = sql("SELECT status FROM external_calendar WHERE id = :id")
    return str(db.session.execute(statement, {"id": calendar_id}).scalar_one())


def nine(*days: int) -> list[datetime]:
    return [(TODAY + timedelta(days=day, hours=9)).astimezone(UTC) for day in days]


# --- what performers see ------------------------------------------------------------------------------------


def test_a_calendar_is_added_and_its_busy_times_come(client, headers, server, performer, run_jobs: RunJobs):
    server.answers["/a.ics"] = text(ics(1, 2))
    made = add(client, headers, server.url("/a.ics"), name="Private")
    assert (made["status"], made["name"], made["url"]) == ("pending", "Private", server.url("/a.ics"))
    assert (made["fetched_at"], made["error"], made["busy_count"]) == (None, None, 0)
    run_jobs()
    found = one(client, headers, made["id"])
    assert (found["status"], found["error"], found["busy_count"]) == ("ok", None, 2)
    assert found["fetched_at"] is not None
    assert spans(performer.id) == nine(1, 2)
    assert events("performer.schedule_changed") == [{"performer_id": performer.id}]
    assert client.get(URL, headers=headers).json == {"items": [found]}


def test_webcal_addresses(client, headers):
    assert add(client, headers, "webcal://calendar.invalid/a.ics")["url"] == "https://calendar.invalid/a.ics"
    assert add(client, headers, "WEBCAL://calendar.invalid/b.ics")["url"] == "https://calendar.invalid/b.ics"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("file:///etc/passwd", "must begin with"),
        ("https://u:p@calendar.invalid/", "no user name"),
        ("https://", "no address"),
        ("x", "must begin with"),
        ("https://0x7f.1/", "no address"),
        ("https://a.invalid/a b", "no address"),
        ("http://[::ffff:7f00:1/", "no address"),
    ],
)
def test_addresses_that_are_refused(client, headers, url, sentence):
    refused = client.post(URL, json={"url": url}, headers=headers)
    assert refused.status_code == 422
    assert sentence in refused.json["errors"]["json"]["url"][0]


def test_five_and_each_once(client, headers):
    for number in range(5):
        if number:
            known = client.post(URL, json={"url": "https://calendar.invalid:443/0#x"}, headers=headers)
            assert known.json["code"] == "calendar_known"
        add(client, headers, f"https://calendar.invalid/{number}")
    full = client.post(URL, json={"url": "https://calendar.invalid/5"}, headers=headers)
    assert (full.status_code, full.json["code"]) == (409, "too_many_calendars")


def test_the_address_is_encrypted_and_in_no_log(client, headers, server, run_jobs, caplog):
    server.answers["/hunter2.ics"] = text(b"no calendar")
    with caplog.at_level(logging.DEBUG):
        made = add(client, headers, server.url("/hunter2.ics"))
        for _ in range(3):
            db.session.execute(sql("UPDATE external_calendar SET next_fetch_at = '2000-01-01'"))
            run_jobs()
    assert made["url"].endswith("hunter2.ics")
    assert "hunter2" not in caplog.text
    for table in ("external_calendar", "job", "domain_event", AuditEntry.__tablename__):
        rows = db.session.execute(
            sql(f"SELECT to_jsonb(t)::text, encode(to_jsonb(t)::text::bytea, 'escape') FROM {table} t")
        )
        assert not [row for row in rows if "hunter2" in row[0] or "hunter2" in row[1]], table
    stored = db.session.execute(sql("SELECT url_sealed FROM external_calendar")).scalar_one()
    assert b"hunter2" not in bytes(stored)


def test_deleting_frees_the_time(client, headers, server, performer, run_jobs):
    server.answers["/"] = text(ics(1))
    made = add(client, headers, server.url())
    run_jobs()
    assert client.delete(f"{URL}/{made['id']}", headers=headers).status_code == 204
    assert spans(performer.id) == []
    assert len(events("performer.schedule_changed")) == 2
    assert client.delete(f"{URL}/{made['id']}", headers=headers).status_code == 404


def test_refreshing_is_limited(client, headers, server, performer, run_jobs, clock: FrozenClock):
    made = add(client, headers, server.url())
    run_jobs()
    assert one(client, headers, made["id"])["error"] == {
        "code": "not_found", "detail": "There is no calendar at the address any more."
    }  # fmt: skip
    server.answers["/"] = text(ics(3))
    asked = client.post(f"{URL}/{made['id']}/refresh", headers=headers)
    assert (asked.status_code, asked.json["status"]) == (202, "failing")
    again = client.post(f"{URL}/{made['id']}/refresh", headers=headers)
    assert (again.status_code, again.json["code"]) == (429, "calendar_asked_again")
    assert 0 < int(again.headers["Retry-After"]) <= 61
    run_jobs()
    assert one(client, headers, made["id"])["status"] == "ok"
    assert spans(performer.id) == nine(3)
    clock.advance(timedelta(seconds=61))
    assert client.post(f"{URL}/{made['id']}/refresh", headers=headers).status_code == 202


def test_an_address_that_cannot_be_deciphered(client, headers, run_jobs):
    made = add(client, headers, "https://calendar.invalid/a")
    db.session.execute(sql("UPDATE external_calendar SET url_sealed = 'x'"))
    run_jobs()
    found = one(client, headers, made["id"])
    assert (found["url"], found["status"], found["error"]["code"]) == ("", "failing", "address_lost")


@pytest.mark.parametrize("count", [1, 5])
def test_the_list_takes_one_statement_more_or_less(client, headers, assert_queries, count):
    for number in range(count):
        add(client, headers, f"https://calendar.invalid/{number}")
    client.get(URL, headers=headers)
    with assert_queries(2):
        assert len(client.get(URL, headers=headers).json["items"]) == count


# --- how they are fetched -----------------------------------------------------------------------------------


def tick(fetches: Any, run_jobs: RunJobs, clock: FrozenClock, minutes: float) -> None:
    clock.advance(timedelta(minutes=minutes))
    fetches.begin_due()
    run_jobs()


def test_every_quarter_of_an_hour_and_only_what_changed(
    client, headers, server, performer, run_jobs, fetches, clock
):
    server.answers["/"] = text(ics(1, 2), 'ETag: "v1"', "Last-Modified: Mon, 02 Mar 2026 09:00:00 GMT")
    add(client, headers, server.url())
    run_jobs()
    before = db.session.execute(sql("SELECT ctid::text, time FROM external_busy_time ORDER BY time")).all()
    tick(fetches, run_jobs, clock, 5)
    assert len(server.heads) == 1, "not due yet"
    server.answers["/"] = text(b"", status="304 Not Modified")
    tick(fetches, run_jobs, clock, 15)
    assert b'If-None-Match: "v1"\r\n' in server.heads[1]
    assert b"If-Modified-Since: Mon, 02 Mar 2026 09:00:00 GMT\r\n" in server.heads[1]
    server.answers["/"] = text(ics(1, 2))
    tick(fetches, run_jobs, clock, 20)
    assert len(server.heads) == 3
    assert len(events("performer.schedule_changed")) == 1, "the same file changes nothing"
    server.answers["/"] = text(ics(1, 4))
    tick(fetches, run_jobs, clock, 20)
    assert spans(performer.id) == nine(1, 4)
    assert len(events("performer.schedule_changed")) == 2
    after = db.session.execute(sql("SELECT ctid::text, time FROM external_busy_time ORDER BY time")).all()
    assert after[0] == before[0], "a row that stays is not written again"


def test_an_unchanged_file_is_read_again_after_a_day(
    client, headers, server, performer, run_jobs, fetches, clock
):
    weekly = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260302T090000Z\r\nDURATION:PT1H\r\n"
        "RRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    server.answers["/"] = text(weekly.encode(), 'ETag: "v1"')
    add(client, headers, server.url())
    run_jobs()
    last = spans(performer.id)[-1]
    for _ in range(8):
        tick(fetches, run_jobs, clock, 60 * 25)
    assert b"If-None-Match" not in server.heads[1]
    assert spans(performer.id)[-1] > last


def test_the_days_are_those_of_the_performers_zone(
    client, headers, server, performer, run_jobs, fetches, clock
):
    day = TODAY + timedelta(days=3)
    server.answers["/"] = text(
        f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:{day:%Y%m%d}\r\nEND:VEVENT\r\n"
        "END:VCALENDAR\r\n".encode(),
        'ETag: "v1"',
    )
    add(client, headers, server.url())
    run_jobs()
    (berlin,) = spans(performer.id)
    db.session.execute(
        sql("UPDATE performer SET timezone = 'Asia/Tokyo' WHERE id = :id"), {"id": performer.id}
    )
    tick(fetches, run_jobs, clock, 20)
    (tokyo,) = spans(performer.id)
    assert berlin - tokyo in {timedelta(hours=7), timedelta(hours=8)}


def test_a_dead_feed_is_told_once_and_its_last_state_holds(
    client, headers, server, performer, run_jobs, fetches, clock, auth
):
    server.answers["/"] = text(ics(1))
    made = add(client, headers, server.url())
    run_jobs()
    for answer in (text(b"<html>"), text(b"", status="503 Busy"), b"", text(b"", status="404 Gone"), b"x"):
        server.answers["/"] = answer
        tick(fetches, run_jobs, clock, 24 * 60)
        assert status(made["id"]) == "failing"
        assert spans(performer.id) == nine(1)
    headers = auth(db.session.get_one(User, performer.user_id))
    told = [one for one in client.get("/api/v1/notifications", headers=headers).json["items"]
            if one["topic"] == "calendar.failing"]  # fmt: skip
    assert len(told) == 1
    assert told[0]["data"]["calendar_id"] == made["id"]
    assert events("calendar.failing")[0]["reason"] in {"bad_answer", "unreachable"}
    server.answers["/"] = text(ics(1))
    tick(fetches, run_jobs, clock, 24 * 60)
    assert status(made["id"]) == "ok"


def test_failures_wait_longer_each_time():
    now = START
    waits = [policies.next_fetch(now, failures, 0.1, 0.0) - now for failures in (0, 1, 2, 3, 4, 8, 1000)]
    assert waits == sorted(waits)
    assert waits[0] == waits[1] == timedelta(minutes=15)
    assert waits[-1] == timedelta(days=1)
    assert policies.next_fetch(now, 0, 5.0, 1.0) - now == timedelta(hours=1, minutes=7.5), (
        "a slow one less often"
    )


def test_nobody_fetches_for_blocked_users(client, headers, server, performer, run_jobs, fetches, clock):
    server.answers["/"] = text(ics(1))
    add(client, headers, server.url())
    run_jobs()
    db.session.execute(sql('UPDATE "user" SET is_active = false WHERE id = :id'), {"id": performer.user_id})
    tick(fetches, run_jobs, clock, 24 * 60)
    assert len(server.heads) == 1


def test_a_fetch_that_was_overtaken_stores_nothing(client, headers, server, performer, run_jobs, fetches):
    server.answers["/"] = text(ics(1))
    made = add(client, headers, server.url())
    run_jobs()
    server.answers["/"] = text(ics(2))
    fetches.fetch(made["id"], 0)
    fetches.fetch(made["id"] + 1, 1)
    assert spans(performer.id) == nine(1)


def test_an_overtaken_fetch_loses_while_it_reads(
    client, headers, server, performer, run_jobs, runtime: Runtime
):
    found = runtime.get(Calendars)
    server.answers["/"] = text(ics(1))
    made = add(client, headers, server.url())

    def late(line: Any, _head: bytes) -> None:
        line.sendall(text(ics(2)))

    run_jobs()
    server.answers["/"] = late
    with runtime.uow:
        number = found.rows.begin(made["id"], START)
    original = found.fetches._reader

    class Reader:
        def busy(self, *args: Any) -> Any:
            with runtime.uow:
                found.rows.begin(made["id"], START)
            return original.busy(*args)

    found.fetches._reader = Reader()
    try:
        found.fetches.fetch(made["id"], number)
    finally:
        found.fetches._reader = original
    assert spans(performer.id) == nine(1)


# --- several at once ----------------------------------------------------------------------------------------


def test_two_workers_begin_each_fetch_once(committed: Flask, clock: FrozenClock):
    runtime: Runtime = committed.extensions["marketplace"]
    with committed.app_context():
        performer = Factory().performer()
        for number in range(450):
            db.session.execute(
                sql(
                    "INSERT INTO external_calendar (performer_id, url_sealed, url_hash, next_fetch_at)"
                    " VALUES (:id, 'x', :hash, :now)"
                ),
                {"id": performer.id, "hash": str(number).encode(), "now": clock.now()},
            )
        db.session.commit()

    def run(_: int) -> None:
        with committed.app_context():
            runtime.get(Calendars).fetches.begin_due()

    at_once(4, run)
    with committed.app_context():
        jobs = db.session.execute(
            sql("SELECT count(*), count(DISTINCT payload) FROM job WHERE kind = 'calendars.fetch'")
        ).one()
        assert tuple(jobs) == (450, 450)


def test_five_at_once_are_five(committed: Flask):
    runtime: Runtime = committed.extensions["marketplace"]
    with committed.app_context():
        made = Factory().performer()
        caller = Principal(made.user_id, 0, performer_id=made.id, performer_status="approved")
        db.session.commit()

    def run(number: int) -> bool:
        with committed.app_context():
            try:
                runtime.get(Calendars).own.add(caller, f"https://calendar.invalid/{number}", "")
            except TooManyCalendars:
                return False
            return True

    assert sum(at_once(10, run)) == 5


# --- a user's rows ------------------------------------------------------------------------------------------


def test_export_and_erasure(client, headers, server, performer, run_jobs, runtime: Runtime):
    server.answers["/"] = text(ics(1))
    add(client, headers, server.url(), name="Private")
    run_jobs()
    found = runtime.get(Calendars)
    (row,) = found.own.export(performer.user_id)
    assert (row["name"], row["url"]) == ("Private", server.url())
    with runtime.uow:
        found.rows.forget(performer.user_id)
    assert spans(performer.id) == []
    assert client.get(URL, headers=headers).json == {"items": []}
