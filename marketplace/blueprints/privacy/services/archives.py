"""The archive of a copy, written without holding it in memory."""

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any, Self
from uuid import UUID

from marketplace.kernel.personal_data import ExportFile
from marketplace.outside.ports import FileStore

CHUNK_BYTES = 1024 * 1024
"""The part of a file that is in memory; from a bucket, each part costs a request."""


class FileGone(Exception):
    """A file ended early, because somebody has deleted it meanwhile."""


def chunks(files: FileStore, key: str, size: int) -> Iterator[bytes]:
    """A stored file of `size` bytes, in parts. Raises FileGone, Unavailable."""
    for start in range(0, size, CHUNK_BYTES):
        part = files.read(key, start, min(CHUNK_BYTES, size - start))
        if not part:
            raise FileGone
        yield part


class Archive:
    """A ZIP that is written into `file` without being held in memory; `at` is the date of its entries."""

    def __init__(self, file: IO[bytes], at: datetime) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._at = at
        self._contents: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close it. The list of contents is written unless something failed."""
        if kind is None:
            self.add_rows("files", self._contents)
        self._zip.close()

    def add_text(self, name: str, content: str) -> None:
        """Add a text under a name."""
        self._zip.writestr(_entry(name, self._at), content)

    def add_rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add one JSON array, `<name>.json`."""
        with self._zip.open(_entry(f"{name}.json", self._at), "w", force_zip64=True) as entry:
            entry.writelines(_json_array(rows))

    def add_file(self, files: FileStore, found: ExportFile) -> None:
        """Add a stored file, unchanged. A missing file is listed as `missing` in `files.json`, and one that
        disappeared while it was read as `cut`. Raises Unavailable.
        """
        name = f"files/{found.name}"
        size = files.find_size(found.key)
        status = "missing"
        if size is not None:
            entry = _entry(name, self._at)
            # Pictures and PDFs are already compressed.
            entry.compress_type = zipfile.ZIP_STORED
            with self._zip.open(entry, "w", force_zip64=True) as target:
                try:
                    for part in chunks(files, found.key, size):
                        target.write(part)
                    status = "included"
                except FileGone:
                    status = "cut"
        self._contents.append({"name": name, "size": size, "status": status})


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    local = at.astimezone(UTC)
    info = zipfile.ZipInfo(name, (local.year, local.month, local.day, local.hour, local.minute, local.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _json_array(rows: Iterable[Mapping[str, Any]]) -> Iterable[bytes]:
    separator = b"[\n"
    for row in rows:
        yield separator + json.dumps(dict(row), ensure_ascii=False, default=_plain).encode()
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _plain(value: object) -> str:
    """The JSON form of times, as the API writes them. Raises TypeError for what a section must not hold."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"an export holds no {type(value).__name__}")
