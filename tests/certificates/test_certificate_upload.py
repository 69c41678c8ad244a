"""Sending certificates: what is taken, what is refused, and that what is refused leaves nothing."""

import errno
import hashlib
import os
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from marketplace.blueprints.certificates.policies import title_of
from marketplace.blueprints.certificates.wiring import Certificates
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Certificate, Performer, User
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.outside.test_pictures import bomb
from tests.support.certificates import OWN, PDF, VALUES, form, picture, send, stored
from tests.support.threads import at_once

Auth = Callable[[User], dict[str, str]]


@pytest.fixture(autouse=True)
def empty(request: pytest.FixtureRequest) -> None:
    """No file of another test."""
    for path in stored(request.getfixturevalue("app")):
        path.unlink()


@pytest.fixture
def performer(make: Factory) -> Performer:
    return make.performer()


@pytest.fixture
def headers(performer: Performer, auth: Auth) -> dict[str, str]:
    return auth(db.session.get_one(User, performer.user_id))


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(Certificate)) or 0


def test_a_certificate_waits_for_staff(
    app: Flask, client: CheckedClient, performer: Performer, headers: dict[str, str]
) -> None:
    answer = send(client, headers)
    assert answer.status_code == 201, answer.json
    found = answer.json
    assert {key: found[key] for key in ("title", "issued_on", "expires_on", "status", "valid", "reason")} == {
        "title": "Master craftsman",
        "issued_on": "2020-03-01",
        "expires_on": "2027-03-01",
        "status": "pending",
        "valid": False,
        "reason": None,
    }
    assert (found["content_type"], found["size"]) == ("application/pdf", len(PDF))
    one = client.get(f"{OWN}/{found['id']}", headers=headers)
    assert one.json == found
    assert one.headers["ETag"] == answer.headers["ETag"]
    assert client.get(OWN, headers=headers).json["items"] == [found]
    [path] = stored(app)
    assert path.read_bytes() == PDF
    row = db.session.get_one(Certificate, found["id"])
    assert (row.performer_id, row.sha256) == (performer.id, hashlib.sha256(PDF).hexdigest())
    assert row.file_key == f"private/certificates/{path.name}"
    assert db.session.scalars(
        select(DomainEventRow.payload).where(DomainEventRow.name == "certificate.submitted")
    ).all() == [{"certificate_id": row.id, "performer_id": performer.id, "user_id": performer.user_id}]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_encoded_anew(
    app: Flask, client: CheckedClient, headers: dict[str, str], kind: str
) -> None:
    answer = send(client, headers, picture(kind, (3000, 1500)) + PDF, "paper.pdf")
    assert (answer.status_code, answer.json["content_type"]) == (201, "image/webp")
    [path] = stored(app)
    with Image.open(path) as kept:
        assert (kept.format, kept.size) == ("WEBP", (2400, 1200))
    assert PDF not in path.read_bytes()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "x.html", "a/b.svg", "C:\\x\\y.png", "CON.pdf", "é" * 300, ".pdf"]
)
def test_names_are_of_our_own_making(
    app: Flask, client: CheckedClient, headers: dict[str, str], name: str
) -> None:
    assert send(client, headers, PDF, name).status_code == 201
    [path] = stored(app)
    assert len(path.name) == 32 + len(".pdf")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "x.pdf", "validation_failed"),
        (b"<html><script>alert(1)</script></html>", "x.png", "not_a_document"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "x.svg", "not_a_document"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "x.png", "not_a_document"),
        (b"<script>alert(1)</script>" + PDF, "x.pdf", "not_a_document"),
        (PDF[:50], "cut.pdf", "not_a_document"),
        (picture()[:60], "cut.png", "not_a_document"),
        (b"PK\x03\x04" + b"\0" * 100, "x.docx", "not_a_document"),
        (bomb(13_000, 13_000), "bomb.png", "picture_too_large"),
    ],
)
def test_what_is_refused_leaves_nothing(
    app: Flask, client: CheckedClient, headers: dict[str, str], content: bytes, name: str, code: str
) -> None:
    answer = send(client, headers, content, name)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert stored(app) == []
    assert rows() == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"issued_on": "2026-05-05", "expires_on": None}, "issued_on"),
        ({"issued_on": None}, "issued_on"),
        ({"issued_on": "2026-02-30"}, "issued_on"),
        ({"issued_on": "03/01/2020"}, "issued_on"),
        ({"issued_on": "0001-01-01"}, "issued_on"),
        ({"expires_on": "2026-05-03"}, "expires_on"),
        ({"issued_on": "2026-05-04", "expires_on": "2026-05-04"}, "expires_on"),
        ({"expires_on": "2019-01-01"}, "expires_on"),
        ({"expires_on": "soon"}, "expires_on"),
        ({"title": None}, "title"),
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x1bb"}, "title"),
        ({"status": "approved"}, "status"),
        ({"performer_id": "1"}, "performer_id"),
    ],
)
def test_fields_that_are_refused(
    app: Flask, client: CheckedClient, headers: dict[str, str], values: dict[str, Any], field: str
) -> None:
    answer = send(client, headers, **values)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
    assert list(answer.json["errors"]["form"]) == [field]
    assert (stored(app), rows()) == ([], 0)


@pytest.mark.parametrize(
    ("timezone", "today"), [("Pacific/Kiritimati", "2026-05-05"), ("Pacific/Pago_Pago", "2026-05-03")]
)
def test_today_is_the_performers(
    client: CheckedClient, make: Factory, auth: Auth, clock: FrozenClock, timezone: str, today: str
) -> None:
    """Past ten in the morning (UTC) three days are under way on earth."""
    clock.advance(timedelta(hours=1, minutes=30))
    user = make.user()
    make.performer(user, timezone=timezone)
    headers = auth(user)
    tomorrow = (date.fromisoformat(today) + timedelta(days=1)).isoformat()
    yesterday = (date.fromisoformat(today) - timedelta(days=1)).isoformat()
    assert send(client, headers, issued_on=tomorrow).status_code == 422
    assert send(client, headers, issued_on=today).status_code == 201
    assert send(client, headers, expires_on=yesterday).status_code == 422
    assert send(client, headers, expires_on=today).status_code == 201


def test_the_largest_file(app: Flask, client: CheckedClient, headers: dict[str, str]) -> None:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in VALUES.items()
    ]
    head = "".join(parts) + '--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n'
    kind = "multipart/form-data; boundary=b"
    for size, status in ((10_000_000, 201), (10_000_001, 422), (10_500_000, 413)):
        content = PDF[:9] + b" " * (size - len(PDF)) + PDF[9:]
        body = head.encode() + content + b"\r\n--b--\r\n"
        assert client.post(OWN, data=body, content_type=kind, headers=headers).status_code == status
    assert [path.stat().st_size for path in stored(app)] == [10_000_000]


def test_other_bodies(client: CheckedClient, headers: dict[str, str]) -> None:
    for options, status in (
        ({"json": {"title": "x"}}, 415),
        ({"data": PDF, "content_type": "application/pdf"}, 415),
        ({"data": {**form(), "file": "text"}, "content_type": "multipart/form-data"}, 422),
        ({"data": {**form(), "other": (form()["file"])}, "content_type": "multipart/form-data"}, 422),
        ({}, 415),
    ):
        assert client.post(OWN, headers=headers, **options).status_code == status


def test_a_full_disk_is_507_and_leaves_nothing(
    app: Flask, client: CheckedClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        answer = send(client, headers)
    assert (answer.status_code, answer.json["code"]) == (507, "storage_full")
    assert (stored(app), rows()) == ([], 0)


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k1"}])
def test_no_transaction_is_open_while_a_file_is_stored(
    client: CheckedClient,
    headers: dict[str, str],
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    key: dict[str, str],
) -> None:
    service = runtime.get(Certificates).intake
    seen: list[bool] = []
    for part, name in ((service._files, "put"), (service._documents, "take")):
        real = getattr(part, name)

        def watch(*args: Any, real: Any = real) -> Any:
            seen.append(runtime.uow.is_open)
            return real(*args)

        monkeypatch.setattr(part, name, watch)
    assert send(client, headers | key).status_code == 201
    assert seen == [False, False]


def test_a_retry_stores_nothing_again(app: Flask, client: CheckedClient, headers: dict[str, str]) -> None:
    key = headers | {"Idempotency-Key": "k1"}
    first, again = send(client, key), send(client, key)
    assert first.status_code == 201
    assert (again.status_code, again.data) == (201, first.data)
    assert (len(stored(app)), rows()) == (1, 1)
    other = send(client, key, picture())
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert (len(stored(app)), rows()) == (1, 1)
    assert send(client, headers | {"Idempotency-Key": "é"}).json["code"] == "invalid_idempotency_key"
    assert len(stored(app)) == 1


def test_twenty_and_no_more(
    app: Flask, client: CheckedClient, make: Factory, performer: Performer, headers: dict[str, str]
) -> None:
    for _ in range(20):
        last = make.certificate(performer, status="rejected")
    answer = send(client, headers)
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_certificates")
    assert stored(app) == []
    assert client.delete(f"{OWN}/{last.id}", headers=headers).status_code == 204
    assert send(client, headers).status_code == 201


def test_many_at_once_are_twenty(committed: Flask, auth: Auth) -> None:
    with committed.app_context():
        make = Factory()
        user = make.user()
        performer = make.performer(user)
        for _ in range(18):
            make.certificate(performer)
        headers = auth(user)

    def add(_number: int) -> int:
        client = committed.test_client()
        return client.post(OWN, data=form(), content_type="multipart/form-data", headers=headers).status_code

    assert sorted(at_once(6, add)) == [201, 201, 409, 409, 409, 409]
    with committed.app_context():
        assert rows() == 20


def test_the_list_has_pages(
    client: CheckedClient, make: Factory, performer: Performer, headers: dict[str, str], assert_queries: Any
) -> None:
    ids = [make.certificate(performer).id for _ in range(5)]
    make.certificate()
    found: list[int] = []
    query = "?limit=2"
    while query:
        page = client.get(f"{OWN}{query}", headers=headers).json
        found += [item["id"] for item in page["items"]]
        query = f"?limit=2&after={page['next']}" if page["next"] else ""
    assert found == ids[::-1]
    assert client.get(f"{OWN}?limit=2&status=pending", headers=headers).status_code == 422


def test_the_list_costs_the_same_at_any_length(
    client: CheckedClient, make: Factory, performer: Performer, headers: dict[str, str], assert_queries: Any
) -> None:
    for count in (1, 5, 14):
        for _ in range(count):
            make.certificate(performer)
        db.session.remove()
        with assert_queries(2):  # the caller, and the list
            client.get(f"{OWN}?limit=100", headers=headers)


def test_deleted_with_its_file(
    app: Flask, client: CheckedClient, headers: dict[str, str], run_jobs: Callable[[], int]
) -> None:
    made = send(client, headers).json
    assert client.delete(f"{OWN}/{made['id']}", headers=headers).status_code == 204
    assert client.get(made["file_url"]).status_code == 404
    run_jobs()
    assert (stored(app), rows()) == ([], 0)
    assert client.delete(f"{OWN}/{made['id']}", headers=headers).status_code == 404
    assert client.get(f"{OWN}/{made['id']}", headers=headers).status_code == 404


def test_files_that_no_certificate_has_are_swept(
    app: Flask, client: CheckedClient, headers: dict[str, str], runtime: Runtime, clock: FrozenClock
) -> None:
    made = send(client, headers).json
    files, sweep = runtime.outside.files, runtime.get(Certificates).watch.sweep
    files.put("private/certificates/" + "0" * 32 + ".pdf", PDF, "application/pdf")
    for hours, gone in ((23, 0), (25, 1), (25, 0)):
        for path in stored(app):
            os.utime(path, ((clock.now() - timedelta(hours=hours)).timestamp(),) * 2)
        assert sweep() == gone
    assert client.get(made["file_url"]).data == PDF


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Master_craftsman 2020.pdf", "Master craftsman 2020"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ann\\paper.v2.jpg", "paper.v2"),
        ("gpj\u202eknab.pdf", "gpj knab"),
        ("  \t .pdf", "Certificate"),
        (".pdf", "Certificate"),
        ("\u3164.pdf", "Certificate"),
        ("", "Certificate"),
        (None, "Certificate"),
        ("x" * 500 + ".pdf", "x" * 200),
        ("ßte\u0301.webp", "ßté"),
    ],
)
def test_the_title_of_a_bare_file(name: str | None, title: str) -> None:
    assert title_of(name) == title
