"""The use cases of banners: staff curates them and their images, views and clicks are counted."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from itertools import islice
from typing import Any, BinaryIO

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.errors import InvalidBanner, InvalidPeriod
from marketplace.blueprints.catalog.events import BannerChanged
from marketplace.blueprints.catalog.ports import Allowance, AuditLog, BannerRepository, FileStore, Pictures
from marketplace.blueprints.catalog.staff import CurationService, attributes
from marketplace.blueprints.catalog.views import BannerDay, BannerStats
from marketplace.kernel.changes import Change, FieldStrategy
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import AppError, NotFound, Unavailable
from marketplace.kernel.events import DomainEvent
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import MEDIA_PATH, media_key, media_url
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import Banner

FOLDER = "banners"
SIDE = 1920
"""Pixels; what a screen shows of a banner at most."""
CONTENT_TYPE = "image/webp"
LEFT_ALONE = timedelta(days=1)
"""A file that no banner shows yet may belong to a request that is under way."""
BATCH = 500
DELETE_IMAGE_JOB = "catalog.delete_image"


class BannerFiles:
    """The images of banners in the storage."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: BannerRepository,
        allowance: Allowance,
        files: FileStore,
        pictures: Pictures,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._allowance = allowance
        self._files = files
        self._pictures = pictures
        self._clock = clock

    def store(self, actor: Principal, picture: BinaryIO) -> str:
        """The key of `picture`, encoded anew.

        Raises NotAPicture, PictureTooLarge, TooManyRequests, StorageFull, Unavailable.
        """
        self._allowance.spend(actor, self._pictures.look(picture))
        content = self._pictures.encode(picture, SIDE, actor.user_id)
        key = f"{FOLDER}/{secrets.token_hex(16)}.webp"
        self._files.put(key, content, CONTENT_TYPE)
        return key

    def delete(self, key: str) -> None:
        """Forget an image, if it is there."""
        self._files.delete(key)

    def sweep(self) -> int:
        """Delete what no banner shows: the files of requests that broke off; returns how many."""
        before = self._clock.now() - LEFT_ALONE
        old = (file.key for file in self._files.list_files(FOLDER) if file.changed_at < before)
        count = 0
        while keys := list(islice(old, BATCH)):
            with self._uow:
                shown = self._rows.images_shown([MEDIA_PATH + key for key in keys])
            for key in keys:
                if MEDIA_PATH + key not in shown:
                    self._files.delete(key)
                    count += 1
        return count


class BannerCuration(CurationService[Banner]):
    """Banners."""

    subject = "banner"
    strategies: Mapping[str, FieldStrategy] = attributes(
        "placement",
        "title",
        "image_url",
        "link_url",
        "city_id",
        "priority",
        "starts_at",
        "ends_at",
        "is_active",
    )

    def __init__(
        self,
        uow: UnitOfWork,
        rows: BannerRepository,
        audit: AuditLog,
        city_exists: Callable[[int], bool],
        files: BannerFiles,
    ) -> None:
        super().__init__(uow, rows, audit)
        self._city_exists = city_exists
        self._files = files

    def set_image(self, actor: Principal, banner_id: int, picture: BinaryIO, expected: int | None) -> Banner:
        """Show `picture`. No transaction is open while it is worked on and stored.

        Raises NotFound, PreconditionFailed, NotAPicture, PictureTooLarge, TooManyRequests, StorageFull,
        Unavailable.
        """
        key = self._files.store(actor, picture)
        try:
            return self.update(actor, banner_id, {"image_url": media_url(key)}, expected)
        except Unavailable:
            # Whether it was stored nobody knows: the file is left to the sweep.
            raise
        except AppError:
            with suppress(Unavailable):
                self._files.delete(key)
            raise

    def make(self, values: Mapping[str, Any]) -> Banner:
        """A new banner."""
        return Banner(**values)

    def check(self, row: Banner, values: Mapping[str, Any]) -> None:
        """Raises InvalidBanner for an empty period or a city that is not there."""
        problems: dict[str, list[str]] = {}
        starts_at, ends_at = values.get("starts_at", row.starts_at), values.get("ends_at", row.ends_at)
        if starts_at is not None and ends_at is not None and ends_at <= starts_at:
            problems["ends_at"] = ["This must be after starts_at."]
        city_id = values.get("city_id")
        if city_id is not None and not self._city_exists(city_id):
            problems["city_id"] = ["There is no such city."]
        if problems:
            raise InvalidBanner(errors={"json": problems})

    def follow(self, row: Banner, changes: Sequence[Change]) -> None:
        """Take an uploaded image away that is shown no longer."""
        del row
        for change in changes:
            if change.field == "image_url":
                self._drop(change.old)

    def gone(self, row: Banner) -> None:
        """Take the uploaded image away."""
        self._drop(row.image_url)

    def _drop(self, url: str | None) -> None:
        if url is not None and url.startswith(MEDIA_PATH):
            # A job: the file goes after the commit, or not at all.
            self._uow.enqueue(DELETE_IMAGE_JOB, {"key": media_key(url)})

    def event(self, row_id: int) -> DomainEvent:
        """BannerChanged."""
        return BannerChanged(banner_id=row_id)


class BannerCounting:
    """Views and clicks, by day (UTC) and banner; nothing is kept of who looked."""

    def __init__(self, uow: UnitOfWork, rows: BannerRepository, clock: Clock) -> None:
        self._uow = uow
        self._rows = rows
        self._clock = clock

    def count_views(self, ids: Sequence[int], *, automatic: bool) -> None:
        """One view of each; those that are not shown are passed over, and so is what no person caused."""
        if not automatic:
            self._count(ids, views=1, clicks=0)

    def count_click(self, banner_id: int, *, automatic: bool) -> None:
        """One click, unless no person caused it. Raises NotFound for a banner that is not shown."""
        if not automatic and not self._count([banner_id], views=0, clicks=1):
            raise NotFound

    def stats(self, banner_id: int, first: date | None, last: date | None) -> BannerStats:
        """Each day from `first` to `last`, those without a view too; the last 30 days without them.

        Raises NotFound, InvalidPeriod.
        """
        last = last or self._clock.now().date()
        first = first or last - timedelta(days=29)
        if not first <= last <= first + timedelta(days=policies.MAX_STATS_DAYS - 1):
            raise InvalidPeriod(
                errors={
                    "query": {"to": [f"The days must be 1 to {policies.MAX_STATS_DAYS}, from before to."]}
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
