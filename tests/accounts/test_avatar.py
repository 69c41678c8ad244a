"""The avatar: set, shown, waiting for staff, swept; nothing executes, explodes or escapes."""

import errno
import io
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import ChangeRequest, User
from marketplace.testing import CheckedClient, Factory
from marketplace.web.caching import topics
from marketplace.web.runtime import Runtime
from tests.support.people import Person

Auth = Callable[[User], dict[str, str]]


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, kind)
    return target.getvalue()


def put(person: Person, content: bytes, name: str = "me.png", **headers: str) -> Any:
    return person.call(
        "PUT",
        "/me/avatar",
        data={"file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
        headers={"If-Match": "*"} | headers,
    )


@pytest.fixture
def uploads(app: Flask) -> Path:
    """Where the files are; empty at the start."""
    place = Path(app.instance_path) / "uploads" / "avatars"
    for path in place.glob("*"):
        path.unlink()
    return place


def test_a_picture_is_shown(person: Callable[..., Person], client: CheckedClient, uploads: Path) -> None:
    ann = person()
    answer = put(ann, picture("JPEG", (2000, 1000)))
    assert answer.status_code == 200
    url = answer.json["avatar_url"]
    assert url.startswith("/media/avatars/")
    assert ann.me()["avatar_url"] == url
    shown = client.get(url)
    assert (shown.status_code, shown.mimetype) == (200, "image/webp")
    assert Image.open(io.BytesIO(shown.data)).size == (512, 256)
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Disposition"] == "attachment"
    assert shown.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]


def test_names_are_of_our_own_making(person: Callable[..., Person], uploads: Path) -> None:
    ann = person()
    for name in ("../../etc/passwd", "x.html", "x\0.png", "a/b.svg", "CON.png", "é" * 300):
        assert put(ann, picture(), name).status_code in {200, 422}
    assert {len(path.name) for path in uploads.iterdir()} == {32 + len(".webp")}
    assert all(path.read_bytes()[8:12] == b"WEBP" for path in uploads.iterdir())


@pytest.mark.parametrize(
    "path",
    [
        "avatars/../../secret_key",
        "..%2f..%2fsecret_key",
        "avatars/%2e%2e/%2e%2e/secret_key",
        "/etc/passwd",
        "avatars/",
        "",
        "avatars/0123456789abcdef0123456789abcdef.webp.draft",
        "avatars/0123456789ABCDEF0123456789ABCDEF.webp",
        "avatars/0123456789abcdef0123456789abcdef.webp\0",
        "avatars/0123456789abcdef0123456789abcdef.webp",
    ],
)
def test_nothing_else_is_served(client: CheckedClient, path: str) -> None:
    assert client.get(f"/media/{path}").status_code in {308, 404}


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"<script>alert(1)</script>", "x.png", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "x.svg", "not_a_picture"),
        (picture()[:60], "x.png", "not_a_picture"),
        (b"", "x.png", "validation_failed"),
    ],
)
def test_what_is_refused_stores_nothing(
    person: Callable[..., Person], uploads: Path, content: bytes, name: str, code: str
) -> None:
    ann = person()
    answer = put(ann, content, name)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert ann.me()["avatar_url"] is None
    assert list(uploads.glob("*")) == []


def test_other_bodies(person: Callable[..., Person]) -> None:
    ann = person()
    match = {"If-Match": "*"}
    large = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + b"x" * 11_000_000
    for options, status in (
        ({"json": {"file": "x"}}, 415),
        ({"data": picture(), "content_type": "image/png"}, 415),
        ({"data": {"file": "text"}, "content_type": "multipart/form-data"}, 422),
        ({"data": {"picture": (io.BytesIO(picture()), "x")}, "content_type": "multipart/form-data"}, 422),
        ({"data": large, "content_type": "multipart/form-data; boundary=b"}, 413),
    ):
        assert ann.call("PUT", "/me/avatar", headers=match, **options).status_code == status


def test_the_version_is_asked_for(person: Callable[..., Person]) -> None:
    ann = person()
    tag = ann.call("GET", "/me").headers["ETag"]
    bare = ann.call(
        "PUT", "/me/avatar", data={"file": (io.BytesIO(picture()), "x")}, content_type="multipart/form-data"
    )
    assert bare.status_code == 428
    assert put(ann, picture(), **{"If-Match": tag}).status_code == 200
    assert put(ann, picture(), **{"If-Match": tag}).status_code == 412


def test_removing_it(person: Callable[..., Person]) -> None:
    ann = person()
    put(ann, picture())
    assert ann.call("DELETE", "/me/avatar", headers={"If-Match": "*"}).json["avatar_url"] is None


def test_a_performers_waits_for_staff(
    client: CheckedClient, person: Callable[..., Person], make: Factory, auth: Auth
) -> None:
    ann = person()
    make.performer(db.session.get_one(User, ann.id))
    answer = put(ann, picture())
    assert answer.json["avatar_url"] is None
    [change] = answer.json["pending_changes"]
    assert (change["field_name"], change["old_value"]) == ("avatar", None)
    assert client.get(change["new_value"]).status_code == 404, "nobody sees it by its address"
    staff = auth(make.staff())
    [queued] = client.get("/api/v1/admin/changes", headers=staff).json["items"]
    [own] = ann.call("GET", "/me/changes").json["items"]
    for link in (queued["new_display"], own["new_display"]):
        assert client.get(link).mimetype == "image/webp"
    approved = client.post(f"/api/v1/admin/changes/{change['id']}/approve", headers=staff)
    assert approved.status_code == 200
    assert ann.me()["avatar_url"] == change["new_value"]
    assert client.get(change["new_value"]).status_code == 200
    assert client.get(queued["new_display"]).status_code == 200


def test_a_refused_one_is_never_public(
    client: CheckedClient,
    person: Callable[..., Person],
    make: Factory,
    auth: Auth,
    clock: FrozenClock,
    runtime: Runtime,
    uploads: Path,
) -> None:
    ann = person()
    make.performer(db.session.get_one(User, ann.id))
    [change] = put(ann, picture()).json["pending_changes"]
    staff = auth(make.staff())
    body = {"reason": "No face"}
    refused = client.post(f"/api/v1/admin/changes/{change['id']}/reject", json=body, headers=staff)
    assert refused.status_code == 200
    assert client.get(change["new_value"]).status_code == 404
    assert client.get(refused.json["new_display"]).status_code == 200, "staff may take it back"
    clock.advance(timedelta(days=1, minutes=1))
    own = client.get("/api/v1/user/me/changes", headers=auth(db.session.get_one(User, ann.id)))
    assert client.get(own.json["items"][0]["new_display"]).status_code == 404
    for path in uploads.iterdir():
        os.utime(path, (0, 0))
    assert runtime.get(Accounts).avatars.sweep() == 1
    assert list(uploads.iterdir()) == []


def test_the_picture_of_who_left_is_not_public(
    client: CheckedClient, person: Callable[..., Person], clock: FrozenClock
) -> None:
    ann = person()
    url = put(ann, picture()).json["avatar_url"]
    assert client.get(url).status_code == 200
    db.session.get_one(User, ann.id).deleted_at = clock.now()
    db.session.commit()
    assert client.get(url).status_code == 404


def test_a_full_disk_is_507_and_leaves_nothing(
    person: Callable[..., Person], uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    ann = person()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        answer = put(ann, picture())
    assert (answer.status_code, answer.json["code"]) == (507, "storage_full")
    assert ann.me()["avatar_url"] is None
    assert list(uploads.glob("*")) == []


def test_no_transaction_is_open_while_a_file_is_stored(
    person: Callable[..., Person], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = runtime.get(Accounts).avatars
    seen: list[bool] = []
    for part, name in ((service._files, "put"), (service._pictures, "encode")):
        real = getattr(part, name)

        def watch(*args: Any, real: Any = real) -> Any:
            seen.append(runtime.uow.is_open)
            return real(*args)

        monkeypatch.setattr(part, name, watch)
    assert put(person(), picture()).status_code == 200
    assert seen == [False, False]


def test_files_that_nobody_shows_are_swept(
    person: Callable[..., Person],
    make: Factory,
    runtime: Runtime,
    uploads: Path,
    clock: FrozenClock,
) -> None:
    ann, bob = person("ann"), person("bob")
    put(ann, picture())
    shown = put(ann, picture()).json["avatar_url"]
    make.performer(db.session.get_one(User, bob.id))
    put(bob, picture())
    waiting = put(bob, picture()).json["pending_changes"][0]["new_value"]
    assert len(list(uploads.iterdir())) == 4
    sweep = runtime.get(Accounts).avatars.sweep
    for path in uploads.iterdir():
        os.utime(path, ((clock.now() - timedelta(hours=23)).timestamp(),) * 2)
    assert sweep() == 0, "they may belong to requests under way"
    for path in uploads.iterdir():
        os.utime(path, ((clock.now() - timedelta(hours=25)).timestamp(),) * 2)
    assert sweep() == 2
    assert {f"/media/avatars/{path.name}" for path in uploads.iterdir()} == {shown, waiting}
    request = db.session.scalars(select(ChangeRequest).where(ChangeRequest.status == "pending")).one()
    request.status, request.decided_at = "rejected", clock.now()
    db.session.commit()
    assert sweep() == 0, "the decision may be taken back"
    request.decided_at = clock.now() - timedelta(days=2)
    db.session.commit()
    assert sweep() == 1


def test_a_picture_in_a_bucket_is_fetched_from_there(
    client: CheckedClient, make: Factory, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import urllib.request
    from dataclasses import replace

    from marketplace.outside.storage import make_store
    from marketplace.outside.wiring import Outside
    from tests.support.s3 import BUCKET, KEY, REGION, SECRET, running_bucket

    name = "avatars/0123456789abcdef0123456789abcdef.webp"
    make.user(avatar_key=name)
    with running_bucket() as bucket:
        settings = replace(
            runtime.settings,
            storage_url=f"s3://{BUCKET}",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            aws_region=REGION,
            aws_endpoint_url=bucket.url,
        )
        store = make_store(settings)
        store.put(name, picture("WEBP"), "image/webp")
        monkeypatch.setitem(runtime.services, Outside, replace(runtime.outside, files=store))
        answer = client.get(f"/media/{name}")
        assert answer.status_code == 302
        assert answer.headers["Cache-Control"] == "public, max-age=1800"
        with urllib.request.urlopen(answer.headers["Location"], timeout=5) as fetched:
            assert fetched.read() == picture("WEBP")


def test_it_is_shown_wherever_the_person_is(
    client: CheckedClient, make: Factory, auth: Auth, clock: FrozenClock
) -> None:
    key = "avatars/0123456789abcdef0123456789abcdef.webp"
    pro, customer = make.user(avatar_key=key), make.user(avatar_key=key)
    performer = make.performer(pro)
    service = make.service(performer)
    review = make.review(make.order(customer, service, status="completed", completed_at=clock.now()))
    chat = make.chat(customer, performer)
    staff, own = auth(make.staff()), auth(customer)

    def shown(path: str, headers: dict[str, str] | None = None) -> Any:
        return client.get(f"/api/v1{path}", headers=headers).json

    url = f"/media/{key}"
    assert shown("/performers")["items"][0]["user"]["avatar_url"] == url
    assert shown(f"/performers/{performer.id}")["user"]["avatar_url"] == url
    assert shown(f"/performers/{performer.id}/reviews")["items"][0]["author"]["avatar_url"] == url
    assert shown(f"/chats/{chat.id}", own)["other"]["avatar_url"] == url
    assert shown(f"/admin/users/{pro.id}", staff)["avatar_url"] == url
    assert review.author_id == customer.id
    customer.deleted_at = clock.now()
    db.session.commit()
    topics.clear()
    assert shown(f"/performers/{performer.id}/reviews")["items"][0]["author"]["avatar_url"] is None
