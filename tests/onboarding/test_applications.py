"""Becoming a performer: what an application holds, who may send one, and how often."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.models import Category, City, Performer
from marketplace.testing import CheckedClient, Factory

URL = "/api/v1/performers"
ME = f"{URL}/me"


@pytest.fixture
def city(make: Factory) -> City:
    return make.city(name="Bremen")


@pytest.fixture
def category(make: Factory) -> Category:
    return make.category()


def application(city: City, category: Category, **values: Any) -> dict[str, Any]:
    return {
        "city_id": city.id,
        "headline": "Gardener",
        "about": "Hedges and\nlawns",
        "category_ids": [category.id],
        "address": {"line1": "Am Wall 1", "postal_code": "28195"},
        "timezone": "Europe/Berlin",
    } | values


def as_form(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: json.dumps(value)
        if isinstance(value, dict)
        else [str(v) for v in value]
        if isinstance(value, list)
        else str(value)
        for key, value in values.items()
    }


def events() -> list[tuple[str, Any]]:
    rows = db.session.execute(select(DomainEventRow).order_by(DomainEventRow.id)).scalars()
    return [(row.name, row.payload) for row in rows if row.name.startswith("performer.")]


def test_apply_by_json(
    client: CheckedClient, make: Factory, auth: Any, city: City, category: Category
) -> None:
    user = make.user()
    values = application(city, category, languages=["de", "pt-br"], experience_years=3)
    response = client.post(URL, json=values, headers=auth(user))
    assert response.status_code == 201
    found = response.get_json()
    assert "ETag" in response.headers
    assert found["status"] == "pending"
    assert (found["active"], found["verified"], found["pending_changes"]) == (True, False, [])
    assert found["user"]["id"] == user.id
    assert found["city"] == {"id": city.id, "name": "Bremen", "country_code": "DE"}
    assert [c["id"] for c in found["categories"]] == [category.id]
    assert found["address"] == values["address"]
    assert found["about"] == "Hedges and\nlawns"
    assert found["languages"] == ["de", "pt-BR"]
    assert found["experience_years"] == 3
    assert events() == [("performer.applied", {"performer_id": found["id"], "user_id": user.id})]
    assert client.get(f"{URL}/{found['id']}").status_code == 404
    own = client.get(ME, headers=auth(user))
    assert own.get_json() == found
    assert own.headers["ETag"] == response.headers["ETag"]


def test_apply_by_form(
    client: CheckedClient, make: Factory, auth: Any, city: City, category: Category
) -> None:
    other = make.category()
    values = application(city, category, category_ids=[category.id, other.id], languages=["en", "fr"])
    response = client.post(
        URL, data=as_form(values), content_type="multipart/form-data", headers=auth(make.user())
    )
    assert response.status_code == 201, response.get_json()
    assert [c["id"] for c in response.get_json()["categories"]] == [category.id, other.id]
    assert response.get_json()["address"] == values["address"]
    assert response.get_json()["languages"] == ["en", "fr"]


@pytest.mark.parametrize("bad", ["{", "", "{'line1': 'x'}", "[" * 100_000, '{"line1":"a","line1":"b"}'])
def test_a_bad_json_string_is_named(
    client: CheckedClient, make: Factory, auth: Any, city: City, category: Category, bad: str
) -> None:
    data = as_form(application(city, category)) | {"address": bad}
    response = client.post(URL, data=data, content_type="multipart/form-data", headers=auth(make.user()))
    problem = response.get_json()
    assert (response.status_code, problem["code"]) == (400, "invalid_json")
    assert problem["field"] == "address"
    assert "address" in problem["errors"]["form"]
    assert db.session.execute(select(Performer)).first() is None


@pytest.mark.parametrize(
    "bad", ['"text"', "[]", "null", '{"line1": 1e400}', "{}", '{"line1": 5}', '{"line1": "x", "planet": "y"}']
)
def test_json_that_is_no_address(
    client: CheckedClient, make: Factory, auth: Any, city: City, category: Category, bad: str
) -> None:
    data = as_form(application(city, category)) | {"address": bad}
    response = client.post(URL, data=data, content_type="multipart/form-data", headers=auth(make.user()))
    assert response.status_code == 422
    assert "address" in response.get_json()["errors"]["form"]


def test_other_bodies_are_415(client: CheckedClient, make: Factory, auth: Any) -> None:
    headers = auth(make.user())
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        assert client.post(URL, data="a=b", content_type=kind, headers=headers).status_code == 415


@pytest.mark.parametrize("form", [False, True])
def test_unknown_references_are_named(
    client: CheckedClient, make: Factory, auth: Any, city: City, category: Category, form: bool
) -> None:
    headers = auth(make.user())
    resting = make.category(is_active=False)
    values = application(city, category, city_id=2**62, category_ids=[category.id, resting.id, 2**62])
    if form:
        response = client.post(URL, data=as_form(values), content_type="multipart/form-data", headers=headers)
    else:
        response = client.post(URL, json=values, headers=headers)
    assert response.status_code == 422
    errors = response.get_json()["errors"]["form" if form else "json"]
    assert set(errors) == {"city_id", "category_ids"}
    assert set(errors["category_ids"]) == {"1", "2"}


def test_a_resting_city_is_refused(
    client: CheckedClient, make: Factory, auth: Any, category: Category
) -> None:
    city = make.city(is_active=False)
    response = client.post(URL, json=application(city, category), headers=auth(make.user()))
    assert response.status_code == 422
    assert "city_id" in response.get_json()["errors"]["json"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("city_id", "1"), ("city_id", 0), ("city_id", 1.0), ("city_id", True), ("city_id", 2**63), ("city_id", None),
        ("headline", ""), ("headline", "  "), ("headline", "x" * 161), ("headline", "a\nb"), ("headline", "a\u0000b"),
        ("about", ""), ("about", "x" * 4001), ("about", 5), ("category_ids", []), ("category_ids", [0]),
        ("category_ids", [1, 1]), ("category_ids", list(range(1, 22))), ("category_ids", 1), ("category_ids", {"a": 1}),
        ("address", "Main Street"), ("address", []), ("address", {}), ("address", {"line1": "x" * 201}),
        ("address", {"line1": "x", "note": "x" * 501}), ("address", {"line1": "x", "postal_code": 10115}),
        ("address", {"line1": "x", "extra": 1}), ("timezone", "Mars/Base"), ("timezone", ""), ("timezone", 1),
        ("languages", ["xx-klingon"]), ("languages", ["en", "en"]), ("languages", ["pt-BR", "pt_br"]),
        ("languages", ["qq"]), ("languages", ["en-ZZZ"]), ("languages", [""]), ("languages", [None]),
        ("languages", ["de", "en", "fr", "es", "it", "pt", "nl", "pl", "cs", "da", "fi"]), ("languages", "en"), ("experience_years", -1),
        ("experience_years", 81), ("experience_years", "3"), ("experience_years", 1.5), ("status", "approved"),
        ("verified", True), ("user_id", 1), ("rating_sum", 5), ("active", True), ("version", 7), ("id", 1),
    ],
)  # fmt: skip
def test_what_an_application_may_not_hold(
    client: CheckedClient, make: Factory, auth: Any, city: City, category: Category, field: str, value: Any
) -> None:
    response = client.post(URL, json=application(city, category) | {field: value}, headers=auth(make.user()))
    assert response.status_code == 422
    assert field in response.get_json()["errors"]["json"]
    assert db.session.execute(select(Performer)).first() is None


def test_who_may_apply(
    client: CheckedClient, make: Factory, auth: Any, city: City, category: Category
) -> None:
    values = application(city, category)
    assert client.post(URL, json=values).status_code == 401
    unverified = auth(make.user(email_verified=False))
    response = client.post(URL, json=values, headers=unverified)
    assert (response.status_code, response.get_json()["code"]) == (403, "not_verified")


def test_only_once(client: CheckedClient, make: Factory, auth: Any, city: City, category: Category) -> None:
    headers = auth(make.user())
    assert client.post(URL, json=application(city, category), headers=headers).status_code == 201
    response = client.post(URL, json=application(city, category), headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (409, "already_performer")
    assert len(events()) == 1


def test_a_retry_gives_the_first_answer(
    client: CheckedClient, make: Factory, auth: Any, city: City, category: Category
) -> None:
    headers = auth(make.user()) | {"Idempotency-Key": "one"}
    first = client.post(URL, json=application(city, category), headers=headers)
    second = client.post(URL, json=application(city, category), headers=headers)
    assert (second.status_code, second.get_data()) == (201, first.get_data())
    other = client.post(URL, json=application(city, category, headline="Other"), headers=headers)
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_key_reused")
