"""Builds the services of the catalog."""

from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.catalog import reference
from marketplace.blueprints.catalog.adapters import SqlReferenceStore
from marketplace.blueprints.catalog.banners import BannerCounting, BannerCuration, BannerFiles
from marketplace.blueprints.catalog.hiding import ServiceModeration
from marketplace.blueprints.catalog.ports import CategoryUse
from marketplace.blueprints.catalog.repositories.banners import SqlBannerRepository
from marketplace.blueprints.catalog.repositories.places import SqlCityRepository
from marketplace.blueprints.catalog.repositories.privacy import SqlServiceRecords
from marketplace.blueprints.catalog.repositories.services import SqlServiceRepository
from marketplace.blueprints.catalog.repositories.tree import SqlCategoryRepository
from marketplace.blueprints.catalog.services import BrowsingService, OfferingService, ReferenceService
from marketplace.blueprints.catalog.staff import CityCuration
from marketplace.blueprints.catalog.tree import CategoryCuration
from marketplace.blueprints.integrations import public as integrations
from marketplace.blueprints.moderation import public as moderation
from marketplace.kernel.identity import Principal
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Catalog:
    """The services of the catalog."""

    browsing: BrowsingService
    offering: OfferingService
    moderation: ServiceModeration
    categories: CategoryCuration
    cities: CityCuration
    banners: BannerCuration
    images: BannerFiles
    counting: BannerCounting
    reference: ReferenceService
    records: SqlServiceRecords


def build(parts: Runtime) -> Catalog:
    """Wire services to their adapters, and register what an export holds of the catalog."""
    categories = SqlCategoryRepository(parts.uow, parts.cursors)
    cities = SqlCityRepository(parts.uow, parts.cursors)
    banners = SqlBannerRepository(parts.uow, parts.cursors)
    images = BannerFiles(
        parts.uow,
        banners,
        accounts.picture_allowance(parts),
        integrations.files(parts),
        integrations.pictures(parts),
        parts.clock,
    )
    services = SqlServiceRepository(parts.uow, parts.cursors, parts.clock)
    audit = moderation.audit(parts)
    records = SqlServiceRecords(parts.uow)
    accounts.register_export(parts, accounts.ExportSection("services", records.services))
    hiding = ServiceModeration(parts.uow, services, audit, parts.clock)
    moderation.register_bulk(parts, hiding)

    tree = CategoryCuration(parts.uow, categories, audit)
    tree.register(CategoryUse("services", services.move_category))

    def owner(_caller: Principal, service_id: int) -> int | None:
        found = services.find_bookable(service_id)
        return found.performer_user_id if found else None

    moderation.register_reportable(parts, moderation.Reportable("service", owner))
    return Catalog(
        browsing=BrowsingService(categories, cities, banners, services, parts.clock),
        offering=OfferingService(parts.uow, services, categories, parts.clock),
        moderation=hiding,
        categories=tree,
        cities=CityCuration(parts.uow, cities, audit),
        banners=BannerCuration(
            parts.uow, banners, audit, lambda city_id: cities.find_timezone(city_id) is not None, images
        ),
        images=images,
        counting=BannerCounting(parts.uow, banners, parts.clock),
        reference=ReferenceService(parts.uow, SqlReferenceStore(parts.uow), reference),
        records=records,
    )


def catalog() -> Catalog:
    """The services of the current application."""
    return runtime().get(Catalog)
