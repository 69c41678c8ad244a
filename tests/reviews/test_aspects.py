"""Stars by aspect: optional, of performers alone, shown from three up, and counted as the rating is."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from marketplace.extensions import db
from marketplace.models import Performer, Review
from marketplace.web.caching import topics
from marketplace.web.runtime import Runtime
from tests.reviews.conftest import Job, aspect_figures, recounted_aspects

ALL = {"quality": 5, "punctuality": 2, "communication": 4}
NONE = {"average": None, "count": 0}


def publish(work: Job, **values: Any) -> int:
    """The id of a published review by the customer."""
    order = work.order()
    work.write("performer", order)
    answer = work.write("customer", order, **values)
    assert answer.status_code == 201
    return int(answer.json["id"])


def profile(work: Job) -> Any:
    topics.clear()
    return work.get("anonymous", f"/performers/{work.performer.id}").json["rating"]["aspects"]


def test_what_is_rated_is_shown(work: Job) -> None:
    publish(work, aspects=ALL)
    publish(work, aspects={"punctuality": 1})
    publish(work, aspects={})
    publish(work)
    assert [item["aspects"] for item in work.public()] == [
        None,
        None,
        {"quality": None, "punctuality": 1, "communication": None},
        ALL,
    ]
    [staffs, *_] = work.get("staff", "/admin/reviews?limit=1").json["items"]
    assert staffs["aspects"] is None


def test_averages_from_three_up(work: Job) -> None:
    assert profile(work) == {"quality": NONE, "punctuality": NONE, "communication": NONE}
    for aspects in ({"quality": 5, "punctuality": 1}, {"quality": 4, "punctuality": 2}, {"quality": 4}):
        publish(work, aspects=aspects)
    assert profile(work) == {
        "quality": {"average": 4.33, "count": 3},
        "punctuality": {"average": None, "count": 2},
        "communication": NONE,
    }


def test_nobody_rates_customers_so(work: Job) -> None:
    order = work.order()
    refused = work.write("performer", order, aspects={"quality": 1})
    assert (refused.status_code, refused.json["code"]) == (422, "only_of_performers")
    assert db.session.query(Review).count() == 0
    assert work.write("performer", order, aspects={}).status_code == 201


@pytest.mark.parametrize(
    "aspects",
    [{"quality": 0}, {"quality": 6}, {"quality": 2.5}, {"quality": None}, {"price": 3}, [5], "5", None],
)
def test_what_is_no_rating_is_refused(work: Job, aspects: Any) -> None:
    refused = work.write("customer", work.order(), aspects=aspects)
    assert (refused.status_code, refused.json["code"]) == (422, "validation_failed")
    assert "aspects" in refused.json["errors"]["json"]


def test_the_database_refuses_them_too(work: Job) -> None:
    review = work.make.review(work.order(), direction="of_customer", author_id=work.people["performer"].id)
    for values in ({"quality": 3}, {"direction": "of_performer", "communication": 6}):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(update(Review).where(Review.id == review.id).values(**values))


def test_hidden_restored_in_bulk_and_undone(work: Job) -> None:
    ids = [publish(work, aspects=aspects) for aspects in (ALL, {"quality": 1}, {"communication": 3})]
    assert aspect_figures(work.performer.id) == ([2, 1, 2], [6, 2, 7])
    work.post("staff", f"/admin/reviews/{ids[0]}/hide", reason="x")
    assert aspect_figures(work.performer.id) == ([1, 0, 1], [1, 0, 3])
    work.post("staff", f"/admin/reviews/{ids[0]}/restore")
    assert aspect_figures(work.performer.id) == ([2, 1, 2], [6, 2, 7])
    done = work.post("staff", "/admin/reviews/status", ids=ids, status="hidden", reason="x")
    assert aspect_figures(work.performer.id) == recounted_aspects(work.performer.id) == ([0] * 3, [0] * 3)
    work.post("staff", f"/admin/bulk/{done.json['operation_id']}/undo")
    assert aspect_figures(work.performer.id) == recounted_aspects(work.performer.id) == ([2, 1, 2], [6, 2, 7])


def test_a_recount_corrects_them(work: Job, runtime: Runtime, run_jobs: Callable[[], int]) -> None:
    publish(work, aspects=ALL)
    right = aspect_figures(work.performer.id)
    db.session.execute(update(Performer).values(aspect_counts=[9, 9, 9], aspect_sums=[9, 9, 9]))
    db.session.commit()
    with runtime.uow as uow:
        uow.enqueue("reviews.recount", {})
    run_jobs()
    assert aspect_figures(work.performer.id) == recounted_aspects(work.performer.id) == right
