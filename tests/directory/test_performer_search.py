"""The public list of performers: filters, sorts, pages, and what it costs."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest

from marketplace.models import City, Performer
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.caching import topics

URL = "/api/v1/performers"


def ids(client: CheckedClient, url: str = URL, **query: Any) -> list[int]:
    response = client.get(url, query_string={"limit": 100} | query)
    assert response.status_code == 200, response.get_json()
    return [item["id"] for item in response.get_json()["items"]]


def rated(stars: int, count: int) -> dict[str, Any]:
    histogram = [0] * 5
    histogram[stars - 1] = count
    return {"rating_count": count, "rating_sum": stars * count, "rating_histogram": histogram}


def test_a_card(client: CheckedClient, make: Factory) -> None:
    city = make.city(name="Berlin", country_code="DE")
    category = make.category(names={"en": "Lamps", "es": "Lámparas"})
    hidden = make.category(is_active=False)
    user = make.user(first_name="Ann", last_name="Miller")
    performer = make.performer(
        user, city_id=city.id, categories=[category, hidden], verified=True, created_at=START, **rated(5, 3)
    )
    make.service(performer, category_id=category.id, price_amount=900)
    make.service(performer, category_id=category.id, price_amount=700)
    make.service(performer, category_id=category.id, price_amount=500, is_active=False)
    make.service(performer, category_id=category.id, price_amount=400, deleted_at=START)
    make.service(performer, category_id=hidden.id, price_amount=300)
    make.service(performer, category_id=category.id, pricing="quote", price_amount=None, price_currency=None)
    response = client.get(URL, headers={"Accept-Language": "es"})
    assert response.get_json() == {
        "items": [
            {
                "id": performer.id,
                "user": {"id": user.id, "first_name": "Ann", "last_name": "M", "avatar_url": None},
                "headline": "Electrician",
                "city": {"id": city.id, "name": "Berlin", "country_code": "DE"},
                "categories": [{"id": category.id, "slug": category.slug, "name": "Lámparas"}],
                "verified": True,
                "rating": 5.0,
                "rating_count": 3,
                "price_from": {"amount": 700, "currency": "EUR"},
                "distance_km": None,
                "created_at": "2026-05-04T09:00:00Z",
            }
        ],
        "next": None,
        "previous": None,
    }
    assert response.headers["Cache-Control"].startswith("public")
    again = client.get(URL, headers={"Accept-Language": "es", "If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_a_card_is_written_as_orjson_would(client: CheckedClient, make: Factory) -> None:
    city = make.city(name="São «Tomé»", latitude=10.0, longitude=10.0)
    user = make.user(first_name='A"nn\\e', last_name="Ångström")
    make.performer(
        user,
        city_id=city.id,
        headline="Tab\there, 100% – \u2028 😀",
        created_at=START + timedelta(microseconds=1500),
        **rated(4, 7),
    )
    response = client.get(URL, query_string={"near": "10.03,10.0"})
    (card,) = response.get_json()["items"]
    assert (card["headline"], card["distance_km"]) == ("Tab\there, 100% – \u2028 😀", 3.3)
    assert card["created_at"] == "2026-05-04T09:00:00.001500Z"
    assert response.data == orjson.dumps(orjson.loads(response.data))


def test_who_is_not_public_is_not_there(client: CheckedClient, make: Factory) -> None:
    shown = make.performer()
    hidden = [
        make.performer(status="pending"),
        make.performer(status="rejected"),
        make.performer(status="suspended"),
        make.performer(active=False),
        make.performer(make.user(is_active=False)),
        make.performer(make.user(deleted_at=START)),
    ]
    assert ids(client) == [shown.id]
    for performer in hidden:
        assert client.get(f"{URL}/{performer.id}").status_code == 404


def test_by_city_and_verified(client: CheckedClient, make: Factory) -> None:
    one, two = make.performer(verified=True), make.performer()
    assert ids(client, city_id=one.city_id) == [one.id]
    assert ids(client, city_id=2**63 - 1) == []
    assert ids(client, verified="true") == [one.id]
    assert ids(client, verified="false") == [two.id]


def test_by_category_with_those_below(client: CheckedClient, make: Factory) -> None:
    top = make.category()
    middle = make.category(parent_id=top.id)
    leaf = make.category(parent_id=middle.id)
    other = make.category()
    one = make.performer(categories=[leaf, middle])
    two = make.performer(categories=[top])
    make.performer(categories=[other])
    assert sorted(ids(client, category_id=top.id)) == [one.id, two.id]
    assert ids(client, category_id=leaf.id) == [one.id]
    assert ids(client, category_id=2**63 - 1) == []


def test_a_circle_of_categories_ends(client: CheckedClient, make: Factory) -> None:
    a = make.category()
    b = make.category(parent_id=a.id)
    a.parent_id = b.id
    one = make.performer(categories=[b])
    assert ids(client, category_id=a.id) == [one.id]


def test_q_looks_into_headline_text_and_name(client: CheckedClient, make: Factory) -> None:
    headline = make.performer(headline="Plumber and GAS fitter", about="x")
    about = make.performer(headline="x", about="Also plumbing:\n100% reliable, a_b, c\\d")
    name = make.performer(make.user(first_name="Plumeria", last_name="Özil"), headline="x", about="x")
    assert sorted(ids(client, q="PLUM")) == [headline.id, about.id, name.id]
    assert ids(client, q="meria ö") == [name.id]
    assert ids(client, q="Özil") == []
    assert ids(client, q="gas") == [headline.id]


@pytest.mark.parametrize(
    ("q", "found"), [("%", True), ("_", True), ("\\", True), ("0%x", False), ("__", False), ("\\\\", False)]
)
def test_wildcards_are_literal(client: CheckedClient, make: Factory, q: str, found: bool) -> None:
    one = make.performer(headline="100% a_b c\\d", about="")
    make.performer(headline="plain", about="")
    assert ids(client, q=q) == ([one.id] if found else [])


def test_by_rating(client: CheckedClient, make: Factory) -> None:
    make.performer(**rated(5, 2))
    four = make.performer(**rated(4, 3))
    mixed = make.performer(rating_count=20, rating_sum=87)
    five = make.performer(**rated(5, 10))
    assert sorted(ids(client, min_rating="4")) == [four.id, mixed.id, five.id]
    assert sorted(ids(client, min_rating="4.35")) == [mixed.id, five.id]
    assert ids(client, min_rating="4.36") == [five.id]


def test_by_price(client: CheckedClient, make: Factory) -> None:
    cheap, dear, none = make.performer(), make.performer(), make.performer()
    make.service(cheap, price_amount=1000)
    make.service(cheap, price_amount=9000)
    make.service(dear, price_amount=1001)
    make.service(none, pricing="quote", price_amount=None, price_currency=None)
    assert ids(client, max_price=1000) == [cheap.id]
    assert ids(client, max_price=999) == []
    assert ids(client, sort="price") == [cheap.id, dear.id, none.id]


def test_prices_in_one_currency(client: CheckedClient, make: Factory) -> None:
    category = make.category()
    euro, yen, other = (make.performer(categories=[category]) for _ in range(3))
    make.service(euro, price_amount=5000, price_currency="EUR")
    make.service(yen, price_amount=4000, price_currency="JPY")
    make.service(other, price_amount=3000, price_currency="EUR")
    assert ids(client, sort="price", currency="EUR") == [other.id, euro.id]
    assert ids(client, max_price=4999, currency="EUR", category_id=category.id) == [other.id]
    assert ids(client, max_price=4999, currency="JPY") == [yen.id]
    assert ids(client, currency="USD") == []
    counted = client.get(f"{URL}/facets", query_string={"currency": "EUR"}).get_json()
    assert counted["categories"] == [
        {"id": category.id, "slug": category.slug, "name": category.names["en"], "count": 2}
    ]
    assert client.get(URL, query_string={"currency": "eur"}).status_code == 422


def test_near_a_place(client: CheckedClient, make: Factory) -> None:
    berlin = make.performer(city_id=make.city(latitude=52.52, longitude=13.405).id)
    potsdam = make.performer(city_id=make.city(latitude=52.39, longitude=13.066).id)
    munich = make.performer(city_id=make.city(latitude=48.137, longitude=11.575).id)
    assert ids(client, near="52.52,13.405", radius_km=50, sort="distance") == [berlin.id, potsdam.id]
    assert ids(client, near="52.52,13.405", sort="distance") == [berlin.id, potsdam.id, munich.id]
    items = client.get(URL, query_string={"near": "52.52,13.405", "sort": "distance"}).get_json()["items"]
    assert items[0]["distance_km"] == 0.0
    assert items[1]["distance_km"] == pytest.approx(27.1, abs=0.3)
    assert items[2]["distance_km"] == pytest.approx(504.4, abs=2)


@pytest.mark.parametrize(
    ("city", "near", "radius", "found"),
    [
        ((0.0, 179.9), "0,-179.9", 30, True),
        ((0.0, -179.9), "0,179.9", 30, True),
        ((0.0, -179.9), "0,179.9", 20, False),
        ((89.9, 0.0), "89.9,180", 30, True),
        ((-89.9, 90.0), "-90,0", 12, True),
        ((0.0, 180.0), "0,-180", 0, True),
        ((10.0, 20.0), "-10,-160", 1000, False),
    ],
)
def test_across_the_date_line_and_the_poles(
    client: CheckedClient, make: Factory, city: tuple[float, float], near: str, radius: int, found: bool
) -> None:
    performer = make.performer(city_id=make.city(latitude=city[0], longitude=city[1]).id)
    assert ids(client, near=near, radius_km=radius) == ([performer.id] if found else [])


def test_the_best_known_rank_before_the_lucky(client: CheckedClient, make: Factory) -> None:
    lucky = make.performer(**rated(5, 1))
    proven = make.performer(rating_count=100, rating_sum=490)
    new = make.performer()
    bad = make.performer(**rated(1, 4))
    assert ids(client, sort="rating") == [proven.id, lucky.id, new.id, bad.id]


def test_relevance_puts_names_and_headlines_first(client: CheckedClient, make: Factory) -> None:
    about = make.performer(headline="x", about="smith work", **rated(5, 50))
    headline = make.performer(headline="Smith", about="x")
    name = make.performer(make.user(first_name="Smithy"), headline="x", about="x")
    better = make.performer(headline="A smith", about="x", **rated(5, 9))
    assert ids(client, q="smith", sort="relevance") == [name.id, better.id, headline.id, about.id]


def crowd(make: Factory, count: int) -> list[Performer]:
    """Performers with many equal sort keys."""
    cities: list[City] = [make.city(latitude=50 + n % 3, longitude=10) for n in range(4)]
    category = make.category()
    found = []
    for n in range(count):
        performer = make.performer(
            city_id=cities[n % 4].id,
            categories=[category],
            headline="Painter" if n % 2 else "Roofer",
            about="paint",
            created_at=START - timedelta(hours=n // 3),
            **rated(n % 5 + 1, n % 4),
        )
        if n % 3:
            make.service(performer, category_id=category.id, price_amount=100 * (n % 3))
        found.append(performer)
    return found


@pytest.mark.parametrize("sort", ["newest", "rating", "price", "distance", "relevance"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_cursors_walk_both_ways_over_all(
    client: CheckedClient, make: Factory, sort: str, version: str
) -> None:
    made = crowd(make, 17)
    url = f"/api/{version}/performers"
    query = {"sort": sort, "limit": 4, "q": "paint", "near": "50,10"}
    whole = ids(client, url, **query | {"limit": 100})
    assert sorted(whole) == sorted(p.id for p in made)

    pages, cursor = [], None
    while True:
        page = client.get(url, query_string=query | ({"after": cursor} if cursor else {})).get_json()
        pages.append([item["id"] for item in page["items"]])
        cursor = page["next"]
        if cursor is None:
            break
    assert [i for p in pages for i in p] == whole
    assert [len(p) for p in pages] == [4, 4, 4, 4, 1]

    back = [pages[-1]]
    while page["previous"] is not None:
        page = client.get(url, query_string=query | {"before": page["previous"]}).get_json()
        back.insert(0, [item["id"] for item in page["items"]])
    assert back == pages


def test_sort_keys_are_in_order(client: CheckedClient, make: Factory) -> None:
    crowd(make, 17)
    items = client.get(URL, query_string={"limit": 100}).get_json()["items"]
    assert all(a["created_at"] >= b["created_at"] for a, b in pairwise(items))
    items = client.get(URL, query_string={"limit": 100, "sort": "distance", "near": "50,10"}).get_json()[
        "items"
    ]
    assert all(a["distance_km"] <= b["distance_km"] for a, b in pairwise(items))


def test_a_cursor_belongs_to_its_filters(client: CheckedClient, make: Factory) -> None:
    crowd(make, 5)
    cursor = client.get(URL, query_string={"limit": 2}).get_json()["next"]
    for query in ({"sort": "rating"}, {"verified": "false"}, {"q": "paint"}):
        response = client.get(URL, query_string=query | {"after": cursor})
        assert (response.status_code, response.get_json()["code"]) == (400, "invalid_cursor")
    assert client.get(URL, query_string={"before": cursor}).status_code == 400
    assert client.get(URL, query_string={"after": cursor + "x"}).status_code == 400
    assert client.get(URL, query_string={"after": "x", "before": "y"}).status_code in {400, 422}


@pytest.mark.parametrize(
    "query",
    [
        {"city_id": "0"}, {"city_id": "-1"}, {"city_id": str(2**63)}, {"city_id": "1e3"}, {"city_id": ""},
        {"city_id": "٣"}, {"city_id": "9" * 5000}, {"category_id": "null"}, {"q": ""}, {"q": " "},
        {"q": "x" * 101}, {"q": "a\x00b"}, {"verified": "1"}, {"verified": "TRUE"}, {"min_rating": "0.5"},
        {"min_rating": "5.01"}, {"min_rating": "nan"}, {"min_rating": "inf"}, {"min_rating": "4,5"},
        {"max_price": "-1"}, {"max_price": str(10**16)}, {"max_price": "1.5"}, {"near": "91,0"},
        {"near": "0,181"}, {"near": "1"}, {"near": "a,b"}, {"near": "1,2,3"}, {"near": "nan,0"},
        {"radius_km": "5"}, {"near": "0,0", "radius_km": "-1"}, {"near": "0,0", "radius_km": "1001"},
        {"sort": "random"}, {"sort": "distance"}, {"sort": "relevance"}, {"limit": "0"}, {"limit": "101"},
        {"available_from": "2026-05-05T09:00:00Z"}, {"available_to": "2026-05-05T09:00:00Z"}, {"colour": "red"},
        {"page": "0"}, {"page": "-1"}, {"page": "x"}, {"page": "1001"}, {"page": "51"},
        {"page": "11", "limit": "100"}, {"page": "1", "after": "x"}, {"page": "1", "before": "x"},
    ],
)  # fmt: skip
def test_hostile_values_are_refused_by_name(client: CheckedClient, query: dict[str, str]) -> None:
    response = client.get(URL, query_string=query)
    assert response.status_code == 422, response.get_json()
    assert set(response.get_json()["errors"]["query"]) & set(query)


def test_repeated_and_undecodable_parameters(client: CheckedClient) -> None:
    assert client.get(f"{URL}?city_id=1&city_id=2").status_code == 422
    assert client.get(f"{URL}?q=%ff").status_code == 400
    assert client.get(f"{URL}?q=%ed%a0%80").status_code == 400


def test_pages_by_number_are_retired(client: CheckedClient, make: Factory) -> None:
    made = crowd(make, 7)
    whole = ids(client)
    first = client.get(URL, query_string={"page": 1, "limit": 3})
    second = client.get(URL, query_string={"page": 2, "limit": 3})
    assert [i["id"] for i in first.get_json()["items"] + second.get_json()["items"]] == whole[:6]
    for response in (first, second):
        assert response.headers["Deprecation"] == "@1793491200"
        assert response.headers["Sunset"] == "Mon, 01 Nov 2027 00:00:00 GMT"
        assert response.headers.getlist("Link") == ['</api/v2/performers>; rel="successor-version"']
    # An old client may go on with cursors from any page.
    rest = client.get(URL, query_string={"after": second.get_json()["next"], "limit": 3}).get_json()
    assert [i["id"] for i in rest["items"]] == whole[6:]
    assert client.get(URL, query_string={"page": 4, "limit": 3}).get_json()["items"] == []
    assert len(made) == 7
    # Kept answers tell it as well.
    assert client.get(URL, query_string={"page": 1, "limit": 3}).headers["Deprecation"] == "@1793491200"

    plain = client.get(URL, query_string={"limit": 3})
    assert "Deprecation" not in plain.headers
    assert "Sunset" not in plain.headers
    assert "successor-version" not in plain.headers["Link"]


def test_the_last_numbered_row(client: CheckedClient) -> None:
    assert client.get(URL, query_string={"page": 10, "limit": 100}).status_code == 200
    response = client.get(URL, query_string={"page": 1000, "limit": 1})
    assert response.status_code == 200
    assert client.get(URL, query_string={"page": 500, "limit": 3}).status_code == 422


def test_version_2_knows_no_page_numbers(client: CheckedClient) -> None:
    response = client.get("/api/v2/performers", query_string={"page": 1})
    assert response.status_code == 422
    assert response.get_json()["errors"]["query"] == {"page": ["Unknown field."]}
    assert "Deprecation" not in client.get("/api/v2/performers").headers


@pytest.mark.parametrize("count", [1, 6, 100])
def test_a_page_costs_one_query(
    client: CheckedClient, make: Factory, assert_queries: Any, count: int
) -> None:
    crowd(make, count)
    topics.clear()
    with assert_queries(1):
        assert len(ids(client)) == count
    with assert_queries(0):  # a kept answer
        assert len(ids(client)) == count


def test_a_profile_costs_five_queries(client: CheckedClient, make: Factory, assert_queries: Any) -> None:
    performer = make.performer()
    for _ in range(5):
        make.service(performer)
        make.certificate(performer, status="approved")
    topics.clear()
    with assert_queries(5):
        client.get(f"{URL}/{performer.id}")


def test_a_public_profile(client: CheckedClient, make: Factory) -> None:
    user = make.user(first_name="Ann", last_name="Miller")
    performer = make.performer(
        user,
        languages=["en", "pt-BR"],
        experience_years=7,
        rating_count=2,
        rating_sum=9,
        rating_histogram=[0, 0, 0, 1, 1],
        aspect_counts=[3, 2, 0],
        aspect_sums=[13, 4, 0],
    )
    service = make.service(performer)
    make.service(performer, is_active=False)
    response = client.get(f"{URL}/{performer.id}")
    found = response.get_json()
    assert found["rating"] == {
        "average": None,
        "count": 2,
        "stars": {"1": 0, "2": 0, "3": 0, "4": 1, "5": 1},
        "aspects": {
            "quality": {"average": 4.33, "count": 3},
            "punctuality": {"average": None, "count": 2},
            "communication": {"average": None, "count": 0},
        },
    }
    assert [s["id"] for s in found["services"]] == [service.id]
    assert found["services"][0]["price"] == {"amount": 5000, "currency": "EUR"}
    assert (found["languages"], found["experience_years"]) == (["en", "pt-BR"], 7)
    assert found["user"]["last_name"] == "M"
    assert not {"address", "status", "version", "user_id"} & set(found)
    assert "ETag" in response.headers
    assert response.headers["Cache-Control"].startswith("public")


@pytest.mark.parametrize("bad", ["0", "-1", "x", str(2**63), "9" * 500, "1.0"])
def test_ids_that_no_performer_has(client: CheckedClient, bad: str) -> None:
    assert client.get(f"{URL}/{bad}").status_code == 404


def test_a_kept_answer_falls_when_something_changes(
    client: CheckedClient, make: Factory, auth: Any, run_jobs: Any
) -> None:
    user = make.user()
    performer = make.performer(user)
    headers = auth(user)
    assert ids(client) == [performer.id]
    client.post("/api/v1/performers/me/pause", headers=headers)
    run_jobs()
    assert ids(client) == []
    assert client.get(f"{URL}/{performer.id}").status_code == 404
