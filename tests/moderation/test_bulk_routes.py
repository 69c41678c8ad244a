"""`POST /admin/<name>/status`."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from marketplace.blueprints.moderation.wiring import Moderation
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.kernel.changes import Change
from marketplace.models import AuditEntry, ChangeRequest, User
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.moderation.conftest import Submit

BULK = "/api/v1/admin/changes/status"


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def pending_for(users: list[User]) -> list[int]:
    """One pending change for each of `users`, stored at once."""
    rows = [
        {
            "subject_type": "user",
            "subject_id": user.id,
            "requested_by": user.id,
            "field_name": "first_name",
            "old_value": user.first_name,
            "new_value": "Neu",
        }
        for user in users
    ]
    return list(db.session.scalars(insert(ChangeRequest).returning(ChangeRequest.id), rows))


def test_mixed_ids(client: CheckedClient, make: Factory, auth: Any, submit: Submit) -> None:
    staff = make.staff()
    users = [make.user() for _ in range(3)]
    good, decided, second = (submit(user).id for user in users)
    own = submit(staff).id
    headers = auth(staff)
    client.post(f"/api/v1/admin/changes/{decided}/reject", json={"reason": "no"}, headers=headers)
    body = {"ids": [second, own, decided, 2**62, good], "status": "approved"}
    response = client.post(BULK, json=body, headers=headers)
    assert response.status_code == 200
    assert response.get_json()["results"] == [
        {"id": second, "ok": True},
        {"id": own, "ok": False, "code": "own_change"},
        {"id": decided, "ok": False, "code": "transition_not_allowed"},
        {"id": 2**62, "ok": False, "code": "not_found"},
        {"id": good, "ok": True},
    ]
    names = select(User.first_name).where(User.id.in_([user.id for user in users])).order_by(User.id)
    assert list(db.session.scalars(names)) == ["Neu", users[1].first_name, "Neu"]
    approved = select(AuditEntry.subject_id).where(AuditEntry.action == "change.approved")
    assert set(db.session.scalars(approved)) == {users[0].id, users[2].id}


def test_one_that_breaks_keeps_back_only_itself(
    client: CheckedClient, make: Factory, auth: Any, runtime: Runtime
) -> None:
    user, category = make.user(), make.category()
    performer = make.performer(user)
    changes = runtime.get(Moderation).changes
    views = changes.submit(
        "performer",
        performer.id,
        user.id,
        [
            Change("headline", "x", "New"),
            Change("category_ids", [], [category.id]),
            Change("about", "x", "Neu"),
        ],
    )
    category.is_active = False
    db.session.commit()
    ids = [view.id for view in views]
    response = client.post(BULK, json={"ids": ids, "status": "approved"}, headers=auth(make.staff()))
    assert response.get_json()["results"] == [
        {"id": ids[0], "ok": True},
        {"id": ids[1], "ok": False, "code": "category_gone"},
        {"id": ids[2], "ok": True},
    ]
    statuses = select(ChangeRequest.status).order_by(ChangeRequest.id)
    assert list(db.session.scalars(statuses)) == ["approved", "pending", "approved"]
    db.session.expire_all()
    db.session.refresh(performer)
    assert (performer.headline, performer.about) == ("New", "Neu")


def test_what_is_refused(client: CheckedClient, make: Factory, auth: Any, submit: Submit) -> None:
    change_id = submit(make.user()).id
    headers = auth(make.staff())
    good = {"ids": [change_id], "status": "approved"}
    for change in (
        {"ids": []},
        {"ids": [change_id, change_id]},
        {"ids": [0]},
        {"ids": [-1]},
        {"ids": [2**63]},
        {"ids": ["x"]},
        {"ids": [1.5]},
        {"ids": None},
        {"ids": list(range(1, 1002))},
        {"status": "pending"},
        {"status": "withdrawn"},
        {"status": None},
        {"status": "rejected"},
        {"status": "revision_requested"},
        {"reason": "x" * 1001},
        {"more": 1},
    ):
        response = client.post(BULK, json=good | change, headers=headers)
        assert response.status_code == 422, change
    for method in ("GET", "PUT", "DELETE"):
        assert client.open(BULK, method=method, headers=headers).status_code == 405
    assert client.post("/api/v1/admin/unicorns/status", json=good, headers=headers).status_code == 404
    assert db.session.scalars(select(ChangeRequest.status)).one() == "pending"


def test_who_may(client: CheckedClient, make: Factory, auth: Any) -> None:
    body = {"ids": [1], "status": "approved"}
    for name in ("changes", "performers", "unicorns"):
        url = f"/api/v1/admin/{name}/status"
        assert client.post(url, json=body).status_code == 401
        assert client.post(url, json=body, headers=auth(make.user())).status_code == 403


def test_a_thousand_in_a_constant_number_of_statements(
    client: CheckedClient, make: Factory, auth: Any, statements: Callable[[], Any]
) -> None:
    user = make.user()
    headers = auth(make.staff())
    counted = []
    for number in (2, 1000):
        rows = [
            {
                "subject_type": "user",
                "subject_id": n + 1,
                "requested_by": user.id,
                "field_name": f"of {number}",
                "old_value": 1,
                "new_value": 2,
            }
            for n in range(number)
        ]
        ids = list(db.session.scalars(insert(ChangeRequest).returning(ChangeRequest.id), rows))
        body = {"ids": ids[::-1], "status": "rejected", "reason": "spam"}
        before = count(AuditEntry), count(DomainEventRow)
        with statements() as seen:
            response = client.post(BULK, json=body, headers=headers)
        assert response.get_json()["results"] == [{"id": change_id, "ok": True} for change_id in ids[::-1]]
        assert (count(AuditEntry) - before[0], count(DomainEventRow) - before[1]) == (number, number)
        # An event is a row, and a job for each handler that hears of it.
        del seen["INSERT domain_event"], seen["INSERT job"]
        counted.append(seen)
    assert counted[0] == counted[1]
    assert counted[1]["UPDATE change_request"] == counted[1]["INSERT audit_log"] == 1
    assert counted[1].total() <= 7


@pytest.mark.parametrize("field", ["first_name", "avatar", "headline", "address", "category_ids"])
def test_approving_many_costs_the_same_as_few(
    client: CheckedClient, make: Factory, auth: Any, statements: Callable[[], Any], field: str
) -> None:
    category = make.category()
    headers = auth(make.staff())
    news: dict[str, Any] = {
        "avatar": "/media/avatars/x.webp",
        "category_ids": [category.id],
        "address": {"a": "b"},
    }
    of_user = field in {"first_name", "avatar"}
    counted = []
    for number in (10, 100):
        rows = []
        for _ in range(number):
            user = make.user()
            subject_id = user.id if of_user else make.performer(user).id
            rows.append(
                {
                    "subject_type": "user" if of_user else "performer",
                    "subject_id": subject_id,
                    "requested_by": user.id,
                    "field_name": field,
                    "old_value": None,
                    "new_value": news.get(field, "New"),
                }
            )
        ids = list(db.session.scalars(insert(ChangeRequest).returning(ChangeRequest.id), rows))
        db.session.commit()
        db.session.expunge_all()
        with statements() as seen:
            response = client.post(BULK, json={"ids": ids, "status": "approved"}, headers=headers)
        answer = response.get_json()
        assert all(result["ok"] for result in answer["results"])
        with statements() as back:
            url = f"/api/v1/admin/bulk/{answer['operation_id']}/undo"
            response = client.post(url, headers=headers)
        assert all(result["ok"] for result in response.get_json()["results"])
        counted.append((seen, back))
    assert counted[0] == counted[1]
    assert counted[1][0].total() <= 18


@pytest.mark.parametrize("name", ["performers", "changes"])
def test_the_registered_kinds(client: CheckedClient, make: Factory, auth: Any, name: str) -> None:
    body = {"ids": [2**62], "status": "approved"}
    response = client.post(f"/api/v1/admin/{name}/status", json=body, headers=auth(make.staff()))
    assert response.get_json() == {
        "results": [{"id": 2**62, "ok": False, "code": "not_found"}],
        "operation_id": None,
        "undo_until": None,
    }
