"""What anybody may read: the tree and cities; and what public lists have in common."""

import pytest

from marketplace.blueprints.banners.contracts import BannerChanged
from marketplace.blueprints.catalog import public
from marketplace.blueprints.catalog.contracts import CategoryChanged, CityChanged
from marketplace.extensions import db
from marketplace.models import Banner
from tests.support.lists import walks_whole

HOSTILE = ["%%", "__", "\\\\", "\\%", "''", '""', "';--", "a' OR '1'='1", "//", "{}", "%s", "\u0301x"]


# Categories


def test_the_tree_in_the_language_of_the_caller(client, make):
    parent = make.category(names={"en": "Home", "es": "Hogar", "ar": "منزل"})
    make.category(parent_id=parent.id, names={"en": "Lamps"})
    make.category(is_active=False)
    english = client.get("/api/v1/categories")
    spanish = client.get("/api/v1/categories", headers={"Accept-Language": "es-MX, de;q=0.5"})
    assert english.json["items"] == [
        {
            "id": parent.id,
            "slug": parent.slug,
            "name": "Home",
            "children": [
                {
                    "id": parent.id + 1,
                    "slug": spanish.json["items"][0]["children"][0]["slug"],
                    "name": "Lamps",
                    "children": [],
                }
            ],
        }
    ]
    assert spanish.json["items"][0]["name"] == "Hogar"
    assert spanish.json["items"][0]["children"][0]["name"] == "Lamps"
    assert "Accept-Language" in spanish.headers["Vary"]
    assert english.headers["Cache-Control"] == "public, max-age=60"


def test_the_tree_of_a_city_has_categories_with_visible_performers(client, make):
    city = make.city()
    parent = make.category()
    shown = make.category(parent_id=parent.id)
    hidden = make.category()
    make.performer(city_id=city.id, categories=[shown])
    make.performer(categories=[hidden])
    make.performer(city_id=city.id, categories=[hidden], status="pending")
    make.performer(city_id=city.id, categories=[hidden], active=False)
    make.performer(make.user(is_active=False), city_id=city.id, categories=[hidden])
    items = client.get(f"/api/v1/categories?city_id={city.id}").json["items"]
    assert [item["id"] for item in items] == [parent.id]
    assert [child["id"] for child in items[0]["children"]] == [shown.id]
    assert client.get("/api/v1/categories?city_id=999999").json == {"items": []}


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_the_tree_of_a_city_costs_the_same_whoever_is_there(client, make, assert_queries, rows):
    city = make.city()
    for _ in range(rows):
        make.performer(city_id=city.id)
    with assert_queries(2):
        tree = client.get(f"/api/v1/categories?city_id={city.id}").json["items"]
    assert len(tree) == rows


@pytest.mark.parametrize(
    "query", ["city_id=0", "city_id=x", "city_id=1&city_id=2", "limit=3", f"city_id={2**63}"]
)
def test_a_bad_query_is_refused(client, make, query):
    assert client.get(f"/api/v1/categories?{query}").status_code == 422


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_the_tree_costs_one_query(client, make, assert_queries, rows):
    for _ in range(rows):
        make.category()
    with assert_queries(1):
        assert len(client.get("/api/v1/categories").json["items"]) == rows


def test_not_modified(client, make):
    make.category()
    first = client.get("/api/v1/categories")
    again = client.get("/api/v1/categories", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_the_cache_answers_until_an_event_drops_it(client, make, runtime, run_jobs, assert_queries):
    make.category()
    first = client.get("/api/v1/categories")
    with assert_queries(0):
        assert client.get("/api/v1/categories").data == first.data
    make.category()
    assert client.get("/api/v1/categories").data == first.data
    with runtime.uow as uow:
        uow.record(CategoryChanged(category_id=1))
    run_jobs()
    assert len(client.get("/api/v1/categories").json["items"]) == 2
    with runtime.uow as uow:
        uow.record(CityChanged(city_id=1))
        uow.record(BannerChanged(banner_id=1))
    run_jobs()
    with assert_queries(0):
        client.get("/api/v1/categories")


# Cities


def test_cities_by_whole_name_then_prefix_then_population(client, make):
    inside = make.city(name="New Berlin", ascii_name="New Berlin", population=9_000_000)
    small = make.city(name="Berlin", ascii_name="Berlin", population=20_000)
    large = make.city(name="Berlin Mitte", ascii_name="Berlin Mitte", population=300_000)
    other = make.city(
        name="Köln", ascii_name="Koeln", population=1_000_000, search_names="köln\nkoeln\ncolonia\nberlingen"
    )
    make.city(name="Berlin Ost", ascii_name="Berlin Ost", is_active=False)
    expected = [small.id, other.id, large.id, inside.id]
    walks_whole(client, "/api/v1/cities?q=BERLIN", expected)
    assert client.get("/api/v1/cities?q=colonia").json["items"] == [
        {
            "id": other.id,
            "name": "Köln",
            "country_code": "DE",
            "latitude": 52.5,
            "longitude": 13.4,
            "timezone": "Europe/Berlin",
        }
    ]


def test_a_whole_name_comes_before_larger_ones_that_begin_with_it(client, make):
    def city(name, population, *others, **values):
        names = "\n".join(text.lower() for text in (name, *others))
        return make.city(name=name, ascii_name=name, population=population, search_names=names, **values).id

    york = city("York", 150_000, latitude=53.9, longitude=-1.1)
    yorkton = city("Yorkton", 20_000, latitude=51.2, longitude=-102.4)
    new = city("New York City", 8_000_000, "York upon Hudson", latitude=40.7, longitude=-74.0)
    alias = city("Eboracum", 10, "York", latitude=0, longitude=0)
    inside = city("East York", 900_000, latitude=43.7, longitude=-79.3)
    walks_whole(client, "/api/v1/cities?q=york", [york, alias, new, yorkton, inside])
    # Among equals the nearest instead of the largest: from Greenwich on the equator.
    walks_whole(client, "/api/v1/cities?q=york&near=0,0", [alias, york, new, yorkton, inside])
    walks_whole(client, "/api/v1/cities?q=york&near=51,-102", [york, alias, yorkton, new, inside])


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Москва", ["москва", "МОСКВ", "Мосвка", "моква"]),
        ("Αθήνα", ["ΑΘΗΝΑ", "αθηνα", "Αθήνη"]),
        ("إسطنبول", ["اسطنبول", "إسطمبول"]),
        ("تهران", ["تَهران", "تهرن"]),
        ("ירושלים", ["יְרוּשָׁלַיִם", "ירושליים"]),
        ("Երևան", ["ԵՐԵՒԱՆ", "Երեան"]),
        ("天津", ["津", "天津"]),
        ("İzmir", ["izmir", "IZMIR", "ızmir", "İZMİR"]),
        ("Straßburg", ["STRASSBURG", "strassburg", "Strasburg"]),
        ("Łódź", ["lodz", "łódź", "Lo\u0301dz\u0301"]),
        ("Aθ", ["aθ"]),
    ],
)
def test_cities_in_every_script(client, make, name, typed):
    city = make.city(name=name, ascii_name="x")
    make.city(name="Oaxaca", ascii_name="Oaxaca")
    for q in typed:
        found = client.get("/api/v1/cities", query_string={"q": q}).json["items"]
        assert [item["id"] for item in found] == [city.id], q


def test_one_letter_of_an_alphabet_is_no_city(client, make):
    for q in ("a", "д", "س"):
        assert client.get("/api/v1/cities", query_string={"q": q}).status_code == 422


def test_staff_finds_cities_and_services_by_the_same_folding(client, make, auth):
    headers = auth(make.staff())
    city = make.city(name="Ağrı", ascii_name="Agri")
    service = make.service(title="Große Wäsche")
    for path, q, row in (("cities", "AĞRI", city), ("services", "grosse WASCHE", service)):
        found = client.get(f"/api/v1/admin/{path}", query_string={"q": q}, headers=headers).json["items"]
        assert [item["id"] for item in found] == [row.id]


def test_misspelt_cities(client, make):
    berlin = make.city(name="Berlin", ascii_name="Berlin", population=3_400_000, country_code="DE")
    small = make.city(name="Berlin", ascii_name="Berlin", population=10_000, country_code="US")
    make.city(name="Amsterdam", ascii_name="Amsterdam", country_code="NL")
    make.city(name="Berlin Ost", ascii_name="Berlin Ost", is_active=False)
    for q in ("berln", "Beriln", "berlinn", "bérlin"):
        walks_whole(client, f"/api/v1/cities?q={q}", [berlin.id, small.id])
    assert [item["id"] for item in client.get("/api/v1/cities?q=berln&country=US").json["items"]] == [
        small.id
    ]
    assert client.get("/api/v1/cities?q=berln&country=FR").json["items"] == []
    assert client.get("/api/v1/cities?q=qwertyzxcv").json["items"] == []
    # What is written right is never mixed with what is not.
    assert len(client.get("/api/v1/cities?q=berl").json["items"]) == 2


def test_cursors_of_misspelt_cities_are_their_own(client, make):
    for n in range(3):
        make.city(name=f"Berlin {n}", ascii_name=f"Berlin {n}")
    cursor = client.get("/api/v1/cities?q=berln&limit=1").json["next"]
    for query in (f"q=berlin&after={cursor}", f"q=berln&before={cursor}", f"q=berln&after={cursor}x"):
        answer = client.get(f"/api/v1/cities?limit=1&{query}")
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_cursor")


def test_a_city_that_is_switched_off_keeps_who_is_there(client, make, auth):
    """It can be chosen no longer; who is there is found as before."""
    city, staff, newcomer = make.city(name="Closing"), auth(make.staff()), make.user()
    performer = make.performer(city_id=city.id)
    path = f"/api/v1/admin/cities/{city.id}"
    assert client.delete(path, headers=staff | {"If-Match": "*"}).json["code"] == "city_in_use"
    off = client.patch(path, json={"is_active": False}, headers=staff | {"If-Match": "*"})
    assert off.status_code == 200
    assert client.get("/api/v1/cities?q=closing").json["items"] == []
    found = client.get(f"/api/v1/performers?city_id={city.id}").json["items"]
    assert [item["id"] for item in found] == [performer.id]
    assert client.get(f"/api/v1/performers/{performer.id}").status_code == 200
    application = {
        "city_id": city.id,
        "headline": "Roofer",
        "about": "Roofs of all kinds",
        "category_ids": [make.category().id],
        "address": {"line1": "Main Street 1", "postal_code": "10115"},
        "timezone": "Europe/Berlin",
    }
    refused = client.post("/api/v1/performers", json=application, headers=auth(newcomer))
    assert (refused.status_code, list(refused.json["errors"]["json"])) == (422, ["city_id"])
    banner = {"placement": "home", "title": "Hello", "city_id": city.id}
    assert client.post("/api/v1/admin/banners", json=banner, headers=staff).status_code == 422


def test_cities_without_a_filter_are_by_population(client, make):
    cities = [make.city(population=n % 3) for n in range(7)]
    expected = [city.id for city in sorted(cities, key=lambda city: (-city.population, city.id))]
    walks_whole(client, "/api/v1/cities", expected)


def test_cities_of_a_country(client, make):
    make.city(country_code="DE")
    found = make.city(country_code="FR")
    assert [city["id"] for city in client.get("/api/v1/cities?country=FR").json["items"]] == [found.id]
    assert client.get("/api/v1/cities?country=fr").status_code == 422


def test_cities_around_a_place_are_the_first_of_all(client, make, assert_queries):
    """Whether they are read from around the place or from everywhere makes no difference."""
    ids = [make.city(latitude=10 + n / 10, longitude=20).id for n in range(30)]  # 11 km each
    walks_whole(client, "/api/v1/cities?near=10,20", ids)
    walks_whole(client, "/api/v1/cities?near=10,20&country=DE", ids)
    walks_whole(client, "/api/v1/cities?near=89.9,20", ids[::-1])
    for limit, queries in ((7, 1), (8, 1), (9, 2), (20, 2)):
        with assert_queries(queries):
            page = client.get(f"/api/v1/cities?near=9.999,20&limit={limit}").json
        assert [item["id"] for item in page["items"]] == ids[:limit]


def test_cities_by_distance(client, make):
    places = [(0.0, 179.9), (0.0, -179.8), (0.0, 170.0), (89.9, 0.0), (0.0, 0.0), (0.0, 0.0)]
    ids = [make.city(latitude=lat, longitude=lng).id for lat, lng in places]
    walks_whole(client, "/api/v1/cities?near=0,179.95", ids)
    assert client.get("/api/v1/cities?near=0,0&limit=1").json["items"][0]["id"] == ids[4]
    for bad in ("91,0", "0,181", "x", "1", "1,2,3", "nan,0", "1e3,0"):
        assert client.get(f"/api/v1/cities?near={bad}").status_code == 422, bad


@pytest.mark.parametrize("q", HOSTILE)
@pytest.mark.parametrize("path", ["cities", "services"])
def test_hostile_text_matches_only_itself(client, make, path, q):
    make.city(name="Plain town", ascii_name="Plain town")
    make.service(title="Plain service")
    response = client.get(f"/api/v1/{path}", query_string={"q": q})
    assert response.status_code == 200
    assert response.json["items"] == []


@pytest.mark.parametrize("q", ["a%b", "a_b", "a\\b", "aa'bb", 'aa"bb', "a/b", "10%", "µ_é"])
def test_special_characters_are_found_as_they_are(client, make, q):
    city = make.city(name=f"x{q}y", ascii_name=f"x{q}y")
    service = make.service(title=f"x{q}y")
    for path, row in (("cities", city), ("services", service)):
        found = client.get(f"/api/v1/{path}", query_string={"q": q}).json["items"]
        assert [item["id"] for item in found] == [row.id]


@pytest.mark.parametrize("q", ["", " ", "\u202e\u0301x", "a\0b", "\x1b[0m", "\ud800", "x" * 101])
@pytest.mark.parametrize("path", ["cities", "services"])
def test_text_that_cannot_be_searched_is_refused(client, make, path, q):
    from urllib.parse import quote

    response = client.get(f"/api/v1/{path}?q={quote(q.encode('utf-8', 'surrogatepass'))}")
    assert response.status_code in {400, 422}


@pytest.mark.parametrize("query", ["after=x", "before=x", "after=&limit=1"])
def test_bent_cursors_are_refused(client, make, query):
    for path in ("cities", "services", "banners"):
        assert client.get(f"/api/v1/{path}?{query}").status_code in {400, 422}


def test_a_cursor_belongs_to_its_filters(client, make):
    for _ in range(3):
        make.service()
    cursor = client.get("/api/v1/services?limit=1").json["next"]
    foreign = client.get(f"/api/v1/services?limit=1&sort=price&after={cursor}")
    assert (foreign.status_code, foreign.json["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("rows", [1, 6, 100])
@pytest.mark.parametrize("path", ["cities", "services", "banners"])
def test_lists_cost_one_query(client, make, assert_queries, rows, path):
    performer = make.performer() if path == "services" else None
    for _ in range(rows):
        if path == "cities":
            make.city()
        elif path == "services":
            make.service(performer)
        else:
            db.session.add(Banner(placement="home", title="Hello"))
    db.session.commit()
    # For banners, when the next one begins or ends too.
    with assert_queries(2 if path == "banners" else 1):
        assert len(client.get(f"/api/v1/{path}?limit=100").json["items"]) == rows


def test_public_functions(context, make):
    category, off, city = make.category(), make.category(is_active=False), make.city()
    assert public.missing_categories([category.id, off.id, 10**9]) == {off.id, 10**9}
    assert public.missing_categories([]) == set()
    for missing in (make.city(is_active=False).id, 1):
        assert not public.city_exists(missing)
    assert public.city_exists(city.id)


# What all have in common


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        ("categories", 60),
        ("categories?city_id={city}", 60),
        ("categories/{slug}", 60),
        ("cities", 300),
        ("cities?q=city", 300),
        ("cities?near=1,1", 300),
        ("banners", 30),
        ("services", 30),
        ("services/{service}", 30),
    ],
)
def test_public_reads_may_be_kept_and_asked_for_again(client, make, path, seconds):
    service = make.service()
    db.session.add(Banner(placement="home", title="Hello"))
    db.session.commit()
    slug, city = make.category().slug, make.city().id
    url = f"/api/v1/{path.format(slug=slug, city=city, service=service.id)}"
    first = client.get(url)
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == f"public, max-age={seconds}"
    for tag in (
        first.headers["ETag"],
        f"W/{first.headers['ETag']}",
        f'"other", {first.headers["ETag"]}',
        "*",
    ):
        again = client.get(url, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert client.get(url, headers={"If-None-Match": '"other"'}).data == first.data


@pytest.mark.parametrize(
    ("asked", "name", "told"),
    [
        ("es", "Hogar", "es"),
        ("ar-EG", "منزل", "ar"),
        ("de, es;q=0.4", "Hogar", "es"),
        ("es;q=0, ar;q=0.1", "منزل", "ar"),
        ("de", "Home", "en"),
        ("*", "Home", "en"),
        ("", "Home", "en"),
        (",;q=x", "Home", "en"),
        ("x" * 3000, "Home", "en"),
    ],
)
def test_names_in_the_language_that_was_asked_for(client, make, asked, name, told):
    slug = make.category(names={"en": "Home", "es": "Hogar", "ar": "منزل"}).slug
    for _ in range(2):  # made, then kept
        tree = client.get("/api/v1/categories", headers={"Accept-Language": asked})
        one = client.get(f"/api/v1/categories/{slug}", headers={"Accept-Language": asked})
        assert tree.json["items"][0]["name"] == one.json["name"] == name
        assert tree.headers["Content-Language"] == one.headers["Content-Language"] == told
        assert "Accept-Language" in tree.headers["Vary"]
