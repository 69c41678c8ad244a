"""What staff decide on performers, one by one and in bulk; and who wins a race."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.blueprints.performers import public
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.models import AuditEntry, CategoryMerger, Performer
from marketplace.testing import CheckedClient, Factory

ADMIN = "/api/v1/admin/performers"
PATHS = {"approved": "approve", "rejected": "reject", "suspended": "suspend"}


def status_of(performer_id: int) -> tuple[str, str | None, int]:
    statement = select(Performer.status, Performer.status_reason, Performer.version).where(
        Performer.id == performer_id
    )
    status, reason, version = db.session.execute(statement).one()
    return status, reason, version


def names() -> list[str]:
    statement = select(DomainEventRow.name).where(DomainEventRow.name.like("performer.%"))
    return list(db.session.scalars(statement.order_by(DomainEventRow.id)))


def decide(client: CheckedClient, headers: dict[str, str], performer_id: int, status: str) -> Any:
    body = None if status == "approved" else {"reason": "because"}
    return client.post(f"{ADMIN}/{performer_id}/{PATHS[status]}", json=body, headers=headers)


@pytest.mark.parametrize("before", ["pending", "approved", "rejected", "suspended"])
@pytest.mark.parametrize("after", ["approved", "rejected", "suspended"])
def test_single_decisions(client: CheckedClient, make: Factory, auth: Any, before: str, after: str) -> None:
    allowed = {("pending", "approved"), ("pending", "rejected"), ("approved", "suspended"),
               ("suspended", "approved"), ("rejected", "approved")}  # fmt: skip
    performer = make.performer(status=before)
    staff = make.staff()
    response = decide(client, auth(staff), performer.id, after)
    if (before, after) not in allowed:
        assert (response.status_code, response.get_json()["code"]) == (409, "transition_not_allowed")
        assert status_of(performer.id) == (before, None, 1)
        assert names() == []
        return
    reason = None if after == "approved" else "because"
    assert response.status_code == 200
    assert (response.get_json()["status"], response.get_json()["status_reason"]) == (after, reason)
    assert status_of(performer.id) == (after, reason, 2)
    assert names() == [f"performer.{after}"]
    entry = db.session.execute(select(AuditEntry)).scalar_one()
    assert (entry.action, entry.actor_id, entry.subject_id) == (f"performer.{after}", staff.id, performer.id)
    assert entry.before == {"status": before, "status_reason": None}
    assert entry.after == {"status": after, "status_reason": reason}
    assert entry.request_id is not None


def test_an_approval_may_have_a_reason(client: CheckedClient, make: Factory, auth: Any) -> None:
    """As in bulk: it stands in the audit log, and the performer has no reason to read."""
    performer, headers = make.performer(status="pending"), auth(make.staff())
    path = f"{ADMIN}/{performer.id}/approve"
    assert client.post(path, json={"reason": ""}, headers=headers).status_code == 422
    assert client.post(path, json={"because": "x"}, headers=headers).status_code == 422
    answer = client.post(path, json={"reason": "Known from the fair"}, headers=headers)
    assert (answer.status_code, answer.json["status_reason"]) == (200, None)
    entry = db.session.execute(select(AuditEntry)).scalar_one()
    assert (entry.action, entry.reason) == ("performer.approved", "Known from the fair")


def test_who_may_decide(client: CheckedClient, make: Factory, auth: Any) -> None:
    performer = make.performer(status="pending")
    calls: list[tuple[str, str, Any]] = [
        ("GET", ADMIN, None),
        ("POST", f"{ADMIN}/{performer.id}/approve", None),
        ("POST", f"{ADMIN}/{performer.id}/reject", {"reason": "x"}),
        ("POST", f"{ADMIN}/{performer.id}/suspend", {"reason": "x"}),
        ("POST", f"{ADMIN}/status", {"ids": [performer.id], "status": "approved"}),
    ]
    for method, url, body in calls:
        assert client.open(url, method=method, json=body).status_code == 401
    headers = auth(make.user())
    for method, url, body in calls:
        assert client.open(url, method=method, json=body, headers=headers).status_code == 403
    assert status_of(performer.id)[0] == "pending"


def test_staff_do_not_approve_themselves(client: CheckedClient, make: Factory, auth: Any) -> None:
    staff = make.staff("admin")
    performer = make.performer(staff, status="pending")
    response = decide(client, auth(staff), performer.id, "approved")
    assert (response.status_code, response.get_json()["code"]) == (403, "own_performer")
    body = {"ids": [performer.id], "status": "approved"}
    results = client.post(f"{ADMIN}/status", json=body, headers=auth(staff)).get_json()["results"]
    assert results == [{"id": performer.id, "ok": False, "code": "own_performer"}]
    assert status_of(performer.id)[0] == "pending"


def test_nobody_there(client: CheckedClient, make: Factory, auth: Any) -> None:
    assert decide(client, auth(make.staff()), 2**62, "approved").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "x" * 1001}, {"reason": None}, {"reason": "x", "a": 1}]
)
def test_a_reason_is_needed(client: CheckedClient, make: Factory, auth: Any, body: dict[str, Any]) -> None:
    performer = make.performer(status="pending")
    response = client.post(f"{ADMIN}/{performer.id}/reject", json=body, headers=auth(make.staff()))
    assert response.status_code == 422
    assert status_of(performer.id)[0] == "pending"


def test_bulk_with_mixed_ids(client: CheckedClient, make: Factory, auth: Any, run_jobs: Any) -> None:
    pending = [make.performer(status="pending") for _ in range(3)]
    approved = make.performer()
    staff = make.staff()
    ids = [pending[0].id, approved.id, 2**62, pending[2].id, pending[1].id]
    response = client.post(f"{ADMIN}/status", json={"ids": ids, "status": "approved"}, headers=auth(staff))
    assert response.status_code == 200
    assert response.get_json()["results"] == [
        {"id": pending[0].id, "ok": True},
        {"id": approved.id, "ok": False, "code": "transition_not_allowed"},
        {"id": 2**62, "ok": False, "code": "not_found"},
        {"id": pending[2].id, "ok": True},
        {"id": pending[1].id, "ok": True},
    ]
    assert names() == ["performer.approved"] * 3
    audited = set(db.session.scalars(select(AuditEntry.subject_id)))
    assert audited == {p.id for p in pending}
    run_jobs()
    listed = {item["id"] for item in client.get("/api/v1/performers").get_json()["items"]}
    assert listed == {p.id for p in pending} | {approved.id}


def test_bulk_is_one_update(client: CheckedClient, make: Factory, auth: Any, assert_queries: Any) -> None:
    ids = [make.performer(status="pending").id for _ in range(20)]
    headers = auth(make.staff())
    with pytest.raises(AssertionError) as seen, assert_queries(-1):
        client.post(f"{ADMIN}/status", json={"ids": ids, "status": "approved"}, headers=headers)
    assert str(seen.value).count("UPDATE performer") == 1


def test_bulk_refusals(client: CheckedClient, make: Factory, auth: Any) -> None:
    performer = make.performer(status="pending")
    headers = auth(make.staff())
    good = {"ids": [performer.id], "status": "approved"}
    for change in (
        {"status": "pending"},
        {"status": "verified"},
        {"status": "rejected"},
        {"ids": []},
        {"ids": [0]},
        {"ids": [performer.id] * 2},
        {"ids": list(range(1, 1002))},
        {"colour": "red"},
    ):
        response = client.post(f"{ADMIN}/status", json=good | change, headers=headers)
        assert response.status_code == 422, change
    assert status_of(performer.id) == ("pending", None, 1)


def test_the_list_of_staff(client: CheckedClient, make: Factory, auth: Any) -> None:
    headers = auth(make.staff())
    ann = make.performer(make.user(first_name="Ann", last_name="Miller", username="ann_m"), status="pending")
    bob = make.performer(make.user(first_name="Bob", is_active=False), headline="100% sure", active=False)

    def ids(**query: Any) -> list[int]:
        response = client.get(ADMIN, query_string=query, headers=headers)
        assert response.status_code == 200, response.get_json()
        return [item["id"] for item in response.get_json()["items"]]

    assert ids() == [bob.id, ann.id]
    assert ids(status="pending") == [ann.id]
    assert ids(city_id=bob.city_id) == [bob.id]
    assert ids(q="n mill") == [ann.id]
    assert ids(q="ANN_M") == [ann.id]
    assert ids(q="n_m") == [ann.id]
    assert ids(q="0%") == [bob.id]
    assert ids(q="%%") == []
    assert ids(q="ÂNN MÍLL") == [ann.id]
    page = client.get(ADMIN, query_string={"limit": 1}, headers=headers).get_json()
    after = client.get(ADMIN, query_string={"limit": 1, "after": page["next"]}, headers=headers).get_json()
    assert [page["items"][0]["id"], after["items"][0]["id"]] == [bob.id, ann.id]
    back = client.get(ADMIN, query_string={"limit": 1, "before": after["previous"]}, headers=headers)
    assert back.get_json()["items"] == page["items"]
    for bad in (
        {"status": "x"},
        {"city_id": 0},
        {"q": ""},
        {"page": 1},
        {"active": "maybe"},
        {"verified": ""},
    ):
        assert client.get(ADMIN, query_string=bad, headers=headers).status_code == 422


def test_staff_filter_performers(client: CheckedClient, make: Factory, auth: Any) -> None:
    headers = auth(make.staff())
    branch = make.category(is_active=False)
    leaf = make.category(parent_id=make.category(parent_id=branch.id).id)
    other = make.category()
    db.session.add(CategoryMerger(former_id=10**6, category_id=branch.id))
    db.session.flush()
    plain = make.performer(categories=[other])
    deep = make.performer(categories=[leaf, other], verified=True)
    paused = make.performer(categories=[branch, leaf], verified=True, active=False, status="suspended")

    def ids(**query: Any) -> list[int]:
        response = client.get(ADMIN, query_string=query, headers=headers)
        assert response.status_code == 200, response.get_json()
        return [item["id"] for item in response.get_json()["items"]]

    assert ids(category_id=branch.id) == ids(category_id=10**6) == [paused.id, deep.id]
    assert ids(category_id=other.id) == [deep.id, plain.id]
    assert ids(category_id=10**9) == []
    assert ids(verified="true") == [paused.id, deep.id]
    assert ids(verified="false") == [plain.id]
    assert ids(active="false") == [paused.id]
    everything = {"verified": "true", "active": "true", "status": "approved", "category_id": leaf.id}
    assert ids(**everything) == [deep.id]
    assert ids(**everything, city_id=plain.city_id) == []
    page = client.get(ADMIN, query_string={"verified": "true", "limit": 1}, headers=headers).get_json()
    assert ids(verified="true", limit=1, after=page["next"]) == [deep.id]
    other_filter = {"verified": "false", "limit": 1, "after": page["next"]}
    assert client.get(ADMIN, query_string=other_filter, headers=headers).status_code == 400


@pytest.mark.parametrize("count", [1, 6, 100])
def test_what_the_list_of_staff_costs(
    client: CheckedClient, make: Factory, auth: Any, assert_queries: Any, count: int
) -> None:
    category = make.category()
    city = make.city()
    for _ in range(count):
        make.performer(city_id=city.id, categories=[category])
    headers = auth(make.staff())
    with assert_queries(3):  # the caller, the page, the categories
        found = client.get(ADMIN, query_string={"limit": 100}, headers=headers).get_json()
    assert len(found["items"]) == count
    filters = {"limit": 100, "category_id": category.id, "verified": "false", "active": "true"}
    with assert_queries(3):
        assert client.get(ADMIN, query_string=filters, headers=headers).get_json()["items"] == found["items"]


def test_what_other_domains_may_ask(client: CheckedClient, make: Factory) -> None:
    shown = make.performer()
    hidden = make.performer(status="suspended")
    ref = public.find_visible_performer(shown.id)
    assert ref is not None
    assert ref == public.find_performer(shown.id)
    assert (ref.id, ref.user_id) == (shown.id, shown.user_id)
    assert public.find_visible_performer(hidden.id) is None
    found = public.find_performer(hidden.id)
    assert found is not None
    assert found.user_id == hidden.user_id
    for ask in (public.find_performer, public.find_visible_performer):
        assert ask(2**62) is None


# --- races, on real connections ---------------------------------------------------------------------


def test_fifty_editors_with_one_tag(committed: Flask, auth: Any) -> None:
    with committed.app_context():
        user = Factory().user()
        Factory().performer(user)
        headers = auth(user)
        me = "/api/v1/performers/me"
        headers["If-Match"] = committed.test_client().get(me, headers=headers).headers["ETag"]

    def patch(n: int) -> int:
        body = {"experience_years": n} if n % 2 else {"headline": f"Headline {n}"}
        return committed.test_client().patch(me, json=body, headers=headers).status_code

    with ThreadPoolExecutor(25) as pool:
        codes = list(pool.map(patch, range(1, 51)))
    assert sorted(codes) == [200] + [412] * 49


def test_twenty_applications_at_once(committed: Flask, auth: Any) -> None:
    with committed.app_context():
        make = Factory()
        headers = auth(make.user())
        body = {
            "city_id": make.city().id,
            "headline": "Gardener",
            "about": "Hedges",
            "category_ids": [make.category().id],
            "address": {"line1": "Am Wall 1"},
            "timezone": "UTC",
        }

    def apply(_n: int) -> int:
        return committed.test_client().post("/api/v1/performers", json=body, headers=headers).status_code

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(apply, range(20)))
    assert sorted(codes) == [201] + [409] * 19
    with committed.app_context():
        assert len(db.session.execute(select(Performer.id)).all()) == 1


def test_two_bulk_decisions_in_opposite_order(committed: Flask, auth: Any) -> None:
    with committed.app_context():
        make = Factory()
        city, category = make.city(), make.category()
        ids = [make.performer(city_id=city.id, categories=[category], status="pending").id for _ in range(30)]
        headers = [auth(make.staff()) for _ in range(2)]

    def decide_all(n: int) -> Any:
        body = {"ids": ids[:: -1 if n else 1], "status": "approved"}
        return committed.test_client().post(f"{ADMIN}/status", json=body, headers=headers[n]).get_json()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(decide_all, range(2)))
    assert sum(result["ok"] for answer in answers for result in answer["results"]) == 30
    with committed.app_context():
        assert names() == ["performer.approved"] * 30
