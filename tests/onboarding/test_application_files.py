"""Becoming a performer with an avatar and certificates: all of it is stored, or nothing."""

import errno
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.extensions import db
from marketplace.models import Certificate, Performer, User
from marketplace.outside import storage
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.support.certificates import OWN, PDF, picture, stored

Auth = Callable[[User], dict[str, str]]
URL = "/api/v1/performers"


def files(app: Flask) -> list[Path]:
    """Every file that was kept."""
    return [*stored(app), *(Path(app.instance_path) / "uploads" / "avatars").glob("*")]


@pytest.fixture(autouse=True)
def empty(app: Flask) -> None:
    """No file of another test."""
    for path in files(app):
        path.unlink()


@pytest.fixture
def values(make: Factory) -> dict[str, Any]:
    return {
        "city_id": str(make.city().id),
        "headline": "Gardener",
        "about": "Hedges",
        "category_ids": [str(make.category().id)],
        "address": json.dumps({"line1": "Hill 1"}),
        "timezone": "Europe/Berlin",
    }


def sent(content: bytes, name: str = "x.pdf") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def apply(client: CheckedClient, headers: dict[str, str], data: dict[str, Any]) -> Any:
    return client.post(URL, data=data, content_type="multipart/form-data", headers=headers)


def rows() -> tuple[int, int]:
    counts = [db.session.scalar(select(func.count()).select_from(kind)) for kind in (Performer, Certificate)]
    return counts[0] or 0, counts[1] or 0


def test_with_files(
    app: Flask, client: CheckedClient, make: Factory, auth: Auth, values: dict[str, Any]
) -> None:
    headers = auth(make.user())
    papers = [sent(PDF, "../Master_craftsman.pdf"), sent(picture("JPEG"), "first aid.jpg")]
    answer = apply(client, headers, {**values, "avatar": sent(picture()), "certificates": papers})
    assert answer.status_code == 201, answer.json
    assert answer.json["status"] == "pending"
    avatar = client.get("/api/v1/user/me", headers=headers).json["avatar_url"]
    assert client.get(avatar).mimetype == "image/webp"
    assert client.get("/api/v1/user/me", headers=headers).json["pending_changes"] == [], "shown at once"
    found = client.get(OWN, headers=headers).json["items"]
    assert [(item["title"], item["status"], item["issued_on"], item["content_type"]) for item in found] == [
        ("first aid", "pending", None, "image/webp"),
        ("Master craftsman", "pending", None, "application/pdf"),
    ]
    assert client.get(found[1]["file_url"]).data == PDF
    assert len(files(app)) == 3


@pytest.mark.parametrize(
    ("extra", "field", "code"),
    [
        ({"avatar": [b"<html>"]}, ["avatar"], "not_a_picture"),
        ({"avatar": [PDF]}, ["avatar"], "not_a_picture"),
        ({"certificates": [PDF, b"<svg/>"]}, ["certificates", "1"], "not_a_document"),
        ({"avatar": [b"x"], "certificates": [PDF]}, ["avatar"], "not_a_picture"),
        ({"certificates": [PDF, b""]}, ["certificates", "1"], "validation_failed"),
        ({"certificates": [PDF] * 6}, ["certificates"], "validation_failed"),
        ({"avatar": [picture(), picture()]}, ["avatar"], "validation_failed"),
        ({"papers": [PDF]}, ["papers"], "validation_failed"),
    ],
)
def test_one_bad_file_and_nothing_is_stored(
    app: Flask,
    client: CheckedClient,
    make: Factory,
    auth: Auth,
    values: dict[str, Any],
    extra: dict[str, list[bytes]],
    field: list[str],
    code: str,
) -> None:
    uploads = {key: [sent(content) for content in contents] for key, contents in extra.items()}
    answer = apply(client, auth(make.user()), {**values, **uploads})
    assert (answer.status_code, answer.json["code"]) == (422, code), answer.json
    [where] = answer.json["errors"].values()
    for name in field:
        where = where[name]
    assert (rows(), files(app)) == ((0, 0), [])


def test_bad_values_and_no_file_is_stored(
    app: Flask, client: CheckedClient, make: Factory, auth: Auth, values: dict[str, Any]
) -> None:
    headers = auth(make.user())
    for bad in ({"city_id": str(2**62)}, {"headline": ""}, {"address": "{"}):
        answer = apply(client, headers, {**values, **bad, "certificates": [sent(PDF)]})
        assert answer.status_code in {400, 422}
        assert list(bad) == list(answer.json["errors"]["form"])
        assert (rows(), files(app)) == ((0, 0), [])


def test_who_is_one_already(
    app: Flask, client: CheckedClient, make: Factory, auth: Auth, values: dict[str, Any]
) -> None:
    user = make.user()
    make.performer(user)
    answer = apply(client, auth(user), {**values, "certificates": [sent(PDF)], "avatar": sent(picture())})
    assert (answer.status_code, answer.json["code"]) == (409, "already_performer")
    assert (rows(), files(app)) == ((1, 0), [])


def test_a_disk_that_gets_full_in_between(
    app: Flask,
    client: CheckedClient,
    make: Factory,
    auth: Auth,
    values: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, calls = os.fsync, []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    headers = auth(make.user())
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        answer = apply(
            client,
            headers,
            {**values, "avatar": sent(picture()), "certificates": [sent(PDF), sent(PDF)]},
        )
    assert (answer.status_code, answer.json["code"]) == (507, "storage_full")
    assert rows() == (0, 0)
    assert client.get("/api/v1/user/me", headers=headers).json["avatar_url"] is None
    assert files(app) == []


def test_a_retry_stores_nothing_again(
    app: Flask, client: CheckedClient, make: Factory, auth: Auth, values: dict[str, Any]
) -> None:
    headers = auth(make.user()) | {"Idempotency-Key": "k"}
    first, again = (apply(client, headers, {**values, "certificates": [sent(PDF)]}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert (rows(), len(files(app))) == ((1, 1), 1)


def test_no_transaction_is_open_while_files_are_stored(
    client: CheckedClient,
    make: Factory,
    auth: Auth,
    values: dict[str, Any],
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    real = storage.LocalFolder.put

    def watch(self: Any, *args: Any) -> None:
        seen.append(runtime.uow.is_open)
        real(self, *args)

    monkeypatch.setattr(storage.LocalFolder, "put", watch)
    headers = auth(make.user()) | {"Idempotency-Key": "k"}
    data = {**values, "avatar": sent(picture()), "certificates": [sent(PDF)]}
    assert apply(client, headers, data).status_code == 201
    assert seen == [False, False]


def test_files_go_in_forms_only(
    client: CheckedClient, make: Factory, auth: Auth, values: dict[str, Any]
) -> None:
    body = {
        **values,
        "city_id": int(values["city_id"]),
        "category_ids": [int(values["category_ids"][0])],
        "address": {"line1": "Hill 1"},
    }
    for extra in ({"avatar": "x"}, {"certificates": ["x"]}):
        answer = client.post(URL, json={**body, **extra}, headers=auth(make.user()))
        assert (answer.status_code, list(answer.json["errors"]["json"])) == (422, list(extra))
    assert client.post(URL, json=body, headers=auth(make.user())).status_code == 201
