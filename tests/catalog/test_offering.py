"""A performer's own services over HTTP."""

import pytest
from sqlalchemy import select

from marketplace.extensions import db
from marketplace.models import DomainEventRow


def body(category_id):
    return {
        "category_id": category_id,
        "title": "Install a lamp",
        "pricing": "fixed",
        "price": {"amount": 5000, "currency": "EUR"},
        "duration_minutes": 60,
    }


@pytest.fixture
def me(make, auth):
    performer = make.performer()
    from marketplace.models import User

    return performer, auth(db.session.get(User, performer.user_id))


def test_offer_edit_withdraw(client, make, me):
    performer, headers = me
    made = client.post("/api/v1/services", json=body(make.category().id), headers=headers)
    assert made.status_code == 201
    assert made.json["performer_id"] == performer.id
    address = f"/api/v1/services/{made.json['id']}"
    edited = client.patch(
        address,
        json={"pricing": "quote", "price": None, "is_active": False},
        headers=headers | {"If-Match": made.headers["ETag"]},
    )
    assert edited.status_code == 200
    assert (edited.json["price"], edited.json["is_active"]) == (None, False)
    assert client.get(address).status_code == 404
    assert client.get(address, headers=headers).json["is_active"] is False
    stale = client.patch(
        address, json={"title": "Other"}, headers=headers | {"If-Match": made.headers["ETag"]}
    )
    assert stale.status_code == 412
    assert client.patch(address, json={"title": "Other"}, headers=headers).status_code == 428
    own = client.get("/api/v1/performers/me/services", headers=headers).json["items"]
    assert own == [edited.json]
    gone = client.delete(address, headers=headers | {"If-Match": edited.headers["ETag"]})
    assert gone.status_code == 204
    assert client.get(address, headers=headers).status_code == 404
    assert client.delete(address, headers=headers | {"If-Match": "*"}).status_code == 404
    assert client.get("/api/v1/performers/me/services", headers=headers).json["items"] == []
    names = db.session.scalars(select(DomainEventRow.name).where(DomainEventRow.name.like("service.%")))
    assert list(names) == ["service.created", "service.changed", "service.removed"]


def test_a_retry_offers_once(client, make, me):
    _, headers = me
    data = body(make.category().id)
    headers |= {"Idempotency-Key": "once"}
    first, again = (client.post("/api/v1/services", json=data, headers=headers) for _ in range(2))
    assert first.data == again.data
    assert len(client.get("/api/v1/services").json["items"]) == 1


def test_foreign_services_are_not_there(client, make, me):
    _, headers = me
    foreign = make.service()
    for call, extra in ((client.patch, {"json": {"title": "Mine now"}}), (client.delete, {})):
        answer = call(f"/api/v1/services/{foreign.id}", headers=headers | {"If-Match": "*"}, **extra)
        assert answer.status_code == 404
    assert client.get(f"/api/v1/services/{foreign.id}").json["title"] == foreign.title


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"price": None}, "price"),
        ({"category_id": 10**9}, "category_id"),
        ({"title": "x"}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"pricing": "free"}, "pricing"),
        ({"price": {"amount": -1, "currency": "EUR"}}, "price"),
        ({"price": {"amount": 1.5, "currency": "EUR"}}, "price"),
        ({"price": {"amount": 1, "currency": "XXX"}}, "price"),
        ({"duration_minutes": 4}, "duration_minutes"),
        ({"duration_minutes": 1441}, "duration_minutes"),
        ({"description": "x" * 4001}, "description"),
        ({"performer_id": 1}, "performer_id"),
        ({"id": 1}, "id"),
        ({"version": 1}, "version"),
        ({"deleted_at": None}, "deleted_at"),
    ],
)
def test_what_is_refused_stores_nothing(client, make, me, values, where):
    _, headers = me
    answer = client.post("/api/v1/services", json=body(make.category().id) | values, headers=headers)
    assert answer.status_code in {400, 422}
    if answer.status_code == 422:
        assert list(answer.json["errors"]["json"]) == [where]
    assert client.get("/api/v1/performers/me/services", headers=headers).json["items"] == []


def test_who_may(client, make, auth):
    category = make.category()
    data = body(category.id)
    assert client.post("/api/v1/services", json=data).status_code == 401
    assert client.post("/api/v1/services", json=data, headers=auth(make.user())).status_code == 403
    unverified = make.user(email_verified=False)
    assert client.post("/api/v1/services", json=data, headers=auth(unverified)).status_code == 403
    assert client.get("/api/v1/performers/me/services", headers=auth(make.user())).status_code == 403


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_own_services_cost_the_same_at_any_length(client, make, me, assert_queries, rows):
    performer, headers = me
    for _ in range(rows):
        make.service(performer)
    with assert_queries(2):  # the caller, the page
        page = client.get("/api/v1/performers/me/services?limit=100", headers=headers).json
    assert len(page["items"]) == rows


def test_own_services_are_paged(client, make, me):
    performer, headers = me
    ids = [make.service(performer).id for _ in range(5)]
    seen, url = [], "/api/v1/performers/me/services?limit=2"
    page = client.get(url, headers=headers).json
    while True:
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        page = client.get(f"{url}&after={page['next']}", headers=headers).json
    assert sorted(seen) == ids
    assert len(set(seen)) == 5
