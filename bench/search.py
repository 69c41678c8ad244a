"""What the public lists cost, in process and not cached, on seeded data.

    .venv/bin/python -m bench.search --performers 1000000

Each line is a kind of search, asked with other cities, categories, words and places each time: median, 95th
percentile and worst in ms, and what the plan reads a whole table for, if it does. Then what a page costs at
depth, and in a small market.
"""

import argparse
import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import text

from bench.market import add_arguments, market
from marketplace.blueprints.directory.ports import Search, ServiceSearch
from marketplace.blueprints.directory.repositories.cards import wanted
from marketplace.blueprints.directory.wiring import Directory
from marketplace.database.keyset import KeysetPosition
from marketplace.database.lexicon import expand_query
from marketplace.database.listings import PERFORMERS, build_page
from marketplace.extensions import db
from marketplace.kernel.cursors import fingerprint
from marketplace.kernel.pages import PageRequest

TIMES = 60
DEPTH = 500_000
BIG = ("performer", "performer_listing", "performer_listing_category", "service", "service_listing", '"user"')


def column(statement: str) -> list[Any]:
    """The first column of a query."""
    return list(db.session.execute(text(statement)).scalars())


def misspelt(word: str, rng: random.Random) -> str:
    """One letter left out, doubled, or two changed places."""
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def kinds() -> dict[str, Callable[[], Search]]:
    """The kinds of search, by name."""
    rng = random.Random(1)
    pick = rng.choice
    cities = column("SELECT city_id FROM performer_listing GROUP BY 1 ORDER BY count(*) DESC LIMIT 200")
    leaves = column("SELECT id FROM category WHERE parent_id IS NOT NULL")
    branches = column("SELECT id FROM category WHERE parent_id IS NULL")
    headlines = column("SELECT headline FROM performer ORDER BY id LIMIT 2000")
    words = sorted({word for line in headlines for word in re.findall(r"[a-z]{5,}", line.lower())})
    names = column('SELECT first_name FROM "user" ORDER BY id LIMIT 2000')
    places = [
        (row.latitude, row.longitude)
        for row in db.session.execute(
            text("SELECT latitude, longitude FROM city WHERE id = ANY(:ids)"), {"ids": cities}
        )
    ]

    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tuesday = midnight + timedelta(days=(1 - midnight.weekday()) % 7 + 7, hours=10)
    night = tuesday - timedelta(hours=8)

    def typo() -> str:
        return misspelt(pick(words), rng)

    found = {
        "newest": Search,
        "by rating": lambda: Search(sort="rating"),
        "by price": lambda: Search(sort="price"),
        "city": lambda: Search(city_id=pick(cities)),
        "category": lambda: Search(category_id=pick(leaves)),
        "category, by price": lambda: Search(category_id=pick(leaves), sort="price"),
        "city and category": lambda: Search(city_id=pick(cities), category_id=pick(leaves)),
        "city and branch, by rating": lambda: Search(
            city_id=pick(cities), category_id=pick(branches), sort="rating"
        ),
        "city and category, by price": lambda: Search(
            city_id=pick(cities), category_id=pick(leaves), sort="price"
        ),
        "verified, rating above 4.5": lambda: Search(verified=True, min_rating=4.5),
        "a word": lambda: Search(q=pick(words), sort="relevance"),
        "a word, newest": lambda: Search(q=pick(words)),
        "a name and a word": lambda: Search(q=f"{pick(names)} {pick(words)}", sort="relevance"),
        "a word that nobody has": lambda: Search(q=f"zzqq{rng.randrange(999)}xy", sort="relevance"),
        "a word in a city": lambda: Search(q=pick(words), city_id=pick(cities), sort="relevance"),
        "a typing error": lambda: Search(q=typo(), sort="relevance"),
        "a typing error, newest": lambda: Search(q=typo()),
        "part of a word": lambda: Search(q=pick(words)[1:-1], sort="relevance"),
        "within 10 km": lambda: Search(near=pick(places), radius_km=10),
        "within 50 km, by distance": lambda: Search(near=pick(places), radius_km=50, sort="distance"),
        "within 150 km, by rating": lambda: Search(near=pick(places), radius_km=150, sort="rating"),
        "within 1,000 km": lambda: Search(near=pick(places), radius_km=1_000),
        "within 30 km, a category": lambda: Search(near=pick(places), radius_km=30, category_id=pick(leaves)),
        "a city, free on Tuesday": lambda: Search(
            city_id=pick(cities), available_from=tuesday, available_to=tuesday + timedelta(hours=2)
        ),
        "within 50 km, free at night": lambda: Search(
            near=pick(places), radius_km=50, available_from=night, available_to=night + timedelta(hours=1)
        ),
        "nearest anywhere": lambda: Search(near=pick(places), sort="distance"),
    }
    db.session.rollback()
    return found


def timed(run: Callable[[], Any], times: int = TIMES) -> list[float]:
    """Milliseconds of each run, sorted."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        taken.append((time.perf_counter() - began) * 1_000)
        db.session.rollback()
    return sorted(taken)


def scans(search: Search) -> str:
    """The big tables that the plan of this search reads as a whole."""
    with db.engine.connect() as connection:
        words = None if search.q is None else expand_query(connection, search.q, "en")
        found = build_page(PERFORMERS, wanted(search, words, datetime.now(UTC)), KeysetPosition(), 21)
        plan: Iterable[str] = connection.exec_driver_sql("EXPLAIN " + found.sql, found.parameters).scalars()
        return " ".join(
            line.strip() for line in plan if "Seq Scan on" in line and any(t in line for t in BIG)
        )


def measure(app: Flask) -> None:
    """Print a line for each kind."""
    directory = app.extensions["marketplace"].get(Directory)
    lists = directory.cards.list_cards
    for name, make in kinds().items():
        searches = [make() for _ in range(TIMES)]
        taken, again = (
            sorted(
                timed(lambda search=search: lists(search, PageRequest(limit=20), "en"), 1)[0]  # type: ignore[misc]  # a bound default
                for search in searches
            )
            for _ in range(2)
        )
        p95 = taken[int(len(taken) * 0.95)]
        # A second time the pages of the tables are in the server's memory, as in a small market.
        print(
            f"{name:28s} median {statistics.median(taken):7.1f}  p95 {p95:7.1f}  worst {taken[-1]:7.1f}  "
            f"again {statistics.median(again):7.1f}  {scans(make())}",
            flush=True,
        )
    for name, run in {
        "facets, whole market": lambda: directory.suggestions.count_facets(Search(), "en"),
        "suggest": lambda: directory.suggestions.suggest("elec", None, "en"),
    }.items():
        taken = timed(run, 12)
        print(f"{name:28s} median {statistics.median(taken):7.1f}  worst {taken[-1]:7.1f}", flush=True)
    for name, wanted_services in {
        "services, newest": ServiceSearch("newest"),
        "services, a category": ServiceSearch("newest", category_id=30),
        "services, a word": ServiceSearch("relevance", q="repair"),
    }.items():
        taken = timed(
            lambda some=wanted_services: directory.services.list_services(  # type: ignore[misc]  # a bound default
                some, PageRequest(limit=20), "en"
            )
        )
        print(f"{name:28s} median {statistics.median(taken):7.1f}  worst {taken[-1]:7.1f}", flush=True)


def measure_depth(app: Flask) -> None:
    """A page far behind the first one, taken in turns with it."""
    lists = app.extensions["marketplace"].get(Directory).cards.list_cards
    listed = db.session.execute(text("SELECT count(*) FROM performer_listing")).scalar_one()
    depth = DEPTH if listed > DEPTH + 100 else listed // 2
    for sort, key in (("newest", "created_at"), ("rating", "score"), ("price", "price")):
        way = "ASC" if sort == "price" else "DESC"
        row = db.session.execute(
            text(
                f"SELECT {key} AS key, performer_id FROM performer_listing"
                f" ORDER BY {key} {way}, performer_id {way} OFFSET {depth} LIMIT 1"
            )
        ).one()
        db.session.rollback()
        first, deep = [], []
        search = Search(sort=sort)
        place = KeysetPosition((getattr(row.key, "isoformat", lambda row=row: row.key)(), row.performer_id))
        request = _cursor(app, search, place)
        for _ in range(300):
            first += timed(lambda search=search: lists(search, PageRequest(), "en"), 1)  # type: ignore[misc]  # a bound default
            deep += timed(lambda search=search, request=request: lists(search, request, "en"), 1)  # type: ignore[misc]  # a bound default
        a, b = statistics.median(first), statistics.median(deep)
        print(f"{sort}: page 1 {a:.2f} ms, at {depth:,} {b:.2f} ms: {b / a:.2f}", flush=True)


def _cursor(app: Flask, search: Search, place: KeysetPosition) -> PageRequest:
    """A request for what comes behind `place`, with a cursor as the list gives them out."""
    signer = app.extensions["marketplace"].cursors
    position = json.dumps(["n", *place.key], separators=(",", ":"))
    return PageRequest(after=signer.dump(position, fingerprint("performers", asdict(search))))


def main() -> None:
    """On an embedded PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_arguments(parser, 50_000)
    with market(parser.parse_args()) as app, app.app_context():
        measure(app)
        measure_depth(app)


if __name__ == "__main__":
    main()
