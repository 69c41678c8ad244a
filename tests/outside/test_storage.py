"""Where files are kept: a folder and a bucket pass the same tests, and fail in the same words."""

import errno
import io
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from marketplace.config import Settings
from marketplace.kernel.errors import StorageFull, Unavailable
from marketplace.outside import private_folder, storage
from marketplace.outside.ports import FileStore, StoredFile
from marketplace.outside.storage import LocalFolder, S3Bucket, make_store
from tests.support import moto as moto_s3
from tests.support.moto import Moto, needs_moto, running_moto
from tests.support.s3 import BUCKET, KEY, REGION, SECRET, Bucket, running_bucket

NAME = "avatars/0123456789abcdef.webp"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with running_bucket() as found:
        yield found


def s3_settings(bucket: Bucket, tmp_path: Path, **values: Any) -> Settings:
    given = {
        "storage_url": f"s3://{BUCKET}/some/prefix",
        "aws_access_key_id": KEY,
        "aws_secret_access_key": SECRET,
        "aws_region": REGION,
        "aws_endpoint_url": bucket.url,
    }
    return Settings(secret_key="s" * 40, instance_path=tmp_path, **given | values)


@pytest.fixture
def moto(tmp_path: Path) -> Iterator[Moto]:
    with running_moto(tmp_path / "moto.log") as found:
        yield found


def moto_settings(server: Moto, tmp_path: Path, **values: Any) -> Settings:
    given = {
        "storage_url": f"s3://{moto_s3.BUCKET}/some/prefix",
        "aws_access_key_id": server.key,
        "aws_secret_access_key": server.secret,
        "aws_region": moto_s3.REGION,
        "aws_endpoint_url": server.url,
    }
    return Settings(secret_key="s" * 40, instance_path=tmp_path, **given | values)


@pytest.fixture(params=["folder", "bucket", pytest.param("moto", marks=needs_moto)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    if request.param == "folder":
        return make_store(Settings(secret_key="s" * 40, instance_path=tmp_path))
    if request.param == "moto":
        return make_store(moto_settings(request.getfixturevalue("moto"), tmp_path))
    return make_store(s3_settings(request.getfixturevalue("bucket"), tmp_path))


def test_what_is_put_is_there(store: FileStore) -> None:
    assert store.get(NAME) is None
    store.put(NAME, b"one", "image/webp")
    assert store.get(NAME) == b"one"
    store.put(NAME, b"two", "image/webp")
    assert store.get(NAME) == b"two"
    store.delete(NAME)
    assert store.get(NAME) is None
    store.delete(NAME)


def test_what_is_there_is_listed(store: FileStore) -> None:
    assert list(store.list_files("avatars")) == []
    for name in ("avatars/b", "avatars/a", "other/c"):
        store.put(name, b"x", "image/webp")
    found = list(store.list_files("avatars"))
    assert [file.key for file in found] == ["avatars/a", "avatars/b"]
    assert all(file.changed_at.tzinfo is not None for file in found)
    assert all(file.changed_at <= datetime.now(UTC) for file in found)


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    place = tmp_path / "my files"
    settings = Settings(
        secret_key="s", instance_path=tmp_path / "i", storage_url=f"file://{tmp_path}/my%20files"
    )
    make_store(settings).put(NAME, b"x", "image/webp")
    assert (place / NAME).read_bytes() == b"x"


def test_parts_of_a_file(store: FileStore) -> None:
    assert (store.find_size(NAME), store.read(NAME, 0, 10)) == (None, None)
    store.put(NAME, bytes(range(100)), "image/webp")
    assert store.find_size(NAME) == 100
    assert store.read(NAME, 10, 5) == bytes(range(10, 15))
    assert store.read(NAME, 0, 100) == bytes(range(100))


class Counting(io.FileIO):
    """A file that notes how much of it was read at a time."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0, "all at once"
        self.largest = max(self.largest, size)
        return super().read(size)


def test_a_large_file_goes_in_without_being_held(store: FileStore, tmp_path: Path) -> None:
    """12 MB, which a bucket takes in three parts."""
    large = tmp_path / "large"
    large.write_bytes(b"x" * (12 * 1024 * 1024 - 3) + b"end")
    with Counting(str(large)) as source:
        store.put_file(NAME, source, "application/zip")  # type: ignore[arg-type]  # it is binary, and can be read
        assert 0 < source.largest <= storage.PART_BYTES
    assert store.find_size(NAME) == 12 * 1024 * 1024
    assert store.read(NAME, 12 * 1024 * 1024 - 4, 4) == b"xend"


def test_files_are_for_the_program_alone(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path / "made" / "uploads")
    umask = os.umask(0)
    try:
        store.put("private/certificates/x.pdf", b"x", "application/pdf")
    finally:
        os.umask(umask)
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_that_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "avatars"
    folder.mkdir()
    folder.chmod(0o755)
    LocalFolder(tmp_path).put(NAME, b"x", "image/webp")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_a_killed_program_left_behind_is_found_to_be_swept(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    store.put(NAME, b"x", "image/webp")
    draft = tmp_path / "avatars" / ".0123.draft"
    draft.write_bytes(b"half")
    assert [file.key for file in store.list_files("avatars")] == [NAME]
    os.utime(draft, (0, 0))
    assert {file.key for file in store.list_files("avatars")} == {NAME, "avatars/.0123.draft"}


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.EACCES, errno.ESTALE, errno.EMFILE])
def test_a_disk_that_fails_otherwise_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    store = LocalFolder(tmp_path)
    store.put(NAME, b"x", "image/webp")
    monkeypatch.setattr(os, "open", broken)
    monkeypatch.setattr(Path, "open", broken)
    monkeypatch.setattr(Path, "stat", broken)
    monkeypatch.setattr(Path, "unlink", broken)
    for attempt in (
        partial(store.put, NAME, b"x", "image/webp"),
        partial(store.get, NAME),
        partial(store.find_size, NAME),
        partial(store.read, NAME, 0, 1),
        partial(store.delete, NAME),
    ):
        with pytest.raises(Unavailable) as told:
            attempt()
        assert str(tmp_path) not in told.value.detail


def test_a_folder_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file")
    store = LocalFolder(tmp_path / "uploads")
    with pytest.raises(Unavailable):
        store.put(NAME, b"x", "image/webp")
    assert store.get(NAME) is None
    store.delete(NAME)


def test_a_bucket_without_room(bucket: Bucket, tmp_path: Path) -> None:
    store = make_store(s3_settings(bucket, tmp_path))
    bucket.status = 507
    with pytest.raises(StorageFull):
        store.put(NAME, b"x", "image/webp")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    store = LocalFolder(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        store.put(NAME, b"x" * 1000, "image/webp")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_really_full_disk(tmp_path: Path) -> None:
    """/dev/full answers every write as a full disk does."""
    folder = tmp_path / "avatars"
    folder.mkdir()
    store = LocalFolder(tmp_path)
    original = private_folder.uuid4

    class Fixed:
        hex = "full"

    private_folder.uuid4 = Fixed  # type: ignore[assignment,return-value]  # a name that is known beforehand
    try:
        (folder / ".full.draft").symlink_to("/dev/full")
        with pytest.raises(StorageFull):
            store.put(NAME, b"x", "image/webp")
    finally:
        private_folder.uuid4 = original
    assert list(folder.iterdir()) == []


def test_nobody_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalFolder(tmp_path)
    seen: list[Any] = []
    monkeypatch.setattr(
        os, "fsync", lambda _: seen.append((store.get(NAME), list(store.list_files("avatars"))))
    )
    store.put(NAME, b"x", "image/webp")
    assert seen == [(None, [])]


def test_objects_have_prefix_and_type(bucket: Bucket, tmp_path: Path) -> None:
    store = make_store(s3_settings(bucket, tmp_path))
    store.put(NAME, b"x", "image/webp")
    assert bucket.objects == {f"some/prefix/{NAME}": (b"x", "image/webp")}
    assert bucket.refused == []


def test_a_wrong_secret_is_told_as_unavailable(bucket: Bucket, tmp_path: Path) -> None:
    store = make_store(s3_settings(bucket, tmp_path, aws_secret_access_key="wrong"))
    with pytest.raises(Unavailable):
        store.put(NAME, b"x", "image/webp")
    assert (bucket.objects, len(bucket.refused) > 0) == ({}, True)


def _listed(store: FileStore) -> list[StoredFile]:
    return list(store.list_files("avatars"))


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_bucket_that_fails(
    bucket: Bucket, tmp_path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = make_store(s3_settings(bucket, tmp_path))
    bucket.status = status
    for attempt in (
        partial(store.put, NAME, b"x", "image/webp"),
        partial(store.get, NAME),
        partial(store.delete, NAME),
        partial(_listed, store),
    ):
        with pytest.raises(Unavailable):
            attempt()
    assert SECRET not in caplog.text


def test_a_bucket_that_hangs(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "TIMEOUT", timedelta(milliseconds=200))
    store = make_store(s3_settings(bucket, tmp_path))
    bucket.hang = threading.Event()
    with pytest.raises(Unavailable):
        store.put(NAME, b"x", "image/webp")


def test_a_signed_address_is_good_without_credentials(bucket: Bucket, tmp_path: Path) -> None:
    store = S3Bucket(s3_settings(bucket, tmp_path))
    store.put(NAME, b"x", "image/webp")
    url = store.signed_url(NAME, timedelta(minutes=5))
    assert url is not None
    assert "X-Amz-Expires=300" in url
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"x", "image/webp")
    for bent in (
        url.replace("0123456789abcdef", "0123456789abcdee"),
        url.replace("Expires=300", "Expires=999"),
    ):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(bent, timeout=5)


# --- S3 by other people --------------------------------------------------------------------------------


@needs_moto
def test_moto_refuses_a_wrong_secret(moto: Moto, tmp_path: Path) -> None:
    store = make_store(moto_settings(moto, tmp_path, aws_secret_access_key="wrong"))
    with pytest.raises(Unavailable):
        store.put(NAME, b"x", "image/webp")
    with pytest.raises(Unavailable):
        store.get(NAME)
    assert make_store(moto_settings(moto, tmp_path)).get(NAME) is None


@needs_moto
def test_moto_understands_a_signed_address(moto: Moto, tmp_path: Path) -> None:
    store = S3Bucket(moto_settings(moto, tmp_path))
    store.put(NAME, b"x", "image/webp")
    url = store.signed_url(NAME, timedelta(minutes=5))
    assert url is not None
    moto.ask_nobody()
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"x", "image/webp")


@needs_moto
def test_moto_lists_more_than_one_answer_holds(moto: Moto, tmp_path: Path) -> None:
    store = make_store(moto_settings(moto, tmp_path))
    names = [f"avatars/{number:04}" for number in range(1_010)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: store.put(name, b"x", "image/webp"), names))
    assert [file.key for file in store.list_files("avatars")] == names
