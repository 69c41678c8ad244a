"""Staff finds users, blocks them, signs them out, gives roles; all of it audited, never the last admin."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, DomainEventRow, User
from marketplace.testing import CheckedClient, Factory
from tests.support.people import Person

Auth = Callable[[User], dict[str, str]]


@pytest.fixture
def admin(make: Factory) -> User:
    return make.staff("admin")


@pytest.fixture
def moderator(make: Factory) -> User:
    return make.staff("moderator")


def post(client: CheckedClient, auth: Auth, actor: User, user_id: int, act: str, **body: Any) -> Any:
    options = {"json": body} if body else {}
    return client.post(f"/api/v1/admin/users/{user_id}/{act}", headers=auth(actor), **options)


def entries(user_id: int, action: str) -> list[AuditEntry]:
    statement = select(AuditEntry).where(AuditEntry.subject_id == user_id, AuditEntry.action == action)
    return list(db.session.scalars(statement))


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("0049 (0) 30 901820", ["ida"]),
        ("+49 (30) 901-820", ["ida"]),
        ("+49 30 9018", ["ida"]),
        ("ida@münchen-bau.de", ["ida"]),
        ("MÜNCHEN-bau.de", ["ida"]),
        ("ida@xn--mnchen-bau-9db.de", ["ida"]),
        ("ida muster", ["ida"]),
        ("ida@straße-bau.de", []),
    ],
)
def test_searching_by_an_address_as_it_is_typed(
    client: CheckedClient, auth: Auth, make: Factory, moderator: User, q: str, found: list[str]
) -> None:
    ida = make.user(
        username="ida",
        first_name="Ida",
        last_name="Muster",
        email="ida@xn--mnchen-bau-9db.de",
        phone="+4930901820",
    )
    performer = make.performer(user=ida)
    users = client.get("/api/v1/admin/users", query_string={"q": q}, headers=auth(moderator))
    assert [user["username"] for user in users.json["items"]] == found
    if "@" in q:
        cards = client.get("/api/v1/admin/performers", query_string={"q": q}, headers=auth(moderator))
        assert [one["id"] for one in cards.json["items"]] == [performer.id] * len(found)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("petrova", ["olga"]),
        ("OLG", ["olga"]),
        ("olga petrova", ["olga"]),
        ("petrova olga", ["olga"]),
        ("901820", ["olga"]),
        ("+49", ["olga"]),
        ("example.org", ["hundred%", "under_score", "olga"]),
        ("%", ["hundred%"]),
        ("r_s", ["under_score"]),
        ("\\", []),
        ("nobody", []),
        ("olga nobody", []),
        ("PÉTROVA", ["olga"]),
        ("Ｏｌｇａ", ["olga"]),
    ],
)
def test_searching(
    client: CheckedClient, auth: Auth, make: Factory, moderator: User, q: str, found: list[str]
) -> None:
    moderator.email = "staff@elsewhere.net"
    make.user(
        username="olga", email="o@example.org", phone="+4930901820", first_name="Olga", last_name="Petrova"
    )
    make.user(first_name="under_score", email="u@example.org")
    make.user(first_name="hundred%", email="h@example.org")
    answer = client.get("/api/v1/admin/users", query_string={"q": q}, headers=auth(moderator))
    assert answer.status_code == 200
    names = [item["first_name"] for item in answer.json["items"]]
    assert [name.lower() for name in names] == found


def test_filters(client: CheckedClient, auth: Auth, make: Factory, admin: User, clock: FrozenClock) -> None:
    plain = make.user()
    blocked = make.user(is_active=False)
    gone = make.user(deleted_at=clock.now())
    moderator = make.staff("moderator")
    headers = auth(admin)

    def ids(**query: Any) -> list[int]:
        answer = client.get("/api/v1/admin/users", query_string=query, headers=headers)
        assert answer.status_code == 200, answer.json
        return [item["id"] for item in answer.json["items"]]

    assert ids() == [moderator.id, gone.id, blocked.id, plain.id, admin.id]
    assert ids(role="moderator") == [moderator.id]
    assert ids(role="admin") == [admin.id]
    assert ids(is_staff="false") == [gone.id, blocked.id, plain.id]
    assert ids(is_active="false") == [blocked.id]
    assert ids(is_deleted="true") == [gone.id]
    assert ids(is_deleted="false", is_staff="false", is_active="true") == [plain.id]


@pytest.mark.parametrize(
    "query", [{"role": "king"}, {"is_active": "maybe"}, {"q": ""}, {"q": "x" * 101}, {"page": 1}]
)
def test_filters_that_are_refused(
    client: CheckedClient, auth: Auth, admin: User, query: dict[str, Any]
) -> None:
    assert client.get("/api/v1/admin/users", query_string=query, headers=auth(admin)).status_code == 422


def test_pages_and_foreign_cursors(client: CheckedClient, auth: Auth, make: Factory, admin: User) -> None:
    made = [make.user(first_name="Zed").id for _ in range(5)]
    headers = auth(admin)
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 2, "q": "zed"}
    while True:
        page = client.get("/api/v1/admin/users", query_string=query, headers=headers).json
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == made[::-1]
    query["q"] = "zeb"
    bent = client.get("/api/v1/admin/users", query_string=query, headers=headers)
    assert (bent.status_code, bent.json["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("count", [1, 6, 100])
def test_the_list_costs_two_queries_at_any_length(
    client: CheckedClient,
    auth: Auth,
    make: Factory,
    admin: User,
    assert_queries: Callable[[int], Any],
    count: int,
) -> None:
    for _ in range(count):
        make.performer(make.user(first_name="Zed"), categories=[])
    headers = auth(admin)
    db.session.commit()
    with assert_queries(2):
        answer = client.get("/api/v1/admin/users?q=zed&limit=100", headers=headers)
    assert len(answer.json["items"]) == count


def test_one_user(client: CheckedClient, auth: Auth, make: Factory, moderator: User) -> None:
    performer = make.performer()
    answer = client.get(f"/api/v1/admin/users/{performer.user_id}", headers=auth(moderator))
    assert answer.json["performer_id"] == performer.id
    assert (answer.json["roles"], answer.json["second_factor"]) == ([], False)
    assert "hash" not in str(answer.json)
    assert client.get("/api/v1/admin/users/999999999", headers=auth(moderator)).status_code == 404


def test_a_block_bites_at_once(
    client: CheckedClient, auth: Auth, person: Callable[..., Person], moderator: User, clock: FrozenClock
) -> None:
    ann = person()
    answer = post(client, auth, moderator, ann.id, "block", reason="Sent spam")
    assert answer.status_code == 200
    assert (answer.json["is_active"], answer.json["blocked_reason"]) == (False, "Sent spam")
    assert answer.json["blocked_at"] is not None
    assert ann.call("GET", "/me").status_code == 401
    assert client.get("/api/v1/services", headers=ann.headers).status_code == 401
    body = {"refresh_token": ann.tokens["refresh_token"]}
    assert client.post("/api/v1/user/token/refresh", json=body).status_code == 401
    assert ann.log_in().json["code"] == "user_blocked"
    [entry] = entries(ann.id, "user.blocked")
    assert (entry.actor_id, entry.before, entry.after, entry.reason, entry.ip) == (
        moderator.id,
        {"status": "active", "reason": None},
        {"status": "blocked"},
        "Sent spam",
        "127.0.0.1",
    )
    assert entry.request_id
    freed = post(client, auth, moderator, ann.id, "unblock")
    assert (freed.json["is_active"], freed.json["blocked_reason"], freed.json["blocked_at"]) == (
        True,
        None,
        None,
    )
    assert ann.call("GET", "/me").status_code == 401, "earlier sessions stay ended"
    assert ann.log_in().status_code == 200
    names = [row.name for row in db.session.scalars(select(DomainEventRow).order_by(DomainEventRow.id))]
    assert [n for n in names if "block" in n or "revoked" in n] == [
        "session.revoked",
        "user.blocked",
        "user.unblocked",
    ]


def test_a_block_is_not_repeated(client: CheckedClient, auth: Auth, make: Factory, admin: User) -> None:
    user = make.user()
    for _ in range(2):
        assert post(client, auth, admin, user.id, "block", reason="Spam").status_code == 200
    assert len(entries(user.id, "user.blocked")) == 1


@pytest.mark.parametrize("act", ["block", "unblock", "sign-out"])
def test_on_whom_nobody_decides(
    client: CheckedClient, auth: Auth, make: Factory, admin: User, moderator: User, act: str
) -> None:
    body = {"reason": "Spam"} if act == "block" else {}
    for actor, target, code in (
        (moderator, moderator, "not_on_self"),
        (admin, admin, "not_on_self"),
        (moderator, make.staff("moderator"), "not_on_staff"),
        (moderator, admin, "not_on_staff"),
    ):
        refused = post(client, auth, actor, target.id, act, **body)
        assert (refused.status_code, refused.json["code"]) == (403, code)
    assert post(client, auth, admin, moderator.id, act, **body).status_code in {200, 204}
    assert post(client, auth, admin, 999999999, act, **body).status_code == 404


def test_many_at_once(client: CheckedClient, auth: Auth, make: Factory, admin: User, moderator: User) -> None:
    plain, blocked, other = make.user(), make.user(is_active=False), make.staff("moderator")
    body = {
        "ids": [plain.id, blocked.id, other.id, moderator.id, 999999999],
        "status": "blocked",
        "reason": "Spam",
    }
    answer = client.post("/api/v1/admin/users/status", json=body, headers=auth(moderator))
    assert answer.json["results"] == [
        {"id": plain.id, "ok": True},
        {"id": blocked.id, "ok": True},
        {"id": other.id, "ok": False, "code": "not_on_staff"},
        {"id": moderator.id, "ok": False, "code": "not_on_self"},
        {"id": 999999999, "ok": False, "code": "not_found"},
    ]
    assert len(entries(plain.id, "user.blocked")) == 1
    assert entries(blocked.id, "user.blocked") == [], "it was blocked before"
    without = {**body, "reason": None}
    del without["reason"]
    assert client.post("/api/v1/admin/users/status", json=without, headers=auth(moderator)).status_code == 422


def test_blocking_many_costs_one_update(
    client: CheckedClient, auth: Auth, make: Factory, admin: User, context: Connection
) -> None:
    headers = auth(admin)
    body = {"ids": [make.user().id for _ in range(20)], "status": "blocked", "reason": "Spam"}
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(context, "before_cursor_execute", note)
    try:
        client.post("/api/v1/admin/users/status", json=body, headers=headers)
    finally:
        event.remove(context, "before_cursor_execute", note)
    assert len([statement for statement in seen if statement.startswith('UPDATE "user"')]) == 1
    assert len([statement for statement in seen if statement.startswith("INSERT INTO audit_log")]) == 1


def test_signing_somebody_out(
    client: CheckedClient, auth: Auth, person: Callable[..., Person], moderator: User
) -> None:
    ann = person()
    assert post(client, auth, moderator, ann.id, "sign-out").status_code == 204
    assert ann.call("GET", "/me").status_code == 401
    assert ann.log_in().status_code == 200
    [entry] = entries(ann.id, "user.signed_out")
    assert (entry.actor_id, entry.after) == (moderator.id, {"sessions": 1})


def test_roles(client: CheckedClient, auth: Auth, make: Factory, admin: User, moderator: User) -> None:
    user = make.user()
    answer = post(client, auth, admin, user.id, "roles", roles=["moderator"])
    assert (answer.status_code, answer.json["roles"], answer.json["is_staff"]) == (200, ["moderator"], True)
    assert client.get("/api/v1/admin/changes", headers=auth(user)).status_code == 200
    [entry] = entries(user.id, "user.roles")
    assert (entry.before, entry.after) == ({"roles": []}, {"roles": ["moderator"]})
    post(client, auth, admin, user.id, "roles", roles=["moderator"])
    assert len(entries(user.id, "user.roles")) == 1, "nothing changed"
    post(client, auth, admin, user.id, "roles", roles=[])
    assert client.get("/api/v1/admin/changes", headers=auth(user)).status_code == 403
    refused = post(client, auth, moderator, user.id, "roles", roles=["admin"])
    assert (refused.status_code, refused.json["code"]) == (403, "staff_needed")
    for body in ({"roles": ["king"]}, {"roles": ["admin", "admin"]}, {"roles": "admin"}, {}):
        answer = client.post(f"/api/v1/admin/users/{user.id}/roles", json=body, headers=auth(admin))
        assert answer.status_code == 422


def test_never_the_last_admin(client: CheckedClient, auth: Auth, make: Factory, admin: User) -> None:
    own = post(client, auth, admin, admin.id, "roles", roles=[])
    assert (own.status_code, own.json["code"]) == (403, "not_on_self")
    other = make.staff("admin")
    assert post(client, auth, admin, other.id, "roles", roles=[]).status_code == 200
    # A blocked admin does not count as one.
    blocked = make.staff("admin", is_active=False)
    assert post(client, auth, admin, blocked.id, "roles", roles=[]).status_code == 200


def test_never_the_last_admin_by_rights_that_are_gone(
    client: CheckedClient, auth: Auth, make: Factory, admin: User, runtime: Any
) -> None:
    """The service itself refuses, whoever asks."""
    from marketplace.blueprints.accounts.errors import LastAdmin
    from marketplace.blueprints.accounts.wiring import Accounts
    from marketplace.kernel.identity import Principal

    staff = runtime.get(Accounts).staff
    somebody = Principal(user_id=0, session_id=0, roles=frozenset({"admin"}))
    with pytest.raises(LastAdmin):
        staff.set_roles(somebody, admin.id, ["moderator"])
    with pytest.raises(LastAdmin):
        staff.block(somebody, admin.id, "Spam")
    second = make.staff("admin")
    outcome = staff.apply([admin.id, second.id], "blocked", "Spam", somebody).codes
    assert outcome == {admin.id: None, second.id: "last_admin"}
