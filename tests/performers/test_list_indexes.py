"""Each public list is read in the order of an index, so that a page costs the same at any depth."""

from typing import Any

import pytest
from sqlalchemy import Connection, text

from marketplace.blueprints.performers import policies
from marketplace.database.listings import PERFORMERS, SERVICES, ListingTable, Wanted, find
from marketplace.database.seeking import Place
from marketplace.extensions import db
from tests.factories import Factory

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


def test_the_score_is_that_of_the_policies(make: Factory, context: Connection) -> None:
    prior = policies.PRIOR_REVIEWS * policies.PRIOR_RATING
    make.performer(rating_count=3, rating_sum=14)
    assert context.scalar(text("SELECT score FROM performer_listing")) == (14 + prior) * 1_000_000 // 8


def plan_of(context: Connection, table: ListingTable, wanted: Wanted, place: Place) -> str:
    """How the list is read when nothing may be sorted and no table read whole."""
    # Hardly any rows are here: what the planner could not do without an index is forbidden.
    for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan", "enable_incremental_sort"):
        db.session.execute(text(f"SET LOCAL {setting} = off"))
    found = find(table, wanted, place, 21)
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
    for place in (Place(), Place(key, backwards)):
        plan = plan_of(context, PERFORMERS, Wanted(sort=sort, **WHERE[where]), place)
        assert index in plan, plan
        assert "Sort" not in plan, plan
        if place.key:
            assert "Index Cond: " in plan, plan
            assert "ROW(" in plan.partition("Index Cond")[2].partition("\n")[0], plan


@pytest.mark.parametrize("sort", KEYS)
@pytest.mark.parametrize("where", ["", "_city"])
def test_services_are_read_in_the_order_of_an_index(context: Connection, where: str, sort: str) -> None:
    name, key = KEYS[sort]
    plan = plan_of(context, SERVICES, Wanted(sort=sort, **WHERE[where]), Place(key))
    assert f"ix_service_listing{where}_{name}" in plan
    assert "Sort" not in plan
