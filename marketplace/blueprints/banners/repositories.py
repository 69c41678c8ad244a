"""The SQL of banners, and of their views and clicks."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

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

from marketplace.blueprints.banners.policies import STILL_COUNTED
from marketplace.blueprints.banners.ports import BannerFilters, BannerPlace, BannerRepository, BannerView
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.rows import get_row
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.media import media_url
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.catalog import Banner, BannerCount

_VIEW: tuple[Any, ...] = (
    Banner.id,
    Banner.placement,
    Banner.title,
    Banner.image_url,
    Banner.link_url,
    Banner.city_id,
)


class SqlBannerRepository(SqlRepository, BannerRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def list_shown(self, page: PageRequest, place: BannerPlace, at: datetime) -> Page[BannerView]:
        statement = (
            select(*_VIEW)
            .where(*_shown_at(place), _begun(at), or_(Banner.ends_at.is_(None), Banner.ends_at > at))
            .order_by(Banner.priority.desc(), Banner.id)
        )
        found = fetch_page(self.session, statement, page, self._signer, name="banners", filters=vars(place))
        return Page([BannerView(**row._mapping) for row in found.items], found.next, found.previous)

    def next_change(self, place: BannerPlace, at: datetime) -> datetime | None:
        # LEAST ignores NULLs, and so does MIN.
        later = [case((moment > at, moment), else_=None) for moment in (Banner.starts_at, Banner.ends_at)]
        found: datetime | None = self.session.scalar(
            select(func.min(func.least(*later))).where(*_shown_at(place))
        )
        return found

    def list_all(self, page: PageRequest, filters: BannerFilters) -> Page[Banner]:
        statement = select(Banner).order_by(Banner.id)
        if filters.placement is not None:
            statement = statement.where(Banner.placement == filters.placement)
        if filters.city_id is not None:
            statement = statement.where(Banner.city_id == filters.city_id)
        if filters.is_active is not None:
            statement = statement.where(Banner.is_active.is_(filters.is_active))
        found = fetch_page(
            self.session, statement, page, self._signer, name="admin.banners", filters=vars(filters)
        )
        return Page([row[0] for row in found.items], found.next, found.previous)

    def get(self, banner_id: int, *, lock: bool = False) -> Banner:
        return get_row(self.session, Banner, banner_id, lock=lock)

    def add(self, banner: Banner) -> None:
        self.session.add(banner)
        self.session.flush()

    def delete(self, banner: Banner) -> None:
        self.session.delete(banner)
        self.session.flush()

    def images_shown(self, keys: Sequence[str]) -> set[str]:
        urls = {media_url(key): key for key in keys}
        statement = select(Banner.image_url).where(Banner.image_url.in_(urls))
        return {urls[url] for url in self.session.scalars(statement)}

    def count(self, ids: Sequence[int], at: datetime, shard: int, *, views: int, clicks: int) -> int:
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
            # Locked in one order, so that two callers who count the same banners do not deadlock; and locked
            # so that a banner which is being deleted is skipped.
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


def _shown_at(place: BannerPlace) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        Banner.is_active.is_(True),
        or_(Banner.city_id.is_(None), Banner.city_id == place.city_id),
    ]
    if place.placement is not None:
        found.append(Banner.placement == place.placement)
    return found


def _begun(at: datetime) -> ColumnElement[bool]:
    return or_(Banner.starts_at.is_(None), Banner.starts_at <= at)
