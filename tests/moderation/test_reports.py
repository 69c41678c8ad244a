"""Reports: what users tell staff of, and what staff makes of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, Notification, Performer, Report, User
from marketplace.testing import CheckedClient, Factory

Auth = Callable[[User], dict[str, str]]


def file(client: CheckedClient, headers: dict[str, str], kind: str, content_id: int, **values: Any) -> Any:
    body = {"content_type": kind, "content_id": content_id, "reason": "Asks for money outside", **values}
    return client.post("/api/v1/reports", json=body, headers=headers)


@pytest.fixture
def staff(make: Factory, auth: Auth) -> dict[str, str]:
    return auth(make.staff())


def test_the_way_of_a_report(
    client: CheckedClient, make: Factory, auth: Auth, staff: dict[str, str], run_jobs: Callable[[], int]
) -> None:
    performer, user = make.performer(), make.user()
    filed = file(client, auth(user), "performer", performer.id)
    assert filed.status_code == 201
    assert (filed.json["status"], filed.json["reason"]) == ("open", "Asks for money outside")
    [queued] = client.get("/api/v1/admin/reports?status=open", headers=staff).json["items"]
    assert (queued["reporter_id"], queued["owner_id"]) == (user.id, performer.user_id)
    decision = {"outcome": "upheld", "note": "Suspended"}
    path = f"/api/v1/admin/reports/{queued['id']}/close"
    closed = client.post(path, json=decision, headers=staff)
    assert (closed.status_code, closed.json["outcome"], closed.json["note"]) == (200, "upheld", "Suspended")
    again = client.post(path, json=decision, headers=staff)
    assert (again.status_code, again.json["code"]) == (409, "report_closed")
    run_jobs()
    told = db.session.scalars(select(Notification)).one()
    assert (told.user_id, told.topic, told.data["outcome"]) == (user.id, "report.closed", "upheld")
    assert "Suspended" not in str(told.data)
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject_id, entry.reason) == ("report.closed", queued["id"], "Suspended")


def test_once_until_it_is_closed(
    client: CheckedClient, make: Factory, auth: Auth, staff: dict[str, str]
) -> None:
    performer, headers = make.performer(), auth(make.user())
    first = file(client, headers, "performer", performer.id).json
    again = file(client, headers, "performer", performer.id)
    assert (again.status_code, again.json["code"]) == (409, "already_reported")
    assert file(client, auth(make.user()), "performer", performer.id).status_code == 201
    client.post(f"/api/v1/admin/reports/{first['id']}/close", json={"outcome": "dismissed"}, headers=staff)
    assert file(client, headers, "performer", performer.id).status_code == 201


def test_each_kind_by_who_may_know_of_it(
    client: CheckedClient, make: Factory, auth: Auth, clock: FrozenClock
) -> None:
    customer, stranger = make.user(), make.user()
    performer = make.performer()
    owner = db.session.get_one(User, performer.user_id)
    service = make.service(performer)
    order = make.order(customer, service, status="completed", completed_at=clock.now())
    review = make.review(order)
    unseen = make.review(order, author_id=owner.id, direction="of_customer")
    chat = make.chat(customer, performer)
    message = make.message(chat, owner.id)
    # kind, id, by whom it can be reported: the customer, a stranger, its owner
    cases: list[tuple[str, int, User, tuple[int, int]]] = [
        ("performer", performer.id, owner, (201, 201)),
        ("service", service.id, owner, (201, 201)),
        ("review", review.id, customer, (403, 201)),
        ("review", unseen.id, owner, (201, 404)),
        ("message", message.id, owner, (201, 404)),
        ("user", owner.id, owner, (201, 404)),
    ]
    for kind, content_id, author, (by_customer, by_stranger) in cases:
        label = f"{kind} {content_id}"
        assert file(client, auth(customer), kind, content_id).status_code == by_customer, label
        assert file(client, auth(stranger), kind, content_id).status_code == by_stranger, label
        own = file(client, auth(author), kind, content_id)
        assert (own.status_code, own.json["code"]) == (403, "own_content"), label
        absent = file(client, auth(customer), kind, 999999999)
        assert absent.status_code == 404, label
    assert {r.owner_id for r in db.session.scalars(select(Report))} == {owner.id, customer.id}


def test_what_is_hidden_cannot_be_reported(client: CheckedClient, make: Factory, auth: Auth) -> None:
    headers = auth(make.user())
    for kind, content_id in (
        ("performer", make.performer(status="pending").id),
        ("service", make.service(is_active=False).id),
        ("service", make.service(hidden_at=make.user().date_joined).id),
        ("review", make.review(published_at=None).id),
        ("review", make.review(hidden_at=make.user().date_joined).id),
    ):
        assert file(client, headers, kind, content_id).status_code == 404


@pytest.mark.parametrize(
    "values",
    [
        {"content_type": "planet"},
        {"content_type": ""},
        {"content_id": 0},
        {"content_id": 2**63},
        {"reason": ""},
        {"reason": "x" * 1001},
        {"status": "closed"},
        {"owner_id": 1},
    ],
)
def test_what_is_refused(client: CheckedClient, make: Factory, auth: Auth, values: dict[str, Any]) -> None:
    body = {"content_type": "performer", "content_id": make.performer().id, "reason": "Spam"} | values
    answer = client.post("/api/v1/reports", json=body, headers=auth(make.user()))
    assert answer.status_code == 422
    assert db.session.query(Report).count() == 0


def test_the_queue_is_filtered_and_paged(
    client: CheckedClient,
    make: Factory,
    auth: Auth,
    staff: dict[str, str],
    assert_queries: Callable[[int], Any],
) -> None:
    performers = [make.performer() for _ in range(5)]
    service = make.service(performers[0])
    headers = auth(make.user())
    ids = [file(client, headers, "performer", performer.id).json["id"] for performer in performers]
    other = file(client, headers, "service", service.id).json["id"]

    def listed(**query: Any) -> list[int]:
        with assert_queries(2):
            answer = client.get("/api/v1/admin/reports", query_string=query, headers=staff)
        return [item["id"] for item in answer.json["items"]]

    assert listed() == [*ids, other]
    assert listed(content_type="service") == [other]
    assert listed(owner_id=performers[0].user_id) == [ids[0], other]
    assert listed(limit=2) == ids[:2]
    assert listed(status="closed") == []


def test_of_many_moderators_at_once_one_closes_it(committed: Flask) -> None:
    with committed.app_context():
        make = Factory()
        performer: Performer = make.performer()
        sessions = committed.extensions["marketplace"].get(Accounts).sessions
        reporter = sessions.open(make.user().id, Device()).access_token
        tokens = [sessions.open(make.staff().id, Device()).access_token for _ in range(10)]
        performer_id = performer.id
    client = committed.test_client()
    body = {"content_type": "performer", "content_id": performer_id, "reason": "Spam"}
    filed = client.post("/api/v1/reports", json=body, headers={"Authorization": f"Bearer {reporter}"}).json

    def close(token: str) -> int:
        answer = committed.test_client().post(
            f"/api/v1/admin/reports/{filed['id']}/close",
            json={"outcome": "dismissed"},
            headers={"Authorization": f"Bearer {token}"},
        )
        return int(answer.status_code)

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(close, tokens)) == [200] + [409] * 9
