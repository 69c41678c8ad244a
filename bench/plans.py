"""What each query of the lists reads whole: catalog, performers, services, and those of staff.

    .venv/bin/python -m bench.plans --performers 1000000

Each line is a list with some filters, asked over HTTP in process with empty caches: median and worst in ms,
the number of statements, and the tables of more than 1,000 rows that a plan of theirs reads as a whole.
"""

import argparse
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event, text

from bench.market import add_arguments, market
from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.database.engine import READING
from marketplace.extensions import db, limiter
from marketplace.web.caching import topics

TIMES = 15
BIG_ROWS = 1_000
BANNERS = 5_000
PASSWORD = "Correct-Horse-7"

LISTS = (
    "/categories",
    "/categories?city_id={city}",
    "/categories/{slug}",
    "/cities",
    "/cities?country=DE",
    "/cities?q=ber",
    "/cities?q=berlni",
    "/cities?q=san%20jose&country=US",
    "/cities?near=52.5,13.4",
    "/banners",
    "/banners?placement=home&city_id={city}",
    "/services",
    "/services?sort=price&currency=EUR",
    "/services?category_id={category}",
    "/services?city_id={city}&category_id={category}",
    "/services?performer_id={performer}",
    "/services?q=repair",
    "/performers",
    "/performers?city_id={city}",
    "/performers?city_id={city}&category_id={category}",
    "/performers/suggest?q=elec",
    "/performers/{performer}",
    "/performers/{performer}/reviews",
    "/admin/categories",
    "/admin/categories?is_root=true&is_active=true",
    "/admin/cities",
    "/admin/cities?q=ber",
    "/admin/cities?country=DE&is_active=true",
    "/admin/banners",
    "/admin/banners?placement=home&city_id={city}&is_active=true",
    "/admin/services",
    "/admin/services?hidden=true",
    "/admin/services?hidden=false",
    "/admin/services?performer_id={performer}",
    "/admin/services?q=repair",
    "/admin/performers",
    "/admin/performers?status=pending",
    "/admin/performers?status=suspended&verified=true",
    "/admin/performers?active=false",
    "/admin/performers?verified=true&active=true&status=approved",
    "/admin/performers?city_id={city}",
    "/admin/performers?category_id={category}",
    "/admin/performers?category_id={branch}&verified=true",
    "/admin/performers?city_id={city}&category_id={category}",
    "/admin/performers?q=smith",
    "/admin/users",
    "/admin/certificates",
    "/admin/changes",
    "/admin/reports",
    "/admin/reviews",
    "/admin/orders",
)
_VALUES = {
    "city": "SELECT city_id FROM performer_listing GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    "category": "SELECT max(id) FROM category WHERE parent_id IS NOT NULL AND is_active",
    "branch": "SELECT min(id) FROM category WHERE parent_id IS NULL AND is_active",
    "slug": "SELECT slug FROM category WHERE is_active ORDER BY id LIMIT 1",
    "performer": "SELECT performer_id FROM performer_listing ORDER BY 1 LIMIT 1",
}
_MANY_BANNERS = text("""
    INSERT INTO banner (placement, title, priority, city_id, is_active)
    SELECT (ARRAY['home', 'search', 'profile'])[1 + n % 3], 'Banner ' || n, n % 10,
           CASE WHEN n % 5 > 0 THEN (SELECT id FROM city ORDER BY id OFFSET n % 1000 LIMIT 1) END, n % 4 = 0
    FROM generate_series(1, :count) n""")


class Plans:
    """Notes what the statements of a connection read whole, while somebody asks."""

    def __init__(self, big: set[str]) -> None:
        self._big = big
        self.statements = 0
        self.scans: set[str] = set()

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Each statement is explained on its own connection, where it may be prepared."""
        engines = (db.engine, db.engines[READING])
        for engine in engines:
            event.listen(engine, "before_cursor_execute", self._note)
        try:
            yield
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", self._note)

    def _note(self, connection: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        if not sql.lstrip("( \n").startswith(("SELECT", "WITH", "EXECUTE")):
            return
        self.statements += 1
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}", parameters or None)
            for (line,) in cursor:
                found = re.search(r"Seq Scan on (\S+)", line)
                if found and found[1].strip('"') in self._big:
                    self.scans.add(found[1])


def token(app: Flask) -> str:
    """Of an admin; made when there is none yet."""
    accounts = app.extensions["marketplace"].get(Accounts)
    found = db.session.scalar(text("SELECT id FROM \"user\" WHERE username = 'plans'"))
    db.session.rollback()
    given = {"username": "plans", "email": "plans@example.org", "password": PASSWORD}
    user_id = found or accounts.registration.create_admin(**given)
    made: str = accounts.sessions.open(user_id, Device()).access_token
    return made


def ask(app: Flask, address: str, headers: dict[str, str]) -> float:
    """Milliseconds of one request that finds nothing in a cache."""
    topics.clear()
    began = time.perf_counter()
    answer = app.test_client().get(f"/api/v1{address}", headers=headers)
    taken = (time.perf_counter() - began) * 1_000
    if answer.status_code != 200:
        raise SystemExit(f"{address}: {answer.status_code} {answer.text}")
    return taken


def measure(app: Flask) -> None:
    """Print a line for each list."""
    limiter.enabled = False
    values = {name: db.session.scalar(text(sql)) for name, sql in _VALUES.items()}
    big = set(
        db.session.scalars(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > :rows"), {"rows": BIG_ROWS}
        )
    )
    db.session.rollback()
    staff = {"Authorization": f"Bearer {token(app)}"}
    for template in LISTS:
        address = template.format(**values)
        headers = staff if address.startswith("/admin") else {}
        taken = sorted(ask(app, address, headers) for _ in range(TIMES))
        plans = Plans(big)
        with plans.noting():
            ask(app, address, headers)
        whole = ", ".join(sorted(plans.scans)) or "-"
        print(
            f"{template:62s} median {statistics.median(taken):7.1f}  worst {taken[-1]:7.1f}"
            f"  statements {plans.statements}  whole: {whole}",
            flush=True,
        )


def main() -> None:
    """On an embedded PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_arguments(parser, 50_000)
    arguments = parser.parse_args()
    with market(arguments) as app, app.app_context():
        if arguments.instance is None:
            with db.engine.begin() as connection:
                connection.execute(_MANY_BANNERS, {"count": BANNERS})
                connection.execute(text("ANALYZE banner"))
        measure(app)


if __name__ == "__main__":
    main()
