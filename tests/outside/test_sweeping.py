"""What no row names is deleted, and nothing else; rows are asked for many files at once."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

from marketplace.outside.ports import FileStore, StoredFile
from marketplace.outside.sweeping import BATCH, LEFT_ALONE, sweep
from tests.fakes.transactions import FakeUnitOfWork

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
OLD = NOW - LEFT_ALONE - timedelta(seconds=1)


class Shelf:
    """Files of one folder."""

    def __init__(self, files: dict[str, datetime]) -> None:
        self.files = files

    def list_files(self, prefix: str) -> Iterator[StoredFile]:
        yield from [StoredFile(key, at) for key, at in self.files.items() if key.startswith(prefix)]

    def delete(self, key: str) -> None:
        del self.files[key]


def swept(shelf: Shelf, used: set[str], uow: FakeUnitOfWork | None = None) -> int:
    uow = uow or FakeUnitOfWork()

    def in_use(keys: Sequence[str]) -> set[str]:
        assert uow.depth
        return used & set(keys)

    return sweep(uow, cast("FileStore", shelf), "photos", NOW, in_use)


def test_what_is_named_or_young_or_elsewhere_stays() -> None:
    young = NOW - LEFT_ALONE
    shelf = Shelf({"photos/named": OLD, "photos/young": young, "papers/other": OLD, "photos/lost": OLD})
    assert swept(shelf, {"photos/named"}) == 1
    assert set(shelf.files) == {"photos/named", "photos/young", "papers/other"}


def test_rows_are_asked_for_many_files_at_once() -> None:
    shelf = Shelf({f"photos/{number}": OLD for number in range(BATCH + 1)})
    uow = FakeUnitOfWork()
    assert swept(shelf, {"photos/7"}, uow) == BATCH
    assert set(shelf.files) == {"photos/7"}
    assert uow.commits == 2
