"""Many at once on one change request, on real connections: one wins, and all is told once."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.blueprints.moderation.wiring import Moderation
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.kernel.changes import Change
from marketplace.models import AuditEntry, ChangeRequest, User
from marketplace.testing import Factory
from tests.support.threads import at_once

QUEUE = "/api/v1/admin/changes"


@pytest.fixture
def changes(committed: Flask) -> Any:
    return committed.extensions["marketplace"].get(Moderation).changes


def decided() -> tuple[int, int]:
    events = select(func.count()).where(DomainEventRow.name == "change.decided")
    entries = select(func.count()).where(AuditEntry.action.like("change.%"))
    return db.session.scalar(events) or 0, db.session.scalar(entries) or 0


def test_moderators_at_once(committed: Flask, changes: Any, auth: Any) -> None:
    with committed.app_context():
        user = Factory().user(first_name="Ann")
        staff = [auth(Factory().staff()) for _ in range(10)]
    for round_number in range(1, 6):
        with committed.app_context():
            (view,) = changes.submit(
                "user", user.id, user.id, [Change("first_name", "Ann", f"N{round_number}")]
            )

        def decide(n: int, change_id: int = view.id) -> tuple[int, str]:
            path = "approve" if n % 2 else "reject"
            response = committed.test_client().post(
                f"{QUEUE}/{change_id}/{path}",
                json=None if n % 2 else {"reason": "no"},
                headers=staff[n],
            )
            return response.status_code, response.get_json().get("code", path)

        answers = Counter(at_once(10, decide))
        assert answers.pop((409, "change_decided")) == 9, answers
        ((_, winner),) = answers
        with committed.app_context():
            stored = db.session.get_one(ChangeRequest, view.id)
            assert stored.status == ("approved" if winner == "approve" else "rejected")
            name = db.session.scalars(select(User.first_name).where(User.id == user.id)).one()
            assert (name == f"N{round_number}") == (winner == "approve")
            assert decided() == (round_number, round_number)


def test_submitting_at_once(committed: Flask, changes: Any) -> None:
    with committed.app_context():
        user_id = Factory().user().id

    def submit(n: int) -> list[int]:
        with committed.app_context():
            fields = ("first_name", "last_name")
            found = changes.submit("user", user_id, user_id, [Change(f, "old", f"new {n}") for f in fields])
            return [view.id for view in found]

    answers = at_once(20, submit)
    with committed.app_context():
        rows = db.session.execute(select(ChangeRequest.field_name, ChangeRequest.status))
        assert Counter((field, status) for field, status in rows) == {
            ("first_name", "pending"): 1,
            ("last_name", "pending"): 1,
            ("first_name", "superseded"): 19,
            ("last_name", "superseded"): 19,
        }
        # The newest is the one that stands.
        assert sorted(view.id for view in changes.pending("user", user_id)) == max(answers)


def test_withdrawing_while_it_is_approved(committed: Flask, changes: Any, auth: Any) -> None:
    with committed.app_context():
        user = Factory().user(first_name="Ann")
        (view,) = changes.submit("user", user.id, user.id, [Change("first_name", "Ann", "Anna")])
        mine, staff = auth(user), auth(Factory().staff())

    def act(n: int) -> int:
        client = committed.test_client()
        if n % 2:
            return client.delete(f"/api/v1/user/me/changes/{view.id}", headers=mine).status_code
        return client.post(f"{QUEUE}/{view.id}/approve", headers=staff).status_code

    codes = at_once(8, act)
    assert sorted(codes)[1:] == [409] * 7
    with committed.app_context():
        status = db.session.get_one(ChangeRequest, view.id).status
        name = db.session.scalars(select(User.first_name).where(User.id == user.id)).one()
        assert (min(codes), status, name) in {(204, "withdrawn", "Ann"), (200, "approved", "Anna")}


def test_bulk_decisions_in_opposite_order(committed: Flask, changes: Any, auth: Any) -> None:
    with committed.app_context():
        make = Factory()
        users = [make.user() for _ in range(10)]
        ids = [
            view.id
            for field in ("first_name", "last_name")
            for user in users
            for view in changes.submit("user", user.id, user.id, [Change(field, "old", "new")])
        ]
        staff = [auth(make.staff()) for _ in range(2)]

    def decide(n: int) -> Any:
        body = {"ids": ids[:: -1 if n else 1], "status": "approved"}
        response = committed.test_client().post(f"{QUEUE}/status", json=body, headers=staff[n])
        assert response.status_code == 200, response.get_json()
        return response.get_json()["results"]

    results = [result for answer in at_once(2, decide) for result in answer]
    assert Counter(result.get("code") for result in results) == {None: 20, "transition_not_allowed": 20}
    with committed.app_context():
        assert decided() == (20, 20)
