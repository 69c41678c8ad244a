"""Each public list is read in the order of an index, so that a page costs the same at any depth."""

from typing import Any

import pytest
from sqlalchemy import Connection, text

from marketplace.database.keyset import KeysetPosition
from marketplace.database.listings import PERFORMERS, SERVICES, ListingQuery, ListingTable, build_page
from marketplace.extensions import db
from marketplace.testing import Factory

WHERE: dict[str, dict[str, Any]] = {
    "": {},
    "_city": {"city_id": 7},
    "_category": {"category_id": 3},
    "_category_city": {"category_id": 3, "city_id": 7},
}
KEYS = {
    "newest": ("newest", ("2026-05-04T09:00:00+00:00", 5)),
    "rating": ("score", (4_000_000, 5)),
    "price": ("price", (100, 5)),
}


def test_the_score_acts_as_if_everybody_began_with_five_reviews_of_four_stars(
    make: Factory, context: Connection
) -> None:
    make.performer(rating_count=3, rating_sum=14)
    assert context.scalar(text("SELECT score FROM performer_listing")) == (14 + 5 * 4) * 1_000_000 // (3 + 5)


def plan_of(context: Connection, table: ListingTable, wanted: ListingQuery, place: KeysetPosition) -> str:
    """How the list is read when nothing may be sorted and no table read whole."""
    # Autovacuum may have found the tables empty: then each index is as good as any other.
    tables = (
        "('performer_listing'::regclass, 'performer_listing_category'::regclass, 'service_listing'::regclass)"
    )
    indexes = f"SELECT indexrelid FROM pg_index WHERE indrelid IN {tables}"
    unknown = f"UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid IN {tables} OR oid IN ({indexes})"
    db.session.execute(text(unknown))
    # Hardly any rows are here: what the planner could not do without an index is forbidden.
    for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan", "enable_incremental_sort"):
        db.session.execute(text(f"SET LOCAL {setting} = off"))
    found = build_page(table, wanted, place, 21)
    return "\n".join(context.exec_driver_sql("EXPLAIN " + found.sql, found.parameters).scalars())


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sort", KEYS)
@pytest.mark.parametrize("where", WHERE)
def test_performers_are_read_in_the_order_of_an_index(
    context: Connection, where: str, sort: str, backwards: bool
) -> None:
    name, key = KEYS[sort]
    table = "performer_listing_category" if "category" in where else "performer_listing"
    index = f"ix_{table}{where}_{name}"
    for place in (KeysetPosition(), KeysetPosition(key, backwards)):
        plan = plan_of(context, PERFORMERS, ListingQuery(sort=sort, **WHERE[where]), place)
        assert index in plan, plan
        assert "Sort" not in plan, plan
        if place.key:
            assert "Index Cond: " in plan, plan
            assert "ROW(" in plan.partition("Index Cond")[2].partition("\n")[0], plan


@pytest.mark.parametrize("sort", KEYS)
@pytest.mark.parametrize("where", ["", "_city"])
def test_services_are_read_in_the_order_of_an_index(context: Connection, where: str, sort: str) -> None:
    name, key = KEYS[sort]
    plan = plan_of(context, SERVICES, ListingQuery(sort=sort, **WHERE[where]), KeysetPosition(key))
    assert f"ix_service_listing{where}_{name}" in plan
    assert "Sort" not in plan
