"""Deletes the files that no row names: those of aborted requests."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import islice

from marketplace.kernel.transactions import UnitOfWork
from marketplace.outside.ports import FileStore

LEFT_ALONE = timedelta(days=1)
"""A file that no row names may still belong to a running request."""
BATCH = 500


def sweep(
    uow: UnitOfWork,
    files: FileStore,
    folder: str,
    now: datetime,
    keys_in_use: Callable[[Sequence[str]], Collection[str]],
) -> int:
    """Delete files below `folder` that are older than a day and not among `keys_in_use`, which is called in
    transactions of its own, for some keys at a time. Returns how many were deleted. Raises Unavailable.
    """
    before = now - LEFT_ALONE
    old = (file.key for file in files.list_files(folder) if file.changed_at < before)
    count = 0
    while keys := list(islice(old, BATCH)):
        with uow:
            used = keys_in_use(keys)
        for key in set(keys).difference(used):
            files.delete(key)
            count += 1
    return count
