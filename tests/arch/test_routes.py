"""Every route keeps the conventions of the house; a new one that forgets them fails here."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from marketplace.web.access import Access, access_of, asks_for_caller
from marketplace.web.blueprint import VERSIONS
from tests.rights.asking import routes
from tests.rights.table import ROWS, SHOWS_MORE

# Lists without pages, and why each may be one.
UNPAGED = {
    "/admin/banners/{banner_id}/stats": "a day each, at most 366",
    "/performers/facets": "bounded by the catalog, and the 50 cities with the most",
    "/performers/suggest": "five of each kind",
    "/performers/{performer_id}/slots": "of at most 31 days, four an hour",
    "/categories": "the tree is one resource, bounded by the catalog",
    "/chats/{chat_id}/messages": "pages by seq, which clients keep anyway",
    "/admin/chats/{chat_id}/messages": "as for the members",
    "/performers/me/portfolio": "at most 30",
    "/performers/me/calendars": "at most five",
    "/orders/{order_id}/reviews": "at most two",
    "/admin/stats": "numbers of at most 92 days",
}
# Edits that start from no version, and why.
UNVERSIONED = {
    "/admin/categories/order": "wants all ids of the level, so one that was added or taken away is noticed",
    "/performers/me/portfolio/order": "wants the ids of all, so one that was added or taken away is noticed",
    "/performers/{performer_id}/favourite": "a mark is there or not",
    "/performers/{performer_id}/waitlist": "one's place in a queue: there or not",
}
# POSTs that take no Idempotency-Key, and why each needs none.
NOT_IDEMPOTENT = {
    "/banners/{banner_id}/click": "a figure for staff, not a thing; who sends it has no name to keep a key by",
    "/banners/views": "as for clicks",
    "/user/login": "signing in twice makes two sessions, both wanted",
    "/user/token/refresh": "a token works once by itself",
    "/user/logout": "ending a session twice ends it",
    "/user/email/verify": "a token works once by itself",
    "/user/otp/send": "a newer code supersedes the one before",
    "/user/otp/verify": "a code works once by itself",
    "/user/password/forgot": "a newer mail supersedes the one before",
    "/user/password/reset": "a token works once by itself",
    "/user/password/change": "the current password is another one afterwards",
    "/user/me/email": "a newer mail supersedes the one before",
    "/user/me/email/resend": "a newer mail supersedes the one before",
    "/user/me/phone": "a newer code supersedes the one before",
    "/user/me/phone/confirm": "a code works once by itself",
    "/user/me/totp": "a newer secret takes the place of one that is not confirmed",
    "/user/me/totp/confirm": "a code works once by itself",
    "/user/me/totp/recovery-codes": "newer ones take the place of those before",
    "/user/restore": "a token works once by itself",
    "/admin/users/{user_id}/act-as": "a second token is as good as the first",
    "/chats/{chat_id}/messages": "client_id does the same for messages",
    "/chats/{chat_id}/read": "a watermark that never goes back",
    "/notifications/read": "read is read",
    "/performers/me/pause": "paused is paused",
    "/performers/me/resume": "resumed is resumed",
}


def operations(app: Flask, version: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path without the version, operation) of a version's document."""
    document = app.extensions["flask-smorest"]["apis"][f"{version.upper()}_"]["ext_obj"].document
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                yield method, path.removeprefix(f"/api/{version}"), operation


def test_every_view_declares_its_access(app: Flask) -> None:
    missing = [name for name, view in app.view_functions.items() if access_of(view) is None]
    assert missing == []


def test_every_route_is_documented(app: Flask) -> None:
    for version in VERSIONS:
        documented = {(method, path) for method, path, _ in operations(app, version)}
        for rule in app.url_map.iter_rules():
            if not rule.rule.startswith(f"/api/{version}/") or rule.rule.endswith(".json"):
                continue
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).removeprefix(f"/api/{version}")
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert (method.lower(), path) in documented, f"{method} {path}"


@pytest.mark.parametrize("version", VERSIONS)
def test_documents_are_valid_openapi(app: Flask, version: str) -> None:
    document = app.extensions["flask-smorest"]["apis"][f"{version.upper()}_"]["ext_obj"].document
    validate(document)
    ids = [operation["operationId"] for _, _, operation in operations(app, version)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_operation_tells_what_it_does_and_how_it_fails(app: Flask, version: str) -> None:
    for method, path, operation in operations(app, version):
        label = f"{method} {path}"
        assert operation.get("summary"), label
        assert {"400", "405", "422", "429", "503"} <= set(operation["responses"]), label
        assert "401" in operation["responses"] or operation["security"] == [], label
        assert any(code.startswith("2") for code in map(str, operation["responses"])), label
        if "{" in path:
            assert "404" in operation["responses"], label
        for code, answer in operation["responses"].items():
            if int(code) >= 400 and "$ref" not in answer:
                assert list(answer["content"]) == ["application/problem+json"], f"{label} {code}"


@pytest.mark.parametrize("version", VERSIONS)
def test_documents_list_what_staff_do_apart(app: Flask, version: str) -> None:
    document = app.test_client().get(f"/api/{version}/openapi.json").get_json()
    named = [tag["name"] for tag in document["tags"]]
    used: dict[str, set[bool]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                used.setdefault(operation["tags"][0], set()).add(path.startswith(f"/api/{version}/admin/"))
    assert named[0] == "accounts", "whoever reads it begins by signing up"
    assert used.keys() == set(named)
    of_staff = {tag for tag, where in used.items() if where == {True}}
    assert of_staff == {tag for tag in named if tag.startswith("staff: ")}
    assert of_staff == set(named[-len(of_staff) :]), "they come last"
    assert all(len(where) == 1 for where in used.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_list_has_pages(app: Flask, version: str) -> None:
    for method, path, operation in operations(app, version):
        if method != "get" or path in UNPAGED:
            continue
        schema = (
            operation["responses"]
            .get("200", {})
            .get("content", {})
            .get("application/json", {})
            .get("schema", {})
        )
        name = schema.get("$ref", "").rpartition("/")[2]
        parameters = {parameter.get("name") for parameter in operation.get("parameters", [])}
        looks_like_list = schema.get("type") == "array" or name.endswith(("Page", "List"))
        last = path.rstrip("/").rpartition("/")[2]
        if looks_like_list or (last.endswith("s") and not last.startswith("{")):
            assert {"limit", "after", "before"} <= parameters, f"{path} is a list without pages"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_post_that_creates_or_moves_is_idempotent(app: Flask, version: str) -> None:
    for method, path, operation in operations(app, version):
        if method == "post" and path not in NOT_IDEMPOTENT:
            assert {"$ref": "#/components/parameters/IdempotencyKey"} in operation["parameters"], path


@pytest.mark.parametrize("version", VERSIONS)
def test_every_edit_wants_the_version_it_starts_from(app: Flask, version: str) -> None:
    for method, path, operation in operations(app, version):
        if method in {"patch", "put"} and path not in UNVERSIONED:
            assert {"$ref": "#/components/parameters/IfMatch"} in operation["parameters"], f"{method} {path}"


def test_staff_routes_are_for_staff(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if "/admin/" in rule.rule:
            access = access_of(app.view_functions[rule.endpoint])
            assert access in {Access.STAFF, Access.ADMIN}, rule.rule


def test_a_token_counts_at_public_routes_that_show_more(app: Flask) -> None:
    """The marker says it, and the matrix of rights: who is blocked gets 401 there, and nowhere else."""
    said = {row.route for row in ROWS if row.rights == SHOWS_MORE}
    found = {
        route
        for route, endpoints in routes(app).items()
        for endpoint in endpoints.values()
        if access_of(view := app.view_functions[endpoint]) is Access.PUBLIC and asks_for_caller(view)
    }
    assert found == said


def test_no_public_route_asks_who_calls_without_saying_so(app: Flask) -> None:
    """A view that looks at its caller and lacks `@shows_more` would never see one."""
    for endpoint, view in app.view_functions.items():
        if access_of(view) is Access.PUBLIC and not asks_for_caller(view):
            names = inspect.unwrap(view).__code__.co_names
            assert not {"current_principal", "optional_principal"} & set(names), endpoint
