"""The own profile: what applies at once and what waits for staff."""

from typing import Any

import pytest
from sqlalchemy import select

from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.models import AuditEntry, ChangeRequest, City, Performer, User
from marketplace.testing import CheckedClient, Factory

URL = "/api/v1/performers"
ME = f"{URL}/me"


@pytest.fixture
def city(make: Factory) -> City:
    return make.city(name="Bremen")


def events() -> list[tuple[str, Any]]:
    rows = db.session.execute(select(DomainEventRow).order_by(DomainEventRow.id)).scalars()
    return [(row.name, row.payload) for row in rows if row.name.startswith("performer.")]


def changes() -> list[ChangeRequest]:
    statement = select(ChangeRequest).order_by(ChangeRequest.id).execution_options(populate_existing=True)
    return list(db.session.execute(statement).scalars())


def stored(performer_id: int) -> Performer:
    statement = (
        select(Performer).where(Performer.id == performer_id).execution_options(populate_existing=True)
    )
    return db.session.execute(statement).scalar_one()


def test_only_performers_have_one(client: CheckedClient, make: Factory, auth: Any) -> None:
    assert client.get(ME).status_code == 401
    headers = auth(make.user())
    for response in (
        client.get(ME, headers=headers),
        client.patch(ME, json={"headline": "x"}, headers=headers | {"If-Match": "*"}),
        client.post(f"{ME}/pause", headers=headers),
        client.post(f"{ME}/resume", headers=headers),
    ):
        assert (response.status_code, response.get_json()["code"]) == (403, "performer_needed")


def edit(client: CheckedClient, headers: dict[str, str], values: dict[str, Any]) -> Any:
    tag = client.get(ME, headers=headers).headers["ETag"]
    return client.patch(ME, json=values, headers=headers | {"If-Match": tag})


def test_free_fields_apply_at_once(client: CheckedClient, make: Factory, auth: Any, city: City) -> None:
    user = make.user()
    performer = make.performer(user)
    headers = auth(user)
    values = {"timezone": "Asia/Tokyo", "languages": ["ja"], "experience_years": 9, "city_id": city.id}
    response = edit(client, headers, values)
    found = response.get_json()
    assert response.status_code == 200
    assert (found["timezone"], found["languages"], found["experience_years"]) == ("Asia/Tokyo", ["ja"], 9)
    assert found["city"]["id"] == city.id
    assert found["pending_changes"] == []
    assert [name for name, _ in events()] == ["performer.profile_changed"]
    assert edit(client, headers, {"experience_years": None}).get_json()["experience_years"] is None
    assert stored(performer.id).version == 3


def test_nothing_changed_is_no_new_version(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    performer = make.performer(user)
    response = edit(client, auth(user), {"timezone": performer.timezone, "headline": performer.headline})
    assert response.status_code == 200
    assert stored(performer.id).version == 1
    assert events() == []
    assert changes() == []


@pytest.mark.parametrize("status", ["pending", "approved", "rejected", "suspended"])
def test_moderated_fields_wait(client: CheckedClient, make: Factory, auth: Any, status: str) -> None:
    user = make.user()
    performer = make.performer(user, status=status)
    categories = sorted([make.category().id, make.category().id])
    headers = auth(user)
    before = client.get(ME, headers=headers)
    values = {
        "headline": "Master electrician",
        "about": "New text",
        "address": {"line1": "Elsewhere 5"},
        "category_ids": categories[::-1],
    }
    response = client.patch(
        ME, json=values | {"experience_years": 4}, headers=headers | {"If-Match": before.headers["ETag"]}
    )
    assert response.status_code == 200
    found = response.get_json()
    same = {key: found[key] for key in ("headline", "about", "address", "categories")}
    assert same == {key: before.get_json()[key] for key in same}
    assert found["experience_years"] == 4
    pending = {
        c["field_name"]: (c["old_value"], c["new_value"], c["status"]) for c in found["pending_changes"]
    }
    assert pending == {
        "headline": ("Electrician", "Master electrician", "pending"),
        "about": ("Twenty years of experience", "New text", "pending"),
        "address": ({"line1": "Main Street 1", "postal_code": "10115"}, {"line1": "Elsewhere 5"}, "pending"),
        "category_ids": ([c["id"] for c in before.get_json()["categories"]], categories, "pending"),
    }
    first = found["pending_changes"][0]
    assert first["subject"] == {"type": "performer", "id": performer.id}
    assert (first["decided_at"], first["reason"]) == (None, None)
    own = client.get("/api/v1/user/me/changes", headers=headers).get_json()["items"]
    assert all(one[key] == value for one in own if one["id"] == first["id"] for key, value in first.items())
    assert response.headers["ETag"] != before.headers["ETag"]
    again = client.patch(ME, json=values, headers=headers | {"If-Match": before.headers["ETag"]})
    assert again.status_code == 412
    assert client.get(ME, headers=headers).get_json() == found
    assert stored(performer.id).headline == "Electrician"


def test_a_newer_edit_supersedes(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    make.performer(user)
    headers = auth(user)
    edit(client, headers, {"headline": "First"})
    found = edit(client, headers, {"headline": "Second"}).get_json()
    assert [c["new_value"] for c in found["pending_changes"]] == ["Second"]
    assert [c.status for c in changes()] == ["superseded", "pending"]


def test_staff_approval_applies_each_field(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    performer = make.performer(user)
    staff = auth(make.staff())
    new = sorted([make.category().id, make.category().id])
    values = {
        "headline": "Master electrician",
        "about": "New text",
        "address": {"line1": "Elsewhere 5", "note": "Ring twice"},
        "category_ids": new,
    }
    edit(client, auth(user), values)
    version = stored(performer.id).version
    for change in changes():
        response = client.post(f"/api/v1/admin/changes/{change.id}/approve", headers=staff)
        assert response.status_code == 200, response.get_json()
        # Every decision makes the tags that were given out before stale.
        assert stored(performer.id).version > version
        version = stored(performer.id).version
    found = client.get(ME, headers=auth(user)).get_json()
    assert {key: found[key] for key in ("headline", "about", "address")} == {
        key: values[key] for key in ("headline", "about", "address")
    }
    assert [c["id"] for c in found["categories"]] == new
    assert found["pending_changes"] == []
    assert [name for name, _ in events()].count("performer.profile_changed") == 4
    actions = list(
        db.session.scalars(select(AuditEntry.action).where(AuditEntry.subject_type == "performer"))
    )
    assert actions == ["change.approved"] * 4


def test_staff_rejection_leaves_the_field(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    performer = make.performer(user)
    edit(client, auth(user), {"headline": "Call 555-1234"})
    url = f"/api/v1/admin/changes/{changes()[0].id}/reject"
    assert client.post(url, json={"reason": "no phones"}, headers=auth(make.staff())).status_code == 200
    assert stored(performer.id).headline == "Electrician"
    assert client.get(ME, headers=auth(user)).get_json()["pending_changes"] == []


def test_categories_that_vanished_meanwhile(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    performer = make.performer(user)
    category = make.category()
    edit(client, auth(user), {"category_ids": [category.id]})
    category.is_active = False
    db.session.commit()
    url = f"/api/v1/admin/changes/{changes()[0].id}/approve"
    response = client.post(url, headers=auth(make.staff()))
    assert (response.status_code, response.get_json()["code"]) == (409, "category_gone")
    assert [c.status for c in changes()] == ["pending"]
    assert stored(performer.id).version == 2


def test_unknown_references_in_an_edit(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    make.performer(user)
    response = edit(client, auth(user), {"city_id": 2**62, "category_ids": [2**62]})
    assert response.status_code == 422
    assert set(response.get_json()["errors"]["json"]) == {"city_id", "category_ids"}
    assert changes() == []


@pytest.mark.parametrize(
    "body",
    [{}, {"status": "approved"}, {"verified": True}, {"active": False}, {"headline": None}, {"address": None},
     {"category_ids": []}, {"languages": None}, {"version": 1}, {"city_id": "1"}, {"pending_changes": []}],
)  # fmt: skip
def test_what_an_edit_may_not_hold(
    client: CheckedClient, make: Factory, auth: Any, body: dict[str, Any]
) -> None:
    user = make.user()
    performer = make.performer(user)
    assert edit(client, auth(user), body).status_code == 422
    assert stored(performer.id).version == 1


def test_edits_want_if_match(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    make.performer(user)
    headers = auth(user)
    assert client.patch(ME, json={"headline": "x"}, headers=headers).status_code == 428
    for tag in ('"999"', '"x"', '"1", "2"'):
        response = client.patch(ME, json={"headline": "x"}, headers=headers | {"If-Match": tag})
        assert response.status_code == 412
    assert client.patch(ME, json={"headline": "x"}, headers=headers | {"If-Match": "*"}).status_code == 200


def test_pause_and_resume(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    performer = make.performer(user)
    headers = auth(user)
    for _ in range(2):  # the second time changes nothing
        response = client.post(f"{ME}/pause", headers=headers)
        assert (response.status_code, response.get_json()["active"]) == (200, False)
        assert "ETag" in response.headers
    assert stored(performer.id).version == 2
    assert client.get(f"{URL}/{performer.id}").status_code == 404
    assert client.post(f"{ME}/resume", headers=headers).get_json()["active"] is True
    assert client.get(f"{URL}/{performer.id}").status_code == 200
    assert [name for name, _ in events()] == ["performer.paused", "performer.resumed"]


def test_the_profile_in_the_readers_language(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    category = make.category(names={"en": "Lamps", "ar": "مصابيح"})
    make.performer(user, categories=[category])
    for language, name in (("ar", "مصابيح"), ("es", "Lamps"), ("xx", "Lamps")):
        found = client.get(ME, headers=auth(user) | {"Accept-Language": language}).get_json()
        assert found["categories"][0]["name"] == name


def test_strangers_see_no_private_columns(client: CheckedClient, make: Factory) -> None:
    performer = make.performer()
    owner = db.session.get(User, performer.user_id)
    assert owner is not None
    text = client.get(f"{URL}/{performer.id}").get_data(as_text=True)
    for private in (owner.email, owner.username, owner.last_name, "Main Street", "10115"):
        assert private not in text


def test_the_own_profile_tells_of_its_name_and_avatar_too(
    client: CheckedClient, make: Factory, auth: Any
) -> None:
    user = make.user(first_name="Paul")
    make.performer(user)
    headers = auth(user) | {"If-Match": "*"}
    before = client.get(ME, headers=headers)
    assert before.get_json()["user"]["avatar_url"] is None
    renamed = client.patch("/api/v1/user/me", json={"first_name": "Pablo"}, headers=headers)
    after = client.get(ME, headers=headers | {"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    (waiting,) = after.get_json()["pending_changes"]
    assert [waiting] == renamed.get_json()["pending_changes"]
    assert (waiting["subject"], waiting["field_name"]) == ({"type": "user", "id": user.id}, "first_name")
    assert after.get_json()["user"]["first_name"] == "Paul"
