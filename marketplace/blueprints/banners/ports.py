"""Interfaces that the services of banners need, and the views that they return."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Banner


@dataclass(frozen=True)
class BannerView:
    """A banner as the public sees it."""

    id: int
    placement: str
    title: str
    image_url: str | None
    link_url: str | None
    city_id: int | None


@dataclass(frozen=True)
class BannerPlace:
    """Where banners are shown: one placement or any; everywhere, or also in a city."""

    placement: str | None = None
    city_id: int | None = None


@dataclass(frozen=True)
class BannerFilters:
    """The filters of staff's list of banners; None is any."""

    placement: str | None = None
    city_id: int | None = None
    is_active: bool | None = None


@dataclass(frozen=True)
class ShownBanners:
    """A page of banners, and the time when the next banner of such a page begins or ends."""

    page: Page[BannerView]
    until: datetime | None


@dataclass(frozen=True)
class BannerDay:
    """The views and clicks of a banner on a day (UTC)."""

    day: date
    views: int
    clicks: int


@dataclass(frozen=True)
class BannerStats:
    """The views and clicks of a banner: the sums, and each day."""

    views: int
    clicks: int
    days: list[BannerDay]


class BannerRepository(Protocol):
    """Banners, and their views and clicks by day."""

    def list_shown(self, page: PageRequest, place: BannerPlace, at: datetime) -> Page[BannerView]:
        """Those shown at the time `at`, the most important first."""
        ...

    def next_change(self, place: BannerPlace, at: datetime) -> datetime | None:
        """The time, after `at`, when the next banner of the place begins or ends."""
        ...

    def list_all(self, page: PageRequest, filters: BannerFilters) -> Page[Banner]:
        """By id, whatever their time."""
        ...

    def get(self, banner_id: int, *, lock: bool = False) -> Banner:
        """Raises NotFound."""
        ...

    def add(self, banner: Banner) -> None: ...

    def delete(self, banner: Banner) -> None: ...

    def images_shown(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that are image files of banners."""
        ...

    def count(self, ids: Sequence[int], at: datetime, shard: int, *, views: int, clicks: int) -> int:
        """Add to the day's figures of those of `ids` that are shown at `at`, or were a moment before; returns
        how many those are.
        """
        ...

    def counts(self, banner_id: int, first: date, last: date) -> dict[date, tuple[int, int]]:
        """Views and clicks of the days on which there were any."""
        ...
