"""The files in which the processes of one server add up their metrics; a full disk kills no process.

prometheus_client maps a file of 64 kB that has no blocks yet. When the disk is full, the first count kills
the process by SIGBUS, and its successor too. Here every file gets its blocks before it is mapped, in memory
rather than on a disk; a process that cannot get them logs it and continues without being counted.
"""

import fcntl
import logging
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the system's folder in memory; what is made there is ours alone
PREFIX = "marketplace-metrics-"
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FILE_BYTES = 64 * 1024
_IN_USE = "in-use"
_HEAD_BYTES = 8
_ENTRY_BYTES = 4 + 8 + 16
"""Bytes of an entry besides its key: the key's length, the most padding, the value with its time."""

log = logging.getLogger(__name__)
_held: list[IO[bytes]] = []
"""The locks of this process's folders; workers inherit them, so that they last as long as any of them."""


class AllocatedDict(MmapedDict):
    """A file of values that has all its blocks before it is mapped; without blocks, values in memory only."""

    _f: IO[bytes] | None  # type: ignore[assignment]  # None is what `close` asks for, though the library has none

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        try:
            if not read_mode:
                _make(filename)
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]  # prometheus_client types it partly
        except OSError as error:
            self._f = None
            self._fname = filename
            self._capacity = FILE_BYTES
            self._m = mmap.mmap(-1, FILE_BYTES)
            self._positions: dict[str, int] = {}
            self._used = _HEAD_BYTES
            _warn(error)

    def _init_value(self, key: str) -> None:
        while self._used + len(key.encode()) + _ENTRY_BYTES > self._capacity:
            self._grow()
        super()._init_value(key)  # type: ignore[no-untyped-call]  # likewise

    def _grow(self) -> None:
        size = self._capacity * 2
        if self._f is not None:
            try:
                _allocate(self._f.fileno(), size)
                self._m = mmap.mmap(self._f.fileno(), size)
                self._capacity = size
            except OSError as error:
                # The file keeps showing its content; new counts are for this process alone.
                self._f.close()
                self._f = None
                _warn(error)
            else:
                return
        copy = mmap.mmap(-1, size)
        copy[: self._used] = self._m[: self._used]
        self._m, self._capacity = copy, size


# prometheus_client has no other way to say so.
values.MmapedDict = AllocatedDict  # type: ignore[attr-defined]  # imported there, not exported


def share() -> Path | None:
    """Make the folder in which this process and those that it forks add up their metrics.

    None when neither memory nor TMPDIR has room for one: then each process shows its own counts. Call it
    before the first metric is made. Folders of servers that were killed are removed.
    """
    for place in _places():
        try:
            folder = _make_folder(place)
        except OSError as error:
            _warn(error)
            continue
        os.environ[VARIABLE] = str(folder)
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]  # prometheus_client types it partly
        return folder
    os.environ.pop(VARIABLE, None)
    return None


def is_shared() -> bool:
    """Whether metrics made from now on add up over processes."""
    return values.ValueClass is not values.MutexValue


def forget(folder: Path | None) -> None:
    """Remove the folder that `share` made; for the end of the master."""
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _places() -> Iterator[Path]:
    if SHARED_MEMORY.is_dir():
        yield SHARED_MEMORY
    with suppress(OSError):  # gettempdir raises it when no folder is writable
        yield Path(tempfile.gettempdir())


def _make_folder(place: Path) -> Path:
    """Make a folder that this process holds. Raises OSError when there is no room for it."""
    with _turn(place):
        _sweep(place)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        lock = (folder / _IN_USE).open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        _held.append(lock)
    return folder


@contextmanager
def _turn(place: Path) -> Iterator[None]:
    """Let one process at a time make or remove folders of this account."""
    name = place / f".{PREFIX}{os.geteuid()}.lock"
    with os.fdopen(os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(place: Path) -> None:
    """Remove the folders of this account that no living process holds."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.lstat().st_uid == os.geteuid() and not _is_held(folder / _IN_USE):
                shutil.rmtree(folder)


def _is_held(name: Path) -> bool:
    try:
        with name.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False  # partly removed
    except BlockingIOError:
        return True
    return False


def _make(filename: str) -> None:
    """Make a file with its blocks and its header, which gets its name only when it is complete."""
    if Path(filename).exists():
        return
    draft = Path(f"{filename}.new")
    try:
        with draft.open("wb") as file:
            _allocate(file.fileno(), FILE_BYTES)
        draft.replace(filename)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _allocate(descriptor: int, size: int) -> None:
    """Give an open file all blocks up to `size` bytes. Raises OSError when there is no room."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    there = os.fstat(descriptor).st_size
    while there < size:
        there += os.pwrite(descriptor, bytes(size - there), there)


def _warn(error: OSError) -> None:
    log.warning("metrics are not added up over processes", extra={"reason": error.strerror})
