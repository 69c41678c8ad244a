"""What waits for staff is claimed by one at a time: change requests and reports, by the same rules."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, ChangeRequest, Report, User
from marketplace.testing import START, CheckedClient, Factory
from tests.support.threads import at_once

ADMIN = "/api/v1/admin"
REASON = {"reason": "no"}


def add_change(owner: User, **columns: Any) -> ChangeRequest:
    values: dict[str, Any] = {
        "subject_type": "user",
        "subject_id": owner.id,
        "requested_by": owner.id,
        "field_name": "first_name",
        "old_value": owner.first_name,
        "new_value": "Renamed",
        "created_at": START,
    }
    row = ChangeRequest(**values | columns)
    db.session.add(row)
    db.session.commit()
    return row


def add_report(owner: User, **columns: Any) -> Report:
    values: dict[str, Any] = {
        "reporter_id": Factory().user().id,
        "content_type": "user",
        "content_id": owner.id,
        "owner_id": owner.id,
        "reason": "Rude",
        "created_at": START,
    }
    row = Report(**values | columns)
    db.session.add(row)
    db.session.commit()
    return row


Add = Callable[..., Any]
QUEUES: list[tuple[str, Add]] = [("changes", add_change), ("reports", add_report)]
DECISIONS: dict[str, list[tuple[str, Any]]] = {
    "changes": [("approve", None), ("reject", REASON), ("request-revision", REASON)],
    "reports": [("close", {"outcome": "upheld"})],
}
queues = pytest.mark.parametrize(("queue", "add"), QUEUES, ids=[name for name, _ in QUEUES])


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json().get("code")


@queues
def test_a_claim(
    client: CheckedClient, make: Factory, auth: Any, clock: FrozenClock, queue: str, add: Add
) -> None:
    item = add(make.user())
    staff, other, admin = make.staff(), auth(make.staff()), auth(make.staff("admin"))
    mine, url = auth(staff), f"{ADMIN}/{queue}/{item.id}"
    claimed = client.post(f"{url}/claim", headers=mine).get_json()
    assert (claimed["claimed_by"], claimed["claimed_until"]) == (staff.id, "2026-05-04T09:15:00Z")
    for headers in (other, admin):
        assert code(client.post(f"{url}/claim", headers=headers)) == (409, "claimed_by_other")
        for path, body in DECISIONS[queue]:
            answer = client.post(f"{url}/{path}", json=body, headers=headers)
            assert code(answer) == (409, "claimed_by_other")
    assert code(client.post(f"{url}/release", headers=other)) == (409, "claimed_by_other")

    clock.advance(timedelta(minutes=10))
    again = client.post(f"{url}/claim", headers=mine).get_json()
    assert again["claimed_until"] == "2026-05-04T09:25:00Z"

    path, body = DECISIONS[queue][0]
    decided = client.post(f"{url}/{path}", json=body, headers=mine)
    assert (decided.status_code, decided.get_json()["claimed_by"]) == (200, None)
    assert client.post(f"{url}/claim", headers=mine).status_code == 409


@queues
def test_a_claim_ends(
    client: CheckedClient, make: Factory, auth: Any, clock: FrozenClock, queue: str, add: Add
) -> None:
    item, moderator, other = add(make.user()), make.staff(), make.staff()
    url = f"{ADMIN}/{queue}/{item.id}"
    client.post(f"{url}/claim", headers=auth(moderator))
    clock.advance(timedelta(minutes=15))
    staff, others = auth(moderator), auth(other)
    (shown,) = client.get(f"{ADMIN}/{queue}", headers=staff).get_json()["items"]
    assert (shown["claimed_by"], shown["claimed_until"]) == (None, None)
    assert client.post(f"{url}/claim", headers=others).get_json()["claimed_by"] == other.id
    assert client.post(f"{url}/release", headers=others).get_json()["claimed_by"] is None
    assert client.post(f"{url}/release", headers=others).status_code == 200
    client.post(f"{url}/claim", headers=others)
    # Somebody goes home with the queue in hand: an admin takes it back.
    assert client.post(f"{url}/release", headers=auth(make.staff("admin"))).get_json()["claimed_by"] is None
    path, body = DECISIONS[queue][0]
    assert client.post(f"{url}/{path}", json=body, headers=staff).status_code == 200
    actions = list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    one = queue.removesuffix("s")
    assert actions[:-1] == [
        f"{one}.claimed",
        f"{one}.claimed",
        f"{one}.released",
        f"{one}.claimed",
        f"{one}.released",
    ]


@queues
def test_the_next_one(client: CheckedClient, make: Factory, auth: Any, queue: str, add: Add) -> None:
    staff, other = make.staff(), make.staff()
    later = add(make.user(), created_at=START + timedelta(minutes=1))
    first, own = add(make.user()), add(staff)
    mine, others = auth(staff), auth(other)

    def take(headers: dict[str, str]) -> Any:
        answer = client.post(f"{ADMIN}/{queue}/claim-next", headers=headers)
        return answer.get_json().get("id", answer.get_json().get("code"))

    assert [take(mine), take(mine), take(mine)] == [first.id, later.id, "nothing_to_claim"]
    assert take(others) == own.id

    def listed(headers: dict[str, str], claimed: str) -> set[int]:
        found = client.get(f"{ADMIN}/{queue}", query_string={"claimed": claimed}, headers=headers)
        return {item["id"] for item in found.get_json()["items"]}

    assert (listed(mine, "mine"), listed(others, "mine")) == ({first.id, later.id}, {own.id})
    assert listed(mine, "none") == set()
    answer = client.get(f"{ADMIN}/{queue}", query_string={"claimed": "yours"}, headers=mine)
    assert answer.status_code == 422


def test_the_next_one_of_a_kind(client: CheckedClient, make: Factory, auth: Any) -> None:
    user, staff = make.user(), auth(make.staff())
    add_change(user)
    wanted = add_change(user, field_name="last_name")
    url = f"{ADMIN}/changes/claim-next"
    answer = client.post(url, query_string={"field_name": "last_name"}, headers=staff)
    assert answer.get_json()["id"] == wanted.id
    answer = client.post(url, query_string={"subject_type": "performer"}, headers=staff)
    assert code(answer) == (404, "nothing_to_claim")
    assert client.post(url, query_string={"page": 1}, headers=staff).status_code == 422


@queues
def test_what_cannot_be_claimed(
    client: CheckedClient, make: Factory, auth: Any, queue: str, add: Add
) -> None:
    staff = make.staff()
    own = add(staff)
    for missing in (2**62, 2**63, 0):
        for verb in ("claim", "release"):
            answer = client.post(f"{ADMIN}/{queue}/{missing}/{verb}", headers=auth(staff))
            assert answer.status_code == 404
    answer = client.post(f"{ADMIN}/{queue}/{own.id}/claim", headers=auth(staff))
    assert answer.status_code == 403
    assert db.session.scalars(select(type(own).claimed_by)).one() is None


def test_a_new_edit_is_free_again(client: CheckedClient, make: Factory, auth: Any) -> None:
    user = make.user()
    make.performer(user)
    mine, staff = auth(user) | {"If-Match": "*"}, auth(make.staff())
    client.patch("/api/v1/user/me", json={"first_name": "One"}, headers=mine)
    taken = client.post(f"{ADMIN}/changes/claim-next", headers=staff).get_json()
    client.patch("/api/v1/user/me", json={"first_name": "Two"}, headers=mine)
    answer = client.post(f"{ADMIN}/changes/{taken['id']}/approve", headers=staff)
    assert code(answer) == (409, "change_decided")
    found = client.get(f"{ADMIN}/changes", query_string={"claimed": "none"}, headers=staff)
    assert [(item["new_value"], item["status"]) for item in found.get_json()["items"]] == [
        ("One", "superseded"),
        ("Two", "pending"),
    ]


def test_bulk_leaves_what_others_look_at(client: CheckedClient, make: Factory, auth: Any) -> None:
    taken, free = add_change(make.user()), add_change(make.user())
    client.post(f"{ADMIN}/changes/{taken.id}/claim", headers=auth(make.staff()))
    body = {"ids": [taken.id, free.id], "status": "approved"}
    answer = client.post(f"{ADMIN}/changes/status", json=body, headers=auth(make.staff()))
    assert answer.get_json()["results"] == [
        {"id": taken.id, "ok": False, "code": "claimed_by_other"},
        {"id": free.id, "ok": True},
    ]


# --- at once ----------------------------------------------------------------------------------------


@queues
def test_one_of_fifty_has_it(committed: Flask, auth: Any, queue: str, add: Add) -> None:
    with committed.app_context():
        make = Factory()
        staff = [auth(make.staff()) for _ in range(50)]
        owner = make.user()
    for number in range(20):
        with committed.app_context():
            item_id = add(owner, **({"field_name": f"f{number}"} if queue == "changes" else {})).id

        def claim(n: int, url: str = f"{ADMIN}/{queue}/{item_id}/claim") -> int:
            return committed.test_client().post(url, headers=staff[n]).status_code

        assert Counter(at_once(50, claim)) == {200: 1, 409: 49}


@queues
def test_fifty_take_the_next_one(committed: Flask, auth: Any, queue: str, add: Add) -> None:
    with committed.app_context():
        make = Factory()
        staff = [auth(make.staff()) for _ in range(50)]
        ids = {add(make.user()).id for _ in range(50)}

    def take(n: int) -> int:
        answer = committed.test_client().post(f"{ADMIN}/{queue}/claim-next", headers=staff[n])
        return int(answer.get_json().get("id", 0))

    assert set(at_once(50, take)) == ids


def test_claiming_while_others_decide(committed: Flask, auth: Any) -> None:
    with committed.app_context():
        make = Factory()
        owner, staff = make.user(), [auth(make.staff()) for _ in range(10)]
    for number in range(5):
        with committed.app_context():
            item_id = add_change(owner, new_value=f"N{number}").id

        def act(n: int, url: str = f"{ADMIN}/changes/{item_id}") -> tuple[str, int]:
            verb = "claim" if n % 2 else "approve"
            return verb, committed.test_client().post(f"{url}/{verb}", headers=staff[n]).status_code

        # Whoever is first: either it is claimed and nobody else approves, or it is approved.
        answers = Counter(at_once(10, act))
        assert answers[("claim", 200)] + answers[("approve", 200)] == 1, answers
        with committed.app_context():
            db.session.delete(db.session.get_one(ChangeRequest, item_id))
            db.session.commit()
