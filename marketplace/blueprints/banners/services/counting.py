"""Counts views and clicks of banners."""

import secrets
from collections.abc import Sequence
from datetime import date, timedelta

from marketplace.blueprints.banners import policies
from marketplace.blueprints.banners.errors import InvalidPeriod
from marketplace.blueprints.banners.ports import BannerDay, BannerRepository, BannerStats
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork


class BannerCounting:
    """Counts views and clicks by day (UTC) and banner; stores nothing about the viewers."""

    def __init__(self, uow: UnitOfWork, rows: BannerRepository, clock: Clock) -> None:
        self._uow = uow
        self._rows = rows
        self._clock = clock

    def count_views(self, ids: Sequence[int], *, automatic: bool) -> None:
        """Count one view of each; banners that are not shown are skipped, and so are requests that no person
        caused.
        """
        if not automatic:
            self._count(ids, views=1, clicks=0)

    def count_click(self, banner_id: int, *, automatic: bool) -> None:
        """Count one click, unless no person caused it. Raises NotFound for a banner that is not shown."""
        if not automatic and not self._count([banner_id], views=0, clicks=1):
            raise NotFound

    def stats(self, banner_id: int, first: date | None, last: date | None) -> BannerStats:
        """Each day from `first` to `last`, including days without a view; by default the last 30 days.

        Raises NotFound, InvalidPeriod.
        """
        last = last or self._clock.now().date()
        first = first or last - timedelta(days=29)
        if not first <= last <= first + timedelta(days=policies.MAX_STATS_DAYS - 1):
            raise InvalidPeriod(
                errors={
                    "query": {
                        "to": [
                            Text(
                                "The days must be 1 to {limit}, from before to.",
                                limit=policies.MAX_STATS_DAYS,
                            )
                        ]
                    }
                }
            )
        self._rows.get(banner_id)
        counted = self._rows.counts(banner_id, first, last)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        items = [BannerDay(day, *counted.get(day, (0, 0))) for day in days]
        return BannerStats(sum(item.views for item in items), sum(item.clicks for item in items), items)

    def _count(self, ids: Sequence[int], *, views: int, clicks: int) -> int:
        now = self._clock.now()
        shard = secrets.randbelow(policies.COUNT_SHARDS)
        with self._uow:
            return self._rows.count(ids, now, shard, views=views, clicks=clicks)
