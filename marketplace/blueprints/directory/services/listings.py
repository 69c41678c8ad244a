"""Updates of the listings, in batches, after changes that are too large for one transaction."""

from collections.abc import Callable

from marketplace.blueprints.directory.ports import ListingRepository
from marketplace.kernel.transactions import UnitOfWork

BATCH = 250
"""Performers in one transaction, which holds their rows for a fraction of a second."""
WORDS = 500


class ListingService:
    """The listings of performers and services."""

    def __init__(self, uow: UnitOfWork, listings: ListingRepository) -> None:
        self._uow = uow
        self._listings = listings

    def refresh_stale(self) -> int:
        """Rebuild the listings that wait after a change of many; returns how many. Each batch is one
        transaction.
        """
        total = 0
        while True:
            with self._uow:
                done = self._listings.refresh_stale(BATCH)
            total += done
            if done < BATCH:
                return total

    def rebuild(self, progress: Callable[[int], None]) -> None:
        """Rebuild all listings, changing only what differs; `progress` is told the last id done."""
        last: int | None = 0
        while last is not None:
            with self._uow:
                last = self._listings.refresh_after(last, BATCH)
            if last is not None:
                progress(last)

    def prune_words(self) -> None:
        """Delete words that no longer occur anywhere, such as names of users who left."""
        last: str | None = ""
        while last is not None:
            with self._uow:
                last = self._listings.prune_words(last, WORDS)
