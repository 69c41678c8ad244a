"""What performers think of a customer: in the order before they accept, for them alone, from three reviews up."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from marketplace.blueprints.reviews.services import reviews as services
from marketplace.blueprints.reviews.wiring import Reviews
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import CustomerRating, User
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.reviews.conftest import Job, customer_figures, recounted_customers


def write(work: Job, *ratings: int) -> None:
    """Published reviews of the customer."""
    for rating in ratings:
        order = work.order()
        assert work.write("performer", order, rating).status_code == 201
        assert work.write("customer", order).status_code == 201


@pytest.mark.parametrize(
    ("ratings", "average"), [([], None), ([5, 4], None), ([5, 4, 4], 4.33), ([1, 1, 2, 3], 1.75)]
)
def test_ratings_of_customers(work: Job, ratings: list[int], average: float | None) -> None:
    write(work, *ratings)
    waiting = work.order()
    work.write("performer", waiting, 1)
    order = work.order("pending")
    rating = {"count": len(ratings), "average": average}
    path = f"/orders/{order.id}/customer-rating"
    assert work.get("performer", path).json == rating
    codes = {"anonymous": 401, "unverified": 403, "customer": 403, "stranger": 403, "other_performer": 404}
    for role, code in codes.items():
        assert work.get(role, path).status_code == code, role
    assert work.get("performer", f"/orders/{order.id}").json["customer_rating"] == rating


def test_only_the_performer_sees_it_in_the_order(work: Job) -> None:
    write(work, 5, 5, 4)
    order = work.make.order(work.people["customer"], work.service)
    seen = {
        role: work.get(role, f"/orders/{order.id}").json["customer_rating"]
        for role in ("customer", "performer", "staff")
    }
    assert seen == {"customer": None, "performer": {"count": 3, "average": 4.67}, "staff": None}
    mine = work.get("customer", "/orders").json["items"]
    assert {item["customer_rating"] for item in mine} == {None}
    theirs = work.get("performer", "/orders?status=pending").json["items"]
    assert [item["customer_rating"] for item in theirs] == [{"count": 3, "average": 4.67}]
    accepted = work.post("performer", f"/orders/{order.id}/accept")
    assert accepted.json["customer_rating"] == {"count": 3, "average": 4.67}


def test_who_is_both_sees_only_what_is_of_others(work: Job) -> None:
    """A performer who books is a customer there."""
    write(work, 5, 5, 4)
    performer = work.make.performer(work.people["customer"])
    other = work.make.order(work.people["stranger"], work.make.service(performer))
    work.sign_in()
    items = work.get("customer", "/orders?status=pending").json["items"]
    assert [(item["id"], item["customer_rating"]) for item in items] == [
        (other.id, {"count": 0, "average": None})
    ]
    items = work.get("customer", "/orders?role=customer").json["items"]
    assert {item["customer_rating"] for item in items} == {None}


def test_hidden_ones_do_not_count_until_they_are_back(work: Job) -> None:
    write(work, 5, 5, 1)
    order = work.order("pending")
    path = f"/orders/{order.id}/customer-rating"
    [worst] = [
        item["id"] for item in work.get("staff", "/admin/reviews").json["items"] if item["rating"] == 1
    ]
    work.post("staff", f"/admin/reviews/{worst}/hide", reason="Revenge")
    assert work.get("performer", path).json == {"count": 2, "average": None}
    work.post("staff", f"/admin/reviews/{worst}/restore")
    assert work.get("performer", path).json == {"count": 3, "average": 3.67}
    body = {"ids": [worst], "status": "hidden", "reason": "Revenge"}
    done = work.post("staff", "/admin/reviews/status", **body)
    assert customer_figures() == recounted_customers()
    work.post("staff", f"/admin/bulk/{done.json['operation_id']}/undo")
    assert work.get("performer", path).json == {"count": 3, "average": 3.67}
    assert customer_figures() == recounted_customers()


def test_both_are_counted_when_the_time_is_up(
    work: Job, clock: FrozenClock, runtime: Runtime, run_jobs: Callable[[], int]
) -> None:
    work.write("performer", work.order(), 4)
    clock.set(START + timedelta(days=14))
    with runtime.uow as uow:
        uow.enqueue("reviews.publish", {})
    run_jobs()
    assert customer_figures() == recounted_customers() == {work.people["customer"].id: (1, 4)}


def test_a_recount_corrects_them(
    work: Job, runtime: Runtime, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "RECOUNT_BATCH", 1)
    assert runtime.registry.jobs["reviews.recount_customers"].every == 86400
    write(work, 5, 2)
    right = customer_figures()
    db.session.execute(update(CustomerRating).values(rating_count=9))
    db.session.commit()
    with runtime.uow as uow:
        uow.enqueue("reviews.recount_customers", {})
    run_jobs()
    assert customer_figures() == recounted_customers() == right


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_a_list_asks_once(
    client: CheckedClient,
    make: Factory,
    auth: Callable[[User], dict[str, str]],
    assert_queries: Callable[[int], AbstractContextManager[Any]],
    rows: int,
) -> None:
    user = make.user()
    service = make.service(make.performer(user))
    for number in range(rows):
        customer = make.user()
        make.order(customer, service, starts_at=START + timedelta(days=1 + number))
        db.session.add(CustomerRating(user_id=customer.id, rating_count=3, rating_sum=15))
    db.session.commit()
    headers = auth(user)
    with assert_queries(2):
        page = client.get("/api/v1/orders?limit=100", headers=headers).json
    assert [item["customer_rating"] for item in page["items"]] == [{"count": 3, "average": 5.0}] * rows
    assert len(list(db.session.scalars(select(CustomerRating.user_id)))) == rows


def test_a_deletion_that_is_taken_back_changes_nothing(
    work: Job, runtime: Runtime, clock: FrozenClock
) -> None:
    hidden = work.order()
    work.write("customer", hidden, 5)
    review_id = work.write("performer", hidden, 2).json["id"]
    work.write("performer", work.order(), 1)
    customer = work.people["customer"]
    customer.deleted_at = clock.now()
    db.session.commit()
    work.post("staff", f"/admin/reviews/{review_id}/hide", reason="x")
    clock.advance(timedelta(days=15))
    runtime.get(Reviews).reviews.publish_due()
    customer.deleted_at = None
    db.session.commit()
    assert customer_figures() == recounted_customers() == {customer.id: (1, 1)}
