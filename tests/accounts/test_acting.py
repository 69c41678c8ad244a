"""An admin acts as a user: sees what the user sees, moves nothing, and every request is written down."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, User, UserSession
from marketplace.testing import CheckedClient, Factory
from marketplace.web.access import Access, access_of

Auth = Callable[[User], dict[str, str]]

# The writes that an admin who acts as a user may do; a new one belongs here on purpose or not at all.
WHILE_ACTING = {
    ("PATCH", "/user/me"),
    ("PATCH", "/performers/me"),
    ("POST", "/performers/me/pause"),
    ("POST", "/performers/me/resume"),
}
# The reads that are for the user's own eyes.
PERSONAL = {
    "/chats",
    "/chats/<int:chat_id>",
    "/chats/<int:chat_id>/messages",
    "/user/sessions",
    "/user/me/export",
}


@pytest.fixture
def admin(make: Factory) -> User:
    return make.staff("admin")


@pytest.fixture
def user(make: Factory) -> User:
    return (
        make.performer(make.user(phone="+4930901820")).user_id
        and db.session.scalars(select(User).where(User.phone == "+4930901820")).one()
    )


def act_as(client: CheckedClient, auth: Auth, admin: User, user_id: int) -> Any:
    return client.post(f"/api/v1/admin/users/{user_id}/act-as", headers=auth(admin))


@pytest.fixture
def acting(client: CheckedClient, auth: Auth, admin: User, user: User) -> dict[str, str]:
    answer = act_as(client, auth, admin, user.id)
    assert answer.status_code == 200
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def test_the_token_has_30_minutes_and_no_successor(
    client: CheckedClient, auth: Auth, admin: User, user: User, clock: FrozenClock
) -> None:
    answer = act_as(client, auth, admin, user.id).json
    assert set(answer) == {"access_token", "token_type", "expires_in", "user_id"}
    assert (answer["expires_in"], answer["user_id"]) == (1800, user.id)
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    clock.advance(timedelta(minutes=29, seconds=59))
    assert client.get("/api/v1/user/me", headers=headers).json["id"] == user.id
    clock.advance(timedelta(seconds=1))
    assert client.get("/api/v1/user/me", headers=headers).status_code == 401


def test_both_ids_are_in_the_audit_log(
    client: CheckedClient, admin: User, user: User, acting: dict[str, str]
) -> None:
    client.get("/api/v1/user/me", headers={**acting, "X-Request-ID": "look-1"})
    edit = client.patch("/api/v1/user/me", json={"locale": "es"}, headers={**acting, "If-Match": "*"})
    assert edit.status_code == 200
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(e.action, e.actor_id, e.on_behalf_of, e.after) for e in entries] == [
        ("user.act_as", admin.id, None, None),
        ("user.act", admin.id, user.id, {"request": "GET /api/v1/user/me"}),
        ("user.act", admin.id, user.id, {"request": "PATCH /api/v1/user/me"}),
    ]
    assert {e.subject_id for e in entries} == {user.id}
    assert entries[1].request_id == "look-1"


def views(app: Flask) -> list[tuple[str, str, Any]]:
    """(method, path without the version, view) of every route below /api/v1."""
    return [
        (method, rule.rule.removeprefix("/api/v1"), app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and not rule.rule.endswith(".json")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def filled(path: str) -> str:
    import re

    return re.sub(r"<int:\w+>", "1", re.sub(r"<(string:)?\w+>", "x", path))


def test_no_write_but_the_listed_ones(
    app: Flask, client: CheckedClient, acting: dict[str, str], user: User
) -> None:
    for method, path, view in views(app):
        if method == "GET" or access_of(view) is Access.PUBLIC:
            continue
        answer = client.open(f"/api/v1{filled(path)}", method=method, headers=acting)
        refused = (answer.status_code, (answer.get_json(silent=True) or {}).get("code"))
        if (method, path) in WHILE_ACTING:
            assert answer.status_code not in {401, 403}, f"{method} {path}: {refused}"
        elif access_of(view) in {Access.STAFF, Access.ADMIN}:
            assert refused == (403, "staff_needed"), f"{method} {path}"
        else:
            assert refused == (403, "not_while_acting"), f"{method} {path}: {refused}"


def test_no_read_of_what_is_personal(app: Flask, client: CheckedClient, acting: dict[str, str]) -> None:
    for method, path, view in views(app):
        if method != "GET" or access_of(view) in {Access.PUBLIC, Access.STAFF, Access.ADMIN}:
            continue
        answer = client.get(f"/api/v1{filled(path)}", headers=acting)
        refused = answer.status_code == 403 and answer.json["code"] == "not_while_acting"
        assert refused == (path in PERSONAL), path


def test_nobody_acts_as_staff_or_the_blocked(
    client: CheckedClient, auth: Auth, make: Factory, admin: User, clock: FrozenClock
) -> None:
    for target, status, code in (
        (admin, 403, "not_on_self"),
        (make.staff("moderator"), 403, "not_on_staff"),
        (make.staff("admin"), 403, "not_on_staff"),
        (make.user(is_active=False), 403, "user_blocked"),
        (make.user(deleted_at=clock.now()), 404, "not_found"),
    ):
        answer = act_as(client, auth, admin, target.id)
        assert (answer.status_code, answer.json["code"]) == (status, code)
    answer = act_as(client, auth, make.staff("moderator"), make.user().id)
    assert (answer.status_code, answer.json["code"]) == (403, "staff_needed")


@pytest.mark.parametrize("change", [{"roles": ["moderator"]}, {"roles": []}, {"is_active": False}])
def test_who_is_no_admin_any_more_acts_no_more(
    client: CheckedClient, admin: User, acting: dict[str, str], change: dict[str, Any], app: Flask
) -> None:
    for name, value in change.items():
        setattr(admin, name, value)
    db.session.commit()
    assert client.get("/api/v1/user/me", headers=acting).status_code == 401
    sessions = app.extensions["marketplace"].get(Accounts).sessions
    session = db.session.scalars(select(UserSession).where(UserSession.acting_admin_id == admin.id)).one()
    assert sessions.alive({session.id}) == set()


def test_the_users_own_list_of_sessions_is_the_users_own(
    client: CheckedClient, auth: Auth, user: User, acting: dict[str, str]
) -> None:
    own = auth(user)
    items = client.get("/api/v1/user/sessions", headers=own).json["items"]
    assert [item["current"] for item in items] == [True]
    # Signing out everywhere ends the admin's session too.
    assert client.delete("/api/v1/user/sessions", headers=own).status_code == 204
    assert client.get("/api/v1/user/me", headers=acting).status_code == 401


def test_the_address_of_an_acting_admin_is_no_known_address(
    app: Flask, user: User, acting: dict[str, str], clock: FrozenClock
) -> None:
    with app.app_context():
        rows = app.extensions["marketplace"].get(Accounts).sessions._sessions
        assert not rows.knows_address(user.id, "127.0.0.1", clock.now() - timedelta(days=30))


def test_no_socket_for_an_acting_admin(app: Flask, client: CheckedClient, acting: dict[str, str]) -> None:
    from flask_socketio import SocketIOTestClient

    from marketplace.extensions import socketio

    token = acting["Authorization"].removeprefix("Bearer ")
    found = SocketIOTestClient(app, socketio, namespace="/chat", auth={"token": token})
    assert not found.is_connected("/chat")
