"""A performer's own services over HTTP."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from marketplace.blueprints.offers import policies
from marketplace.extensions import db
from marketplace.models import DomainEventRow, Service, User
from marketplace.testing import Factory


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


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"title": None}, "title"),
        ({"title": "  x  "}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": ["abc"]}, "title"),
        ({"description": None}, "description"),
        ({"description": "\ud800"}, "description"),
        ({"category_id": None}, "category_id"),
        ({"category_id": "1"}, "category_id"),
        ({"category_id": 1.0}, "category_id"),
        ({"category_id": 2**63}, "category_id"),
        ({"category_id": 10**9}, "category_id"),
        ({"pricing": None}, "pricing"),
        ({"pricing": "FIXED"}, "pricing"),
        ({"price": None}, "price"),
        ({"price": 5000}, "price"),
        ({"price": {}}, "price"),
        ({"price": {"amount": 1}}, "price"),
        ({"price": {"amount": 2**53, "currency": "EUR"}}, "price"),
        ({"price": {"amount": True, "currency": "EUR"}}, "price"),
        ({"price": {"amount": 1, "currency": "eur"}}, "price"),
        ({"price": {"amount": 1, "currency": "EUR", "tax": 1}}, "price"),
        ({"duration_minutes": 0}, "duration_minutes"),
        ({"duration_minutes": 60.5}, "duration_minutes"),
        ({"duration_minutes": True}, "duration_minutes"),
        ({"is_active": None}, "is_active"),
        ({"is_active": 1}, "is_active"),
        ({"hidden_at": None}, "hidden_at"),
        ({"hidden_reason": "x"}, "hidden_reason"),
        ({"performer_id": 1}, "performer_id"),
        ({"created_at": "2030-01-01T00:00:00Z"}, "created_at"),
    ],
)
def test_edits_that_are_refused_change_nothing(client, make, me, values, where):
    performer, headers = me
    path = f"/api/v1/services/{make.service(performer).id}"
    before = client.get(path, headers=headers)
    answer = client.patch(path, json=values, headers=headers | {"If-Match": "*"})
    assert answer.status_code in {400, 422}, answer.json
    if answer.status_code == 422:
        assert list(answer.json["errors"]["json"]) == [where]
    after = client.get(path, headers=headers)
    assert (after.data, after.headers["ETag"]) == (before.data, before.headers["ETag"])


def test_an_edit_goes_into_no_hidden_category_but_may_stay_in_one(client, make, me):
    performer, headers = me
    closed = make.category(is_active=False)
    service = make.service(performer)
    path, headers = f"/api/v1/services/{service.id}", headers | {"If-Match": "*"}
    refused = client.patch(path, json={"category_id": closed.id}, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid_service")
    db.session.execute(Service.__table__.update().values(category_id=closed.id))
    db.session.commit()
    assert client.patch(path, json={"title": "Another title"}, headers=headers).status_code == 200
    assert client.get(path).status_code == 404


def test_what_staff_hid_stays_hidden_when_it_is_edited(client, make, me, auth):
    performer, headers = me
    service, staff = make.service(performer), auth(make.staff())
    hide = client.post(f"/api/v1/admin/services/{service.id}/hide", json={"reason": "Spam"}, headers=staff)
    assert hide.status_code == 200
    path = f"/api/v1/services/{service.id}"
    body = {"title": "Better words", "is_active": True}
    edited = client.patch(path, json=body, headers=headers | {"If-Match": "*"})
    assert (edited.json["title"], edited.json["hidden_reason"]) == ("Better words", "Spam")
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("key", ["a", "0", "-1", "1.5", "%31", str(2**63), "9" * 400, "1;drop", "%00"])
def test_ids_that_no_service_has(client, make, me, key):
    performer, headers = me
    make.service(performer)
    if key != "%31":
        assert client.get(f"/api/v1/services/{key}").status_code in {400, 404}
        gone = client.delete(f"/api/v1/services/{key}", headers=headers | {"If-Match": "*"})
        assert gone.status_code in {400, 404}
    assert db.session.scalar(select(func.count()).where(Service.deleted_at.is_not(None))) == 0


@pytest.mark.parametrize(
    "tag", ['"0"', 'W/"1"', '"1", "2"', "1", '"x"', '"99999999999999999999"', '"1-0000"']
)
def test_tags_that_are_none_change_nothing(client, make, me, tag):
    performer, headers = me
    path = f"/api/v1/services/{make.service(performer).id}"
    headers = headers | {"If-Match": tag}
    assert client.patch(path, json={"title": "Other"}, headers=headers).status_code == 412
    assert client.delete(path, headers=headers).status_code == 412


def at_once(count, run):
    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(run, range(count)))


def test_no_more_services_than_there_may_be(committed, auth):
    with committed.app_context():
        performer = Factory().performer()
        category = Factory().category().id
        headers = auth(db.session.get(User, performer.user_id))
        rows = [
            {"performer_id": performer.id, "category_id": category, "title": "Lamp", "pricing": "quote"}
            | {"duration_minutes": 60}
            for _ in range(policies.MAX_SERVICES - 1)
        ]
        db.session.execute(Service.__table__.insert(), rows)
        db.session.commit()

    def offer(_):
        answer = committed.test_client().post("/api/v1/services", json=body(category), headers=headers)
        return answer.status_code, answer.get_json().get("code")

    assert at_once(8, offer) == {(201, None): 1, (409, "too_many_services"): 7}


def test_one_editor_of_many_wins(committed, auth):
    with committed.app_context():
        performer = Factory().performer()
        service = Factory().service(performer).id
        headers = auth(db.session.get(User, performer.user_id))
    path = f"/api/v1/services/{service}"
    tag = committed.test_client().get(path).headers["ETag"]

    def edit(n):
        client = committed.test_client()
        if n == 0:
            return client.delete(path, headers=headers | {"If-Match": tag}).status_code
        answer = client.patch(path, json={"title": f"Title {n}"}, headers=headers | {"If-Match": tag})
        return answer.status_code

    answers = at_once(12, edit)
    assert sum(answers[code] for code in (200, 204)) == 1
    assert set(answers) <= {200, 204, 404, 412}
