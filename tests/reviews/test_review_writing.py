"""Writing, the double blind, replies, what the public sees, and what happens by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from marketplace.blueprints.reviews import handlers
from marketplace.blueprints.reviews.services import reviews as services
from marketplace.blueprints.reviews.wiring import reviews
from marketplace.database.tables import JobRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Performer, Review
from marketplace.models.orders import STATUSES
from marketplace.testing import START
from marketplace.web.runtime import Runtime
from tests.reviews.conftest import Job, event_names, figures, recounted

WINDOW = timedelta(days=14)


def test_nobody_sees_a_review_before_both_have_written(work: Job) -> None:
    order = work.order()
    first = work.write("customer", order, 4, text="Good", note_to_staff="He was late")
    assert first.status_code == 201
    assert first.json["author"] == {
        "id": work.people["customer"].id,
        "first_name": "Clara",
        "last_name": "S",
        "avatar_url": None,
    }
    assert (first.json["direction"], first.json["published_at"]) == ("of_performer", None)
    assert first.json["publish_at"] == "2026-05-18T09:00:00Z"
    assert "note_to_staff" not in first.json
    path = f"/orders/{order.id}/reviews"
    assert work.get("customer", path).json["reviews"] == [first.json]
    assert work.get("performer", path).json["reviews"] == []
    assert work.public() == []
    assert figures(work.performer.id) == (0, 0, [0, 0, 0, 0, 0])
    reply = work.post("performer", f"/reviews/{first.json['id']}/reply", text="Thanks")
    assert reply.status_code == 404
    assert event_names() == ["review.written"]

    second = work.write("performer", order, 2, text="Rude")
    assert (second.status_code, second.json["direction"]) == (201, "of_customer")
    assert second.json["published_at"] == "2026-05-04T09:00:00Z"
    for role in ("customer", "performer"):
        assert [item["rating"] for item in work.get(role, path).json["reviews"]] == [4, 2]
    (shown,) = work.public()
    assert shown == {
        "id": first.json["id"],
        "author": first.json["author"],
        "rating": 4,
        "aspects": None,
        "photos": [],
        "text": "Good",
        "reply": None,
        "replied_at": None,
        "published_at": "2026-05-04T09:00:00Z",
    }
    assert figures(work.performer.id) == (1, 4, [0, 0, 0, 1, 0])
    assert event_names() == ["review.written"] * 2 + ["review.published"] * 2


@pytest.mark.parametrize("status", STATUSES)
def test_only_completed_orders(work: Job, status: str) -> None:
    answer = work.write("customer", work.order(status))
    assert answer.status_code == (201 if status == "completed" else 409)
    assert status == "completed" or answer.json["code"] == "order_not_completed"


def test_who_may_write_and_read(work: Job) -> None:
    order = work.order()
    codes = {
        "stranger": 404,
        "other_performer": 404,
        "staff": 404,
        "unverified": 403,
        "anonymous": 401,
    }
    for role, code in codes.items():
        assert work.write(role, order).status_code == code, role
        assert work.get(role, f"/orders/{order.id}/reviews").status_code == code, role
    assert work.post("customer", f"/orders/{2**62}/review", rating=5).status_code == 404
    assert db.session.scalars(select(Review.id)).all() == []


def test_once(work: Job) -> None:
    order = work.order()
    headers = work.headers["customer"] | {"Idempotency-Key": "k"}
    url = f"/api/v1/orders/{order.id}/review"
    first, again = (work.client.post(url, json={"rating": 3}, headers=headers) for _ in range(2))
    assert (first.status_code, first.data) == (201, again.data)
    twice = work.write("customer", order, 1)
    assert (twice.status_code, twice.json["code"]) == (409, "already_reviewed")
    assert list(db.session.scalars(select(Review.rating))) == [3]
    assert event_names() == ["review.written"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "rating"),
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"rating": None}, "rating"),
        ({"rating": True}, "rating"),
        ({"rating": 5, "text": "x" * 4001}, "text"),
        ({"rating": 5, "text": "a\0b"}, "text"),
        ({"rating": 5, "note_to_staff": 1}, "note_to_staff"),
        ({"rating": 5, "published_at": "2026-01-01T00:00:00Z"}, "published_at"),
        ({"rating": 5, "author_id": 1}, "author_id"),
        ({"rating": 5, "direction": "of_customer"}, "direction"),
    ],
)
def test_bad_reviews_store_nothing(work: Job, body: dict[str, Any], where: str) -> None:
    answer = work.post("customer", f"/orders/{work.order().id}/review", **body)
    assert (answer.status_code, list(answer.json["errors"]["json"])) == (422, [where])
    assert db.session.scalars(select(Review.id)).all() == []


def test_the_window(work: Job, clock: FrozenClock) -> None:
    order = work.order()
    work.write("customer", order, 5)
    service = reviews().reviews
    clock.set(START + WINDOW - timedelta(seconds=1))
    assert service.publish_due() == 0
    clock.set(START + WINDOW)
    assert service.publish_due() == 1
    assert service.publish_due() == 0
    assert [item["rating"] for item in work.public()] == [5]
    assert figures(work.performer.id) == (1, 5, [0, 0, 0, 0, 1])
    # The last moment of the window is still in it; what is written then, is shown at once.
    work.sign_in()
    assert work.write("performer", order, 3).json["published_at"] == "2026-05-18T09:00:00Z"
    assert figures(work.performer.id) == recounted(work.performer.id)
    clock.set(START + WINDOW + timedelta(seconds=1))
    late = work.write("customer", work.order())
    assert (late.status_code, late.json["code"]) == (409, "review_window_closed")
    assert event_names().count("review.published") == 2


def test_the_jobs_go_on_until_nothing_is_due(
    work: Job,
    clock: FrozenClock,
    runtime: Runtime,
    run_jobs: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "BATCH", 3)
    monkeypatch.setattr(handlers, "BATCH", 3)
    monkeypatch.setattr(services, "RECOUNT_BATCH", 1)
    assert runtime.registry.jobs["reviews.publish"].every == 60
    assert runtime.registry.jobs["reviews.recount"].every == 86400
    for rating in (1, 2, 3, 4):
        work.write("customer", work.order(), rating)
    clock.set(START + WINDOW)
    with runtime.uow as uow:
        uow.enqueue("reviews.publish", {})
    run_jobs()
    assert figures(work.performer.id) == recounted(work.performer.id) == (4, 10, [1, 1, 1, 1, 0])
    right = figures(work.performer.id)
    wrong = update(Performer).values(rating_count=9, rating_sum=9, rating_histogram=[9, 9, 9, 9, 9])
    db.session.execute(wrong)
    db.session.commit()
    with runtime.uow as uow:
        uow.enqueue("reviews.recount", {})
    run_jobs()
    assert figures(work.performer.id) == right
    assert set(db.session.scalars(select(Performer.rating_sum))) == {0, 10}
    kinds = list(db.session.scalars(select(JobRow.kind).where(JobRow.kind.startswith("reviews."))))
    # Two batches of reviews; one of each of the two performers, and one that finds no more.
    assert (kinds.count("reviews.publish"), kinds.count("reviews.recount")) == (2, 3)


def test_a_recount_mends_what_differs_and_nothing_else(work: Job) -> None:
    work.make.review(work.order(), rating=5)
    work.make.review(work.order(), rating=1, hidden_at=START)
    work.make.review(work.order(), rating=1, published_at=None)
    work.make.review(work.order(), rating=1, direction="of_customer", author_id=work.people["performer"].id)
    last, wrong = reviews().reviews.recount()
    assert (figures(work.performer.id), wrong) == ((1, 5, [0, 0, 0, 0, 1]), 1)
    assert last is not None
    assert reviews().reviews.recount() == (last, 0)
    assert reviews().reviews.recount(last) == (None, 0)


# --- replies ----------------------------------------------------------------------------------------


def test_one_reply_of_whom_it_concerns(work: Job) -> None:
    review = work.make.review(work.order())
    path = f"/reviews/{review.id}/reply"
    for role, code in [("anonymous", 401), ("unverified", 403), ("stranger", 403), ("customer", 403)]:
        assert work.post(role, path, text="Mine").status_code == code, role
    assert work.post("customer", path, text="Mine").json["code"] == "not_reviewed"
    for bad in ({}, {"text": ""}, {"text": "x" * 2001}, {"text": "x", "rating": 1}):
        assert work.post("performer", path, **bad).status_code == 422
    answer = work.post("performer", path, text="Thank you")
    assert (answer.status_code, answer.json["reply"]) == (200, "Thank you")
    again = work.post("performer", path, text="And again")
    assert (again.status_code, again.json["code"]) == (409, "already_replied")
    assert [item["reply"] for item in work.public()] == ["Thank you"]
    assert event_names() == ["review.replied"]


def test_reviews_of_customers_are_theirs_to_answer(work: Job) -> None:
    order = work.order()
    review = work.make.review(order, direction="of_customer", author_id=work.people["performer"].id, rating=1)
    path = f"/reviews/{review.id}/reply"
    assert work.post("stranger", path, text="x").status_code == 404
    assert work.post("performer", path, text="x").status_code == 403
    assert work.post("customer", path, text="Not true").json["reply"] == "Not true"
    assert work.public() == []
    assert work.post("customer", f"/reviews/{2**62}/reply", text="x").status_code == 404


# --- what is seen -----------------------------------------------------------------------------------


def test_the_public_list(work: Job) -> None:
    made = [
        work.make.review(work.order(), rating=rating, published_at=START + timedelta(minutes=rating)).id
        for rating in (1, 3, 2, 5, 4)
    ]
    by_date = [made[index] for index in (3, 4, 1, 2, 0)]
    seen, page = [], work.get("anonymous", f"{work.list_path}?limit=2").json
    cursor = page["next"]
    while True:
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        page = work.get("anonymous", f"{work.list_path}?limit=2&after={page['next']}").json
    assert seen == by_date
    foreign = work.get("anonymous", f"/performers/{work.make.performer().id}/reviews?after={cursor}")
    assert (foreign.status_code, foreign.json["code"]) == (400, "invalid_cursor")


def test_reviews_of_hidden_performers_are_hidden(work: Job) -> None:
    work.make.review(work.order())
    assert work.get("anonymous", work.list_path).status_code == 200
    for values in ({"status": "suspended"}, {"status": "approved", "active": False}):
        performer = work.make.performer(**values)
        assert work.get("anonymous", f"/performers/{performer.id}/reviews").status_code == 404
    assert work.get("anonymous", f"/performers/{2**62}/reviews").status_code == 404


def test_kept_answers_are_dropped(work: Job, run_jobs: Callable[[], int]) -> None:
    order = work.order()
    empty = work.get("anonymous", work.list_path)
    assert empty.headers["Cache-Control"].startswith("public, max-age=")
    tag = {"If-None-Match": empty.headers["ETag"]}
    assert work.client.get(f"/api/v1{work.list_path}", headers=tag).status_code == 304
    work.write("customer", order)
    work.write("performer", order)
    run_jobs()
    (shown,) = work.get("anonymous", work.list_path).json["items"]
    assert work.get("anonymous", f"/performers/{work.performer.id}").json["rating"]["count"] == 1
    for path, body, left in [
        (f"/admin/reviews/{shown['id']}/hide", {"reason": "Insult"}, 0),
        (f"/admin/reviews/{shown['id']}/restore", {}, 1),
    ]:
        assert work.post("staff", path, **body).status_code == 200
        run_jobs()
        assert len(work.get("anonymous", work.list_path).json["items"]) == left
        assert work.get("anonymous", f"/performers/{work.performer.id}").json["rating"]["count"] == left
    work.post("performer", f"/reviews/{shown['id']}/reply", text="Thanks")
    run_jobs()
    assert work.get("anonymous", work.list_path).json["items"][0]["reply"] == "Thanks"


def test_kept_answers_fall_when_the_performer_leaves_the_public(work: Job) -> None:
    """At once: whoever pauses or suspends finds it done."""
    work.make.review(work.order())
    bulk = {"ids": [work.performer.id], "status": "suspended", "reason": "Complaints"}
    back = {**bulk, "status": "approved"}
    for role, path, body, status in [
        ("performer", "/performers/me/pause", {}, 404),
        ("performer", "/performers/me/resume", {}, 200),
        ("staff", f"/admin/performers/{work.performer.id}/suspend", {"reason": "Complaints"}, 404),
        ("staff", f"/admin/performers/{work.performer.id}/approve", {}, 200),
        ("staff", "/admin/performers/status", bulk, 404),
        ("staff", "/admin/performers/status", back, 200),
    ]:
        assert work.post(role, path, **body).status_code == 200
        assert work.get("anonymous", work.list_path).status_code == status, path
        assert work.get("anonymous", f"/performers/{work.performer.id}").status_code == status, path


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_lists_cost_the_same_at_any_length(work: Job, assert_queries: Any, rows: int) -> None:
    for n in range(rows):
        work.make.review(work.order(), published_at=START + timedelta(seconds=n))
    for role, path, queries in [("anonymous", work.list_path, 2), ("staff", "/admin/reviews", 2)]:
        with assert_queries(queries):
            page = work.get(role, f"{path}?limit=100").json
        assert len(page["items"]) == rows


@pytest.mark.parametrize(("count", "average"), [(2, None), (3, 4.0)])
def test_no_average_of_few(work: Job, count: int, average: float | None) -> None:
    for _ in range(count):
        order = work.order()
        work.write("customer", order, 4)
        work.write("performer", order, 5)
    rating = work.get("anonymous", f"/performers/{work.performer.id}").json["rating"]
    assert (rating["count"], rating["average"]) == (count, average)
