"""A body is read before the database is asked who sent it; and of what is refused anyway, none is read."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from marketplace.blueprints.accounts.wiring import accounts
from marketplace.extensions import db, limiter
from marketplace.kernel.identity import Principal
from marketplace.models import User
from marketplace.testing import CheckedClient, Factory

Auth = Callable[[User], dict[str, str]]


class Slow(io.BytesIO):
    """A body during whose arrival something happens."""

    def __init__(self, content: bytes, meanwhile: Callable[[], Any] = lambda: None) -> None:
        super().__init__(content)
        self._meanwhile = meanwhile
        self.was_read = False

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.was_read:
            self.was_read = True
            self._meanwhile()
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def readline(self, size: int | None = -1, /) -> bytes:
        raise NotImplementedError("bodies are read in blocks")


@pytest.fixture
def unchecked(app: Flask, context: object) -> FlaskClient:
    """A client for what the document does not speak of."""
    return FlaskClient(app, app.response_class)


def send(client: FlaskClient, method: str, path: str, body: Slow, **extra: Any) -> TestResponse:
    return client.open(
        path,
        method=method,
        input_stream=body,
        content_type=extra.pop("content_type", "application/json"),
        **extra,
    )


def block(user: User) -> None:
    accounts().staff.block(_nobody(), user.id, "test")


def log_out(user: User) -> None:
    accounts().sessions.end([user.id])


def demote(user: User) -> None:
    db.session.execute(text("UPDATE \"user\" SET roles = '{}' WHERE id = :id"), {"id": user.id})
    db.session.commit()


def _nobody() -> Principal:
    return Principal(user_id=Factory().staff("admin").id, session_id=1, roles=frozenset({"admin"}))


@pytest.mark.parametrize("end", [block, log_out])
def test_what_is_done_is_done_by_the_rights_at_the_end_of_the_body(
    client: CheckedClient, make: Factory, auth: Auth, end: Callable[[User], None]
) -> None:
    user = make.user(first_name="Old")
    body = Slow(json.dumps({"first_name": "New"}).encode(), lambda: end(user))
    answer = send(client, "PATCH", "/api/v1/user/me", body, headers={**auth(user), "If-Match": "*"})
    assert answer.status_code == 401
    assert user.first_name == "Old"


def test_who_is_demoted_meanwhile_gives_no_role(client: CheckedClient, make: Factory, auth: Auth) -> None:
    admin, friend = make.staff("admin"), make.user()
    make.staff("admin")
    body = Slow(b'{"roles": ["admin"]}', lambda: demote(admin))
    answer = send(client, "POST", f"/api/v1/admin/users/{friend.id}/roles", body, headers=auth(admin))
    assert answer.status_code == 403
    db.session.expire_all()
    assert friend.roles == []


def test_a_form_is_parsed_before_its_sender_is_known(
    client: CheckedClient, make: Factory, auth: Auth
) -> None:
    user = make.user()
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nno\r\n--x--\r\n'
    answer = send(
        client,
        "PUT",
        "/api/v1/user/me/avatar",
        Slow(form, lambda: block(user)),
        content_type="multipart/form-data; boundary=x",
        headers={**auth(user), "If-Match": "*"},
    )
    assert answer.status_code == 401


def test_a_token_that_ends_meanwhile(client: CheckedClient, make: Factory, auth: Auth, clock: Any) -> None:
    headers = auth(make.user())
    body = Slow(b"{}", lambda: clock.advance(timedelta(hours=1)))
    assert send(client, "PATCH", "/api/v1/user/me", body, headers=headers).status_code == 401


@pytest.mark.parametrize("size", [2, 200_000])
@pytest.mark.parametrize("authorization", [None, "Bearer forged", "Basic YTpi"])
def test_without_a_good_token_no_body_is_read(
    client: CheckedClient, size: int, authorization: str | None
) -> None:
    body = Slow(b" " * (size - 2) + b"{}")
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = send(client, "PATCH", "/api/v1/user/me", body, headers=headers)
    assert answer.status_code == 401
    assert not body.was_read


@pytest.mark.parametrize(
    ("method", "path", "length", "status"),
    [
        ("POST", "/api/v1/nowhere", 2, 404),
        ("POST", "/api/v1/categories", 2, 405),
        ("POST", "/api/v1/user/login", 300_000, 413),
        ("PUT", "/api/v1/user/me/avatar", 2, 401),
    ],
)
def test_what_is_refused_by_its_head_is_not_read(
    unchecked: FlaskClient, method: str, path: str, length: int, status: int
) -> None:
    body = Slow(b" " * length)
    assert send(unchecked, method, path, body).status_code == status
    assert not body.was_read


def test_a_spent_budget_is_told_before_the_body_is_read(client: CheckedClient, context: object) -> None:
    limiter.enabled = True
    limiter.reset()
    try:
        for _ in range(100):
            client.get("/api/v1/user/me")
        body = Slow(b"{}")
        assert send(client, "POST", "/api/v1/user/login", body).status_code == 429
        assert not body.was_read
    finally:
        limiter.reset()
        limiter.enabled = False


def test_the_database_is_asked_for_nobody_while_a_body_arrives(
    client: CheckedClient, make: Factory, auth: Auth, assert_queries: Callable[[int], Any]
) -> None:
    headers = {**auth(make.user()), "If-Match": "*"}
    seen: list[int] = []
    with assert_queries(1) as statements:  # nothing is changed: the caller alone is looked up
        body = Slow(b'{"unknown": 1}', lambda: seen.append(len(statements)))
        assert send(client, "PATCH", "/api/v1/user/me", body, headers=headers).status_code == 422
    assert seen == [0]
