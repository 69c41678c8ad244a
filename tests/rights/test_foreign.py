"""What belongs to strangers answers as what is not there (OWASP API1, broken object level authorisation)."""

import re

import pytest
from flask import Flask

from marketplace.extensions import db
from marketplace.models import Notification
from marketplace.web.blueprint import VERSIONS
from tests.rights import scenario
from tests.rights.asking import absent, ask, check_cell, prefixes, routes, told
from tests.rights.scenario import CALLERS, Made, Maker, Side, Stage
from tests.rights.table import PUBLIC, ROWS, SHOWS_MORE, Row, words

# The names of ids in paths: those of things that have an owner, and those of things that are everybody's
# or staff's alone.
OWNED = {
    "calendar_id",
    "certificate_id",
    "change_id",
    "chat_id",
    "evidence_id",
    "image_id",
    "order_id",
    "review_id",
    "series_id",
    "service_id",
    "session_id",
    "exception_id",
    "hold_id",
    "vacation_id",
}
COMMON = {
    "banner_id": "staff's",
    "category_id": "staff's",
    "city_id": "staff's",
    "dispute_id": "staff's",
    "job_id": "admins'",
    "report_id": "staff's",
    "operation_id": "staff's",
    "key": "a picture that all may see",
    "kind": "a word",
    "secret": "is the right itself",
    "name": "a page or file of the docs",
    "digest": "the version of a file of the docs",
    "slug": "a category's, public",
    "performer_id": "public; what is one's own is /performers/me",
    "user_id": "staff's; what is one's own is /user/me",
}

ABOUT_SOMETHING = [row for row in ROWS if row.foreign or "_id}" in row.path]

# The lists of own things: what must be in them, and by which id.
OWN_LISTS: dict[str, tuple[Maker, str]] = {
    "GET /user/sessions": (scenario.session, "session_id"),
    "GET /user/me/changes": (scenario.change, "change_id"),
    "GET /performers/me/portfolio": (scenario.portfolio_image, "image_id"),
    "GET /performers/me/exceptions": (scenario.schedule_exception, "exception_id"),
    "GET /performers/me/vacations": (scenario.vacation, "vacation_id"),
    "GET /performers/me/calendars": (scenario.external_calendar, "calendar_id"),
    "GET /performers/me/services": (scenario.service, "service_id"),
    "GET /performers/me/certificates": (scenario.certificate(), "certificate_id"),
    "GET /orders": (scenario.order(), "order_id"),
    "GET /chats": (scenario.chat, "chat_id"),
    "GET /user/me/favourites": (scenario.favourite, "performer_id"),
    "GET /notifications": (scenario.notification, "notification_id"),
    "GET /user/me/waitlist": (scenario.waitlist_entry, "entry_id"),
}


def service_of_somebody_pending(side: Side, _caller: str) -> Made:
    return {"service_id": side.make.service(side.make.performer(status="pending")).id}


SINGLE = {
    "GET /performers/me/waitlist",
    "GET /user/me",
    "GET /user/me/export",
    "GET /performers/me",
    "GET /performers/me/checklist",
    "GET /performers/me/schedule",
    "GET /performers/me/feed",
    "GET /user/me/feed",
    "GET /performers/me/cancellation-policy",
}
"""What is one's own by itself."""


def test_every_kind_of_id_is_known(app: Flask) -> None:
    found = set(re.findall(r"{(\w+)}", " ".join(routes(app))))
    new = sorted(found - OWNED - set(COMMON))
    assert not new, f"say in tests/rights/test_foreign.py whether these have an owner: {', '.join(new)}"


def test_every_owned_thing_is_asked_for_by_strangers() -> None:
    """But for routes of staff and public ones, where all things are foreign ones."""
    missing = [
        str(row)
        for row in ROWS
        if any(f"{{{name}}}" in row.path for name in OWNED)
        and row.foreign is None
        and not (row.path.startswith("/admin/") or row.rights in {PUBLIC, SHOWS_MORE})
    ]
    assert missing == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.foreign], ids=str)
def test_strangers_get_what_the_matrix_says(stage: Stage, row: Row) -> None:
    expected = words(row.foreign or "")
    wrong = [
        f"{prefix} {row} of strangers as {caller} {problem}"
        for prefix in prefixes(stage.app, row)
        for caller in CALLERS
        if (problem := check_cell(stage, stage.theirs, row, prefix, caller, expected[caller])) is not None
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("row", ABOUT_SOMETHING, ids=str)
def test_nothing_tells_foreign_from_absent(stage: Stage, row: Row) -> None:
    """The whole answer is the same. Who may know of the thing (`ok`, or refused for its state) gets 404 for
    one that is not there.
    """
    expected = words(row.foreign or row.rights)
    for prefix in prefixes(stage.app, row):
        for caller in CALLERS:
            with stage.clean():
                made = row.needs(stage.theirs, caller)
                nobodys = told(ask(stage, row, prefix, caller, absent(made)))
                word = expected[caller]
                if word.status is None or word.code is not None:
                    assert nobodys[0] == 404, (caller, nobodys)
                else:
                    assert nobodys == told(ask(stage, row, prefix, caller, made)), caller


@pytest.mark.parametrize("route", OWN_LISTS)
def test_lists_show_own_things_only(stage: Stage, route: str) -> None:
    make, key = OWN_LISTS[route]
    [row] = [row for row in ROWS if row.route == route]
    for prefix in prefixes(stage.app, row):
        for caller in ("customer", "performer"):
            if words(row.rights)[caller].status is not None:
                continue
            with stage.clean():
                own = make(stage.ours, caller)[key]
                foreign = make(stage.theirs, caller)[key]
                answer = ask(stage, row, prefix, caller, {}).get_json()
            found = {item["id"] for item in answer["items"]}
            assert own in found
            assert foreign not in found


def test_every_list_of_own_things_is_here() -> None:
    """A read without an id that wants a sign-in shows own things."""
    reads = {
        row.route
        for row in ROWS
        if row.method == "GET" and "{" not in row.path and not row.path.startswith("/admin/")
        if words(row.rights)["anonymous"].status == 401
    }
    assert reads == set(OWN_LISTS) | SINGLE


@pytest.mark.parametrize(
    ("path", "make", "key"),
    [
        ("/services", scenario.hidden_service, "service_id"),
        ("/services", service_of_somebody_pending, "service_id"),
        ("/performers", scenario.profile("pending"), "performer_id"),
        ("/performers", scenario.profile("suspended"), "performer_id"),
        ("/performers/{performer_id}/reviews", scenario.review(published_at=None), "review_id"),
        ("/performers/{performer_id}/reviews", scenario.hidden_review, "review_id"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_public_lists_show_public_things_only(
    stage: Stage, version: str, path: str, make: Maker, key: str
) -> None:
    """To everybody, owners and staff too: these pages are cached, and the same for all."""
    for caller in CALLERS[:-1]:
        with stage.clean():
            side = stage.ours
            hidden = make(side, caller)
            public = scenario.review()(side, caller) | scenario.service(side, caller)
            target = f"/api/{version}{path.format(performer_id=side.performer.id)}?limit=100"
            answer = stage.send("GET", target, caller).get_json()
        found = {item["id"] for item in answer["items"]}
        assert public[key] in found
        assert hidden[key] not in found


def test_foreign_notifications_are_not_marked(stage: Stage) -> None:
    [row] = [row for row in ROWS if row.route == "POST /notifications/read"]
    with stage.clean():
        made = row.needs(stage.theirs, "customer")
        foreign = told(ask(stage, row, "/api/v1", "customer", made))
        assert foreign[1] == {"marked": 0}
        assert foreign == told(ask(stage, row, "/api/v1", "customer", absent(made)))
        db.session.remove()
        assert db.session.get_one(Notification, made["notification_id"]).read_at is None
