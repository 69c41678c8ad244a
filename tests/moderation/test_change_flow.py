"""Every moderated field from the edit to what the public sees, and what may come between."""

import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from marketplace.extensions import db
from marketplace.models import AuditEntry, Category, ChangeRequest, Performer, User
from marketplace.testing import CheckedClient, Factory
from tests.support.threads import at_once

QUEUE = "/api/v1/admin/changes"
ME = "/api/v1/user/me"
PROFILE = "/api/v1/performers/me"
ADDRESS = {"line1": "Elsewhere 5", "note": "Ring twice"}
TEXTS: list[tuple[str, str, Any]] = [
    (ME, "first_name", "Zoë"),
    (ME, "last_name", "Ångström"),
    (PROFILE, "headline", "Master electrician"),
    (PROFILE, "about", "Twenty years"),
    (PROFILE, "address", ADDRESS),
]


@pytest.fixture
def owner(make: Factory) -> User:
    user = make.user(first_name="Ann")
    make.performer(user)
    return user


@pytest.mark.parametrize(("url", "field", "new"), TEXTS, ids=[field for _, field, _ in TEXTS])
def test_texts_and_addresses(
    client: CheckedClient, make: Factory, auth: Any, owner: User, url: str, field: str, new: Any
) -> None:
    mine, staff = auth(owner), auth(make.staff())
    before = client.get(url, headers=mine).get_json()[field]
    edited = client.patch(url, json={field: new}, headers=mine | {"If-Match": "*"}).get_json()
    assert (edited[field], edited["pending_changes"][0]["field_name"]) == (before, field)
    (queued,) = client.get(QUEUE, query_string={"field_name": field}, headers=staff).get_json()["items"]
    assert (queued["old_value"], queued["new_value"]) == (before, new)
    assert (queued["old_display"], queued["new_display"]) == (before, new)
    approved = client.post(f"{QUEUE}/{queued['id']}/approve", headers=staff)
    assert (approved.status_code, approved.get_json()["status"]) == (200, "approved")
    after = client.get(url, headers=mine)
    assert after.get_json()[field] == new
    assert after.get_json()["pending_changes"] == []
    refused = client.patch(url, json={field: new}, headers=mine | {"If-Match": '"0"'})
    assert refused.status_code == 412
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.before[field], entry.after[field]) == (before, new)


def test_the_avatar(client: CheckedClient, make: Factory, auth: Any, owner: User) -> None:
    mine, staff = auth(owner) | {"If-Match": "*"}, auth(make.staff())
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    picture.seek(0)
    client.put(f"{ME}/avatar", data={"file": (picture, "me.png")}, headers=mine)
    (queued,) = client.get(QUEUE, headers=staff).get_json()["items"]
    assert queued["old_display"] is None
    assert client.get(queued["new_display"]).status_code == 200
    client.post(f"{QUEUE}/{queued['id']}/approve", headers=staff)
    assert client.get(ME, headers=mine).get_json()["avatar_url"] == queued["new_value"]


def test_categories_are_shown_by_name(client: CheckedClient, make: Factory, auth: Any, owner: User) -> None:
    mine, staff = auth(owner) | {"If-Match": "*"}, auth(make.staff())
    lamps = make.category(names={"en": "Lamps", "es": "Lámparas"})
    walls = make.category(names={"en": "Walls"})
    before = client.get(PROFILE, headers=mine).get_json()["categories"]
    client.patch(PROFILE, json={"category_ids": [walls.id, lamps.id]}, headers=mine)
    query, spanish = {"field_name": "category_ids"}, staff | {"Accept-Language": "es"}
    (queued,) = client.get(QUEUE, query_string=query, headers=spanish).get_json()["items"]
    assert queued["new_value"] == [lamps.id, walls.id]
    assert queued["new_display"] == [
        {"id": lamps.id, "name": "Lámparas"},
        {"id": walls.id, "name": "Walls"},
    ]
    assert [one["id"] for one in queued["old_display"]] == [one["id"] for one in before]
    assert (
        client.get(f"{ME}/changes", headers=mine).get_json()["items"][0]["new_display"][1]["name"] == "Walls"
    )
    db.session.delete(db.session.get_one(Category, walls.id))
    db.session.commit()
    (queued,) = client.get(QUEUE, query_string=query, headers=staff).get_json()["items"]
    assert queued["new_display"][1] == {"id": walls.id, "name": None}
    answer = client.post(f"{QUEUE}/{queued['id']}/approve", headers=staff)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "category_gone")
    answer = client.post(f"{QUEUE}/{queued['id']}/reject", json={"reason": "Walls are gone"}, headers=staff)
    assert answer.status_code == 200


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_names_cost_one_query_a_page(
    client: CheckedClient, make: Factory, auth: Any, assert_queries: Any, rows: int
) -> None:
    category, user, staff = make.category(), make.user(), auth(make.staff())
    for number in range(rows):
        db.session.add(
            ChangeRequest(
                subject_type="performer",
                subject_id=number + 1,
                requested_by=user.id,
                field_name="category_ids",
                old_value=None,
                new_value=[category.id],
            )
        )
    db.session.commit()
    with assert_queries(3):  # the caller, the page, the names
        found = client.get(QUEUE, query_string={"limit": 100}, headers=staff).get_json()["items"]
    assert len(found) == rows


def test_a_revision(client: CheckedClient, make: Factory, auth: Any, owner: User) -> None:
    mine, staff = auth(owner) | {"If-Match": "*"}, auth(make.staff())
    client.patch(PROFILE, json={"headline": "BEST!!!"}, headers=mine)
    (first,) = client.get(QUEUE, headers=staff).get_json()["items"]
    client.post(f"{QUEUE}/{first['id']}/request-revision", json={"reason": "No shouting"}, headers=staff)
    (seen,) = client.get(PROFILE, headers=mine).get_json()["pending_changes"]
    assert (seen["status"], seen["reason"]) == ("revision_requested", "No shouting")
    answer = client.patch(PROFILE, json={"headline": "Good work"}, headers=mine).get_json()
    assert [(one["new_value"], one["status"]) for one in answer["pending_changes"]] == [
        ("Good work", "pending")
    ]
    own = client.get(f"{ME}/changes", headers=mine).get_json()["items"]
    assert [(one["status"], one["reason"]) for one in own] == [
        ("pending", None),
        ("superseded", "No shouting"),
    ]
    client.post(f"{QUEUE}/{own[0]['id']}/request-revision", json={"reason": "Longer"}, headers=staff)
    assert client.delete(f"{ME}/changes/{own[0]['id']}", headers=mine).status_code == 204
    assert client.get(PROFILE, headers=mine).get_json()["pending_changes"] == []


def test_the_queue_by_subject(client: CheckedClient, make: Factory, auth: Any, owner: User) -> None:
    mine, staff = auth(owner) | {"If-Match": "*"}, auth(make.staff())
    client.patch(ME, json={"first_name": "Zoë"}, headers=mine)
    client.patch(PROFILE, json={"headline": "New"}, headers=mine)

    def listed(**query: Any) -> list[str]:
        found = client.get(QUEUE, query_string={"status": "pending", **query}, headers=staff).get_json()
        return [item["field_name"] for item in found["items"]]

    assert listed() == ["first_name", "headline"]
    assert listed(subject_type="user") == ["first_name"]
    assert listed(subject_type="performer", field_name="headline") == ["headline"]
    assert listed(subject_type="performer", field_name="first_name") == []
    page = client.get(QUEUE, query_string={"limit": 1, "subject_type": "user"}, headers=staff).get_json()
    assert page["next"] is None


def test_the_field_has_changed_since(client: CheckedClient, make: Factory, auth: Any, owner: User) -> None:
    mine, staff = auth(owner) | {"If-Match": "*"}, auth(make.staff())
    client.patch(ME, json={"first_name": "Zoë"}, headers=mine)
    (queued,) = client.get(QUEUE, headers=staff).get_json()["items"]
    assert queued["old_value"] == "Ann"
    db.session.get_one(User, owner.id).first_name = "Anne"
    db.session.commit()
    approved = client.post(f"{QUEUE}/{queued['id']}/approve", headers=staff).get_json()
    # The owner asked for the new value, whatever it replaces; what it did replace is kept.
    assert (approved["old_value"], approved["old_display"], approved["new_value"]) == ("Anne", "Anne", "Zoë")
    assert client.get(ME, headers=mine).get_json()["first_name"] == "Zoë"
    assert db.session.scalars(select(AuditEntry)).one().before["first_name"] == "Anne"
    assert db.session.scalars(select(ChangeRequest.old_value)).one() == "Anne"


def test_the_account_is_deleted_meanwhile(
    client: CheckedClient, make: Factory, auth: Any, owner: User
) -> None:
    mine, staff = auth(owner) | {"If-Match": "*"}, auth(make.staff())
    client.patch(ME, json={"first_name": "Zoë"}, headers=mine)
    assert client.delete(ME, headers=mine).status_code == 204
    (queued,) = client.get(QUEUE, headers=staff).get_json()["items"]
    answer = client.post(f"{QUEUE}/{queued['id']}/approve", headers=staff)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "subject_gone")
    answer = client.post(f"{QUEUE}/{queued['id']}/reject", json={"reason": "Gone"}, headers=staff)
    assert answer.status_code == 200


# --- at once ----------------------------------------------------------------------------------------

Say = Callable[[dict[str, str]], Any]


@pytest.fixture
def people(committed: Flask, auth: Any) -> tuple[int, dict[str, str], list[dict[str, str]]]:
    with committed.app_context():
        make = Factory()
        user = make.user(first_name="Ann")
        make.performer(user)
        return user.id, auth(user) | {"If-Match": "*"}, [auth(make.staff()) for _ in range(50)]


def edit(app: Flask, headers: dict[str, str], url: str, **values: Any) -> int:
    answer = app.test_client().patch(url, json=values, headers=headers)
    assert answer.status_code == 200, answer.get_json()
    return int(next(c["id"] for c in answer.get_json()["pending_changes"] if c["field_name"] in values))


def test_one_of_fifty_moderators_decides(committed: Flask, people: Any) -> None:
    user_id, mine, staff = people
    for number in range(3):
        change_id = edit(committed, mine, ME, first_name=f"N{number}")

        def approve(n: int, change_id: int = change_id) -> int:
            return committed.test_client().post(f"{QUEUE}/{change_id}/approve", headers=staff[n]).status_code

        assert Counter(at_once(50, approve)) == {200: 1, 409: 49}
        with committed.app_context():
            assert db.session.get_one(User, user_id).first_name == f"N{number}"


def test_editing_while_it_is_approved(committed: Flask, people: Any) -> None:
    user_id, mine, staff = people
    for number in range(10):
        first = edit(committed, mine, ME, first_name=f"A{number}")

        def act(n: int, number: int = number, first: int = first) -> int:
            if n == 0:
                return edit(committed, mine, ME, first_name=f"B{number}")
            url = f"{QUEUE}/{first}/approve"
            return int(committed.test_client().post(url, headers=staff[n]).status_code)

        second, *codes = at_once(4, act)
        with committed.app_context():
            statuses = {one: db.session.get_one(ChangeRequest, one).status for one in (first, second)}
            name = db.session.get_one(User, user_id).first_name
        won = codes.count(200)
        assert sorted(codes) == [200] * won + [409] * (3 - won)
        # The new edit waits in either case, and what staff saw is what was approved.
        assert statuses == {first: "approved" if won else "superseded", second: "pending"}
        assert (name == f"A{number}") == bool(won)


def test_a_category_goes_while_it_is_approved(committed: Flask, people: Any, auth: Any) -> None:
    user_id, mine, staff = people
    with committed.app_context():
        admin = auth(Factory().staff("admin")) | {"If-Match": "*"}
    for _ in range(10):
        with committed.app_context():
            category_id = Factory().category().id
        change_id = edit(committed, mine, PROFILE, category_ids=[category_id])

        def act(n: int, category_id: int = category_id, change_id: int = change_id) -> tuple[int, str]:
            client = committed.test_client()
            if n == 0:
                answer = client.delete(f"/api/v1/admin/categories/{category_id}", headers=admin)
            else:
                answer = client.post(f"{QUEUE}/{change_id}/approve", headers=staff[n])
            return answer.status_code, (answer.get_json() or {}).get("code", "")

        deleted, approved = at_once(2, act)
        assert (deleted, approved) in [
            ((204, ""), (409, "category_gone")),
            ((409, "category_in_use"), (200, "")),
        ]
        with committed.app_context():
            found = db.session.scalars(select(Performer).where(Performer.user_id == user_id)).one()
            db.session.refresh(found, ["categories"])
            assert (category_id in found.category_ids) == (approved[0] == 200)


def test_the_account_goes_while_it_is_approved(committed: Flask, auth: Any) -> None:
    for number in range(5):
        with committed.app_context():
            make = Factory()
            user = make.user(first_name="Ann", username=f"ann{number}")
            make.performer(user)
            mine, staff = auth(user) | {"If-Match": "*"}, auth(make.staff())
        change_id = edit(committed, mine, ME, first_name="Zoë")

        def act(n: int, mine: Any = mine, staff: Any = staff, change_id: int = change_id) -> int:
            client = committed.test_client()
            if n == 0:
                return client.delete(ME, headers=mine).status_code
            return client.post(f"{QUEUE}/{change_id}/approve", headers=staff).status_code

        deleted, approved = at_once(2, act)
        assert approved in {200, 409}
        # The deletion may start from the version before the approval.
        assert deleted in {204, 412}
        with committed.app_context():
            name = db.session.scalars(select(User.first_name).where(User.id == user.id)).one()
        assert (name == "Zoë") == (approved == 200)
