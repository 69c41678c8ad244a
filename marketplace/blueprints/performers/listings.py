"""Keeps up what public lists are read from, where a change is too large for its own transaction."""

from collections.abc import Callable
from typing import Protocol

from marketplace.kernel.transactions import UnitOfWork

BATCH = 250
"""Performers in one transaction: it holds their rows for a fraction of a second."""
WORDS = 500


class ListingRepository(Protocol):
    def refresh_stale(self, size: int) -> int:
        """List up to `size` of those anew that wait for it; how many that were."""
        ...

    def refresh_after(self, performer_id: int, size: int) -> int | None:
        """List the next `size` after this one anew; the last of them, None behind the last one."""
        ...

    def prune_words(self, after: str, size: int) -> str | None:
        """Forget which of the next `size` words occur nowhere; the last one looked at, None at the end."""
        ...


class ListingService:
    """The listings of performers and services."""

    def __init__(self, uow: UnitOfWork, listings: ListingRepository) -> None:
        self._uow = uow
        self._listings = listings

    def refresh_stale(self) -> int:
        """List those anew whom a change of many left waiting; how many that were. One transaction a batch."""
        total = 0
        while True:
            with self._uow:
                done = self._listings.refresh_stale(BATCH)
            total += done
            if done < BATCH:
                return total

    def rebuild(self, progress: Callable[[int], None]) -> None:
        """List everybody anew, which changes only what differs; `progress` is told the last id done."""
        last: int | None = 0
        while last is not None:
            with self._uow:
                last = self._listings.refresh_after(last, BATCH)
            if last is not None:
                progress(last)

    def prune_words(self) -> None:
        """Forget the words that occur nowhere any more, such as names of those who left."""
        last: str | None = ""
        while last is not None:
            with self._uow:
                last = self._listings.prune_words(last, WORDS)
