"""Private files on this machine: mode 0600 in folders 0700, written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

SUFFIX = ".draft"
"""The suffix of files that are being written: listings skip them."""


def make_private(folder: Path) -> None:
    """Make a folder, and missing ones above it, for the program alone; an existing one is closed to others
    too. Raises OSError.
    """
    for one in [*reversed([above for above in folder.parents if not above.exists()]), folder]:
        one.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_mode & 0o077 and found.st_uid == os.geteuid():
        folder.chmod(0o700)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file for writing: written under another name, synced and renamed at the end of the block, so that it
    appears whole or not at all. Raises OSError.
    """
    draft = path.with_name(f".{uuid4().hex}{SUFFIX}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except BaseException:
        _forget(draft)
        raise


def _forget(draft: Path) -> None:
    try:
        draft.unlink(missing_ok=True)
    except OSError:
        # The folder is gone or cannot be written to: report the first error.
        return
