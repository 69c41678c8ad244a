"""What lies at the edges of reviews: keys, the last second, cursors back, notes that stay in the house."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.blueprints.reviews.wiring import reviews
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Performer, Review, User
from marketplace.testing import START, Factory
from tests.reviews.conftest import Job, event_names, figures, recounted

NOTE = "Between you and me: the lamp was stolen"
WINDOW = timedelta(days=14)


def test_a_retry_writes_once(work: Job) -> None:
    url = f"/api/v1/orders/{work.order().id}/review"
    headers = work.headers["customer"] | {"Idempotency-Key": "k"}
    first, again = (work.client.post(url, json={"rating": 5}, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, again.data) == (201, 201, first.data)
    other = work.client.post(url, json={"rating": 1}, headers=headers)
    assert (other.status_code, other.json and other.json["code"]) == (422, "idempotency_key_reused")
    assert db.session.scalars(select(Review.rating)).all() == [5]


def test_a_retried_reply_is_one_reply(work: Job) -> None:
    url = f"/api/v1/reviews/{work.make.review(work.order()).id}/reply"
    headers = work.headers["performer"] | {"Idempotency-Key": "k"}
    first, again = (work.client.post(url, json={"text": "Thanks"}, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, again.data) == (200, 200, first.data)
    assert event_names() == ["review.replied"]


def test_the_last_second(work: Job, clock: FrozenClock) -> None:
    """The job has published the first; the other party may still write, and nothing counts twice."""
    order = work.order()
    assert work.write("customer", order, 3).status_code == 201
    clock.set(START + WINDOW - timedelta(seconds=1))
    assert reviews().reviews.publish_due() == 0
    clock.set(START + WINDOW)
    assert (reviews().reviews.publish_due(), reviews().reviews.publish_due()) == (1, 0)
    work.sign_in()
    assert work.write("performer", order, 5).status_code == 201
    assert figures(work.performer.id) == recounted(work.performer.id) == (1, 3, [0, 0, 1, 0, 0])
    assert event_names() == ["review.written", "review.published"] * 2


def test_the_note_to_staff_reaches_staff_alone(work: Job) -> None:
    order = work.order()
    written = work.write("customer", order, 1, text="Bad", note_to_staff=NOTE)
    review_id = written.json["id"]
    seen = [
        written,
        work.write("performer", order, 5, note_to_staff=NOTE),
        work.post("performer", f"/reviews/{review_id}/reply", text="Sorry"),
        work.get("anonymous", work.list_path),
        work.get("anonymous", f"/performers/{work.performer.id}"),
        work.get("performer", f"/orders/{order.id}/history"),
        *(work.get(role, f"/orders/{order.id}/reviews") for role in ("customer", "performer")),
    ]
    for answer in seen:
        assert answer.status_code in {200, 201}
        assert "note_to_staff" not in answer.get_data(as_text=True)
        assert "stolen" not in answer.get_data(as_text=True)
    assert NOTE not in str(db.session.scalars(select(DomainEventRow.payload)).all())
    items = work.get("staff", "/admin/reviews").json["items"]
    assert [item["note_to_staff"] for item in items] == [NOTE, NOTE]


def test_others_are_shown_by_an_initial(work: Job) -> None:
    work.make.review(work.order())
    clara = work.people["customer"]
    author = {"id": clara.id, "first_name": "Clara", "last_name": "S", "avatar_url": None}
    [review] = work.public()
    assert review["author"] == author
    assert set(review) == {
        "id", "author", "rating", "aspects", "photos", "text", "reply", "replied_at", "published_at"
    }  # fmt: skip


@pytest.mark.parametrize(("role", "path"), [("anonymous", "public"), ("staff", "/admin/reviews")])
def test_pages_back_and_bent_cursors(work: Job, role: str, path: str) -> None:
    """All of one date, so that the id decides."""
    path = work.list_path if path == "public" else path
    made = [work.make.review(work.order()).id for _ in range(5)][::-1]
    first = work.get(role, f"{path}?limit=2").json
    second = work.get(role, f"{path}?limit=2&after={first['next']}").json
    third = work.get(role, f"{path}?limit=2&after={second['next']}").json
    assert [item["id"] for page in (first, second, third) for item in page["items"]] == made
    assert (first["previous"], third["next"]) == (None, None)
    assert work.get(role, f"{path}?limit=2&before={third['previous']}").json["items"] == second["items"]
    for bent in (f"after={first['next']}x", f"before={first['next']}", "after=1"):
        answer = work.get(role, f"{path}?{bent}")
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_cursor"), bent
    for query in ("limit=0", "limit=101", "page=1", "sort=rating"):
        assert work.get(role, f"{path}?{query}").status_code == 422, query


def test_the_public_list_is_sorted_as_its_index(work: Job, assert_queries: Callable[[int], Any]) -> None:
    """A coalesce() around the date, which may be null, would sort all reviews of a performer each time."""
    work.make.review(work.order())
    with assert_queries(2) as seen:  # the performer, the page
        work.public()
    assert "ORDER BY review.published_at DESC, review.id DESC" in " ".join(seen[1].split())


def test_what_the_reviews_of_an_order_cost(work: Job, assert_queries: Callable[[int], Any]) -> None:
    order = work.order()
    for role in ("customer", "performer"):
        work.write(role, order)
    for role in ("customer", "performer"):
        with assert_queries(3):  # the caller, the order, its reviews
            assert len(work.get(role, f"/orders/{order.id}/reviews").json["reviews"]) == 2
    with assert_queries(3):  # the caller, the order, the sum
        work.get("performer", f"/orders/{order.id}/customer-rating")


def test_who_sees_how_a_customer_was_rated(work: Job) -> None:
    path = f"/orders/{work.order().id}/customer-rating"
    work.make.performer(work.people["customer"])
    expected = {
        "performer": 200,
        "customer": 403,
        "other_performer": 404,
        "stranger": 403,
        "staff": 403,
        "unverified": 403,
        "anonymous": 401,
    }
    assert {role: work.get(role, path).status_code for role in expected} == expected
    assert work.get("performer", f"/orders/{2**62}/customer-rating").status_code == 404


@pytest.mark.parametrize(
    ("model", "values"),
    [(Performer, {"status": "pending"}), (Performer, {"active": False}), (User, {"deleted_at": START})],
)
def test_no_reviews_of_who_is_hidden(work: Job, model: Any, values: dict[str, Any]) -> None:
    performer = work.make.performer(
        work.make.user(**(values if model is User else {})), **(values if model is Performer else {})
    )
    assert work.get("anonymous", f"/performers/{performer.id}/reviews").status_code == 404


def test_twenty_replies_at_once(committed: Flask, auth: Callable[[User], dict[str, str]]) -> None:
    with committed.app_context():
        make = Factory()
        performer = make.user()
        service = make.service(make.performer(performer))
        order = make.order(service=service, status="completed", completed_at=START)
        url, headers = f"/api/v1/reviews/{make.review(order).id}/reply", auth(performer)
    barrier = Barrier(20)

    def reply(n: int) -> tuple[int, str | None]:
        barrier.wait(timeout=10)
        answer = committed.test_client().post(url, json={"text": f"Reply {n}"}, headers=headers)
        assert answer.json is not None
        return answer.status_code, answer.json.get("code")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(reply, range(20)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 19
    assert {code for status, code in answers if status == 409} <= {"already_replied", "resource_busy"}
    with committed.app_context():
        assert event_names() == ["review.replied"]
