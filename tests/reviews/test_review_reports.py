"""Reports of reviews: by whoever may see one, once, and staff reads it and hides it in the queue."""

import io
from typing import Any

import pytest

from marketplace.blueprints.reviews.wiring import Reviews
from marketplace.extensions import db
from marketplace.models import Review, User
from marketplace.web.caching import topics
from marketplace.web.runtime import Runtime
from tests.portfolio.test_portfolio import picture
from tests.reviews.conftest import Job, event_names, figures, recounted


def report(work: Job, role: str, review_id: int) -> Any:
    return work.post(role, "/reports", content_type="review", content_id=review_id, reason="Names my child")


def both(work: Job, *, photo: bool = False) -> dict[str, int]:
    """The ids of the published reviews of an order, by direction."""
    order = work.order()
    mine = work.write("performer", order, 2, text="Rude").json["id"]
    data: dict[str, Any] = {"rating": "1", "text": "A thief"}
    if photo:
        data["photos"] = [(io.BytesIO(picture()), "x.png")]
    path = f"/api/v1/orders/{order.id}/review"
    made = work.client.post(
        path, data=data, headers=work.headers["customer"], content_type="multipart/form-data"
    )
    topics.clear()
    return {"of_customer": mine, "of_performer": made.json["id"]}


def queue(work: Job, query: str = "") -> list[Any]:
    items: list[Any] = work.get("staff", f"/admin/reports?status=open{query}").json["items"]
    return items


def test_who_may_report_which(work: Job) -> None:
    ids = both(work)
    expected = {
        "of_performer": {"performer": 201, "stranger": 201, "customer": 403, "anonymous": 401},
        "of_customer": {"customer": 201, "stranger": 404, "other_performer": 404, "performer": 403},
    }
    for direction, roles in expected.items():
        got = {role: report(work, role, ids[direction]).status_code for role in roles}
        assert got == roles, direction
    assert report(work, "performer", ids["of_performer"]).json["code"] == "already_reported"
    assert len(queue(work)) == 3


def test_what_nobody_may_see_cannot_be_reported(work: Job) -> None:
    waiting = work.write("customer", work.order()).json["id"]
    assert report(work, "performer", waiting).status_code == 404
    hidden = both(work)["of_performer"]
    work.post("staff", f"/admin/reviews/{hidden}/hide", reason="x")
    assert report(work, "performer", hidden).status_code == 404


def test_staff_reads_it_in_the_queue(work: Job) -> None:
    ids = both(work, photo=True)
    report(work, "performer", ids["of_performer"])
    report(work, "customer", ids["of_customer"])
    report_of_performer, of_customer = queue(work, "&content_type=review")
    content = report_of_performer["content"]
    assert (content["text"], content["hidden"]) == ("A thief", False)
    [url] = content["pictures"]
    assert work.client.get(url).status_code == 200
    assert of_customer["content"] == {"text": "Rude", "pictures": [], "hidden": False}
    path = f"/admin/reports/{report_of_performer['id']}"
    for step in ("claim", "release"):
        assert work.post("staff", f"{path}/{step}").json["content"] == content
    assert work.post("staff", "/admin/reports/claim-next").json["content"] == content


def test_hidden_with_the_decision(work: Job) -> None:
    review_id = both(work, photo=True)["of_performer"]
    assert figures(work.performer.id)[0] == 1
    report(work, "performer", review_id)
    report(work, "stranger", review_id)
    first, second = queue(work)
    decision = {"outcome": "upheld", "note": "Slander", "hide": True}
    closed = work.post("staff", f"/admin/reports/{first['id']}/close", **decision)
    assert (closed.status_code, closed.json["content"]["hidden"]) == (200, True)
    # Staff reads on what it has hidden.
    assert work.client.get(closed.json["content"]["pictures"][0]).status_code == 200
    review = db.session.get_one(Review, review_id)
    db.session.refresh(review)
    assert review.hidden_reason == "Slander"
    assert figures(work.performer.id) == recounted(work.performer.id) == (0, 0, [0] * 5)
    topics.clear()
    assert work.public() == []
    again = work.post("staff", f"/admin/reports/{second['id']}/close", outcome="upheld", hide=True)
    assert again.status_code == 200
    assert event_names().count("review.hidden") == 1


def test_the_words_of_who_reports_do_not_reach_the_author(work: Job, runtime: Runtime) -> None:
    review_id = both(work)["of_performer"]
    report(work, "performer", review_id)
    [open_] = queue(work)
    work.post("staff", f"/admin/reports/{open_['id']}/close", outcome="upheld", hide=True)
    review = db.session.get_one(Review, review_id)
    db.session.refresh(review)
    assert review.hidden_reason == "Reported"
    with runtime.uow:
        written = list(runtime.get(Reviews).records.written(work.people["customer"].id))
    assert "Names my child" not in str(written)


def test_what_cannot_be_hidden_so(work: Job) -> None:
    review_id = both(work)["of_performer"]
    report(work, "performer", review_id)
    work.post("stranger", "/reports", content_type="performer", content_id=work.performer.id, reason="Spam")
    of_review, of_performer = queue(work)
    for item, outcome in ((of_review, "dismissed"), (of_performer, "upheld")):
        refused = work.post("staff", f"/admin/reports/{item['id']}/close", outcome=outcome, hide=True)
        assert (refused.status_code, list(refused.json["errors"]["json"])) == (422, ["hide"])
    assert of_performer["content"] is None
    assert len(queue(work)) == 2
    assert work.public() != []


def test_who_is_concerned_leaves_it_to_others(work: Job) -> None:
    """The performer is of the staff too, and somebody else has reported."""
    review_id = both(work)["of_performer"]
    report(work, "stranger", review_id)
    [open_] = queue(work)
    db.session.get_one(User, work.people["performer"].id).roles = ["moderator"]
    db.session.commit()
    refused = work.post("performer", f"/admin/reports/{open_['id']}/close", outcome="upheld", hide=True)
    assert (refused.status_code, refused.json["code"]) == (403, "own_review")
    assert [item["status"] for item in queue(work)] == ["open"]


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_the_queue_asks_once_for_all(work: Job, assert_queries: Any, rows: int) -> None:
    from marketplace.models import Report

    for _ in range(rows):
        review = work.make.review(work.order())
        db.session.add(
            Report(
                reporter_id=work.people["stranger"].id,
                content_type="review",
                content_id=review.id,
                owner_id=review.author_id,
                reason="Spam",
            )
        )
    db.session.commit()
    with assert_queries(3):
        assert len(queue(work, "&limit=100")) == rows
