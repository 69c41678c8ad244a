"""Change requests over HTTP: one's own, and the queue of staff."""

from typing import Any

import pytest
from sqlalchemy import func, select

from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.models import AuditEntry, ChangeRequest, User
from marketplace.testing import CheckedClient, Factory
from tests.moderation.conftest import Submit

OWN = "/api/v1/user/me/changes"
QUEUE = "/api/v1/admin/changes"
DECISIONS: list[tuple[str, dict[str, str] | None]] = [
    ("approve", None),
    ("reject", {"reason": "no"}),
    ("request-revision", {"reason": "no"}),
]


def status_of(change_id: int) -> str:
    return db.session.scalars(select(ChangeRequest.status).where(ChangeRequest.id == change_id)).one()


def first_name(user: User) -> str:
    return db.session.scalars(select(User.first_name).where(User.id == user.id)).one()


def test_the_way_of_an_edit(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user(first_name="Ann")
    make.performer(user)
    mine, staff = auth(user), make.staff()
    etag = client.get("/api/v1/user/me", headers=mine).headers["ETag"]
    edited = client.patch(
        "/api/v1/user/me", json={"first_name": "Anna"}, headers=mine | {"If-Match": etag}
    ).get_json()
    assert edited["first_name"] == "Ann"
    (waiting,) = client.get(OWN, headers=mine).get_json()["items"]
    assert waiting["subject"] == {"type": "user", "id": user.id}
    assert {key: waiting[key] for key in ("field_name", "old_value", "new_value", "status", "reason")} == {
        "field_name": "first_name",
        "old_value": "Ann",
        "new_value": "Anna",
        "status": "pending",
        "reason": None,
    }
    (queued,) = client.get(QUEUE, query_string={"status": "pending"}, headers=auth(staff)).get_json()["items"]
    assert waiting.items() <= queued.items()
    assert (queued["requested_by"], queued["claimed_by"]) == (user.id, None)
    headers = auth(staff) | {"X-Request-ID": "from-a-test.1"}
    response = client.post(f"{QUEUE}/{queued['id']}/approve", headers=headers)
    assert response.status_code == 200
    assert response.get_json()["status"] == "approved"
    assert response.get_json()["decided_at"] == "2026-05-04T09:00:00Z"
    assert client.get("/api/v1/user/me", headers=mine).get_json()["first_name"] == "Anna"
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.actor_id, entry.action, entry.request_id, entry.ip) == (
        staff.id,
        "change.approved",
        "from-a-test.1",
        "127.0.0.1",
    )
    assert (entry.before["first_name"], entry.after["first_name"]) == ("Ann", "Anna")
    names = list(db.session.scalars(select(DomainEventRow.name).order_by(DomainEventRow.id)))
    assert names == ["change.submitted", "user.profile_changed", "change.decided"]


@pytest.mark.parametrize(
    ("path", "status"), [("reject", "rejected"), ("request-revision", "revision_requested")]
)
def test_refusals_carry_a_reason(
    client: CheckedClient, make: Factory, auth: Any, submit: Submit, path: str, status: str
) -> None:
    user = make.user()
    before = user.first_name
    view = submit(user)
    url, headers = f"{QUEUE}/{view.id}/{path}", auth(make.staff())
    for bad in ({}, {"reason": ""}, {"reason": None}, {"reason": "x" * 1001}, {"reason": "x", "a": 1}, []):
        assert client.post(url, json=bad, headers=headers).status_code == 422
    assert status_of(view.id) == "pending"
    response = client.post(url, json={"reason": "Not a name"}, headers=headers)
    assert (response.status_code, response.get_json()["status"]) == (200, status)
    assert client.get(OWN, headers=auth(user)).get_json()["items"][0]["reason"] == "Not a name"
    assert first_name(user) == before


@pytest.mark.parametrize(("path", "body"), DECISIONS)
def test_who_may_decide(
    client: CheckedClient, make: Factory, auth: Any, submit: Submit, path: str, body: Any
) -> None:
    view = submit(make.user())
    url = f"{QUEUE}/{view.id}/{path}"
    assert client.post(url, json=body).status_code == 401
    user = make.user()
    make.performer(user)
    assert client.post(url, json=body, headers=auth(user)).status_code == 403
    assert client.get(QUEUE).status_code == 401
    assert client.get(QUEUE, headers=auth(user)).status_code == 403
    assert status_of(view.id) == "pending"


@pytest.mark.parametrize(("path", "body"), DECISIONS)
@pytest.mark.parametrize("role", ["moderator", "admin"])
def test_not_on_oneself(
    client: CheckedClient, make: Factory, auth: Any, submit: Submit, path: str, body: Any, role: str
) -> None:
    staff = make.staff(role)
    view = submit(staff)
    response = client.post(f"{QUEUE}/{view.id}/{path}", json=body, headers=auth(staff))
    assert (response.status_code, response.get_json()["code"]) == (403, "own_change")
    assert status_of(view.id) == "pending"


@pytest.mark.parametrize(("path", "body"), DECISIONS)
def test_what_cannot_be_decided(
    client: CheckedClient, make: Factory, auth: Any, submit: Submit, path: str, body: Any
) -> None:
    headers = auth(make.staff())
    view = submit(make.user())
    assert client.post(f"{QUEUE}/{view.id}/approve", headers=headers).status_code == 200
    response = client.post(f"{QUEUE}/{view.id}/{path}", json=body, headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (409, "change_decided")
    for missing in (2**62, 2**63, 0):
        assert client.post(f"{QUEUE}/{missing}/{path}", json=body, headers=headers).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 1


def test_a_retry_decides_once(client: CheckedClient, make: Factory, auth: Any, submit: Submit) -> None:
    view = submit(make.user())
    headers = auth(make.staff()) | {"Idempotency-Key": "k1"}
    first, second = (client.post(f"{QUEUE}/{view.id}/approve", headers=headers) for _ in range(2))
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 1


def test_withdrawing(client: CheckedClient, make: Factory, auth: Any, submit: Submit) -> None:
    user = make.user()
    view = submit(user)
    url = f"{OWN}/{view.id}"
    assert client.delete(url).status_code == 401
    assert client.delete(url, headers=auth(make.user())).status_code == 404
    assert client.delete(url, headers=auth(make.staff("admin"))).status_code == 404
    assert status_of(view.id) == "pending"
    assert client.delete(url, headers=auth(user)).status_code == 204
    assert status_of(view.id) == "withdrawn"
    response = client.delete(url, headers=auth(user))
    assert (response.status_code, response.get_json()["code"]) == (409, "change_decided")
    assert client.delete(f"{OWN}/{2**62}", headers=auth(user)).status_code == 404


def test_the_queue(client: CheckedClient, make: Factory, auth: Any, submit: Submit) -> None:
    staff, users = auth(make.staff()), [make.user() for _ in range(3)]
    ids = [submit(user, field=field).id for user in users for field in ("first_name", "last_name")]
    client.post(f"{QUEUE}/{ids[0]}/approve", headers=staff)

    def listed(**query: Any) -> list[int]:
        response = client.get(QUEUE, query_string=query, headers=staff)
        assert response.status_code == 200, response.get_json()
        return [item["id"] for item in response.get_json()["items"]]

    assert listed() == ids
    assert listed(status="pending") == ids[1:]
    assert listed(status="approved") == ids[:1]
    assert listed(status="pending", field_name="last_name") == ids[1::2]
    assert listed(field_name="headline") == []
    for bad in ({"status": "x"}, {"field_name": "x" * 65}, {"limit": 0}, {"limit": 101}, {"page": 1}):
        assert client.get(QUEUE, query_string=bad, headers=staff).status_code == 422
    page = client.get(QUEUE, query_string={"limit": 4}, headers=staff)
    assert 'rel="next"' in page.headers["Link"]
    rest = client.get(QUEUE, query_string={"after": page.get_json()["next"], "limit": 4}, headers=staff)
    assert [item["id"] for item in rest.get_json()["items"]] == ids[4:]
    other = {"after": page.get_json()["next"], "status": "pending"}
    response = client.get(QUEUE, query_string=other, headers=staff)
    assert (response.status_code, response.get_json()["code"]) == (400, "invalid_cursor")


def test_own_changes_are_own(client: CheckedClient, make: Factory, auth: Any, submit: Submit) -> None:
    ann, bob = make.user(), make.user()
    one, two = submit(ann).id, submit(ann, field="last_name").id
    submit(bob)
    assert [item["id"] for item in client.get(OWN, headers=auth(ann)).get_json()["items"]] == [two, one]
    client.delete(f"{OWN}/{one}", headers=auth(ann))
    found = client.get(OWN, query_string={"status": "withdrawn"}, headers=auth(ann)).get_json()["items"]
    assert [item["id"] for item in found] == [one]
    assert client.get(OWN).status_code == 401


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_what_the_lists_cost(
    client: CheckedClient, make: Factory, auth: Any, submit: Submit, assert_queries: Any, rows: int
) -> None:
    user, staff = make.user(), auth(make.staff())
    for number in range(rows):
        submit(user, f"Name {number}")
    mine = auth(user)
    for url, headers in ((QUEUE, staff), (OWN, mine)):
        with assert_queries(2):  # the caller, the page
            found = client.get(url, query_string={"limit": 100}, headers=headers).get_json()
        assert len(found["items"]) == rows
