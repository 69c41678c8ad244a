"""Suggestions for those who type, and how a search spreads over categories and cities."""

from typing import Any

import pytest

from marketplace.testing import CheckedClient, Factory


def suggest(client: CheckedClient, q: str, language: str = "en", **query: Any) -> dict[str, list[int]]:
    response = client.get(
        "/api/v1/performers/suggest",
        query_string={"q": q} | query,
        headers={"Accept-Language": language},
    )
    assert response.status_code == 200, response.get_json()
    assert response.headers["Cache-Control"].startswith("public")
    return {kind: [item["id"] for item in items] for kind, items in response.get_json().items()}


def test_what_may_be_meant(client: CheckedClient, make: Factory) -> None:
    plumbing = make.category(names={"en": "Plumbing", "es": "Fontanería"})
    make.category(names={"en": "Plumbing of old"}, is_active=False)
    piano = make.category(names={"en": "Piano lessons"})
    plumber = make.performer(headline="Plumber", categories=[plumbing])
    pianist = make.performer(headline="x", categories=[piano])
    service = make.service(pianist, title="Plumb a piano", category_id=piano.id)
    make.service(pianist, title="Tune", category_id=piano.id)
    found = suggest(client, "plumb")
    assert found == {
        "categories": [plumbing.id], "performers": [pianist.id, plumber.id], "services": [service.id],
    }  # fmt: skip
    assert suggest(client, "FONTANERIA", "es")["categories"] == [plumbing.id]
    assert suggest(client, "plumbign")["categories"] == [plumbing.id]
    assert suggest(client, "lessons")["categories"] == [piano.id]
    assert suggest(client, "pl", city_id=plumber.city_id)["performers"] == [plumber.id]
    assert suggest(client, "plumb", city_id=plumber.city_id)["services"] == []


def test_five_of_each(client: CheckedClient, make: Factory) -> None:
    categories = [make.category(names={"en": f"Roof {n}"}) for n in range(7)]
    for category in categories:
        make.service(make.performer(headline="Roofer", categories=[category]), title="Roof")
    assert {kind: len(found) for kind, found in suggest(client, "roof").items()} == {
        "categories": 5, "performers": 5, "services": 5,
    }  # fmt: skip


@pytest.mark.parametrize("q", ["%", "_", "\\", "'", "!!", "%s", "zzqqxy"])
def test_nothing_is_meant(client: CheckedClient, make: Factory, q: str) -> None:
    make.service(make.performer(headline="Plumber"), title="Pipes")
    assert suggest(client, q) == {"categories": [], "performers": [], "services": []}


@pytest.mark.parametrize(
    "query", ["", "q=", "q=%00", "q=" + "x" * 101, "q=a&city_id=0", "q=a&limit=3", "q=a&q=b"]
)
def test_hostile_queries(client: CheckedClient, query: str) -> None:
    assert client.get(f"/api/v1/performers/suggest?{query}").status_code in {400, 422}


@pytest.mark.parametrize("count", [1, 6, 100])
def test_suggestions_cost_four_queries(
    client: CheckedClient, make: Factory, assert_queries: Any, count: int
) -> None:
    for _ in range(count):
        make.service(make.performer(headline="Plumber"), title="Plumbing")
    with assert_queries(4):
        suggest(client, "plumb")


def facets(client: CheckedClient, **query: Any) -> dict[str, dict[int, int]]:
    response = client.get("/api/v1/performers/facets", query_string=query)
    assert response.status_code == 200, response.get_json()
    return {
        kind: {item["id"]: item["count"] for item in items} for kind, items in response.get_json().items()
    }


def test_how_a_search_spreads(client: CheckedClient, make: Factory, assert_queries: Any) -> None:
    top = make.category()
    leaf, other = make.category(parent_id=top.id), make.category()
    hidden = make.category(is_active=False)
    here, there = make.city(latitude=10, longitude=10), make.city(latitude=50, longitude=50)
    for n in range(5):
        make.performer(
            city_id=(here if n < 3 else there).id,
            categories=[leaf, hidden] if n % 2 else [leaf, other],
            headline="Painter" if n else "Roofer",
            verified=n == 4,
        )
    make.performer(city_id=here.id, active=False)
    everything = {top.id: 5, leaf.id: 5, other.id: 3}
    with assert_queries(2):
        assert facets(client) == {"categories": everything, "cities": {here.id: 3, there.id: 2}}
    assert facets(client, city_id=here.id) == {
        "categories": {top.id: 3, leaf.id: 3, other.id: 2}, "cities": {here.id: 3, there.id: 2},
    }  # fmt: skip
    assert facets(client, category_id=other.id) == {
        "categories": everything, "cities": {here.id: 2, there.id: 1},
    }  # fmt: skip
    assert facets(client, q="painter", verified="true")["categories"] == {top.id: 1, leaf.id: 1, other.id: 1}
    assert facets(client, near="10,10", radius_km=5)["cities"] == {here.id: 3}
    assert facets(client, max_price=1, min_rating=4) == {"categories": {}, "cities": {}}


def test_the_most_come_first(client: CheckedClient, make: Factory) -> None:
    many, few = make.category(), make.category()
    for n in range(3):
        make.performer(categories=[many] if n else [many, few])
    items = client.get("/api/v1/performers/facets").get_json()["categories"]
    assert [(item["id"], item["count"]) for item in items] == [(many.id, 3), (few.id, 1)]


@pytest.mark.parametrize("query", ["sort=newest", "limit=3", "radius_km=3", "city_id=x", "after=x"])
def test_facets_take_filters_only(client: CheckedClient, query: str) -> None:
    assert client.get(f"/api/v1/performers/facets?{query}").status_code == 422
