"""Staff hides services: gone for the public at once, told to the performer, undone again."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.extensions import db
from marketplace.models import AuditEntry, Notification, Service, User
from marketplace.testing import CheckedClient, Factory

Auth = Callable[[User], dict[str, str]]


@pytest.fixture
def staff(make: Factory, auth: Auth) -> dict[str, str]:
    return auth(make.staff())


def hide(client: CheckedClient, staff: dict[str, str], service: Service, reason: str = "Not a lamp") -> Any:
    return client.post(f"/api/v1/admin/services/{service.id}/hide", json={"reason": reason}, headers=staff)


def test_a_hidden_service_is_gone_for_the_public(
    client: CheckedClient, make: Factory, auth: Auth, staff: dict[str, str]
) -> None:
    performer = make.performer()
    service = make.service(performer)
    owner = auth(db.session.get_one(User, performer.user_id))

    def public() -> list[bool]:
        profile = client.get(f"/api/v1/performers/{performer.id}").json
        return [
            bool(client.get("/api/v1/services").json["items"]),
            client.get(f"/api/v1/services/{service.id}").status_code == 200,
            bool(profile["services"]),
            client.get("/api/v1/performers").json["items"][0]["price_from"] is not None,
        ]

    assert public() == [True] * 4
    answer = hide(client, staff, service)
    assert answer.status_code == 200
    assert (answer.json["hidden_reason"], answer.json["hidden_at"] is not None) == ("Not a lamp", True)
    assert public() == [False] * 4
    booking = {
        "service_id": service.id,
        "starts_at": "2026-05-12T09:00:00Z",
        "address": {"line1": "Main Street 1"},
    }
    assert client.post("/api/v1/orders", json=booking, headers=auth(make.user())).status_code == 404
    [own] = client.get("/api/v1/performers/me/services", headers=owner).json["items"]
    assert own["hidden_reason"] == "Not a lamp"
    assert client.get(f"/api/v1/services/{service.id}", headers=owner).status_code == 200
    # Its performer cannot show it again, whatever is edited.
    edit = client.patch(
        f"/api/v1/services/{service.id}", json={"is_active": True}, headers=owner | {"If-Match": "*"}
    )
    assert (edit.status_code, edit.json["hidden_reason"]) == (200, "Not a lamp")
    assert public() == [False] * 4
    restored = client.post(f"/api/v1/admin/services/{service.id}/restore", headers=staff)
    assert (restored.status_code, restored.json["hidden_at"]) == (200, None)
    assert public() == [True] * 4


def test_it_is_audited_and_told(
    client: CheckedClient, make: Factory, staff: dict[str, str], run_jobs: Callable[[], int]
) -> None:
    service = make.service()
    hide(client, staff, service)
    client.post(f"/api/v1/admin/services/{service.id}/restore", headers=staff)
    run_jobs()
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(e.action, e.subject_id, e.before, e.after, e.reason) for e in entries] == [
        ("service.hide", service.id, {"hidden": False}, {"hidden": True}, "Not a lamp"),
        ("service.restore", service.id, {"hidden": True}, {"hidden": False}, None),
    ]
    told = db.session.scalars(select(Notification.topic).order_by(Notification.id)).all()
    assert told == ["service.hidden", "service.restored"]


def test_what_does_not_fit(client: CheckedClient, make: Factory, staff: dict[str, str], auth: Auth) -> None:
    service, gone = make.service(), make.service()
    gone.deleted_at = gone.created_at
    db.session.commit()
    path = f"/api/v1/admin/services/{service.id}/restore"
    early = client.post(path, headers=staff)
    assert (early.status_code, early.json["code"]) == (409, "not_hidden")
    hide(client, staff, service)
    again = hide(client, staff, service)
    assert (again.status_code, again.json["code"]) == (409, "already_hidden")
    assert hide(client, staff, gone).status_code == 404
    moderator = make.staff()
    own = hide(client, auth(moderator), make.service(make.performer(moderator)))
    assert (own.status_code, own.json["code"]) == (403, "own_service")


def test_many_at_once(client: CheckedClient, make: Factory, staff: dict[str, str]) -> None:
    one, two = make.service(), make.service(hidden_at=make.user().date_joined)
    body = {"ids": [two.id, one.id, 999999999], "status": "hidden", "reason": "Spam"}
    answer = client.post("/api/v1/admin/services/status", json=body, headers=staff)
    assert answer.json["results"] == [
        {"id": two.id, "ok": False, "code": "already_hidden"},
        {"id": one.id, "ok": True},
        {"id": 999999999, "ok": False, "code": "not_found"},
    ]
    bare = client.post(
        "/api/v1/admin/services/status", json={"ids": [one.id], "status": "hidden"}, headers=staff
    )
    assert (bare.status_code, list(bare.json["errors"]["json"])) == (422, ["reason"])


def test_the_list_for_staff(client: CheckedClient, make: Factory, staff: dict[str, str]) -> None:
    lamp, roof = make.service(title="Mend 100% of a lamp"), make.service(title="Mend a roof", is_active=False)
    hide(client, staff, lamp)

    def ids(**query: Any) -> list[int]:
        answer = client.get("/api/v1/admin/services", query_string=query, headers=staff)
        assert answer.status_code == 200, answer.json
        return [item["id"] for item in answer.json["items"]]

    assert ids() == [roof.id, lamp.id]
    assert ids(hidden="true") == [lamp.id]
    assert ids(hidden="false", performer_id=roof.performer_id) == [roof.id]
    assert ids(q="100%") == [lamp.id]
    assert ids(q="ROOF") == [roof.id]


@pytest.mark.parametrize("count", [1, 6, 100])
def test_the_list_costs_two_queries_at_any_length(
    client: CheckedClient,
    make: Factory,
    staff: dict[str, str],
    assert_queries: Callable[[int], Any],
    count: int,
) -> None:
    performer = make.performer()
    for _ in range(count):
        make.service(performer)
    with assert_queries(2):
        answer = client.get("/api/v1/admin/services?limit=100", headers=staff)
    assert len(answer.json["items"]) == count
