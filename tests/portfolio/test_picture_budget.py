"""What one caller may have done to pictures: looked at before, counted by day, one at a time, in no transaction."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, make_url, select

from marketplace.blueprints.accounts.services import allowance
from marketplace.database.dsn import libpq_dsn
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Banner, Performer, User
from marketplace.outside import bulkhead, storage
from marketplace.outside.pictures import PillowPictures
from marketplace.testing import CheckedClient, Factory
from tests.support.certificates import OWN, PDF, VALUES, picture

Auth = Callable[[User], dict[str, str]]
API = "/api/v1"
ROUTES = ("avatar", "portfolio", "certificate", "application", "banner")


def large(pixels: tuple[int, int] = (5000, 5000)) -> bytes:
    target = io.BytesIO()
    Image.new("1", pixels).save(target, "PNG")
    return target.getvalue()


class Sender:
    """Somebody for each route that takes a picture."""

    def __init__(self, client: CheckedClient, make: Factory, auth: Auth, route: str) -> None:
        self.client = client
        self.route = route
        if route == "banner":
            banner = Banner(placement="home", title="Spring")
            db.session.add(banner)
            db.session.commit()
            self.banner = banner.id
            self.user = make.staff()
        else:
            self.user = make.user()
            if route in {"portfolio", "certificate"}:
                make.performer(self.user)
        if route == "application":
            self.values = {
                "city_id": str(make.city().id),
                "headline": "Gardener",
                "about": "Hedges",
                "category_ids": [str(make.category().id)],
                "address": json.dumps({"line1": "Hill 1"}),
                "timezone": "Europe/Berlin",
            }
        self._auth = auth
        self.sign_in()

    def sign_in(self) -> None:
        self.headers = self._auth(self.user) | {"If-Match": "*"}

    def send(self, *contents: bytes) -> Any:
        files = [(io.BytesIO(content), "x.png") for content in contents]
        method, path, data = {
            "avatar": ("PUT", "/user/me/avatar", {"file": files[0]}),
            "portfolio": ("POST", "/performers/me/portfolio", {"file": files[0]}),
            "certificate": ("POST", OWN.removeprefix(API), {**VALUES, "file": files[0]}),
            "banner": ("PUT", f"/admin/banners/{getattr(self, 'banner', 0)}/image", {"file": files[0]}),
            "application": (
                "POST",
                "/performers",
                {**getattr(self, "values", {}), "avatar": files[0], "certificates": files[1:]},
            ),
        }[self.route]
        return self.client.open(
            API + path,
            method=method,
            data=data,
            headers=self.headers,
            content_type="multipart/form-data",
        )


@pytest.fixture(params=ROUTES)
def sender(request: pytest.FixtureRequest, client: CheckedClient, make: Factory, auth: Auth) -> Sender:
    return Sender(client, make, auth, request.param)


@pytest.fixture
def never_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_: Any) -> bytes:
        raise AssertionError("decoded")

    monkeypatch.setattr(PillowPictures, "encode", encode)


def test_a_day_has_its_pixels(sender: Sender, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,200 pixels are two units of a thousand."""
    monkeypatch.setattr(allowance, "PICTURES", 1)
    with monkeypatch.context() as patch:
        patch.setattr(PillowPictures, "encode", None)
        refused = sender.send(picture())
    assert (refused.status_code, refused.json["code"]) == (429, "pictures_spent")
    assert int(refused.headers["Retry-After"]) == 15 * 3600 + 1, "the rest of the day, from 9 in the morning"
    assert "smaller" in refused.json["detail"]
    monkeypatch.setattr(allowance, "PICTURES", 3)
    assert sender.send(picture()).status_code in {200, 201}, "what was refused was not counted"
    if sender.route != "application":
        assert sender.send(picture()).json["code"] == "pictures_spent"
        clock.advance(timedelta(days=1))
        sender.sign_in()
        assert sender.send(picture()).status_code in {200, 201}


def test_who_has_confirmed_nothing_has_less(
    client: CheckedClient, make: Factory, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four pictures of 25 million pixels a day."""
    small, content = picture(), large()
    monkeypatch.setattr(PillowPictures, "encode", lambda *_: small)
    sender = Sender(client, make, auth, "avatar")
    sender.user.email_verified = False
    db.session.commit()
    assert [sender.send(content).status_code for _ in range(5)] == [200] * 4 + [429]


def test_an_application_is_looked_at_before_anything_is_decoded(
    client: CheckedClient, make: Factory, auth: Auth, never_decoded: None
) -> None:
    sender = Sender(client, make, auth, "application")
    for contents, code in (
        ([picture(), PDF, b"<html>"], "not_a_document"),
        ([picture(), PDF, large((5001, 5000))], "picture_too_large"),
        ([large(), large(), large(), picture()], "pictures_too_large"),
    ):
        answer = sender.send(*contents)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert answer.json["errors"]["files"]
    assert db.session.scalar(select(func.count()).select_from(Performer)) == 0


def test_a_broken_picture_was_work_too(
    client: CheckedClient, make: Factory, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "PICTURES", 60)
    sender = Sender(client, make, auth, "portfolio")
    noise = io.BytesIO()
    Image.effect_noise((200, 200), 80).save(noise, "PNG")
    codes = [sender.send(noise.getvalue()[:5000]).json["code"] for _ in range(2)]
    assert codes == ["not_a_picture", "pictures_spent"]


def test_an_own_picture_in_the_way_is_told_from_those_of_others(
    client: CheckedClient, make: Factory, auth: Auth, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Sender(client, make, auth, "portfolio")
    line = app.extensions["marketplace"].outside.pictures._bulkhead
    monkeypatch.setattr(bulkhead, "WAIT_SECONDS", 0.01)
    with line.take(sender.user.id):
        own = sender.send(picture())
        with line.take(-1):
            others = Sender(client, make, auth, "portfolio").send(picture())
        other = Sender(client, make, auth, "portfolio").send(picture())
    assert (own.status_code, own.json["code"]) == (429, "pictures_at_once")
    assert (others.status_code, others.json["code"]) == (503, "unavailable")
    assert int(own.headers["Retry-After"]) > 0
    assert int(others.headers["Retry-After"]) > 0
    assert other.status_code == 201


# --- no transaction meanwhile -------------------------------------------------------------------------


@pytest.fixture
def idle(committed: Flask, database_url: str) -> Iterator[Callable[[], int]]:
    """How many connections of the program are in a transaction and wait for the program."""
    watching = psycopg2.connect(libpq_dsn(make_url(database_url)))
    watching.autocommit = True

    def count() -> int:
        with watching.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%'"
            )
            [found] = cursor.fetchone() or (0,)
            return int(found)

    yield count
    watching.close()


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_is_idle_in_a_transaction_while_pictures_are_worked_on_and_stored(
    committed: Flask,
    idle: Callable[[], int],
    auth: Auth,
    route: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, int]] = []
    encode, put = PillowPictures.encode, storage.LocalFolder.put

    def watched_encode(self: Any, *args: Any) -> bytes:
        seen.append(("encode", idle()))
        return encode(self, *args)

    def watched_put(self: Any, *args: Any) -> None:
        seen.append(("put", idle()))
        put(self, *args)

    client = committed.test_client()
    assert isinstance(client, CheckedClient)
    with committed.app_context():
        sender = Sender(client, Factory(), auth, route)
        db.session.commit()
        db.session.remove()
    sender.headers["Idempotency-Key"] = "k"
    monkeypatch.setattr(PillowPictures, "encode", watched_encode)
    monkeypatch.setattr(storage.LocalFolder, "put", watched_put)
    assert sender.send(picture()).status_code in {200, 201}
    assert seen == [("encode", 0), ("put", 0)]
