"""File stores: a folder of this machine, or a bucket of S3."""

import errno
import io
import logging
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from marketplace.config import Settings
from marketplace.kernel.errors import StorageFull, Unavailable
from marketplace.outside.ports import CHUNK_BYTES, FileStore, StoredFile
from marketplace.outside.private_folder import SUFFIX, make_private, whole_file

log = logging.getLogger(__name__)

TIMEOUT = timedelta(seconds=5)
"""The limit of one request to a bucket, from its connection to its last byte."""
CONNECT_TIMEOUT = timedelta(seconds=2)
PART_BYTES = 5 * 1024 * 1024
"""The size of a part sent to a bucket; S3 takes no smaller parts."""
PARTS_AT_ONCE = 2
DRAFT_LIFE = timedelta(hours=1)
"""A draft older than this was left behind by a killed program."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
_ABSENT = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
_SAID_FULL = re.compile(r"\b507\b|StorageFull|QuotaExceeded")
"""Error codes by which S3 stores report that there is no room."""


class LocalFolder:
    """Files below `root`, for the program alone."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store a file. Raises StorageFull, Unavailable."""
        self.put_file(key, io.BytesIO(content), content_type)

    def put_file(self, key: str, source: BinaryIO, content_type: str) -> None:  # noqa: ARG002 - the key gives the type
        """Store the content of `source`. Raises StorageFull, Unavailable."""
        path = self._root / key
        with _told():
            make_private(path.parent)
            with whole_file(path) as file:
                shutil.copyfileobj(source, file, CHUNK_BYTES)

    def get(self, key: str) -> bytes | None:
        """The content, None when there is none. Raises Unavailable."""
        with _told():
            try:
                return (self._root / key).read_bytes()
            except _ABSENT:
                return None

    def find_size(self, key: str) -> int | None:
        """The size in bytes, None when there is no file. Raises Unavailable."""
        with _told():
            try:
                return (self._root / key).stat().st_size
            except _ABSENT:
                return None

    def read(self, key: str, start: int, length: int) -> bytes | None:
        """A part of the content, None when there is no file. Raises Unavailable."""
        with _told():
            try:
                with (self._root / key).open("rb") as file:
                    file.seek(start)
                    return file.read(length)
            except _ABSENT:
                return None

    def delete(self, key: str) -> None:
        """Forget a file, if it is there. Raises Unavailable."""
        with _told(), suppress(*_ABSENT):
            (self._root / key).unlink()

    def list_files(self, prefix: str) -> Iterator[StoredFile]:
        """The files below a folder, including partly written ones left behind. Raises Unavailable."""
        old = datetime.now(UTC) - DRAFT_LIFE
        with _told():
            for path in sorted((self._root / prefix).glob("**/*")):
                try:
                    found = path.stat()
                except _ABSENT:
                    continue
                changed = datetime.fromtimestamp(found.st_mtime, UTC)
                if stat.S_ISREG(found.st_mode) and (path.suffix != SUFFIX or changed < old):
                    yield StoredFile(path.relative_to(self._root).as_posix(), changed)

    def signed_url(self, key: str, life: timedelta) -> str | None:  # noqa: ARG002 - the port's signature
        """None: this program serves the file itself."""
        return None


class S3Bucket:
    """Files in a bucket; clients fetch them from the bucket, by a signed address."""

    def __init__(self, settings: Settings) -> None:
        parts = urlsplit(settings.storage_url or "")
        endpoint = settings.aws_endpoint_url
        given = {
            "region": settings.aws_region,
            "access_key_id": settings.aws_access_key_id,
            "secret_access_key": settings.aws_secret_access_key,
            "endpoint": endpoint,
        }
        self._prefix = unquote(parts.path).strip("/")
        self._store = S3Store(
            parts.netloc,
            prefix=self._prefix or None,
            client_options={
                "timeout": TIMEOUT,
                "connect_timeout": CONNECT_TIMEOUT,
                "allow_http": endpoint is not None and endpoint.startswith("http://"),
            },
            retry_config={"max_retries": 1, "retry_timeout": TIMEOUT},
            virtual_hosted_style_request=endpoint is None,
            **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]  # all are strings
        )

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store a file. Raises StorageFull, and Unavailable when the bucket does not answer in time."""
        self.put_file(key, io.BytesIO(content), content_type)

    def put_file(self, key: str, source: BinaryIO, content_type: str) -> None:
        """Store the content of `source`, in parts when it is large. Raises StorageFull, Unavailable."""
        with _told():
            obstore.put(
                self._store,
                key,
                source,
                attributes={"Content-Type": content_type},
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )

    def get(self, key: str) -> bytes | None:
        """The content, None when there is none. Raises Unavailable."""
        with _told():
            try:
                return bytes(obstore.get(self._store, key).bytes())
            except _NO_OBJECT:
                return None

    def find_size(self, key: str) -> int | None:
        """The size in bytes, None when there is no file. Raises Unavailable."""
        with _told():
            try:
                return obstore.head(self._store, key)["size"]
            except _NO_OBJECT:
                return None

    def read(self, key: str, start: int, length: int) -> bytes | None:
        """A part of the content, None when there is no file: a request of its own, so that none takes
        longer than `TIMEOUT`, however large the file. Raises Unavailable.
        """
        with _told():
            try:
                return bytes(obstore.get_range(self._store, key, start=start, length=length))
            except _NO_OBJECT:
                return None

    def delete(self, key: str) -> None:
        """Forget a file, if it is there. Raises Unavailable."""
        with _told(), suppress(*_NO_OBJECT):
            obstore.delete(self._store, key)

    def list_files(self, prefix: str) -> Iterator[StoredFile]:
        """The files below a folder. Raises Unavailable."""
        with _told():
            for page in obstore.list(self._store, prefix):
                for item in page:
                    yield StoredFile(item["path"], item["last_modified"])

    def signed_url(self, key: str, life: timedelta) -> str | None:
        """An address that is valid for `life`."""
        return obstore.sign(self._store, "GET", key, life)


_NO_OBJECT = (NotFoundError, FileNotFoundError)


@contextmanager
def _told() -> Iterator[None]:
    """Translate an error of a disk or bucket into the program's own: no room, or unavailable for now."""
    try:
        yield
    except (BaseError, OSError) as error:
        if getattr(error, "errno", None) in _FULL or _SAID_FULL.search(str(error)):
            raise StorageFull from error
        # The text of a provider's error may hold addresses and keys: its class is enough here.
        reason = errno.errorcode.get(getattr(error, "errno", None) or 0, type(error).__name__)
        log.warning("the storage does not answer", extra={"reason": reason})
        raise Unavailable("Files cannot be stored or read right now; try again in a moment") from error


def make_store(settings: Settings) -> FileStore:
    """The store of STORAGE_URL: `s3://bucket/prefix`, `file:///folder`, or one in the instance folder."""
    url = settings.storage_url
    if url is None:
        return LocalFolder(settings.instance_path / "uploads")
    if url.startswith("file:"):
        return LocalFolder(Path(unquote(urlsplit(url).path)))
    return S3Bucket(settings)
