"""What staff does with reviews, one by one and in bulk."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.blueprints.reviews.wiring import reviews
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, Review
from marketplace.testing import START
from tests.reviews.conftest import Job, event_names, figures, recounted


def published(work: Job, rating: int = 5) -> Any:
    order = work.order()
    made = work.write("customer", order, rating, note_to_staff="Between us").json
    work.write("performer", order)
    return made


def test_hide_and_restore(work: Job) -> None:
    review = published(work, 2)
    published(work, 5)
    before = event_names()
    path = f"/admin/reviews/{review['id']}"
    hidden = work.post("staff", f"{path}/hide", reason="Insult")
    assert (hidden.status_code, hidden.json["hidden_reason"]) == (200, "Insult")
    assert hidden.json["note_to_staff"] == "Between us"
    assert [item["rating"] for item in work.public()] == [5]
    assert figures(work.performer.id) == recounted(work.performer.id) == (1, 5, [0, 0, 0, 0, 1])
    again = work.post("staff", f"{path}/hide", reason="Insult")
    assert (again.status_code, again.json["code"]) == (409, "already_hidden")
    restored = work.post("staff", f"{path}/restore")
    assert (restored.json["hidden_at"], restored.json["hidden_reason"]) == (None, None)
    assert figures(work.performer.id) == recounted(work.performer.id) == (2, 7, [0, 1, 0, 0, 1])
    again = work.post("staff", f"{path}/restore")
    assert (again.status_code, again.json["code"]) == (409, "not_hidden")
    assert event_names()[len(before) :] == ["review.hidden", "review.restored"]
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.action, entry.subject_id, entry.reason) for entry in entries] == [
        ("review.hide", review["id"], "Insult"),
        ("review.restore", review["id"], None),
    ]
    assert {entry.actor_id for entry in entries} == {work.people["staff"].id}
    assert (entries[0].before, entries[0].after) == ({"hidden": False}, {"hidden": True})


def test_a_hidden_review_is_not_shown_to_the_other_party(work: Job) -> None:
    review = published(work)
    work.post("staff", f"/admin/reviews/{review['id']}/hide", reason="Insult")
    (seen,) = work.get("performer", f"/orders/{review['order_id']}/reviews").json["reviews"]
    assert seen["direction"] == "of_customer"
    assert work.post("performer", f"/reviews/{review['id']}/reply", text="x").status_code == 404


def test_hidden_before_its_time_it_counts_once_restored(work: Job, clock: FrozenClock) -> None:
    review = work.write("customer", work.order(), 3).json
    work.post("staff", f"/admin/reviews/{review['id']}/hide", reason="Insult")
    clock.set(START + timedelta(days=14))
    assert reviews().reviews.publish_due() == 1
    assert figures(work.performer.id) == recounted(work.performer.id) == (0, 0, [0, 0, 0, 0, 0])
    assert event_names() == ["review.written", "review.hidden"]
    work.sign_in()
    work.post("staff", f"/admin/reviews/{review['id']}/restore")
    assert figures(work.performer.id) == recounted(work.performer.id) == (1, 3, [0, 0, 1, 0, 0])


def test_the_list_of_staff(work: Job) -> None:
    first, second = published(work), published(work)
    work.post("staff", f"/admin/reviews/{first['id']}/hide", reason="Insult")
    other = work.make.review()
    path = "/admin/reviews"

    def ids(query: str) -> list[int]:
        return [item["id"] for item in work.get("staff", path + query).json["items"]]

    everything = ids("")
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 5
    assert ids("?hidden=true") == [first["id"]]
    assert first["id"] not in ids("?hidden=false")
    assert ids(f"?performer_id={other.performer_id}") == [other.id]
    assert second["id"] in ids(f"?performer_id={work.performer.id}&hidden=false")
    cursor = work.get("staff", f"{path}?limit=1").json["next"]
    assert ids(f"?limit=1&after={cursor}") == everything[1:2]
    assert work.get("staff", f"{path}?hidden=true&after={cursor}").status_code == 400


def test_who_may_decide(work: Job) -> None:
    review = published(work)
    calls = [
        ("GET", "/admin/reviews", None),
        ("POST", f"/admin/reviews/{review['id']}/hide", {"reason": "x"}),
        ("POST", f"/admin/reviews/{review['id']}/restore", {}),
        ("POST", "/admin/reviews/status", {"ids": [review["id"]], "status": "hidden", "reason": "x"}),
    ]
    for role, code in [("anonymous", 401), ("unverified", 403), ("customer", 403), ("performer", 403)]:
        for method, path, body in calls:
            answer = work.client.open(f"/api/v1{path}", method=method, json=body, headers=work.headers[role])
            assert answer.status_code == code, (role, path)
    for body in ({}, {"reason": ""}, {"reason": "x", "more": 1}):
        assert work.post("staff", f"/admin/reviews/{review['id']}/hide", **body).status_code == 422
    assert work.post("staff", f"/admin/reviews/{2**62}/hide", reason="x").status_code == 404
    assert db.session.scalars(select(Review.hidden_at).where(Review.hidden_at.is_not(None))).all() == []


@pytest.mark.parametrize("side", ["customer", "performer"])
def test_staff_does_not_decide_on_own_reviews(work: Job, auth: Any, side: str) -> None:
    staff = work.make.staff("admin")
    if side == "customer":
        order = work.make.order(staff, work.service, status="completed", completed_at=START)
    else:
        service = work.make.service(work.make.performer(staff))
        order = work.make.order(service=service, status="completed", completed_at=START)
    review = work.make.review(order)
    work.headers["self"] = auth(staff)
    answer = work.post("self", f"/admin/reviews/{review.id}/hide", reason="Mine")
    assert (answer.status_code, answer.json["code"]) == (403, "own_review")
    body = {"ids": [review.id], "status": "hidden", "reason": "Mine"}
    results = work.post("self", "/admin/reviews/status", **body).json["results"]
    assert results == [{"id": review.id, "ok": False, "code": "own_review"}]


def test_in_bulk(work: Job, assert_queries: Any) -> None:
    ids = [published(work, rating)["id"] for rating in (1, 2, 3)]
    work.post("staff", f"/admin/reviews/{ids[0]}/hide", reason="Insult")
    seen = len(event_names())
    body = {"ids": [*ids, 2**62], "status": "hidden", "reason": "Campaign"}
    assert work.post("staff", "/admin/reviews/status", **body).json["results"] == [
        {"id": ids[0], "ok": False, "code": "already_hidden"},
        {"id": ids[1], "ok": True},
        {"id": ids[2], "ok": True},
        {"id": 2**62, "ok": False, "code": "not_found"},
    ]
    assert figures(work.performer.id) == recounted(work.performer.id) == (0, 0, [0, 0, 0, 0, 0])
    assert event_names()[seen:] == ["review.hidden"] * 2
    reasons = db.session.scalars(select(AuditEntry.reason).order_by(AuditEntry.id)).all()
    assert list(reasons) == ["Insult", "Campaign", "Campaign"]
    results = work.post("staff", "/admin/reviews/status", ids=ids, status="visible").json["results"]
    assert [result["ok"] for result in results] == [True] * 3
    assert figures(work.performer.id) == recounted(work.performer.id) == (3, 6, [1, 1, 1, 0, 0])
    for bad in ({"status": "hidden"}, {"status": "published"}, {"status": "hidden", "reason": ""}):
        assert work.post("staff", "/admin/reviews/status", ids=ids, **bad).status_code == 422, bad
