"""The SQL of banners and of what is counted of them."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    Date,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from marketplace.blueprints.catalog.policies import STILL_COUNTED
from marketplace.blueprints.catalog.repositories.base import CatalogRepository, Filters, only
from marketplace.blueprints.catalog.views import BannerView
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Banner, BannerCount


class SqlBannerRepository(CatalogRepository):
    """Banners."""

    def list_shown(self, page: PageRequest, filters: Filters, at: datetime) -> Page[BannerView]:
        """Those shown at the time `at`: everywhere, and in the city that is asked for."""
        statement = (
            select(
                Banner.id, Banner.placement, Banner.title, Banner.image_url, Banner.link_url, Banner.city_id
            )
            .where(*_asked_for(filters), _begun(at), or_(Banner.ends_at.is_(None), Banner.ends_at > at))
            .order_by(Banner.priority.desc(), Banner.id)
        )
        found = self.page("banners", statement, page, filters)
        return Page([BannerView(*row) for row in found.items], found.next, found.previous)

    def next_change(self, filters: Filters, at: datetime) -> datetime | None:
        """When, after `at`, the next banner begins or ends that the filters let through."""
        # LEAST passes over NULLs, and MIN too.
        later = [case((moment > at, moment), else_=None) for moment in (Banner.starts_at, Banner.ends_at)]
        found: datetime | None = self.session.scalar(
            select(func.min(func.least(*later))).where(*_asked_for(filters))
        )
        return found

    def list_all(self, page: PageRequest, filters: Filters) -> Page[Banner]:
        """For staff, those of any time."""
        statement = select(Banner).order_by(Banner.id)
        for name in ("placement", "city_id", "is_active"):
            if filters.get(name) is not None:
                statement = statement.where(getattr(Banner, name) == filters[name])
        return only(self.page("admin.banners", statement, page, filters))

    def get(self, banner_id: int, *, lock: bool = False) -> Banner:
        """Raises NotFound."""
        found = self.one(Banner, banner_id, lock=lock)
        assert isinstance(found, Banner)
        return found

    def add(self, banner: Banner) -> None:
        """Store a new banner."""
        self.insert(banner)

    def delete(self, banner: Banner) -> None:
        """Nothing refers to banners."""
        self.remove(banner)

    def images_shown(self, urls: Sequence[str]) -> set[str]:
        """Those of `urls` that are images of banners."""
        statement = select(Banner.image_url).where(Banner.image_url.in_(urls))
        return {url for url in self.session.scalars(statement) if url is not None}

    def count(self, ids: Sequence[int], at: datetime, shard: int, *, views: int, clicks: int) -> int:
        """Add to the day's figures of those of `ids` that are shown at `at`, or were a moment ago."""
        shown = (
            select(
                Banner.id,
                literal(at.date(), Date),
                literal(shard, BigInteger),
                literal(views, BigInteger),
                literal(clicks, BigInteger),
            )
            .where(
                Banner.id.in_(ids),
                Banner.is_active,
                _begun(at),
                or_(Banner.ends_at.is_(None), Banner.ends_at > at - STILL_COUNTED),
            )
            # In one order, so that two who count the same banners do not wait for each other in a circle; and
            # locked, so that one which is being deleted is passed over.
            .order_by(Banner.id)
            .with_for_update(read=True, key_share=True)
        )
        columns = (
            BannerCount.banner_id,
            BannerCount.day,
            BannerCount.shard,
            BannerCount.views,
            BannerCount.clicks,
        )
        statement = insert(BannerCount).from_select(columns, shown)
        statement = statement.on_conflict_do_update(
            index_elements=[BannerCount.banner_id, BannerCount.day, BannerCount.shard],
            set_={
                "views": BannerCount.views + statement.excluded.views,
                "clicks": BannerCount.clicks + statement.excluded.clicks,
            },
        )
        result = self.session.execute(statement)
        assert isinstance(result, CursorResult)
        return result.rowcount

    def counts(self, banner_id: int, first: date, last: date) -> dict[date, tuple[int, int]]:
        """Views and clicks of the days on which there were any."""
        statement = (
            select(
                BannerCount.day,
                cast(func.sum(BannerCount.views), BigInteger),
                cast(func.sum(BannerCount.clicks), BigInteger),
            )
            .where(BannerCount.banner_id == banner_id, BannerCount.day.between(first, last))
            .group_by(BannerCount.day)
        )
        return {day: (views, clicks) for day, views, clicks in self.session.execute(statement)}


def _asked_for(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        Banner.is_active.is_(True),
        or_(Banner.city_id.is_(None), Banner.city_id == filters.get("city_id")),
    ]
    if filters.get("placement") is not None:
        found.append(Banner.placement == filters["placement"])
    return found


def _begun(at: datetime) -> ColumnElement[bool]:
    return or_(Banner.starts_at.is_(None), Banner.starts_at <= at)
