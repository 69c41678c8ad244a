"""Bulk decisions taken back: for ten minutes, once, and only where nothing has happened since."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from marketplace.blueprints.moderation.wiring import Moderation
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, BulkOperation, ChangeRequest, Performer, Review, Service, User
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.moderation.conftest import Submit
from tests.support.threads import at_once

ADMIN = "/api/v1/admin"
REASON = "Campaign"


@dataclass(frozen=True)
class Kind:
    """A kind of thing, and how one is moved in bulk: which columns tell its state."""

    name: str
    status: str
    make: Callable[[Factory], Any]
    columns: tuple[Any, ...]
    touch: Callable[[Any], None]
    """Something else that happens to one afterwards."""

    def states(self, ids: list[int]) -> list[tuple[Any, ...]]:
        entity = self.columns[0].class_
        statement = select(*self.columns).where(entity.id.in_(ids)).order_by(entity.id)
        return [tuple(row) for row in db.session.execute(statement)]


def a_change(make: Factory) -> ChangeRequest:
    user = make.user()
    row = ChangeRequest(
        subject_type="user",
        subject_id=user.id,
        requested_by=user.id,
        field_name="first_name",
        old_value=user.first_name,
        new_value="Renamed",
        created_at=START,
    )
    db.session.add(row)
    db.session.commit()
    return row


def a_review(make: Factory) -> Review:
    service = make.service(make.performer())
    order = make.order(make.user(), service, status="completed", completed_at=START)
    return make.review(order, published_at=START)


def rename(row: ChangeRequest) -> None:
    db.session.get_one(User, row.subject_id).first_name = "Otherwise"


def set_columns(**values: Any) -> Callable[[Any], None]:
    def touch(row: Any) -> None:
        for name, value in values.items():
            setattr(row, name, value)

    return touch


KINDS = [
    Kind(
        "performers",
        "approved",
        lambda make: make.performer(status="pending"),
        (Performer.status, Performer.status_reason),
        set_columns(status="suspended", status_reason="Fraud"),
    ),
    Kind(
        "performers",
        "suspended",
        lambda make: make.performer(),
        (Performer.status, Performer.status_reason),
        set_columns(status="approved", status_reason=None),
    ),
    Kind(
        "users",
        "blocked",
        lambda make: make.user(),
        (User.is_active, User.blocked_reason, User.blocked_at),
        set_columns(is_active=True, blocked_reason=None, blocked_at=None),
    ),
    Kind(
        "users",
        "active",
        lambda make: make.user(is_active=False, blocked_reason="Spam", blocked_at=START),
        (User.is_active, User.blocked_reason, User.blocked_at),
        set_columns(is_active=False, blocked_reason="Again", blocked_at=START),
    ),
    Kind(
        "services",
        "hidden",
        lambda make: make.service(make.performer()),
        (Service.hidden_at, Service.hidden_reason),
        set_columns(hidden_at=START - timedelta(hours=1)),
    ),
    Kind(
        "services",
        "visible",
        lambda make: make.service(make.performer(), hidden_at=START, hidden_reason="Spam"),
        (Service.hidden_at, Service.hidden_reason),
        set_columns(hidden_at=START, hidden_reason="Again"),
    ),
    Kind(
        "reviews",
        "hidden",
        a_review,
        (Review.hidden_at, Review.hidden_reason),
        set_columns(hidden_at=START - timedelta(hours=1)),
    ),
    Kind(
        "changes",
        "approved",
        a_change,
        (ChangeRequest.status, ChangeRequest.decided_at, ChangeRequest.reason, ChangeRequest.decided_by),
        rename,
    ),
    Kind(
        "changes",
        "rejected",
        a_change,
        (ChangeRequest.status, ChangeRequest.decided_at, ChangeRequest.reason, ChangeRequest.decided_by),
        set_columns(decided_at=START - timedelta(hours=1)),
    ),
    Kind(
        "changes",
        "revision_requested",
        a_change,
        (ChangeRequest.status, ChangeRequest.decided_at, ChangeRequest.reason, ChangeRequest.decided_by),
        set_columns(status="withdrawn", decided_at=START),
    ),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=[f"{kind.name}-{kind.status}" for kind in KINDS])


def decide(client: Any, headers: Any, kind: str, ids: list[int], status: str) -> Any:
    body = {"ids": ids, "status": status, "reason": REASON}
    answer = client.post(f"{ADMIN}/{kind}/status", json=body, headers=headers)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def undo(client: Any, headers: Any, operation_id: int) -> Any:
    return client.post(f"{ADMIN}/bulk/{operation_id}/undo", headers=headers)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


@kinds
def test_taken_back(client: CheckedClient, make: Factory, auth: Any, clock: FrozenClock, kind: Kind) -> None:
    rows = [kind.make(make) for _ in range(3)]
    ids, staff = [row.id for row in rows], auth(make.staff())
    before = kind.states(ids)
    decided = decide(client, staff, kind.name, [*ids, 2**62], kind.status)
    assert decided["undo_until"] == "2026-05-04T09:10:00Z"
    after = kind.states(ids)
    assert all(one != two for one, two in zip(before, after, strict=True))
    db.session.expire_all()
    kind.touch(db.session.get_one(type(rows[1]), ids[1]))
    db.session.commit()
    touched = kind.states(ids)[1]
    clock.advance(timedelta(minutes=9, seconds=59))
    answer = undo(client, staff, decided["operation_id"])
    assert answer.get_json()["results"] == [
        {"id": ids[0], "ok": True},
        {"id": ids[1], "ok": False, "code": "changed_since"},
        {"id": ids[2], "ok": True},
    ]
    assert kind.states(ids) == [before[0], touched, before[2]]
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    undone = [entry for entry in entries if entry.action.endswith(".undone")]
    assert [entry.action for entry in undone][-1] == "bulk.undone"
    assert len(undone) == 3
    assert all(entry.before and entry.after and entry.request_id for entry in undone)
    assert refused(undo(client, staff, decided["operation_id"])) == (409, "already_undone")


def test_the_field_is_what_it_was(
    client: CheckedClient, make: Factory, auth: Any, submit: Submit, assert_queries: Any
) -> None:
    user, staff = make.user(first_name="Ann"), auth(make.staff())
    change = submit(user, "Anna")
    decided = decide(client, staff, "changes", [change.id], "approved")
    assert db.session.scalars(select(User.first_name).where(User.id == user.id)).one() == "Anna"
    undo(client, staff, decided["operation_id"])
    assert db.session.scalars(select(User.first_name).where(User.id == user.id)).one() == "Ann"
    (waiting,) = client.get(f"{ADMIN}/changes", headers=staff).get_json()["items"]
    assert (waiting["status"], waiting["reason"], waiting["decided_by"]) == ("pending", None, None)
    names = list(db.session.scalars(select(DomainEventRow.name).order_by(DomainEventRow.id)))
    assert names[-2:] == ["user.profile_changed", "change.reopened"]
    assert client.post(f"{ADMIN}/changes/{change.id}/approve", headers=staff).status_code == 200


@pytest.mark.parametrize("status", ["approved", "rejected"])
def test_a_newer_edit_stands(
    client: CheckedClient, make: Factory, auth: Any, submit: Submit, status: str
) -> None:
    user, staff = make.user(), auth(make.staff())
    change = submit(user, "Anna")
    decided = decide(client, staff, "changes", [change.id], status)
    db.session.expire_all()
    newer = submit(user, "Annie")
    answer = undo(client, staff, decided["operation_id"]).get_json()
    assert answer["results"] == [{"id": change.id, "ok": False, "code": "changed_since"}]
    assert db.session.scalars(select(ChangeRequest.status).order_by(ChangeRequest.id)).all() == [
        status,
        "pending",
    ]
    assert newer.status == "pending"


def test_the_figures_of_reviews_follow(client: CheckedClient, make: Factory, auth: Any) -> None:
    review, staff = a_review(make), auth(make.staff())
    statement = text("SELECT rating_count, rating_sum FROM performer WHERE id = :id")

    def figures() -> Any:
        return tuple(db.session.execute(statement, {"id": review.performer_id}).one())

    db.session.execute(
        text("UPDATE performer SET rating_count = 1, rating_sum = :stars WHERE id = :id"),
        {"id": review.performer_id, "stars": review.rating},
    )
    db.session.commit()
    before = figures()
    decided = decide(client, staff, "reviews", [review.id], "hidden")
    assert figures() == (0, 0)
    undo(client, staff, decided["operation_id"])
    assert figures() == before == (1, review.rating)


def test_the_public_sees_it_at_once(client: CheckedClient, make: Factory, auth: Any) -> None:
    performer, staff = make.performer(status="pending"), auth(make.staff())
    url = f"/api/v1/performers/{performer.id}"
    decided = decide(client, staff, "performers", [performer.id], "approved")
    assert client.get(url).status_code == 200
    undo(client, staff, decided["operation_id"])
    assert client.get(url).status_code == 404


def test_for_ten_minutes(
    client: CheckedClient, make: Factory, auth: Any, clock: FrozenClock, runtime: Runtime
) -> None:
    user, staff = make.user(), make.staff()
    decided = decide(client, auth(staff), "users", [user.id], "blocked")
    clock.advance(timedelta(minutes=10))
    assert refused(undo(client, auth(staff), decided["operation_id"])) == (409, "undo_expired")
    assert db.session.scalars(select(User.is_active).where(User.id == user.id)).one() is False
    bulk = runtime.get(Moderation).bulk
    assert bulk.prune() == 0
    clock.advance(timedelta(days=1))
    assert bulk.prune() == 1
    assert refused(undo(client, auth(staff), decided["operation_id"])) == (404, "not_found")


def test_by_whom(client: CheckedClient, make: Factory, auth: Any) -> None:
    user, admin = make.user(), make.staff("admin")
    decided = decide(client, auth(make.staff()), "users", [user.id], "blocked")
    operation_id = decided["operation_id"]
    assert undo(client, {}, operation_id).status_code == 401
    assert undo(client, auth(make.user()), operation_id).status_code == 403
    assert refused(undo(client, auth(make.staff()), operation_id)) == (403, "foreign_operation")
    assert undo(client, auth(admin), operation_id).status_code == 200
    for missing in (0, 2**62, 2**63):
        assert undo(client, auth(admin), missing).status_code == 404


def test_not_on_oneself(client: CheckedClient, make: Factory, auth: Any) -> None:
    """An admin takes back what a moderator did, but not what concerns the admin."""
    admin = make.staff("admin")
    mine = make.performer(admin)
    service, review = make.service(mine), a_review(make)
    review.performer_id, review.author_id, review.customer_id = review.performer_id, admin.id, admin.id
    db.session.commit()
    staff, headers = auth(make.staff()), auth(admin)
    for kind, thing, status, code in (
        ("performers", mine, "suspended", "own_performer"),
        ("services", service, "hidden", "own_service"),
        ("reviews", review, "hidden", "own_review"),
    ):
        decided = decide(client, staff, kind, [thing.id], status)
        answer = undo(client, headers, decided["operation_id"])
        assert answer.get_json()["results"] == [{"id": thing.id, "ok": False, "code": code}]


def test_nothing_moved_leaves_nothing(client: CheckedClient, make: Factory, auth: Any) -> None:
    blocked = make.user(is_active=False, blocked_reason="Spam", blocked_at=START)
    decided = decide(client, auth(make.staff()), "users", [blocked.id], "blocked")
    assert (decided["operation_id"], decided["undo_until"]) == (None, None)
    assert decided["results"] == [{"id": blocked.id, "ok": True}]
    assert db.session.scalars(select(BulkOperation.id)).all() == []


@kinds
def test_statements_do_not_grow(
    client: CheckedClient,
    make: Factory,
    auth: Any,
    statements: Callable[[], Any],
    kind: Kind,
) -> None:
    staff, counted = auth(make.staff()), []
    for number in (2, 20):
        ids = [kind.make(make).id for _ in range(number)]
        db.session.expunge_all()
        with statements() as there:
            decided = decide(client, staff, kind.name, ids, kind.status)
        with statements() as back:
            answer = undo(client, staff, decided["operation_id"]).get_json()
        assert all(result["ok"] for result in answer["results"])
        counted.append((there, back))
    assert counted[0] == counted[1]


# --- at once ----------------------------------------------------------------------------------------


def test_one_takes_it_back(committed: Flask, auth: Any) -> None:
    with committed.app_context():
        make = Factory()
        ids, staff = [make.user().id for _ in range(5)], auth(make.staff())
    for _ in range(5):
        decided = decide(committed.test_client(), staff, "users", ids, "blocked")

        def take_back(_n: int, operation_id: int = decided["operation_id"]) -> int:
            return int(undo(committed.test_client(), staff, operation_id).status_code)

        assert Counter(at_once(10, take_back)) == {200: 1, 409: 9}


def test_taking_back_while_others_decide(committed: Flask, auth: Any) -> None:
    with committed.app_context():
        make = Factory()
        ids = [make.performer(status="pending").id for _ in range(6)]
        staff, other = auth(make.staff()), auth(make.staff())
    decided = decide(committed.test_client(), staff, "performers", ids, "approved")

    def act(n: int) -> Any:
        client = committed.test_client()
        if n:
            return decide(client, other, "performers", ids[::-1], "suspended")["results"]
        return undo(client, staff, decided["operation_id"]).get_json()["results"]

    back, suspended = at_once(2, act)
    # Each is taken back before it is suspended (and then cannot be), or was suspended before.
    outcome = Counter(one["ok"] for one in [*back, *suspended])
    assert outcome == {True: 6, False: 6}
    with committed.app_context():
        found = set(db.session.scalars(select(Performer.status).where(Performer.id.in_(ids))))
    assert found in ({"pending"}, {"suspended"})
