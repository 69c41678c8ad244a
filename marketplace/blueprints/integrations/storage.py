"""Where files are kept: a folder of this machine, or a bucket of S3."""

import errno
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from marketplace.blueprints.integrations.ports import FileStore, StoredFile
from marketplace.config import Settings
from marketplace.kernel.errors import StorageFull, Unavailable

log = logging.getLogger(__name__)

TIMEOUT = timedelta(seconds=5)
CONNECT_TIMEOUT = timedelta(seconds=2)
_FULL = {errno.ENOSPC, errno.EDQUOT}


class LocalFolder:
    """Files below `root`. A file appears whole or not at all: it is written aside, synced and renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, content: bytes, content_type: str) -> None:  # noqa: ARG002 - the name tells the type
        """Store a file. Raises StorageFull."""
        path = self._root / key
        draft = path.with_name(f".{uuid4().hex}.draft")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            if error.errno in _FULL:
                raise StorageFull from error
            raise

    def get(self, key: str) -> bytes | None:
        """The content, None when there is none."""
        try:
            return (self._root / key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    def delete(self, key: str) -> None:
        """Forget a file, if it is there."""
        (self._root / key).unlink(missing_ok=True)

    def list_files(self, prefix: str) -> Iterator[StoredFile]:
        """What is stored below a folder."""
        for path in sorted((self._root / prefix).glob("**/*")):
            if path.is_file() and path.suffix != ".draft":
                changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield StoredFile(path.relative_to(self._root).as_posix(), changed)

    def signed_url(self, key: str, life: timedelta) -> str | None:  # noqa: ARG002 - the port's signature
        """None: this program serves the file itself."""
        return None


class S3Bucket:
    """Files in a bucket; clients fetch them from there, by a signed address."""

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
        """Store a file. Raises Unavailable when the bucket does not answer in time, or refuses."""
        try:
            obstore.put(self._store, key, content, attributes={"Content-Type": content_type})
        except BaseError as error:
            raise _unavailable(error) from error

    def get(self, key: str) -> bytes | None:
        """The content, None when there is none. Raises Unavailable."""
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (NotFoundError, FileNotFoundError):
            return None
        except BaseError as error:
            raise _unavailable(error) from error

    def delete(self, key: str) -> None:
        """Forget a file, if it is there. Raises Unavailable."""
        try:
            obstore.delete(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return
        except BaseError as error:
            raise _unavailable(error) from error

    def list_files(self, prefix: str) -> Iterator[StoredFile]:
        """What is stored below a folder. Raises Unavailable."""
        try:
            for page in obstore.list(self._store, prefix):
                for item in page:
                    yield StoredFile(item["path"], item["last_modified"])
        except BaseError as error:
            raise _unavailable(error) from error

    def signed_url(self, key: str, life: timedelta) -> str | None:
        """An address that is good for `life`."""
        return obstore.sign(self._store, "GET", key, life)


def _unavailable(error: Exception) -> Unavailable:
    # What the provider says may hold addresses and keys: its kind is enough here.
    log.warning("the storage does not answer", extra={"reason": type(error).__name__})
    return Unavailable("Files cannot be stored or read right now; try again in a moment")


def make_store(settings: Settings) -> FileStore:
    """By STORAGE_URL: `s3://bucket/prefix`, `file:///folder`, or a folder of the instance folder."""
    url = settings.storage_url
    if url is None:
        return LocalFolder(settings.instance_path / "uploads")
    if url.startswith("file:"):
        return LocalFolder(Path(unquote(urlsplit(url).path)))
    return S3Bucket(settings)
