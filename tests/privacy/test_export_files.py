"""The files in a copy of everything held on a user: streamed from storage to storage, and out again."""

import io
import json
import os
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import create_environ, run_wsgi_app

from marketplace.blueprints.certificates.wiring import Certificates
from marketplace.blueprints.privacy.services.archives import CHUNK_BYTES
from marketplace.blueprints.privacy.services.exports import FOLDER
from marketplace.blueprints.privacy.wiring import Privacy
from marketplace.extensions import db
from marketplace.kernel.errors import Unavailable
from marketplace.kernel.identity import Principal
from marketplace.models import ChangeRequest, JobRow, PortfolioImage, User
from marketplace.outside.storage import LocalFolder, make_store
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.background import make_worker
from marketplace.web.runtime import Runtime
from tests.support.certificates import PDF, picture, send
from tests.support.s3 import BUCKET, KEY, REGION, SECRET, running_bucket

Auth = Callable[[User], dict[str, str]]
ME = "/api/v1/user/me/export"
LARGE = 30 * 1024 * 1024


@dataclass
class Owner:
    """A performer with an avatar, a certificate and a picture of 30 MB in the portfolio."""

    user: User
    headers: dict[str, str]
    client: CheckedClient
    certificate: int
    image: PortfolioImage

    def ask(self) -> int:
        answer = self.client.post(ME, headers=self.headers)
        assert answer.status_code == 202
        found: int = answer.json["id"]
        return found

    def fetch(self) -> Any:
        return self.client.get(self.client.get(ME, headers=self.headers).json["url"])


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Where the program keeps what an export is made of: a folder, then a bucket."""
    if request.param == "folder":
        yield runtime.outside.files
        return
    with running_bucket() as bucket:
        values = {
            "storage_url": f"s3://{BUCKET}",
            "aws_access_key_id": KEY,
            "aws_secret_access_key": SECRET,
            "aws_region": REGION,
            "aws_endpoint_url": bucket.url,
        }
        yield make_store(replace(runtime.settings, **values))


@pytest.fixture
def owner(
    files: Any, client: CheckedClient, make: Factory, auth: Auth, runtime: Runtime, monkeypatch: Any
) -> Owner:
    user = make.user()
    performer = make.performer(user)
    headers = auth(user)
    monkeypatch.setattr(runtime.get(Privacy).exports, "_files", files)
    monkeypatch.setattr(runtime.get(Certificates).intake, "_files", files)
    certificate = send(client, headers).json["id"]
    image = PortfolioImage(
        performer_id=performer.id, key=f"portfolio/{1:032x}.webp", width=1, height=1, position=1
    )
    user.avatar_key = f"avatars/{2:032x}.webp"
    waiting = ChangeRequest(
        subject_type="user",
        subject_id=user.id,
        field_name="avatar",
        new_value=f"/media/avatars/{3:032x}.webp",
        requested_by=user.id,
    )
    db.session.add_all([image, waiting])
    db.session.commit()
    files.put(user.avatar_key, picture(), "image/webp")
    files.put(f"avatars/{3:032x}.webp", b"waits", "image/webp")
    files.put(image.key, os.urandom(1024) * (LARGE // 1024), "image/webp")
    return Owner(user, headers, client, certificate, image)


def opened(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


def contents(archive: zipfile.ZipFile) -> dict[str, str]:
    return {row["name"]: row["status"] for row in json.loads(archive.read("files.json"))}


def test_it_holds_the_files(owner: Owner, files: Any, run_jobs: Callable[[], int]) -> None:
    export_id = owner.ask()
    run_jobs()
    answer = owner.fetch()
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert int(answer.headers["Content-Length"]) == len(answer.data) > LARGE
    with opened(answer.data) as archive:
        assert archive.testzip() is None
        assert archive.read("files/avatar.webp") == picture()
        assert archive.read("files/avatar-waiting.webp") == b"waits"
        assert archive.read(f"files/certificates/certificate-{owner.certificate}.pdf") == PDF
        name = f"files/portfolio/portfolio-{owner.image.id}.webp"
        assert archive.read(name) == files.get(owner.image.key)
        assert set(contents(archive).values()) == {"included"}
        assert name in contents(archive)
    assert files.find_size(f"{FOLDER}/{export_id}.zip") == len(answer.data)


def test_it_is_fetched_as_servers_do(owner: Owner, app: Flask, run_jobs: Callable[[], int]) -> None:
    owner.ask()
    run_jobs()
    url = owner.client.get(ME, headers=owner.headers).json["url"]
    # In a thread of its own no context of the test's is there: the answer is made when the request is over.
    with ThreadPoolExecutor(1) as server:
        parts, status, headers = server.submit(run_wsgi_app, app, create_environ(url)).result()
        content = server.submit(b"".join, parts).result()
        server.submit(parts.close).result()
    assert status == "200 OK"
    assert len(content) == int(headers["Content-Length"]) > LARGE
    assert opened(content).testzip() is None


def test_no_file_is_ever_in_memory(
    owner: Owner, files: Any, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 MB go in and come out, a part at a time."""
    export_id = owner.ask()
    read, asked = files.read, list[int]()

    def watched(key: str, start: int, length: int) -> bytes | None:
        asked.append(length)
        found: bytes | None = read(key, start, length)
        return found

    monkeypatch.setattr(files, "read", watched)
    exports = runtime.get(Privacy).exports
    tracemalloc.start()
    try:
        exports.build(export_id)
        _, made = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        named = exports.get(_principal(owner))[1]
        assert named is not None
        sent = sum(len(part) for part in exports.fetch(named).parts)
        _, fetched = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > LARGE
    assert max(asked) == CHUNK_BYTES
    if isinstance(files, LocalFolder):
        # The bucket of the tests keeps what it has in the same memory.
        assert max(made, fetched) < 8 * CHUNK_BYTES


def _principal(owner: Owner) -> Any:
    return Principal(user_id=owner.user.id, session_id=1)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_file_that_goes_is_named(
    owner: Owner, files: Any, run_jobs: Callable[[], int], when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = files.read

    def gone(key: str, start: int, length: int) -> bytes | None:
        if key == owner.image.key and start:
            return None
        found: bytes | None = read(key, start, length)
        return found

    owner.ask()
    if when == "before":
        files.delete(owner.image.key)
    else:
        monkeypatch.setattr(files, "read", gone)
    run_jobs()
    with opened(owner.fetch().data) as archive:
        assert archive.testzip() is None
        found = contents(archive)
        assert found.pop(f"files/portfolio/portfolio-{owner.image.id}.webp") == (
            "missing" if when == "before" else "cut"
        )
        assert set(found.values()) == {"included"}


def test_storage_that_is_away_is_tried_again(
    app: Flask, owner: Owner, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.ask()
    with monkeypatch.context() as patch:
        patch.setattr(files, "find_size", _away)
        while make_worker(app, 1).run_one():
            pass
        assert owner.client.get(ME, headers=owner.headers).json["status"] == "pending"
        failed = db.session.scalars(select(JobRow).where(JobRow.kind == "accounts.export")).one()
        assert (failed.status, failed.attempts) == ("pending", 1)
    db.session.execute(update(JobRow).values(run_at=START.replace(year=2020)))
    db.session.commit()
    while make_worker(app, 1).run_one():
        pass
    link = owner.client.get(ME, headers=owner.headers).json["url"]
    assert owner.client.get(link).status_code == 200
    monkeypatch.setattr(files, "find_size", _away)
    answer = owner.client.get(link)
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")


def _away(_key: str) -> int | None:
    raise Unavailable


@pytest.mark.parametrize("files", ["folder"], indirect=True)
def test_archives_of_no_export_are_swept(
    owner: Owner, files: Any, runtime: Runtime, run_jobs: Callable[[], int]
) -> None:
    export_id = owner.ask()
    run_jobs()
    folder = runtime.settings.instance_path / "uploads" / FOLDER
    for path in folder.iterdir():
        path.unlink()
    files.put(f"{FOLDER}/{export_id}.zip", b"x", "application/zip")
    files.put(f"{FOLDER}/999999999.zip", b"x", "application/zip")
    (folder / ".half.draft").write_bytes(b"x")
    exports = runtime.get(Privacy).exports
    for path in folder.iterdir():
        os.utime(path, (START.timestamp(), START.timestamp()))
    assert exports.sweep() == 0, "an archive may be in the making"
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    assert exports.sweep() == 2
    assert [path.name for path in folder.iterdir()] == [f"{export_id}.zip"]
