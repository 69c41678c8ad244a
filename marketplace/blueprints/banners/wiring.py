"""Builds the services of banners."""

from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.banners.ports import BannerRepository
from marketplace.blueprints.banners.repositories import SqlBannerRepository
from marketplace.blueprints.banners.services.counting import BannerCounting
from marketplace.blueprints.banners.services.curation import BannerCuration
from marketplace.blueprints.banners.services.images import BannerFiles
from marketplace.blueprints.catalog import public as catalog
from marketplace.blueprints.moderation import public as moderation
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Banners:
    """The services of banners."""

    curation: BannerCuration
    images: BannerFiles
    counting: BannerCounting
    rows: BannerRepository


def build(parts: Runtime) -> Banners:
    """Wire services to their adapters."""
    rows = SqlBannerRepository(parts.uow, parts.cursors)
    images = BannerFiles(
        parts.uow,
        rows,
        accounts.picture_allowance(parts),
        parts.outside.files,
        parts.outside.pictures,
        parts.clock,
    )
    return Banners(
        curation=BannerCuration(
            parts.uow, rows, moderation.audit(parts), catalog.city_exists, images, parts.clock
        ),
        images=images,
        counting=BannerCounting(parts.uow, rows, parts.clock),
        rows=rows,
    )


def banners() -> Banners:
    """The services of the current application."""
    return runtime().get(Banners)
