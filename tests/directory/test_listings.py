"""The listings that public lists are read from always say what the tables say, whoever changed them how."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from marketplace.extensions import db
from marketplace.models import PerformerCategory
from marketplace.testing import START, CheckedClient, Factory

RECOUNT = """
SELECT count(*) FROM (
    (TABLE performer_listing EXCEPT SELECT * FROM performer_listing_of(NULL))
    UNION ALL (SELECT * FROM performer_listing_of(NULL) EXCEPT TABLE performer_listing)
) AS of_performers
UNION ALL SELECT count(*) FROM (
    (TABLE service_listing EXCEPT SELECT * FROM service_listing_of(NULL))
    UNION ALL (SELECT * FROM service_listing_of(NULL) EXCEPT TABLE service_listing)
) AS of_services
UNION ALL SELECT count(*) FROM (
    (TABLE performer_listing_category EXCEPT SELECT unnest(category_ids), performer_id, city_id, score, price,
        created_at FROM performer_listing)
    UNION ALL (SELECT unnest(category_ids), performer_id, city_id, score, price, created_at FROM performer_listing
        EXCEPT TABLE performer_listing_category)
) AS by_category
UNION ALL SELECT count(*) FROM (
    SELECT unnest(tsvector_to_array(words)) AS word FROM performer_listing
    UNION SELECT unnest(tsvector_to_array(words)) FROM service_listing
) AS words WHERE word !~ '^0[nh]' AND word NOT IN (SELECT word FROM search_word)
"""


def differences() -> list[int]:
    """How many rows of each listing are not as they would be if they were made now."""
    return list(db.session.execute(text(RECOUNT)).scalars())


@pytest.fixture
def market(make: Factory) -> dict[str, Any]:
    branch = make.category(names={"en": "House", "es": "Casa"})
    leaf = make.category(parent_id=branch.id, names={"en": "Roofs", "es": "Tejados"})
    other = make.category(names={"en": "Lessons"})
    city = make.city()
    user = make.user(first_name="Ann", last_name="Miller")
    performer = make.performer(user, city_id=city.id, categories=[leaf], headline="Roofer", about="50% slate")
    service = make.service(performer, category_id=leaf.id, title="Mend a roof", price_amount=900)
    second = make.service(performer, category_id=leaf.id, title="Clean gutters", price_amount=700)
    make.service(make.performer(categories=[other]), category_id=other.id)
    return {
        "branch": branch, "leaf": leaf, "other": other, "city": make.city(), "user": user,
        "performer": performer, "service": service, "second": second,
    }  # fmt: skip


def _set(what: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    def change(market: dict[str, Any]) -> None:
        for name, value in values.items():
            found = market[value] if isinstance(value, str) and value in market else value
            setattr(market[what], name, getattr(found, "id", found))
        db.session.commit()

    change.__name__ = f"{what}-{'-'.join(values)}"
    return change


def _add_category(market: dict[str, Any]) -> None:
    db.session.add(PerformerCategory(performer_id=market["performer"].id, category_id=market["other"].id))
    db.session.commit()


def _leave_category(market: dict[str, Any]) -> None:
    db.session.execute(
        text("DELETE FROM performer_category WHERE performer_id = :id"), {"id": market["performer"].id}
    )


def _delete_service(market: dict[str, Any]) -> None:
    db.session.delete(market["second"])
    db.session.commit()


def _all_at_once(market: dict[str, Any]) -> None:
    db.session.execute(text("UPDATE service SET price_amount = price_amount * 2"))
    db.session.execute(text("UPDATE performer SET rating_count = 4, rating_sum = 19"))


CHANGES = [
    _set("performer", headline="Mason"),
    _set("performer", about="c++ and 24/7"),
    _set("performer", city_id="city"),
    _set("performer", verified=True),
    _set("performer", active=False),
    _set("performer", status="suspended"),
    _set("performer", rating_count=9, rating_sum=40),
    _set("user", first_name="Zoë"),
    _set("user", last_name="Núñez"),
    _set("user", is_active=False),
    _set("user", deleted_at=START),
    _set("service", price_amount=100),
    _set("service", price_amount=100, price_currency="USD"),
    _set("service", title="Mend a chimney"),
    _set("service", is_active=False),
    _set("second", hidden_at=START),
    _set("second", deleted_at=START),
    _set("second", category_id="other"),
    _set("leaf", parent_id="other"),
    _set("leaf", parent_id=None),
    _set("leaf", is_active=False),
    _set("leaf", names={"en": "Roofing"}),
    _set("branch", parent_id="leaf"),
    _add_category,
    _leave_category,
    _delete_service,
    _all_at_once,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_is_followed(market: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> None:
    assert differences() == [0, 0, 0, 0]
    before = db.session.execute(
        text("SELECT count(*), sum(price), min(words::text) FROM service_listing")
    ).one()
    assert before.count == 3
    change(market)
    assert differences() == [0, 0, 0, 0]


def test_back_on_the_list(market: dict[str, Any]) -> None:
    """Off and on again leaves what was there."""
    everything = text(
        "SELECT l.*, s.* FROM performer_listing l JOIN service_listing s USING (performer_id) ORDER BY s"
    )
    before = db.session.execute(everything).all()
    _set("performer", active=False)(market)
    assert len(db.session.execute(everything).all()) < len(before)
    _set("performer", active=True)(market)
    assert db.session.execute(everything).all() == before


def test_what_changes_nothing_writes_nothing(market: dict[str, Any]) -> None:
    where = text(
        "SELECT ctid::text, xmin::text FROM performer_listing UNION ALL SELECT ctid::text, xmin::text FROM service_listing"
    )
    before = db.session.execute(where).all()
    _set("performer", address={"line1": "Elsewhere 2"})(market)
    _set("user", timezone="Europe/Paris")(market)
    _set("service", duration_minutes=90)(market)
    assert db.session.execute(where).all() == before


def test_a_change_of_many_is_followed_by_the_worker(
    market: dict[str, Any], make: Factory, client: CheckedClient, auth: Any, run_jobs: Callable[[], int]
) -> None:
    db.session.execute(
        text("""
            WITH people AS (
                INSERT INTO "user" (username, email, password_hash, first_name, last_name)
                SELECT 'many' || n, 'many' || n || '@example.org', 'x', 'Many', 'Of' FROM generate_series(1, 1001) n
                RETURNING id
            ), performers AS (
                INSERT INTO performer (user_id, city_id, headline, address, timezone, status)
                SELECT id, :city, 'Roofer', '{}', 'UTC', 'approved' FROM people RETURNING id
            ) SELECT count(*) FROM performers
            """),
        {"city": market["city"].id},
    )
    # More than a thousand rows in one statement: they wait.
    assert db.session.scalar(text("SELECT count(*) FROM stale_listing")) == 1001
    db.session.execute(
        text("INSERT INTO performer_category SELECT performer_id, :leaf FROM stale_listing"),
        {"leaf": market["leaf"].id},
    )
    run_jobs()
    with_worker = make.staff("admin")
    path = f"/api/v1/admin/categories/{market['leaf'].id}"
    headers = auth(with_worker)
    tag = client.get(path, headers=headers).headers["ETag"]
    answer = client.patch(path, json={"names": {"en": "Thatching"}}, headers=headers | {"If-Match": tag})
    assert answer.status_code == 200, answer.json
    assert db.session.scalar(text("SELECT count(*) FROM stale_listing")) == 1002
    run_jobs()
    assert db.session.scalar(text("SELECT count(*) FROM stale_listing")) == 0
    assert differences() == [0, 0, 0, 0]
    found = client.get("/api/v1/performers", query_string={"q": "thatching", "limit": 100}).json["items"]
    assert len(found) == 100


def test_reindex_mends(app: Flask, market: dict[str, Any]) -> None:
    db.session.execute(text("UPDATE performer_listing SET price = 1, words = ''"))
    db.session.execute(text("DELETE FROM service_listing"))
    db.session.execute(text("INSERT INTO search_word VALUES ('nobodysword', '{}')"))
    db.session.commit()
    assert differences() != [0, 0, 0, 0]
    result = app.test_cli_runner().invoke(args=["performers", "reindex"])
    assert result.exit_code == 0, result.output
    assert differences() == [0, 0, 0, 0]
    assert db.session.scalar(text("SELECT count(*) FROM search_word WHERE word = 'nobodysword'")) == 0


def test_two_changes_at_once(committed: Flask) -> None:
    """One transaction changes a price, another the rating, of the same performer."""
    with committed.app_context():
        made = Factory()
        performer = made.performer()
        service_id, performer_id = made.service(performer).id, performer.id
    for run in range(20):
        gate = threading.Barrier(2)
        statements = [
            ("UPDATE service SET price_amount = :v WHERE id = :id", {"v": 100 + run, "id": service_id}),
            ("UPDATE performer SET rating_count = :v WHERE id = :id", {"v": run, "id": performer_id}),
        ]

        def change(number: int, gate: threading.Barrier = gate, statements: Any = statements) -> None:
            with committed.app_context():
                gate.wait(10)
                statement, values = statements[number]
                db.session.execute(text(statement), values)
                db.session.commit()

        threads = [threading.Thread(target=change, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        with committed.app_context():
            assert differences() == [0, 0, 0, 0]
            row = db.session.execute(text("SELECT price, rating_count FROM performer_listing")).one()
            assert tuple(row) == (100 + run, run)
