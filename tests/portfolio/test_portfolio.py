"""Portfolios: pictures come, are shown, move and go; nothing executes, explodes, escapes or stays behind."""

import errno
import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from marketplace.blueprints.portfolio.services import MAX_IMAGES, thumbnail_key
from marketplace.blueprints.portfolio.wiring import Portfolio
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import Unavailable
from marketplace.models import JobRow, Performer, PortfolioImage, User
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime

Auth = Callable[[User], dict[str, str]]
URL = "/api/v1/performers/me/portfolio"
ANY = {"If-Match": "*"}


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, kind, **options)
    return target.getvalue()


def bomb() -> bytes:
    """A PNG that says it has 30,000 x 30,000 pixels, in a few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(90_001 * 10)))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def uploads(app: Flask) -> Path:
    """Where the files are; empty at the start."""
    place = Path(app.instance_path) / "uploads" / "portfolio"
    for path in place.glob("*"):
        path.unlink()
    return place


@pytest.fixture
def performer(make: Factory) -> Performer:
    return make.performer(make.user())


@pytest.fixture
def own(performer: Performer, auth: Auth) -> dict[str, str]:
    return auth(db.session.get_one(User, performer.user_id))


def post(
    client: CheckedClient,
    headers: dict[str, str],
    content: bytes | None = None,
    name: str = "roof.png",
    **form: Any,
) -> Any:
    return client.post(
        URL,
        data={"file": (io.BytesIO(picture() if content is None else content), name), **form},
        content_type="multipart/form-data",
        headers=headers,
    )


def add(client: CheckedClient, headers: dict[str, str], caption: str = "") -> int:
    answer = post(client, headers, caption=caption)
    assert answer.status_code == 201, answer.json
    found: int = answer.json["id"]
    return found


def shown(client: CheckedClient, performer: Performer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/v1/performers/{performer.id}").json["portfolio"]
    return found


def files(uploads: Path) -> set[str]:
    return {f"portfolio/{path.name}" for path in uploads.glob("*")}


def stored() -> list[PortfolioImage]:
    statement = select(PortfolioImage).order_by(PortfolioImage.position)
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


# --- coming -------------------------------------------------------------------------------------------


def test_a_picture_is_added_and_shown(
    client: CheckedClient,
    performer: Performer,
    own: dict[str, str],
    uploads: Path,
    run_jobs: Callable[[], int],
) -> None:
    assert shown(client, performer) == []
    answer = post(client, own, picture("JPEG", (3200, 1600)), caption="  A roof\u0301 ")
    assert answer.status_code == 201
    made = answer.json
    assert (made["width"], made["height"], made["caption"]) == (1600, 800, "A roof\u0301")
    assert (made["thumbnail_url"], made["created_at"]) == (None, "2026-05-04T09:00:00Z")
    public = {key: value for key, value in made.items() if key != "created_at"}
    assert shown(client, performer) == [public], "the kept profile is dropped"
    file = client.get(made["url"])
    assert (file.status_code, file.mimetype) == (200, "image/webp")
    assert Image.open(io.BytesIO(file.data)).size == (1600, 800)
    run_jobs()
    [after] = shown(client, performer)
    small = client.get(after["thumbnail_url"])
    assert Image.open(io.BytesIO(small.data)).size == (400, 200)
    assert after | {"thumbnail_url": None} == public
    assert client.get(URL, headers=own).json["items"] == [after | {"created_at": made["created_at"]}]
    single = client.get(f"{URL}/{made['id']}", headers=own)
    assert single.json == after | {"created_at": made["created_at"]}
    assert len(files(uploads)) == 2


def test_metadata_is_left_behind(client: CheckedClient, own: dict[str, str], uploads: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at Larkspur Lane"
    assert post(client, own, picture("JPEG", exif=exif.tobytes())).status_code == 201
    [path] = uploads.iterdir()
    assert b"Larkspur" not in path.read_bytes()


def test_names_are_of_our_own_making(client: CheckedClient, own: dict[str, str], uploads: Path) -> None:
    for name in ("../../etc/passwd", "x.html", "x\0.png", "a/b.svg", "..\\..\\x", "CON.png", "é" * 300):
        assert post(client, own, name=name).status_code in {201, 422}
    found = list(uploads.iterdir())
    assert found
    assert {len(path.name) for path in found} == {32 + len(".webp")}
    assert all(path.is_dir() for path in uploads.parent.glob("*"))


def test_a_polyglot_becomes_a_plain_picture(
    client: CheckedClient, own: dict[str, str], uploads: Path
) -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        content = picture(kind) + b"<script>alert(1)</script>PK\x03\x04"
        assert post(client, own, content, "x.html").status_code == 201
    assert all(
        path.read_bytes()[8:12] == b"WEBP" and b"script" not in path.read_bytes()
        for path in uploads.iterdir()
    )


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"<html><script>alert(1)</script></html>", "x.png", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "x.svg", "not_a_picture"),
        (b"GIF89a" + bytes(40), "x.gif", "not_a_picture"),
        (picture()[:60], "x.png", "not_a_picture"),
        (picture("JPEG", (400, 400))[:300], "x.jpg", "not_a_picture"),
        (bomb(), "x.png", "picture_too_large"),
        (b"", "x.png", "validation_failed"),
    ],
    ids=["html", "svg", "gif", "truncated png", "truncated jpeg", "bomb", "empty"],
)
def test_what_is_refused_stores_nothing(
    client: CheckedClient, own: dict[str, str], uploads: Path, content: bytes, name: str, code: str
) -> None:
    answer = post(client, own, content, name)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert stored() == []
    assert files(uploads) == set()


def test_other_bodies(client: CheckedClient, own: dict[str, str], uploads: Path) -> None:
    large = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + b"x" * 11_000_000
    for options, status in (
        ({"json": {"file": "x"}}, 415),
        ({"data": {"file": "text"}, "content_type": "multipart/form-data"}, 422),
        ({"data": {"caption": "text"}, "content_type": "multipart/form-data"}, 422),
        ({"data": large, "content_type": "multipart/form-data; boundary=b"}, 413),
    ):
        assert client.post(URL, headers=own, **options).status_code == status
    assert post(client, own, caption="x" * 301).status_code == 422
    assert post(client, own, caption="x\ny").status_code == 422
    assert post(client, own, position="1").status_code == 422
    assert files(uploads) == set()


def test_a_full_disk_is_507_and_leaves_nothing(
    client: CheckedClient, own: dict[str, str], uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        answer = post(client, own | {"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json["code"]) == (507, "storage_full")
    assert stored() == []
    assert files(uploads) == set()
    assert post(client, own | {"Idempotency-Key": "k"}).status_code == 201, "the key is free"


def test_a_retry_adds_nothing(client: CheckedClient, own: dict[str, str], uploads: Path) -> None:
    headers = own | {"Idempotency-Key": "once"}
    first, second = post(client, headers), post(client, headers)
    assert (first.status_code, first.data, first.headers["ETag"]) == (
        second.status_code,
        second.data,
        second.headers["ETag"],
    )
    assert len(stored()) == len(files(uploads)) == 1
    other = post(client, headers, picture(size=(3, 3)))
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert len(files(uploads)) == 1


def test_a_full_portfolio(
    client: CheckedClient, performer: Performer, own: dict[str, str], uploads: Path, make: Factory
) -> None:
    fill(performer.id, MAX_IMAGES - 1)
    add(client, own)
    assert len(files(uploads)) == 1
    for extra in ({}, {"Idempotency-Key": "k"}):
        answer = post(client, own | extra)
        assert (answer.status_code, answer.json["code"]) == (409, "portfolio_full")
    assert (len(stored()), len(files(uploads))) == (MAX_IMAGES, 1)


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
def test_a_picture_that_found_no_room_leaves_no_file(
    client: CheckedClient,
    performer: Performer,
    own: dict[str, str],
    uploads: Path,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    key: dict[str, str],
) -> None:
    """The last place is taken while the picture is worked on."""
    service = runtime.get(Portfolio).own
    real = service._files.put
    open_while_deleted: list[bool] = []
    real_delete = service._files.delete

    def put(*arguments: Any) -> None:
        real(*arguments)
        fill(performer.id, MAX_IMAGES)

    def delete(name: str) -> None:
        open_while_deleted.append(runtime.uow.is_open)
        real_delete(name)

    monkeypatch.setattr(service._files, "put", put)
    monkeypatch.setattr(service._files, "delete", delete)
    answer = post(client, own | key)
    assert (answer.status_code, answer.json["code"]) == (409, "portfolio_full")
    assert files(uploads) == set()
    assert open_while_deleted == [False]


def test_no_transaction_is_open_while_a_file_is_stored(
    client: CheckedClient, own: dict[str, str], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = runtime.get(Portfolio).own
    seen: list[bool] = []
    for part, name in ((service._files, "put"), (service._pictures, "encode")):
        real = getattr(part, name)

        def watch(*args: Any, real: Any = real) -> Any:
            seen.append(runtime.uow.is_open)
            return real(*args)

        monkeypatch.setattr(part, name, watch)
    assert post(client, own | {"Idempotency-Key": "k"}).status_code == 201
    assert seen == [False, False]


# --- changing -----------------------------------------------------------------------------------------


def test_captions(client: CheckedClient, performer: Performer, own: dict[str, str]) -> None:
    image = add(client, own, "Before")
    path = f"{URL}/{image}"
    tag = client.get(path, headers=own).headers["ETag"]
    assert client.patch(path, json={"caption": "x"}, headers=own).status_code == 428
    same = client.patch(path, json={"caption": "Before"}, headers=own | {"If-Match": tag})
    assert same.headers["ETag"] == tag
    changed = client.patch(path, json={"caption": "After"}, headers=own | {"If-Match": tag})
    assert (changed.status_code, changed.json["caption"]) == (200, "After")
    assert [one["caption"] for one in shown(client, performer)] == ["After"]
    stale = client.patch(path, json={"caption": "Late"}, headers=own | {"If-Match": tag})
    assert stale.status_code == 412
    assert client.delete(path, headers=own | {"If-Match": tag}).status_code == 412
    assert client.patch(path, json={"caption": ""}, headers=own | ANY).json["caption"] == ""
    for body in ({}, {"caption": None}, {"caption": "x" * 301}, {"caption": "x", "position": 1}):
        assert client.patch(path, json=body, headers=own | ANY).status_code == 422


def test_order(client: CheckedClient, performer: Performer, own: dict[str, str]) -> None:
    ids = [add(client, own, str(number)) for number in range(4)]
    assert [one["id"] for one in shown(client, performer)] == ids
    wanted = [ids[2], ids[0], ids[3], ids[1]]
    answer = client.put(f"{URL}/order", json={"ids": wanted}, headers=own)
    assert [one["id"] for one in answer.json["items"]] == wanted
    assert [one["id"] for one in shown(client, performer)] == wanted
    last = add(client, own)
    assert [one["id"] for one in shown(client, performer)] == [*wanted, last]


def test_an_order_names_each_picture_once(
    client: CheckedClient, performer: Performer, own: dict[str, str], make: Factory, auth: Auth
) -> None:
    one, two = add(client, own), add(client, own)
    stranger = make.user()
    make.performer(stranger)
    foreign = add(client, auth(stranger))
    for ids in ([one], [one, one], [one, two, two], [one, two, foreign], [one, foreign], []):
        answer = client.put(f"{URL}/order", json={"ids": ids}, headers=own)
        assert (answer.status_code, list(answer.json["errors"]["json"])) == (422, ["ids"]), ids
    assert [row["id"] for row in shown(client, performer)] == [one, two]
    empty = make.user()
    make.performer(empty)
    assert client.put(f"{URL}/order", json={"ids": []}, headers=auth(empty)).json == {"items": []}


def test_a_picture_goes_with_its_files(
    client: CheckedClient,
    performer: Performer,
    own: dict[str, str],
    uploads: Path,
    run_jobs: Callable[[], int],
) -> None:
    first, second = add(client, own), add(client, own)
    run_jobs()
    assert len(files(uploads)) == 4
    assert client.delete(f"{URL}/{first}", headers=own).status_code == 428
    assert client.delete(f"{URL}/{first}", headers=own | ANY).status_code == 204
    assert [one["id"] for one in shown(client, performer)] == [second]
    assert len(files(uploads)) == 4, "not before the change is stored"
    run_jobs()
    [left] = stored()
    assert files(uploads) == {left.key, left.thumbnail_key}
    assert client.delete(f"{URL}/{first}", headers=own | ANY).status_code == 404


@pytest.mark.parametrize("count", [1, 6, MAX_IMAGES])
def test_the_list_costs_two_queries_at_any_length(
    client: CheckedClient, performer: Performer, own: dict[str, str], assert_queries: Any, count: int
) -> None:
    fill(performer.id, count)
    with assert_queries(2):  # who is calling, the pictures
        assert len(client.get(URL, headers=own).json["items"]) == count


# --- in the background --------------------------------------------------------------------------------


def test_a_thumbnail_may_be_made_twice(
    client: CheckedClient, own: dict[str, str], uploads: Path, runtime: Runtime, run_jobs: Callable[[], int]
) -> None:
    add(client, own)
    [row] = stored()
    background = runtime.get(Portfolio).files
    for _ in range(2):
        background.make_thumbnail(row.id, row.key)
    run_jobs()
    [row] = stored()
    assert files(uploads) == {row.key, row.thumbnail_key}


def test_a_picture_that_went_before_its_thumbnail(
    client: CheckedClient, own: dict[str, str], uploads: Path, runtime: Runtime, run_jobs: Callable[[], int]
) -> None:
    image = add(client, own)
    [row] = stored()
    client.delete(f"{URL}/{image}", headers=own | ANY)
    # An earlier try was killed right after it had stored the thumbnail.
    (uploads / Path(thumbnail_key(row.key)).name).write_bytes(b"half done")
    run_jobs()
    assert files(uploads) == set()


def test_a_picture_that_goes_while_its_thumbnail_is_stored(
    client: CheckedClient,
    own: dict[str, str],
    uploads: Path,
    runtime: Runtime,
    run_jobs: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = add(client, own)
    [row] = stored()
    background = runtime.get(Portfolio).files
    real = background._files.put

    def put(*arguments: Any) -> None:
        client.delete(f"{URL}/{image}", headers=own | ANY)
        background.delete([row.key])
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(background._files, "put", put)
        background.make_thumbnail(row.id, row.key)
    assert files(uploads) == set()
    run_jobs()


def test_a_thumbnail_is_tried_again(
    client: CheckedClient,
    performer: Performer,
    own: dict[str, str],
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    app: Flask,
    uploads: Path,
) -> None:
    from marketplace.assembly import make_worker

    def away(*_: Any) -> None:
        raise Unavailable

    add(client, own)
    background = runtime.get(Portfolio).files
    worker = make_worker(app, 1)
    with monkeypatch.context() as patch:
        patch.setattr(background._files, "put", away)
        worker.run_pending()
    assert [one["thumbnail_url"] for one in shown(client, performer)] == [None]
    job = db.session.scalars(select(JobRow).where(JobRow.status == "pending")).one()
    assert (job.kind, job.attempts) == ("performers.portfolio_thumbnail", 1)
    db.session.execute(JobRow.__table__.update().values(run_at=job.created_at))
    db.session.commit()
    worker.run_pending()
    assert [one["thumbnail_url"] is not None for one in shown(client, performer)] == [True]


def test_files_that_no_row_names_are_swept(
    client: CheckedClient,
    own: dict[str, str],
    uploads: Path,
    runtime: Runtime,
    clock: FrozenClock,
    run_jobs: Callable[[], int],
) -> None:
    add(client, own)
    run_jobs()
    [row] = stored()
    (uploads / f"{'0' * 32}.webp").write_bytes(picture("WEBP"))
    sweep = runtime.get(Portfolio).files.sweep
    for hours, gone in ((23, 0), (25, 1), (25, 0)):
        for path in uploads.iterdir():
            os.utime(path, ((clock.now() - timedelta(hours=hours)).timestamp(),) * 2)
        assert sweep() == gone
    assert files(uploads) == {row.key, row.thumbnail_key}


def test_who_is_gone_leaves_no_pictures(
    client: CheckedClient,
    performer: Performer,
    own: dict[str, str],
    uploads: Path,
    runtime: Runtime,
    clock: FrozenClock,
    run_jobs: Callable[[], int],
    make: Factory,
    auth: Auth,
) -> None:
    from marketplace.blueprints.privacy.wiring import Privacy

    other = make.user()
    make.performer(other)
    stays = auth(other)
    for headers in (own, own, stays):
        add(client, headers)
    run_jobs()
    assert len(files(uploads)) == 6
    performer_id, user_id = performer.id, performer.user_id
    assert client.delete("/api/v1/user/me", headers=own | ANY).status_code == 204
    clock.advance(timedelta(days=8))
    runtime.get(Privacy).anonymisation.anonymise(user_id)
    run_jobs()
    [row] = stored()
    assert row.performer_id != performer_id
    assert files(uploads) == {row.key, row.thumbnail_key}


def test_nothing_else_of_a_picture_is_public(
    client: CheckedClient, performer: Performer, own: dict[str, str]
) -> None:
    add(client, own)
    [one] = shown(client, performer)
    assert set(one) == {"id", "url", "thumbnail_url", "width", "height", "caption"}
    performer.active = False
    db.session.commit()
    client.patch(f"{URL}/{one['id']}", json={"caption": "still mine"}, headers=own | ANY)
    assert client.get(f"/api/v1/performers/{performer.id}").status_code == 404
    assert json.dumps(client.get("/api/v1/performers").json).find("portfolio") == -1


def fill(performer_id: int, count: int) -> None:
    """Rows without files."""
    db.session.add_all(
        PortfolioImage(
            performer_id=performer_id, key=f"portfolio/{performer_id}-{n}", width=4, height=3, position=n
        )
        for n in range(count)
    )
    db.session.commit()


@pytest.mark.parametrize("status", ["pending", "rejected", "suspended"])
def test_before_staff_approve_only_its_performer_sees_it(
    client: CheckedClient,
    make: Factory,
    auth: Auth,
    uploads: Path,
    run_jobs: Callable[[], int],
    status: str,
) -> None:
    user = make.user()
    waiting = make.performer(user, status=status)
    headers = auth(user)
    made = post(client, headers).json
    run_jobs()
    [own] = client.get(URL, headers=headers).json["items"]
    for link in (made["url"], own["url"], own["thumbnail_url"]):
        assert link.startswith("/files?")
        assert client.get(link).mimetype == "image/webp"
    addresses = [f"/media/{key}" for key in files(uploads)]
    assert [client.get(address).status_code for address in addresses] == [404, 404]
    waiting.status = "approved"
    db.session.commit()
    assert [client.get(address).status_code for address in addresses] == [200, 200]
    assert client.get(URL, headers=headers).json["items"][0]["url"] in addresses
    assert client.delete(f"{URL}/{made['id']}", headers=headers | ANY).status_code == 204
    assert [client.get(link).status_code for link in (own["url"], *addresses)] == [404, 404, 404]
