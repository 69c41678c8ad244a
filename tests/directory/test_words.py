"""What `q` finds: stems, beginnings, parts, typing errors, symbols; and in which order."""

from typing import Any

import pytest
from sqlalchemy import text

from marketplace.database.lexicon import expand_query
from marketplace.extensions import db
from marketplace.testing import CheckedClient, Factory
from marketplace.web.caching import topics

URL = "/api/v1/performers"


def ids(client: CheckedClient, q: str, language: str = "en", **query: Any) -> list[int]:
    response = client.get(
        URL,
        query_string={"limit": 100, "sort": "relevance", "q": q} | query,
        headers={"Accept-Language": language},
    )
    assert response.status_code == 200, response.get_json()
    return [item["id"] for item in response.get_json()["items"]]


@pytest.mark.parametrize(
    ("language", "headline", "q"),
    [
        ("en", "Experienced electricians", "electrician"),
        ("en", "Repairing washing machines", "repaired machine"),
        ("en", "A plumber", "the plumber"),  # a stop word says nothing
        ("es", "Reparación de tejados", "reparaciones tejado"),
        ("es", "Fontanero", "un fontanero"),
        ("ar", "معلمون للرياضيات", "معلم"),
        ("en", "Café décor", "cafe decor"),
        ("en", "Cafe decor", "CAFÉ"),
        ("en", "Gas fitter", "fitt"),
        ("en", "Gas fitter", "itte"),
        ("en", "Plumber", "plumer"),
        ("en", "Plumber", "plubmer"),
        ("en", "Electrician and roofer", "elektrician rofer"),
        ("en", "C++ lessons", "c++"),
        ("en", "Open 24/7", "24/7"),
        ("en", "50% off, back_end", "50% k_e"),
        ("en", "Plumber/roofer", "roofer"),
        ("en", "Air-conditioning", "conditioning"),
        ("en", "钢琴课", "钢琴"),
        ("en", "O'Neill's piano", "o'neill"),
        ("en", "Backslash a\\b", "a\\b"),
        ("en", "Dachdecker für große Häuser", "GROSSE hauser"),
        ("en", "Ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("en", "Çilingir ISPARTA", "ısparta çilingir"),
        ("en", "ΥΔΡΑΥΛΙΚΟΣ", "υδραυλικός"),
        ("en", "Ёлочный мастер", "елочный мастер"),
        ("en", "أعمال النجارة", "اعمال"),
        ("en", "مدرسة خصوصية", "مدرسه"),
        ("en", "می\u200cدوزم لباس", "ميدوزم"),
        ("en", "شیشه بر", "شيشه"),
        ("en", "שִׁפּוּצִים בבית", "שפוצים"),
        ("en", "天津水管维修", "津"),
        ("en", "배관 수리", "관"),
        ("en", "Plumber in Berlin", "plumber b"),
        # Typing errors.
        ("en", "Сантехник с опытом", "сантехнек"),
        ("en", "Электрик и маляр", "элетрик"),
        ("en", "Υδραυλικός Αθήνα", "υδραβλικός"),
        ("en", "Սանտեխնիկ", "սանտեխնկ"),
        ("en", "سباكة وتدفئة", "تدفيئة"),
        ("en", "كهربائي محترف", "كهرباي"),
        ("en", "אינסטלטור מקצועי", "אינסטלתור"),
        ("en", "सफाई और प्लंबर", "प्लबर"),
    ],
)
def test_found(client: CheckedClient, make: Factory, language: str, headline: str, q: str) -> None:
    one = make.performer(headline=headline, about="x")
    make.performer(headline="Something else entirely", about="y")
    assert ids(client, q, language) == [one.id]
    for sort in ("newest", "rating", "price"):
        assert ids(client, q, language, sort=sort) == [one.id]


@pytest.mark.parametrize(
    "q", ["zzqqxy", "50%x", "_", "!!!", "''", "gardener plumber", "&|!:*", "'; DROP", "\\"]
)
def test_not_found(client: CheckedClient, make: Factory, q: str) -> None:
    make.performer(headline="Plumber", about="x")
    make.performer(headline="Gardener", about="y")
    assert ids(client, q) == []


def test_services_and_categories_tell_what_one_does(client: CheckedClient, make: Factory) -> None:
    category = make.category(names={"en": "Masonry", "es": "Albañilería"})
    one = make.performer(headline="x", about="y", categories=[category])
    make.service(one, category_id=category.id, title="Chimneys", description="Sweeping too")
    make.performer(headline="x", about="y")
    for q in ("masonry", "albanileria", "chimney", "chimneys masonry"):
        assert ids(client, q) == [one.id], q


def test_exact_words_do_not_bring_look_alikes(client: CheckedClient, make: Factory) -> None:
    plumber = make.performer(headline="Plumber", about="x")
    make.performer(headline="Lumberjack", about="x")
    assert ids(client, "plumber") == [plumber.id]


def test_a_typing_error_means_what_looks_most_like_it(client: CheckedClient, make: Factory) -> None:
    plumber = make.performer(headline="Plumber", about="x")
    best = {"rating_count": 90, "rating_sum": 450, "rating_histogram": [0, 0, 0, 0, 90]}
    make.performer(headline="Wedding planner", about="x", **best)
    assert ids(client, "plumer") == [plumber.id]


def test_order(client: CheckedClient, make: Factory) -> None:
    best = {"rating_count": 90, "rating_sum": 450, "rating_histogram": [0, 0, 0, 0, 90]}
    part = make.performer(headline="Megapainter", about="x", **best)
    about = make.performer(headline="x", about="A painter by trade", **best)
    headline = make.performer(headline="Painter", about="x")
    better = make.performer(headline="The painter", about="x", **best)
    name = make.performer(make.user(first_name="Painter"), headline="x", about="x")
    assert ids(client, "painter") == [name.id, better.id, headline.id, about.id, part.id]


def test_words_of_both_fields(client: CheckedClient, make: Factory) -> None:
    anna = make.performer(make.user(first_name="Anna"), headline="Painter", about="x")
    make.performer(make.user(first_name="Anna"), headline="Roofer", about="x")
    assert ids(client, "anna painter") == [anna.id]


@pytest.mark.parametrize("count", [1, 6, 100])
def test_a_search_costs_two_queries(
    client: CheckedClient, make: Factory, assert_queries: Any, count: int
) -> None:
    city = make.city()
    category = make.category()
    for _ in range(count):
        make.performer(city_id=city.id, categories=[category], headline="Painter")
    with assert_queries(2):
        assert len(ids(client, "paint")) == count


def test_services_by_words_place_and_relevance(client: CheckedClient, make: Factory) -> None:
    berlin = make.city(latitude=52.52, longitude=13.405)
    munich = make.city(latitude=48.137, longitude=11.575)
    here = make.service(make.performer(city_id=berlin.id), title="Mend a window")
    there = make.service(make.performer(city_id=munich.id), title="x y z", description="windows and doors")
    make.service(title="Piano lessons")

    def services(**query: Any) -> list[int]:
        response = client.get("/api/v1/services", query_string=query)
        assert response.status_code == 200, response.get_json()
        return [item["id"] for item in response.get_json()["items"]]

    assert services(q="widnow") == [here.id]
    assert services(q="window", sort="relevance") == [here.id, there.id]
    assert services(q="window", near="48.1,11.5", sort="distance") == [there.id, here.id]
    assert services(q="window", near="48.1,11.5", radius_km=30) == [there.id]
    assert services(near="52.5,13.4", radius_km=20, sort="price")[0] == here.id
    for bad in ({"sort": "distance"}, {"sort": "relevance"}, {"radius_km": 3}):
        assert client.get("/api/v1/services", query_string=bad).status_code == 422


def test_common_words_are_found_in_the_same_order(client: CheckedClient, make: Factory) -> None:
    """What ANALYZE has counted as common is found by walking the list, not by looking up first."""
    city = make.city()
    category = make.category(names={"en": "Roofs"})
    for n in range(40):
        make.performer(
            city_id=city.id,
            categories=[category],
            headline="Plumber" if n % 3 else "Painter",
            about="also a plumber",
            rating_count=n % 7,
            rating_sum=5 * (n % 7),
        )
    queries = [
        ("plumber", "relevance"),
        ("plumb", "relevance"),
        ("plumbr", "relevance"),
        ("plumber", "newest"),
    ]
    before = [ids(client, q, sort=sort) for q, sort in queries]
    db.session.execute(text("ANALYZE performer_listing"))
    topics.clear()
    words = expand_query(db.session.connection(), "plumber", "en")
    assert [tier.is_common for tier in words.tiers] == [False, True, True, False]
    assert [ids(client, q, sort=sort) for q, sort in queries] == before
    assert all(len(found) == 40 for found in before)


def test_several_common_parts_of_words_are_walked_too(client: CheckedClient, make: Factory) -> None:
    """Looked up first, `in on us` costs seconds at a million rows, of which most have all three somewhere."""
    category = make.category(names={"en": "Roofs"})
    for n in range(40):
        rating = {"rating_count": n % 7, "rating_sum": 5 * (n % 7)}
        make.performer(
            categories=[category], headline="Plumber" if n % 3 else "x", about="also a plumber", **rating
        )
    queries = [(q, sort) for q in ("lu mb", "lu mb be", "plumber roofs") for sort in ("relevance", "newest")]
    before = [ids(client, q, sort=sort) for q, sort in queries]
    db.session.execute(text("ANALYZE performer_listing"))
    topics.clear()
    connection = db.session.connection()
    common, themselves, rare = (
        expand_query(connection, q, "en") for q in ("lu mb", "plumber roofs", "lu zzzz")
    )
    assert common.any.is_common
    assert [tier.is_common for tier in common.tiers] == [False, False, False, True]
    assert themselves.any.is_common
    assert not any(tier.is_common for tier in themselves.tiers)
    assert not rare.any.is_common
    assert not any(tier.is_common for tier in rare.tiers)
    assert [ids(client, q, sort=sort) for q, sort in queries] == before
    assert all(len(found) == 40 for found in before)


def test_common_words_walk_both_ways(client: CheckedClient, make: Factory) -> None:
    category = make.category()
    for n in range(11):
        make.performer(categories=[category], headline="Plumber" if n % 2 else "x", about="plumber")
    db.session.execute(text("ANALYZE performer_listing"))
    whole = ids(client, "plumber")
    query = {"q": "plumber", "sort": "relevance", "limit": 3}
    page = client.get(URL, query_string=query).get_json()
    seen = [[item["id"] for item in page["items"]]]
    while page["next"]:
        page = client.get(URL, query_string=query | {"after": page["next"]}).get_json()
        seen.append([item["id"] for item in page["items"]])
    assert [i for part in seen for i in part] == whole
    back = [seen[-1]]
    while page["previous"]:
        page = client.get(URL, query_string=query | {"before": page["previous"]}).get_json()
        back.insert(0, [item["id"] for item in page["items"]])
    assert back == seen
