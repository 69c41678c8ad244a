"""The demo's market: repeatable, sound, and refused where it does not belong."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from marketplace.blueprints.demo.data import offers, people
from marketplace.blueprints.demo.data.logins import LOGINS, PASSWORD
from marketplace.blueprints.demo.errors import DemoRefused
from marketplace.blueprints.demo.ports import COLUMNS, Craft, Ids, Place
from marketplace.blueprints.demo.services.market import CHUNK, Market
from marketplace.blueprints.demo.wiring import build
from marketplace.extensions import db
from marketplace.models import Performer, Review, Service, User
from marketplace.testing import START
from tests.directory.test_listings import differences
from tests.reviews.conftest import (
    aspect_figures,
    customer_figures,
    recounted_aspects,
    recounted_customers,
)

MIDNIGHT = START.replace(hour=0)
PLACES = [
    Place(1, "Berlin", "DE", "Europe/Berlin", 3_000_000),
    Place(2, "L'\tAquila\\", "IT", "Europe/Rome", 70_000),
    Place(3, "Tokyo", "JP", "Asia/Tokyo", 9_000_000),
]
CRAFTS = [Craft(1, "plumbing", "home-repair", "Plumbing"), Craft(2, "dog-walking", "pets", "Dog\\walking")]


def market(seed: int = 1, performers: int = 40) -> list[dict[str, list[str]]]:
    made = Market(seed, PLACES, CRAFTS, Ids(dict.fromkeys(COLUMNS, 0)), "hash", MIDNIGHT)
    return [chunk.lines for chunk in made.chunks(performers)]


def test_the_same_seed_gives_the_same_lines():
    assert market(5) == market(5)
    assert market(5) != market(6)


def test_every_line_has_its_columns():
    for table, lines in market()[0].items():
        assert all(line.count("\t") == len(COLUMNS[table]) - 1 for line in lines), table
        assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines), table


def test_large_markets_come_in_chunks():
    chunks = market(performers=CHUNK + 1)
    assert [len(chunk["performer"]) for chunk in chunks] == [CHUNK, 1]
    ids = [line.split("\t", 1)[0] for chunk in chunks for line in chunk["order"]]
    assert len(set(ids)) == len(ids)


def test_names_and_prices():
    assert people.ascii_word("Łukasz Yılmaz") == "lukaszyilmaz"
    assert people.ascii_word("王") == ""
    assert people.culture_of("DE") is people.GERMAN
    assert people.culture_of("XX") is None
    assert offers.price_for("JP", 50).amount == 5500
    assert offers.price_for("KW", 50).amount % 1000 == 0
    assert offers.price_for("XX", 0.01).amount == 100
    assert offers.trade_of("dog-walking", "pets").high < offers.trade_of("legal-advice", "legal").low


@pytest.fixture
def seed(runtime: Any, make: Any) -> Any:
    parent = make.category(slug="home-repair")
    for n in range(3):
        make.city(population=10**6 * (n + 1))
        make.category(parent_id=parent.id)

    def run(performers: int = 60, number: int = 1, force: bool = False, settings: Any = None) -> Any:
        told: list[int] = []
        parts = replace(runtime, settings=settings or runtime.settings)
        stored = build(parts).seeding.seed(
            performers=performers,
            seed=number,
            force=force,
            progress=told.append,
            finishing=lambda: told.append(-1),
        )
        assert told[-2:] == [performers, -1]
        return stored

    return run


def test_what_was_reported_is_there(seed):
    stored = seed()
    for table, count in stored.items():
        assert db.session.scalar(text(f'SELECT count(*) FROM "{table}"')) == count
        assert count > 0
    assert stored["user"] == 92


def test_indexes_are_as_they_were(seed):
    def indexes() -> list[Any]:
        return list(
            db.session.execute(
                text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
            )
        )

    before = indexes()
    assert len(before) > 100
    seed(5)
    assert indexes() == before
    seed(5, force=True)
    assert indexes() == before


def test_all_are_listed(seed):
    seed()
    assert differences() == [0, 0, 0, 0]
    assert db.session.scalar(text("SELECT count(*) FROM performer_listing")) > 40
    db.session.execute(text("UPDATE performer SET verified = NOT verified"))
    assert differences() != [0, 0, 0, 0]  # until the transaction ends, triggers leave the lists alone


def test_ratings_equal_a_recount(seed):
    seed(150)
    shown = (
        select(Review.performer_id, func.count(), func.sum(Review.rating))
        .where(
            Review.direction == "of_performer", Review.published_at.is_not(None), Review.hidden_at.is_(None)
        )
        .group_by(Review.performer_id)
    )
    recount = {row[0]: (row[1], row[2]) for row in db.session.execute(shown)}
    assert sum(count for count, _ in recount.values()) > 30
    for performer in db.session.scalars(select(Performer)):
        assert (performer.rating_count, performer.rating_sum) == recount.get(performer.id, (0, 0))
        stars = enumerate(performer.rating_histogram, start=1)
        assert sum(number * star for star, number in stars) == performer.rating_sum
        assert sum(performer.rating_histogram) == performer.rating_count
        assert aspect_figures(performer.id) == recounted_aspects(performer.id)
    assert db.session.scalar(select(func.sum(Performer.aspect_counts[1]))) > 20
    assert customer_figures() == recounted_customers() != {}


def test_orders_make_sense(seed):
    seed(150)
    checks = {
        "a history ends in the order's status": """
            SELECT count(*) FROM "order" o WHERE status <> (SELECT to_status FROM order_transition t
            WHERE t.order_id = o.id ORDER BY id DESC LIMIT 1)""",
        "each step begins where the last one ended": """
            SELECT count(*) FROM (SELECT from_status, created_at, lag(to_status) OVER w AS before,
            lag(created_at) OVER w AS earlier FROM order_transition WINDOW w AS (PARTITION BY order_id ORDER BY id)) s
            WHERE from_status IS DISTINCT FROM before OR created_at < earlier""",
        "nobody orders before there is a service, or before joining": """
            SELECT count(*) FROM "order" o JOIN service s ON s.id = o.service_id JOIN "user" u ON u.id = customer_id
            WHERE o.created_at < s.created_at OR o.created_at < u.date_joined""",
        "the service is the performer's": """
            SELECT count(*) FROM "order" o JOIN service s ON s.id = o.service_id WHERE s.performer_id <> o.performer_id""",
        "reviews are of completed orders": """
            SELECT count(*) FROM review r JOIN "order" o ON o.id = r.order_id WHERE o.status <> 'completed'
            OR r.created_at < o.completed_at OR r.created_at > r.publish_at""",
        "nothing happens in the future": """
            SELECT count(*) FROM review WHERE created_at > :now OR published_at > :now""",
        "history is past": "SELECT count(*) FROM order_transition WHERE created_at > :now",
    }
    for name, query in checks.items():
        values = {"now": START} if ":now" in query else {}
        assert db.session.scalar(text(query), values) == 0, name
    starts = db.session.scalars(text('SELECT DISTINCT extract(minute FROM starts_at)::int FROM "order"'))
    assert list(starts) == [0]


def test_the_logins_work_and_ids_go_on(seed, client, make):
    seed()
    for login in LOGINS:
        for name in (login.username, login.email):
            answer = client.post("/api/v1/user/login", json={"login": name, "password": PASSWORD})
            assert answer.status_code == 200
    make.service()
    items = client.get("/api/v1/services?limit=100").json["items"]
    assert len(items) > 60
    assert (
        db.session.scalar(select(func.count()).select_from(Service).where(Service.deleted_at.is_not(None)))
        == 0
    )


def test_refusals(seed, runtime, make):
    with pytest.raises(DemoRefused, match="production"):
        seed(settings=replace(runtime.settings, app_env="production"))
    make.staff()
    seed(5)
    with pytest.raises(DemoRefused, match="--force"):
        seed(5)
    seed(5, force=True)
    assert db.session.scalar(select(func.count()).select_from(Performer)) == 10
    usernames = db.session.scalars(select(User.username)).all()
    assert len(set(usernames)) == len(usernames)


def test_without_reference_data(runtime, context):
    with pytest.raises(DemoRefused, match="catalog load"):
        build(runtime).seeding.seed(
            performers=1,
            seed=1,
            force=False,
            progress=lambda _: None,
            finishing=lambda: None,
        )


def test_a_market_is_as_old_as_its_day(seed, clock):
    clock.advance(timedelta(hours=3))
    seed(5)
    assert db.session.scalar(select(func.max(User.date_joined))) < MIDNIGHT
