"""Staff edits categories, cities and banners."""

import pytest
from sqlalchemy import select

from marketplace.extensions import db
from marketplace.models import AuditEntry, DomainEventRow

CATEGORY = {"slug": "lamps", "names": {"en": "Lamps", "es": "Lámparas"}}
CITY = {
    "id": 42,
    "name": "Müllheim",
    "country_code": "DE",
    "latitude": 47.8,
    "longitude": 7.6,
    "timezone": "Europe/Berlin",
    "alternate_names": ["Mullheim"],
}
BANNER = {"placement": "home", "title": "Hello", "starts_at": "2026-05-01T00:00:00Z"}
KINDS = {
    "categories": (CATEGORY, {"names": {"en": "Lights"}}, "category"),
    "cities": (CITY, {"name": "Neuenburg", "ascii_name": "Neuenburg"}, "city"),
    "banners": (BANNER, {"title": "Bye", "starts_at": None}, "banner"),
}


@pytest.fixture
def staff(make, auth):
    return auth(make.staff())


@pytest.mark.parametrize("kind", KINDS)
def test_create_change_delete(client, staff, kind):
    new, patch, subject = KINDS[kind]
    made = client.post(f"/api/v1/admin/{kind}", json=new, headers=staff)
    assert made.status_code == 201, made.json
    address = f"/api/v1/admin/{kind}/{made.json['id']}"
    read = client.get(address, headers=staff)
    assert read.json == made.json
    edited = client.patch(address, json=patch, headers=staff | {"If-Match": read.headers["ETag"]})
    assert edited.status_code == 200
    assert {key: edited.json[key] for key in patch} == patch
    stale = client.patch(address, json=patch, headers=staff | {"If-Match": read.headers["ETag"]})
    assert stale.status_code == 412
    assert client.delete(address, headers=staff).status_code == 428
    assert [row["id"] for row in client.get(f"/api/v1/admin/{kind}", headers=staff).json["items"]] == [
        made.json["id"]
    ]
    assert client.delete(address, headers=staff | {"If-Match": edited.headers["ETag"]}).status_code == 204
    assert client.get(address, headers=staff).status_code == 404
    written = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in written] == [
        f"{subject}.{what}" for what in ("created", "changed", "deleted")
    ]
    assert written[1].after == patch
    assert set(written[1].before) == set(patch)
    assert written[0].before is None
    assert written[2].after is None
    events = db.session.scalars(
        select(DomainEventRow.name).where(DomainEventRow.name == f"{subject}.changed")
    ).all()
    assert len(events) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_only_staff(client, make, auth, kind):
    new = KINDS[kind][0]
    for headers, status in (({}, 401), (auth(make.user()), 403)):
        assert client.get(f"/api/v1/admin/{kind}", headers=headers).status_code == status
        assert client.get(f"/api/v1/admin/{kind}/1", headers=headers).status_code == status
        assert client.post(f"/api/v1/admin/{kind}", json=new, headers=headers).status_code == status
        assert client.patch(f"/api/v1/admin/{kind}/1", json={}, headers=headers).status_code == status
        assert client.delete(f"/api/v1/admin/{kind}/1", headers=headers).status_code == status


@pytest.mark.parametrize("rows", [1, 6, 100])
@pytest.mark.parametrize("kind", ["categories", "cities"])
def test_lists_cost_the_same_at_any_length(client, make, staff, assert_queries, kind, rows):
    for _ in range(rows):
        make.category() if kind == "categories" else make.city()
    with assert_queries(2):  # the caller, the page
        page = client.get(f"/api/v1/admin/{kind}?limit=100", headers=staff).json
    assert len(page["items"]) == rows


def test_what_is_in_use_stays(client, make, staff):
    parent = make.category()
    child = make.category(parent_id=parent.id)
    service = make.service(category_id=child.id)
    performer = make.performer()
    any_version = staff | {"If-Match": "*"}
    for category_id in (parent.id, child.id):
        answer = client.delete(f"/api/v1/admin/categories/{category_id}", headers=any_version)
        assert (answer.status_code, answer.json["code"]) == (409, "category_in_use")
    answer = client.delete(f"/api/v1/admin/cities/{performer.city_id}", headers=any_version)
    assert (answer.status_code, answer.json["code"]) == (409, "city_in_use")
    assert client.get(f"/api/v1/services/{service.id}").status_code == 200
    hidden = client.patch(
        f"/api/v1/admin/categories/{child.id}", json={"is_active": False}, headers=any_version
    )
    assert hidden.status_code == 200
    assert client.get(f"/api/v1/services/{service.id}").status_code == 404


@pytest.mark.parametrize(
    ("kind", "values", "status"),
    [
        ("categories", {"names": {"es": "Sin inglés"}}, 422),
        ("categories", {"names": {}}, 422),
        ("categories", {"names": {"en": "x", "no_such_language": "y"}}, 422),
        ("categories", {"parent_id": 10**9}, 422),
        ("categories", {"slug": "Not a slug"}, 422),
        ("cities", {"timezone": "Mars/Olympus"}, 422),
        ("cities", {"latitude": 91}, 422),
        ("cities", {"id": 0}, 422),
        ("banners", {"ends_at": "2026-05-01T00:00:00Z"}, 422),
        ("banners", {"city_id": 10**9}, 422),
        ("banners", {"link_url": "javascript:alert(1)"}, 422),
    ],
)
def test_refused(client, staff, kind, values, status):
    answer = client.post(f"/api/v1/admin/{kind}", json=KINDS[kind][0] | values, headers=staff)
    assert answer.status_code == status
    assert client.get(f"/api/v1/admin/{kind}", headers=staff).json["items"] == []


def test_taken(client, make, staff):
    make.category(slug="lamps")
    make.city(id=42)
    slug = client.post("/api/v1/admin/categories", json=CATEGORY, headers=staff)
    assert (slug.status_code, slug.json["code"]) == (409, "slug_taken")
    city = client.post("/api/v1/admin/cities", json=CITY, headers=staff)
    assert (city.status_code, city.json["code"]) == (409, "city_exists")


def test_no_circles(client, make, staff):
    top = make.category()
    middle = make.category(parent_id=top.id)
    low = make.category(parent_id=middle.id)
    for parent in (top.id, middle.id, low.id):
        answer = client.patch(
            f"/api/v1/admin/categories/{top.id}",
            json={"parent_id": parent},
            headers=staff | {"If-Match": "*"},
        )
        assert (answer.status_code, answer.json["code"]) == (422, "invalid_category")
    moved = client.patch(
        f"/api/v1/admin/categories/{low.id}", json={"parent_id": top.id}, headers=staff | {"If-Match": "*"}
    )
    assert moved.json["parent_id"] == top.id


def test_a_renamed_city_is_found_by_its_new_name(client, staff, run_jobs):
    client.post("/api/v1/admin/cities", json=CITY | {"alternate_names": []}, headers=staff)
    assert len(client.get("/api/v1/cities?q=mullheim").json["items"]) == 1
    client.patch(
        "/api/v1/admin/cities/42",
        json={"name": "Neuenbürg"},
        headers=staff | {"If-Match": "*"},
    )
    run_jobs()
    assert len(client.get("/api/v1/cities?q=neuenburg").json["items"]) == 1
    assert len(client.get("/api/v1/cities?q=neuenbürg").json["items"]) == 1
    assert client.get("/api/v1/cities?q=müll").json["items"] == []
