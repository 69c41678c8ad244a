"""While a picture is worked on, a password hashed or the storage slow, no transaction waits; and what follows is
done with the rights that its sender has by then.
"""

import io
import json
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import select, text

from marketplace.blueprints.accounts.adapters import ArgonHasher
from marketplace.database.dsn import libpq_dsn
from marketplace.extensions import db
from marketplace.kernel.identity import Principal
from marketplace.models import Banner, Certificate, Performer, PortfolioImage, Review, ReviewPhoto, User
from marketplace.outside.pictures import PillowPictures
from marketplace.outside.storage import LocalFolder
from marketplace.testing import PASSWORD, START, Factory
from marketplace.web.runtime import Runtime
from tests.support.certificates import picture

Auth = Callable[[User], dict[str, str]]


def ask(app: Flask, statement: str) -> Any:
    """One statement beside the program."""
    connection = psycopg2.connect(libpq_dsn(app.config["SQLALCHEMY_DATABASE_URI"]))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


def idle(app: Flask) -> int:
    """How many connections of the program are held by a transaction that does nothing."""
    (count,) = ask(
        app,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE 'idle in transaction%' AND application_name = 'marketplace'",
    )
    return int(count)


class Meanwhile:
    """Counts what waits during each piece of slow work; `happens` before the first of them ends."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.seen: list[int] = []
        self.happens: str | None = None

    def slow(self, work: Any) -> Any:
        def slowly(*args: Any, **kwargs: Any) -> Any:
            self.seen.append(idle(self.app))
            if self.happens is not None:
                ask(self.app, self.happens)
                self.happens = None
            return work(*args, **kwargs)

        return slowly


@pytest.fixture
def meanwhile(committed: Flask, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    found = Meanwhile(committed)
    for kind, name in (
        (LocalFolder, "put"),
        (LocalFolder, "delete"),
        (PillowPictures, "encode"),
        (ArgonHasher, "verify"),
        (ArgonHasher, "hash"),
    ):
        monkeypatch.setattr(kind, name, found.slow(getattr(kind, name)))
    return found


def image() -> tuple[io.BytesIO, str]:
    return io.BytesIO(picture()), "x.png"


def an_avatar(_make: Factory) -> tuple[str, str, dict[str, Any]]:
    return "PUT", "/user/me/avatar", {"file": image()}


def a_certificate(_make: Factory) -> tuple[str, str, dict[str, Any]]:
    data = {"file": image(), "title": "Master", "issued_on": "2025-01-01"}
    return "POST", "/performers/me/certificates", data


def a_portfolio_picture(_make: Factory) -> tuple[str, str, dict[str, Any]]:
    return "POST", "/performers/me/portfolio", {"file": image(), "caption": "Roof"}


def a_banner_image(_make: Factory) -> tuple[str, str, dict[str, Any]]:
    banner = Banner(placement="home", title="Hello")
    db.session.add(banner)
    db.session.commit()
    return "PUT", f"/admin/banners/{banner.id}/image", {"file": image()}


def an_application(make: Factory) -> tuple[str, str, dict[str, Any]]:
    data = {
        "city_id": str(make.city().id),
        "headline": "Gardener",
        "about": "Hedges",
        "category_ids": [str(make.category().id)],
        "address": json.dumps({"line1": "Hill 1"}),
        "timezone": "Europe/Berlin",
        "avatar": image(),
        "certificates": [image()],
    }
    return "POST", "/performers", data


def a_review(make: Factory) -> tuple[str, str, dict[str, Any]]:
    [user] = db.session.scalars(select(User))
    order = make.order(user, status="completed", completed_at=START)
    return "POST", f"/orders/{order.id}/review", {"rating": "5", "photos": [image(), image()]}


def a_caller(make: Factory, what: Any) -> User:
    user = make.staff("admin") if what is a_banner_image else make.user()
    if what in {a_certificate, a_portfolio_picture}:
        make.performer(user)
    return user


UPLOADS = [an_avatar, a_certificate, a_portfolio_picture, a_banner_image, an_application, a_review]
ENDS = {
    "blocked": ('UPDATE "user" SET is_active = false WHERE id = {}', 401),
    "logged out": ("UPDATE user_session SET revoked_at = now() WHERE user_id = {}", 401),
}


def rows() -> list[Any]:
    """All that the uploads make."""
    shown = select(User.avatar_key, Banner.image_url).select_from(User).outerjoin(Banner, text("true"))
    found = [value for row in db.session.execute(shown) for value in row if value is not None]
    return [
        *found,
        *db.session.scalars(select(Certificate.id)),
        *db.session.scalars(select(PortfolioImage.id)),
        *db.session.scalars(select(Review.id)),
        *db.session.scalars(select(ReviewPhoto.key)),
    ]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "once"}], ids=["", "with a key"])
@pytest.mark.parametrize("end", [None, *ENDS])
@pytest.mark.parametrize("what", UPLOADS)
def test_uploads(
    committed: Flask, auth: Auth, meanwhile: Meanwhile, what: Any, end: str | None, key: dict[str, str]
) -> None:
    with committed.app_context():
        make = Factory()
        user = a_caller(make, what)
        method, path, data = what(make)
        headers = auth(user)
        before = (rows(), db.session.scalars(select(Performer.id)).all())
    status = None
    if end is not None:
        statement, status = ENDS[end]
        meanwhile.happens = statement.format(user.id)
    answer = committed.test_client().open(
        f"/api/v1{path}",
        method=method,
        data=data,
        content_type="multipart/form-data",
        headers={**headers, "If-Match": "*", **key},
    )
    assert meanwhile.seen
    assert set(meanwhile.seen) == {0}
    assert answer.status_code == status or (status is None and answer.status_code in {200, 201}), answer.data
    with committed.app_context():
        after = (rows(), db.session.scalars(select(Performer.id)).all())
    assert (before == after) is (end is not None)


def test_who_is_demoted_while_a_picture_is_worked_on(
    committed: Flask, auth: Auth, meanwhile: Meanwhile
) -> None:
    with committed.app_context():
        admin = Factory().staff("admin")
        method, path, data = a_banner_image(Factory())
        headers = auth(admin)
    meanwhile.happens = f"UPDATE \"user\" SET roles = '{{}}' WHERE id = {admin.id}"
    answer = committed.test_client().open(
        f"/api/v1{path}",
        method=method,
        data=data,
        content_type="multipart/form-data",
        headers={**headers, "If-Match": "*"},
    )
    assert (answer.status_code, answer.json and answer.json["code"]) == (403, "staff_needed")
    with committed.app_context():
        assert rows() == []


@pytest.mark.parametrize("end", ENDS)
def test_a_password_is_not_changed_by_who_is_shut_out_while_it_is_hashed(
    committed: Flask, auth: Auth, meanwhile: Meanwhile, end: str
) -> None:
    client = committed.test_client()
    body = {
        "username": "ann",
        "email": "ann@example.org",
        "password": PASSWORD,
        "first_name": "Ann",
        "last_name": "Lee",
    }
    made = client.post("/api/v1/user/sign-up", json=body).json
    assert made is not None
    statement, status = ENDS[end]
    meanwhile.happens = statement.format(made["user"]["id"])
    change = {"current_password": PASSWORD, "new_password": "Another-Horse-8"}
    headers = {"Authorization": f"Bearer {made['tokens']['access_token']}"}
    assert client.post("/api/v1/user/password/change", json=change, headers=headers).status_code == status
    assert set(meanwhile.seen) == {0}
    ask(committed, 'UPDATE "user" SET is_active = true')
    log_in = {"login": "ann", "password": PASSWORD}
    assert client.post("/api/v1/user/login", json=log_in).status_code == 200


def test_slow_work_within_a_transaction_is_refused(runtime: Runtime, make: Factory) -> None:
    with pytest.raises(RuntimeError, match="within a transaction"), runtime.uow:
        runtime.uow.release_connection()
    user = make.user()
    user.first_name = "Changed"
    with pytest.raises(RuntimeError, match="outside of the unit of work"):
        runtime.uow.release_connection()


@pytest.mark.parametrize(
    ("later", "keeps"),
    [
        ({}, True),
        ({"roles": frozenset({"moderator", "admin"})}, True),
        ({"second_factor": True}, True),
        ({"roles": frozenset({"admin"})}, False),
        ({"roles": frozenset()}, False),
        ({"verified": False}, False),
        ({"performer_id": None, "performer_status": None}, False),
        ({"performer_status": "suspended"}, False),
    ],
)
def test_what_is_lost_meanwhile(later: dict[str, Any], keeps: bool) -> None:
    had: dict[str, Any] = {
        "user_id": 1,
        "session_id": 1,
        "roles": frozenset({"moderator"}),
        "verified": True,
        "performer_id": 5,
        "performer_status": "approved",
    }
    assert Principal(**(had | later)).keeps(Principal(**had)) is keeps
