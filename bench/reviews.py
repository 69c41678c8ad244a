"""Fifty reviews of one performer at once: who waits how long, and whether the figures are those of a recount.

    .venv/bin/python -m bench.reviews --performers 2000

The performer has reviewed each of fifty customers already, so that each of their reviews is published, and
counted, when it is written. They come at once: to the service, and over gunicorn, without and with an
Idempotency-Key.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import requests
from flask import Flask

from bench.calendar import rows, run
from bench.market import add_arguments, market
from bench.sizes import role
from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.blueprints.reviews.ports import NewReview
from marketplace.blueprints.reviews.wiring import Reviews
from marketplace.extensions import db
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal

PEOPLE = 50
RUNS = 20

# Of those with the most services: their listings are the most work.
_PERFORMER = """
    SELECT p.id, p.user_id, min(s.id) AS service_id, count(*) AS services
    FROM performer p JOIN performer_listing l ON l.performer_id = p.id JOIN service s ON s.performer_id = p.id
    GROUP BY p.id ORDER BY count(*) DESC, p.id LIMIT 1"""
_PEOPLE = """
    SELECT u.id FROM "user" u
    WHERE u.is_active AND u.deleted_at IS NULL AND u.email_verified
      AND NOT EXISTS (SELECT FROM performer p WHERE p.user_id = u.id)
    ORDER BY u.id LIMIT :count"""
_ORDERS = """
    INSERT INTO "order" (customer_id, performer_id, service_id, status, title, pricing, price_amount,
                         price_currency, starts_at, ends_at, address, completed_at)
    SELECT u.id, s.performer_id, s.id, 'completed', 'Bench', s.pricing, s.price_amount, s.price_currency,
           now() - interval '2 hours', now() - interval '1 hour', '{}', now() - interval '1 minute'
    FROM unnest(CAST(:people AS bigint[])) AS u (id), service s WHERE s.id = :service"""
_WRITTEN = """
    INSERT INTO review (order_id, author_id, direction, performer_id, customer_id, rating, text, publish_at)
    SELECT o.id, :author, 'of_customer', o.performer_id, o.customer_id, 5, 'Bench', now() + interval '1 day'
    FROM "order" o WHERE o.title = 'Bench'"""
_NO_FIGURES = """
    UPDATE performer SET rating_count = 0, rating_sum = 0, rating_histogram = '{0,0,0,0,0}' WHERE id = :id"""
_EMPTY = """
    DELETE FROM review WHERE order_id IN (SELECT id FROM "order" WHERE title = 'Bench');
    DELETE FROM "order" WHERE title = 'Bench'"""
_FIGURES = """
    SELECT p.rating_count, p.rating_sum,
           (SELECT count(*) FROM review WHERE performer_id = p.id AND direction = 'of_performer'
                AND published_at IS NOT NULL AND hidden_at IS NULL) AS count,
           (SELECT sum(rating) FROM review WHERE performer_id = p.id AND direction = 'of_performer'
                AND published_at IS NOT NULL AND hidden_at IS NULL) AS sum
    FROM performer p WHERE p.id = :performer"""


def at_once(calls: list[Callable[[], str]]) -> tuple[Counter[str], list[float]]:
    """What the calls gave, and how long each took, in seconds."""
    barrier = threading.Barrier(len(calls))
    found: list[tuple[str, float]] = []

    def one(call: Callable[[], str]) -> None:
        barrier.wait()
        began = time.perf_counter()
        result = call()
        found.append((result, time.perf_counter() - began))

    threads = [threading.Thread(target=one, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(result for result, _ in found), [taken for _, taken in found]


def measure(
    name: str, performer: Any, people: list[int], writer: Callable[[int, int], Callable[[], str]], runs: int
) -> None:
    """Print how long the writers waited, in all runs."""
    results: Counter[str] = Counter()
    longest, medians = [], []
    for _ in range(runs):
        run(_EMPTY)
        run(_NO_FIGURES, id=performer.id)
        run("DELETE FROM review WHERE performer_id = :id", id=performer.id)
        run(_ORDERS, people=people, service=performer.service_id)
        run(_WRITTEN, author=performer.user_id)
        orders = rows("""SELECT customer_id, id FROM "order" WHERE title = 'Bench'""")
        given, taken = at_once([writer(row.customer_id, row.id) for row in orders])
        results += given
        longest.append(max(taken) * 1_000)
        medians.append(statistics.median(taken) * 1_000)
        figures = rows(_FIGURES, performer=performer.id)[0]
        if (figures.rating_count, figures.rating_sum) != (figures.count, figures.sum or 0):
            raise SystemExit(f"the figures are not those of a recount: {figures}")
    print(
        f"  {name:36s} longest wait: of all runs {max(longest):6.0f} ms,"
        f" median {statistics.median(longest):6.0f};"
        f" of all writers {statistics.median(medians):6.0f} ms; {dict(results)}",
        flush=True,
    )


def by_service(app: Flask) -> Callable[[int, int], Callable[[], str]]:
    service = app.extensions["marketplace"].get(Reviews).reviews

    def writer(user_id: int, order_id: int) -> Callable[[], str]:
        def write() -> str:
            new = NewReview({"rating": 1 + order_id % 5})
            with app.app_context():
                try:
                    service.write(Principal(user_id, 0, verified=True), order_id, new)
                except AppError as error:
                    return error.code
                return "stored"

        return write

    return writer


def by_http(
    base: str, signed: dict[int, dict[str, str]], *, keys: bool
) -> Callable[[int, int], Callable[[], str]]:
    def writer(user_id: int, order_id: int) -> Callable[[], str]:
        def write() -> str:
            headers = signed[user_id] | ({"Idempotency-Key": str(uuid4())} if keys else {})
            body = {"rating": 1 + order_id % 5, "text": "On time"}
            url = f"{base}/api/v1/orders/{order_id}/review"
            answer = requests.post(url, json=body, headers=headers, timeout=60)
            return "stored" if answer.status_code == 201 else f"{answer.status_code} {answer.json()['code']}"

        return write

    return writer


def main() -> None:
    """On an embedded PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_arguments(parser, 2_000)
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    with market(arguments) as app, app.app_context():
        performer = rows(_PERFORMER)[0]
        people = [row.id for row in rows(_PEOPLE, count=PEOPLE)]
        sessions = app.extensions["marketplace"].get(Accounts).sessions
        signed = {
            one: {"Authorization": f"Bearer {sessions.open(one, Device()).access_token}"} for one in people
        }
        print(f"{PEOPLE} reviews of a performer with {performer.services} services at once,"
              f" {arguments.runs} runs, {os.cpu_count()} cores", flush=True)  # fmt: skip
        measure("to the service", performer, people, by_service(app), arguments.runs)
        url = db.engine.url.render_as_string(hide_password=False)
        with tempfile.TemporaryDirectory(prefix="reviews-") as folder:
            environment = {
                "DATABASE_URL": url, "INSTANCE_PATH": folder, "RATE_LIMIT_ENABLED": "false",
                "LOG_LEVEL": "WARNING", "SECRET_KEY": app.config["SECRET_KEY"],
            }  # fmt: skip
            with role("app", "gunicorn", "wsgi:app", **environment) as (_, base):
                for name, keys in (("over HTTP", False), ("over HTTP, with Idempotency-Key", True)):
                    measure(name, performer, people, by_http(base, signed, keys=keys), arguments.runs)


if __name__ == "__main__":
    main()
