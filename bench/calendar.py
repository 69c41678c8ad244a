"""What the calendar costs: orders in a full city, a month of slots, orders by many callers, who is free.

    .venv/bin/python -m bench.calendar --performers 20000

Each figure stands beside a control that is measured in turns with it. "cpu" is the time on a processor of
this process and of its connections' servers, which other programs disturb less than the clock on the wall.
Adds orders to the market: with `--instance`, to one that nobody needs.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, text

from bench.market import add_arguments, free_port, market
from bench.sizes import family, role
from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.blueprints.availability.wiring import Availability
from marketplace.blueprints.directory.ports import Search
from marketplace.blueprints.directory.wiring import Directory
from marketplace.extensions import db, limiter
from marketplace.kernel.pages import PageRequest

TIMES = 60
CALLERS, SECONDS = 16, 20
HOUR = timedelta(hours=1)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
TUESDAY = TODAY + timedelta(days=(1 - TODAY.weekday()) % 7 + 7)
ADDRESS = {"line1": "Side Street 2", "postal_code": "10115"}

_CITY = """
    UPDATE performer SET city_id = :city WHERE id IN (
        SELECT performer_id FROM performer_listing WHERE performer_id % 2 = :half ORDER BY 1 LIMIT 50)"""
_MOVE = """
    UPDATE performer p SET city_id = c.id, timezone = c.timezone FROM city c WHERE c.id = :city AND p.id IN (
        SELECT performer_id FROM performer_listing WHERE city_id <> :city ORDER BY 1 LIMIT 1000)"""
_WEEK = """
    INSERT INTO performer_schedule (performer_id, weekly)
    SELECT id, '{[0,10080)}' FROM performer WHERE city_id = :city
    ON CONFLICT (performer_id) DO UPDATE SET weekly = excluded.weekly, notice_minutes = 0,
        buffer_before_minutes = 0, buffer_after_minutes = 0"""
# Each performer is booked for every other hour, before and after now.
_ORDERS = """
    INSERT INTO "order" (customer_id, performer_id, service_id, status, title, pricing, price_amount,
                         price_currency, starts_at, ends_at, address)
    SELECT (SELECT min(id) FROM "user"), p.id, s.id, 'confirmed', 'Bench', s.pricing, s.price_amount,
           s.price_currency, at, at + interval '1 hour', '{}'
    FROM (SELECT id FROM performer WHERE city_id = :city ORDER BY id LIMIT 50) AS p
    CROSS JOIN LATERAL (SELECT * FROM service WHERE performer_id = p.id ORDER BY id LIMIT 1) AS s
    CROSS JOIN generate_series(0, :orders / 50 - 1) AS n
    CROSS JOIN LATERAL (
        SELECT CAST(:today AS timestamptz) + (n - :orders / 100) * interval '2 hours'
    ) AS one (at)
    ON CONFLICT DO NOTHING"""
_SERVICES = """
    SELECT DISTINCT ON (s.performer_id) s.id, s.performer_id
    FROM service s JOIN service_listing l ON l.service_id = s.id
    WHERE l.city_id = :city AND s.price_amount IS NOT NULL AND s.duration_minutes <= 60
    ORDER BY s.performer_id, s.id LIMIT :count"""
_BUSY = """
    INSERT INTO external_busy_time (calendar_id, performer_id, time)
    SELECT c.id, c.performer_id, tstzrange(at, at + interval '20 minutes')
    FROM external_calendar c CROSS JOIN generate_series(0, 299) AS n
    CROSS JOIN LATERAL (
        SELECT CAST(:today AS timestamptz) + n * interval '5 hours' + c.id % 3 * interval '1 hour'
    ) AS one (at)
    WHERE c.performer_id = :performer"""
_CALENDARS = """
    INSERT INTO external_calendar (performer_id, url_sealed, url_hash)
    SELECT :performer, 'x', CAST(CAST(n AS text) AS bytea) FROM generate_series(1, 3) AS n"""
_BOOK_ALL = """
    INSERT INTO booked_time (performer_id, span, padded, customer_id, expires_at)
    SELECT performer_id, span, span, (SELECT min(id) FROM "user"), '2100-01-01' FROM performer_listing
    CROSS JOIN LATERAL (SELECT tstzrange(:start, :end) AS span) AS one WHERE city_id = :city
    ON CONFLICT DO NOTHING"""


def run(sql: str, **values: Any) -> None:
    """In a transaction of its own, without a limit of time."""
    with db.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text(sql), values)


def rows(sql: str, **values: Any) -> list[Any]:
    """The rows of a query."""
    with db.engine.connect() as connection:
        return list(connection.execute(text(sql), values))


def on_processor(pids: Iterable[int]) -> float:
    """Seconds that processes have run so far (all threads)."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found += (int(fields[11]) + int(fields[12])) / ticks
    return found


def servers() -> list[int]:
    """The processes of the database that serve connections."""
    sql = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    return [row.pid for row in rows(sql)]


def in_turns(what: dict[str, Callable[[], Any]], times: int = TIMES) -> None:
    """Print median, 95th percentile and least milliseconds of each, and processor time a call."""
    walls: dict[str, list[float]] = {name: [] for name in what}
    spent = dict.fromkeys(what, 0.0)
    for call in what.values():
        for _ in range(8):
            call()
    pids = servers()
    for _ in range(times):
        for name, call in what.items():
            before, began = time.process_time() + _running(pids), time.perf_counter()
            call()
            walls[name].append((time.perf_counter() - began) * 1_000)
            spent[name] += time.process_time() + _running(pids) - before
    control = None
    for name, taken in walls.items():
        taken.sort()
        cpu = spent[name] / times * 1_000
        control = control or cpu
        print(
            f"  {name:44s} median {statistics.median(taken):7.1f}  p95 {taken[int(times * 0.95)]:7.1f}"
            f"  least {taken[0]:7.1f}  cpu {cpu:7.1f} ms, {cpu / control:.2f} of the first",
            flush=True,
        )


def _running(pids: Iterable[int]) -> float:
    """Seconds on a processor, to the nanosecond, of processes with one thread."""
    found = 0
    for pid in pids:
        try:
            found += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        except OSError:
            continue
    return found / 1e9


def prepare(app: Flask) -> tuple[list[Any], Any, list[dict[str, str]]]:
    """A city with 1,000 orders and one with 100,000, services of each, and callers."""
    small, large = (row.id for row in rows("SELECT id FROM city WHERE is_active ORDER BY id DESC LIMIT 2"))
    for half, (city, orders) in enumerate(((small, 1_000), (large, 100_000))):
        run(_CITY, city=city, half=half)
        run(_WEEK, city=city)
        run(_ORDERS, city=city, orders=orders, today=TODAY)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text('VACUUM ANALYZE "order", booked_time, performer'))
    sessions = app.extensions["marketplace"].get(Accounts).sessions
    people = rows(
        'SELECT u.id FROM "user" u WHERE u.is_active AND u.deleted_at IS NULL'
        " AND u.email_verified"
        " AND NOT EXISTS (SELECT FROM performer p WHERE p.user_id = u.id) ORDER BY u.id LIMIT :count",
        count=CALLERS,
    )
    signed = [{"Authorization": f"Bearer {sessions.open(row.id, Device()).access_token}"} for row in people]
    services = rows(_SERVICES, city=small, count=CALLERS)
    return services, rows(_SERVICES, city=large, count=1)[0], signed


def measure_orders(app: Flask, small: Any, large: Any, signed: list[dict[str, str]]) -> None:
    """Booking in both cities, over HTTP in process."""
    print("POST /orders, in process, by the orders of the performer's city", flush=True)
    client = app.test_client()
    turns = {small.id: 0, large.id: 0}

    def book(service: Any) -> None:
        number = turns[service.id]
        turns[service.id] += 1
        at = TODAY + timedelta(days=1) + (2 * (number // CALLERS) + 1) * HOUR
        body = {"service_id": service.id, "starts_at": at.isoformat(), "address": ADDRESS}
        answer = client.post("/api/v1/orders", json=body, headers=signed[number % CALLERS])
        if answer.status_code != 201:
            raise SystemExit(f"{answer.status_code} {answer.text}")

    in_turns({"1,000 orders": lambda: book(small), "100,000 orders": lambda: book(large)}, 150)
    statements: list[str] = []
    note = lambda *args: statements.append(args[2])  # noqa: E731 - a listener of one line
    event.listen(db.engine, "before_cursor_execute", note)
    book(large)
    event.remove(db.engine, "before_cursor_execute", note)
    print(f"  {len(statements)} statements an order", flush=True)


def measure_slots(app: Flask, small: Any, large: Any) -> None:
    """A month of slots, with a full calendar and with an empty one."""
    print("slots of a month, in process", flush=True)
    later = 'DELETE FROM "order" WHERE performer_id = :performer AND starts_at > :end'
    run(later, performer=large.performer_id, end=TODAY + 1_000 * HOUR)
    run(_CALENDARS, performer=large.performer_id)
    run(_BUSY, performer=large.performer_id, today=TODAY)
    counts = rows(
        "SELECT (SELECT count(*) FROM booked_time WHERE performer_id = :id AND upper(span) > now()),"
        " (SELECT count(*) FROM external_busy_time WHERE performer_id = :id)",
        id=large.performer_id,
    )[0]
    slots = app.extensions["marketplace"].get(Availability).slots

    def ask(service: Any) -> None:
        slots.list_free(service.performer_id, service.id, TODAY, TODAY + timedelta(days=31))
        db.session.rollback()

    full = f"{counts[0]} bookings, {counts[1]} busy times"
    in_turns({"few bookings": lambda: ask(small), full: lambda: ask(large)})


def fill_city(count: int) -> None:
    """Move performers to the largest city until the lists show `count` there, as a city of a market of a
    million has.
    """
    city = rows("SELECT city_id AS id, count(*) FROM performer_listing GROUP BY 1 ORDER BY 2 DESC LIMIT 1")[0]
    # More than a thousand in one statement would wait for the worker.
    for _ in range(-(-max(0, count - city.count) // 1_000)):
        run(_MOVE, city=city.id)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))


def measure_lists(app: Flask) -> None:
    """Pages of the largest city, by when somebody has to be free."""
    city = rows(
        "SELECT c.id, c.latitude, c.longitude, count(*)"
        " FROM performer_listing l JOIN city c ON c.id = l.city_id"
        " GROUP BY c.id ORDER BY 4 DESC LIMIT 1"
    )[0]
    near = (city.latitude, city.longitude)
    around = rows(
        "SELECT count(*) FROM performer_listing l JOIN city c ON c.id = l.city_id WHERE"
        " abs(c.latitude - :lat) < 0.45 AND abs(c.longitude - :lon) < 0.45 / cos(radians(:lat))",
        lat=near[0],
        lon=near[1],
    )[0][0]
    noon, night, evening = (
        TUESDAY + timedelta(days=day) + (hour - city.longitude / 15) * HOUR
        for day, hour in ((0, 11), (0, 3), (1, 11))
    )
    run(_BOOK_ALL, city=city.id, start=evening - HOUR, end=evening + 4 * HOUR)
    print(f"lists of a city of {city[3]:,}, about {around:,} within 50 km", flush=True)
    lists = app.extensions["marketplace"].get(Directory).cards.list_cards

    def ask(start: datetime | None, **filters: Any) -> Callable[[], Any]:
        end = start and start + 2 * HOUR
        search = Search(available_from=start, available_to=end, **filters)

        def page() -> None:
            lists(search, PageRequest(limit=20), "en")
            db.session.rollback()

        return page

    in_turns(
        {
            "whenever": ask(None, city_id=city.id),
            "a Tuesday at 11": ask(noon, city_id=city.id),
            "at 3 at night": ask(night, city_id=city.id),
            "when all are booked": ask(evening, city_id=city.id),
            "at 3 at night, within 50 km": ask(night, near=near, radius_km=50),
        }
    )
    run("DELETE FROM booked_time WHERE expires_at = '2100-01-01'")


@contextmanager
def redis(folder: str) -> Iterator[str]:
    """The address of a Redis of this run."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    with Path(folder, "redis.log").open("wb") as sink, subprocess.Popen(command, stdout=sink) as process:
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def measure_callers(
    app: Flask, services: list[Any], signed: list[dict[str, str]], processes: int, first: int
) -> None:
    """Orders by callers at once, over the real server; several processes share a Redis. The worker that sends
    mails and messages afterwards does not run. Orders start `first` hours from today and later.
    """
    print(
        f"POST /orders by {CALLERS} callers with {len(services)} performers on {os.cpu_count()} cores,"
        f" gunicorn with {processes} processes",
        flush=True,
    )
    url = db.engine.url.render_as_string(hide_password=False)
    with tempfile.TemporaryDirectory(prefix="calendar-") as folder, ExitStack() as stack:
        environment = {
            "DATABASE_URL": url, "INSTANCE_PATH": folder, "RATE_LIMIT_ENABLED": "false",
            "LOG_LEVEL": "WARNING", "SECRET_KEY": app.config["SECRET_KEY"],
        }  # fmt: skip
        if processes > 1:
            environment |= {
                "WEB_CONCURRENCY": str(processes), "REDIS_URL": stack.enter_context(redis(folder)),
            }  # fmt: skip
        with role("app", "gunicorn", "wsgi:app", **environment) as (process, base):
            _call(base, services, signed, 3, first)
            pids = (family(process.pid), servers())
            before = (on_processor(pids[0]), on_processor(pids[1]), time.process_time())
            began = time.perf_counter()
            statuses = _call(base, services, signed, SECONDS, first + 300)
            taken = time.perf_counter() - began
            spent = [on_processor(pids[0]), on_processor(pids[1]), time.process_time()]
    made = statuses.count(201)
    web, database, callers = ((b - a) / made * 1_000 for a, b in zip(before, spent, strict=True))
    print(
        f"  {made / taken:.0f} orders/s, {len(statuses) - made} refused; cpu an order: web {web:.1f} ms,"
        f" database {database:.1f} ms, callers {callers:.1f} ms; without callers 2 cores have room for"
        f" {2_000 / (web + database):.0f}/s, one process of Python for {1_000 / web:.0f}/s",
        flush=True,
    )


def _call(
    base: str, services: list[Any], signed: list[dict[str, str]], seconds: float, after: int
) -> list[int]:
    """The statuses of what all callers got in `seconds`; their orders start `after` hours from today."""
    end = time.monotonic() + seconds
    found: list[int] = []

    def one(caller: int) -> None:
        service = services[caller % len(services)]
        number = 0
        headers = signed[caller] | {"Content-Type": "application/json"}
        # Not requests, which costs the two cores as much as the program does.
        connection = HTTPConnection(base.removeprefix("http://"), timeout=30)
        while time.monotonic() < end:
            at = TODAY + (2 * (after // 2 + number) + 1) * HOUR
            number += 1
            body = {"service_id": service.id, "starts_at": at.isoformat(), "address": ADDRESS}
            connection.request("POST", "/api/v1/orders", json.dumps(body), headers)
            answer = connection.getresponse()
            answer.read()
            found.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=one, args=(caller,)) for caller in range(len(signed))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def main() -> None:
    """On an embedded PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_arguments(parser, 20_000)
    parser.add_argument("--city", type=int, default=8_000, help="how many performers the largest city has")
    arguments = parser.parse_args()
    with market(arguments) as app, app.app_context():
        limiter.enabled = False
        fill_city(arguments.city)
        measure_lists(app)
        small, large, signed = prepare(app)
        measure_orders(app, small[0], large, signed)
        runs = [(1, small[:1]), (1, small)]
        if shutil.which("redis-server"):
            runs.append((2, small))
        for number, (processes, services) in enumerate(runs):
            measure_callers(app, services, signed, processes, 200 + number * 2_000)
        measure_slots(app, small[0], large)


if __name__ == "__main__":
    main()
