"""What the public list of performers costs, in process and not cached, on seeded data.

    .venv/bin/python -m bench.search --performers 200000

Each line is a kind of search, a dozen times with other cities, categories and words: median and worst in ms.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask.cli import ScriptInfo
from flask_migrate import upgrade
from sqlalchemy import text

from marketplace.app import create_app
from marketplace.blueprints.performers.ports import Search
from marketplace.blueprints.performers.wiring import Performers
from marketplace.config import load_settings
from marketplace.database.embedded import ensure_running, release
from marketplace.extensions import db
from marketplace.kernel.pages import PageRequest

TIMES = 12


def prepare(app: Flask, performers: int) -> None:
    """The schema, the reference data and the performers."""
    with app.app_context():
        upgrade(revision="heads")
    for command in (["catalog", "load"], ["demo", "seed", "--performers", str(performers)]):
        app.cli.main(command, obj=ScriptInfo(create_app=lambda: app), standalone_mode=False)
    with app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def column(statement: str) -> list[str]:
    """The first column of a query."""
    return list(db.session.execute(text(statement)).scalars())


def searches() -> dict[str, Callable[[], Search]]:
    """The kinds of search, by name."""
    pick = random.Random(1).choice
    cities = [
        int(c) for c in column("SELECT city_id FROM performer GROUP BY 1 ORDER BY count(*) DESC LIMIT 20")
    ]
    leaves = [int(c) for c in column("SELECT id FROM category WHERE parent_id IS NOT NULL")]
    branches = [int(c) for c in column("SELECT id FROM category WHERE parent_id IS NULL")]
    headlines = column("SELECT headline FROM performer ORDER BY id LIMIT 500")
    words = sorted({word for headline in headlines for word in headline.split() if len(word) > 4})
    places = [
        (row.latitude, row.longitude)
        for row in db.session.execute(
            text("SELECT latitude, longitude FROM city WHERE id = ANY(:ids)"), {"ids": cities}
        )
    ]
    return {
        "newest": Search,
        "by rating": lambda: Search(sort="rating"),
        "by price": lambda: Search(sort="price"),
        "city": lambda: Search(city_id=pick(cities)),
        "city and category": lambda: Search(city_id=pick(cities), category_id=pick(leaves)),
        "city and branch, by rating": lambda: Search(
            city_id=pick(cities), category_id=pick(branches), sort="rating"
        ),
        "category": lambda: Search(category_id=pick(leaves)),
        "category, by price": lambda: Search(category_id=pick(leaves), sort="price"),
        "city and category, by price": lambda: Search(
            city_id=pick(cities), category_id=pick(leaves), sort="price"
        ),
        "verified, rating above 4.5": lambda: Search(verified=True, min_rating=4.5),
        "a word": lambda: Search(q=pick(words), sort="relevance"),
        "a word that nobody has": lambda: Search(q="zzqqxy", sort="relevance"),
        "a word in a city": lambda: Search(q=pick(words), city_id=pick(cities), sort="relevance"),
        "within 10 km": lambda: Search(near=pick(places), radius_km=10, sort="distance"),
        "nearest anywhere": lambda: Search(near=pick(places), sort="distance"),
    }


def measure(app: Flask) -> None:
    """Print a line for each kind."""
    directory = app.extensions["marketplace"].get(Performers).directory
    with app.app_context():
        for name, make in searches().items():
            taken = []
            for _ in range(TIMES):
                search = make()
                began = time.perf_counter()
                directory.search(search, PageRequest(limit=20), "en")
                taken.append((time.perf_counter() - began) * 1000)
                db.session.rollback()
            print(f"{name:28s} median {statistics.median(taken):7.1f}  worst {max(taken):7.1f}", flush=True)


def main() -> None:
    """On an embedded PostgreSQL of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--performers", type=int, default=50_000)
    performers = parser.parse_args().performers
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as folder:
        place = Path(folder) / "instance"
        place.mkdir()
        url = ensure_running(place)
        try:
            settings = {"DATABASE_URL": url, "INSTANCE_PATH": str(place), "LOG_LEVEL": "WARNING"}
            app = create_app(load_settings(settings))
            prepare(app, performers)
            measure(app)
        finally:
            release(place)


if __name__ == "__main__":
    main()
