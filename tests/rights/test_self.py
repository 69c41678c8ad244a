"""Nobody judges in their own case: staff decides on no profile, change, review or account of its own."""

from collections.abc import Callable
from typing import Any

import pytest

from marketplace.extensions import db
from marketplace.models import Report, User
from marketplace.testing import START
from tests.rights.asking import touched
from tests.rights.scenario import NOTE_TO_STAFF, Side, Stage, change
from tests.rights.table import ROWS

STAFF = ("moderator", "admin")
REASON = {"reason": "As agreed"}


def own_performer(side: Side, user: User) -> int:
    return int(side.make.performer(user, status="pending").id)


def approved_performer(side: Side, user: User) -> int:
    return int(side.make.performer(user).id)


def own_certified_performer(side: Side, user: User) -> int:
    return int(side.make.certificate(side.make.performer(user), status="approved").performer_id)


def own_certificate(side: Side, user: User) -> int:
    return int(side.make.certificate(side.make.performer(user)).id)


def own_approved_certificate(side: Side, user: User) -> int:
    return int(side.make.certificate(side.make.performer(user), status="approved").id)


def own_service(side: Side, user: User) -> int:
    return int(side.make.service(side.make.performer(user)).id)


def own_hidden_service(side: Side, user: User) -> int:
    return int(side.make.service(side.make.performer(user), hidden_at=START, hidden_reason="Spam").id)


def report_of_ones_own(side: Side, user: User) -> int:
    row = Report(
        reporter_id=user.id,
        content_type="performer",
        content_id=side.performer.id,
        owner_id=side.performer.user_id,
        reason="Spam",
    )
    return int(side.add(row).id)


def report_of_oneself(side: Side, user: User) -> int:
    performer = side.make.performer(user)
    row = Report(
        reporter_id=side.customer.id,
        content_type="performer",
        content_id=performer.id,
        owner_id=user.id,
        reason="Spam",
    )
    return int(side.add(row).id)


def own_review(side: Side, user: User) -> int:
    """By the member of staff, of somebody else's work."""
    order = side.make.order(user, side.service, status="completed", completed_at=START)
    return int(side.make.review(order, note_to_staff=NOTE_TO_STAFF).id)


def review_of_own_work(side: Side, user: User) -> int:
    service = side.make.service(side.make.performer(user))
    order = side.make.order(side.customer, service, status="completed", completed_at=START)
    return int(side.make.review(order).id)


def hidden_review_of_own_work(side: Side, user: User) -> int:
    service = side.make.service(side.make.performer(user))
    order = side.make.order(side.customer, service, status="completed", completed_at=START)
    return int(side.make.review(order, hidden_at=START, hidden_reason="Rude").id)


def own_change(side: Side, user: User) -> int:
    caller = next(name for name, known in side.users.items() if known.id == user.id)
    return int(change(side, caller)["change_id"])


def own_order(side: Side, user: User) -> int:
    return int(side.make.order(user, side.service, status="disputed", decision_due_at=START).id)


def own_account(_side: Side, user: User) -> int:
    return int(user.id)


Own = Callable[[Side, User], int]

DECISIONS: list[tuple[str, Own, dict[str, Any] | None, str]] = [
    ("/performers/{}/approve", own_performer, None, "own_performer"),
    ("/performers/{}/reject", own_performer, REASON, "own_performer"),
    ("/performers/{}/suspend", approved_performer, REASON, "own_performer"),
    ("/performers/{}/verify", own_certified_performer, None, "own_performer"),
    ("/certificates/{}/approve", own_certificate, None, "own_certificate"),
    ("/certificates/{}/reject", own_certificate, REASON, "own_certificate"),
    ("/certificates/{}/revoke", own_approved_certificate, REASON, "own_certificate"),
    ("/changes/{}/approve", own_change, None, "own_change"),
    ("/changes/{}/reject", own_change, REASON, "own_change"),
    ("/changes/{}/request-revision", own_change, REASON, "own_change"),
    ("/changes/{}/claim", own_change, None, "own_change"),
    ("/reports/{}/claim", report_of_ones_own, None, "own_report"),
    ("/reports/{}/claim", report_of_oneself, None, "own_report"),
    ("/services/{}/hide", own_service, REASON, "own_service"),
    ("/services/{}/restore", own_hidden_service, None, "own_service"),
    ("/reports/{}/close", report_of_ones_own, {"outcome": "dismissed"}, "own_report"),
    ("/reports/{}/close", report_of_oneself, {"outcome": "dismissed"}, "own_report"),
    ("/reviews/{}/hide", own_review, REASON, "own_review"),
    ("/reviews/{}/hide", review_of_own_work, REASON, "own_review"),
    ("/reviews/{}/restore", hidden_review_of_own_work, None, "own_review"),
    ("/orders/{}/resolve", own_order, {"outcome": "cancelled", **REASON}, "wrong_party"),
    ("/users/{}/block", own_account, REASON, "not_on_self"),
    ("/users/{}/unblock", own_account, None, "not_on_self"),
    ("/users/{}/sign-out", own_account, None, "not_on_self"),
    ("/users/{}/roles", own_account, {"roles": []}, "not_on_self"),
    ("/users/{}/act-as", own_account, None, "not_on_self"),
]
BULK: list[tuple[str, Own, str, str]] = [
    ("performers", own_performer, "approved", "own_performer"),
    ("performers", approved_performer, "suspended", "own_performer"),
    ("changes", own_change, "approved", "own_change"),
    ("services", own_service, "hidden", "own_service"),
    ("services", own_hidden_service, "visible", "own_service"),
    ("reviews", own_review, "hidden", "own_review"),
    ("reviews", review_of_own_work, "hidden", "own_review"),
    ("reviews", hidden_review_of_own_work, "visible", "own_review"),
    ("users", own_account, "blocked", "not_on_self"),
]


@pytest.mark.parametrize("caller", STAFF)
@pytest.mark.parametrize(
    ("path", "own", "body", "code"), DECISIONS, ids=[f"{path}-{own.__name__}" for path, own, *_ in DECISIONS]
)
def test_staff_does_not_decide_on_its_own(
    stage: Stage, caller: str, path: str, own: Own, body: dict[str, Any] | None, code: str
) -> None:
    with stage.clean():
        subject = own(stage.ours, stage.ours.users[caller])
        before = stage.snapshot()
        options = {} if body is None else {"json": body}
        answer = stage.send("POST", f"/api/v1/admin{path.format(subject)}", caller, **options)
        assert answer.status_code == 403
        # What only admins do at all is refused to moderators sooner.
        assert answer.get_json()["code"] in {code, "staff_needed"}
        assert caller == "moderator" or answer.get_json()["code"] == code
        db.session.remove()
        assert touched(before, stage.snapshot()) == ""


@pytest.mark.parametrize("caller", STAFF)
@pytest.mark.parametrize(
    ("kind", "own", "status", "code"), BULK, ids=[f"{k}-{o.__name__}" for k, o, *_ in BULK]
)
def test_nor_in_bulk(stage: Stage, caller: str, kind: str, own: Own, status: str, code: str) -> None:
    with stage.clean():
        subject = own(stage.ours, stage.ours.users[caller])
        before = stage.snapshot()
        body = {"ids": [subject], "status": status, **REASON}
        answer = stage.send("POST", f"/api/v1/admin/{kind}/status", caller, json=body)
        assert answer.get_json()["results"] == [{"id": subject, "ok": False, "code": code}]
        db.session.remove()
        assert touched(before, stage.snapshot()) == ""


def test_every_decision_of_staff_is_tried() -> None:
    """A new kind of decision has to be tried on oneself, or cannot be about oneself."""
    not_about_anybody = {"banners", "bulk", "categories", "cities", "jobs"}
    kinds = {
        row.path.split("/")[2]
        for row in ROWS
        if row.path.startswith("/admin/") and row.method == "POST" and "{" in row.path
    }
    tried = {path.split("/")[1] for path, *_ in DECISIONS}
    assert kinds - not_about_anybody - {"{kind}"} == tried
    assert {row.case for row in ROWS if row.route == "POST /admin/{kind}/status"} == {
        kind for kind, *_ in BULK
    }
