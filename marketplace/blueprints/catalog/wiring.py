"""Builds the services of the catalog."""

from dataclasses import dataclass

from marketplace.blueprints.catalog.adapters import ShippedData
from marketplace.blueprints.catalog.contracts import CategoryUse
from marketplace.blueprints.catalog.ports.categories import CategoryRepository
from marketplace.blueprints.catalog.ports.cities import CityRepository
from marketplace.blueprints.catalog.repositories.categories import SqlCategoryRepository
from marketplace.blueprints.catalog.repositories.cities import SqlCityRepository
from marketplace.blueprints.catalog.repositories.reference import SqlReferenceStore
from marketplace.blueprints.catalog.services.browsing import BrowsingService
from marketplace.blueprints.catalog.services.categories import CategoryCuration
from marketplace.blueprints.catalog.services.cities import CityCuration
from marketplace.blueprints.catalog.services.reference import ReferenceService
from marketplace.blueprints.moderation import public as moderation
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Catalog:
    """The services of the catalog."""

    browsing: BrowsingService
    categories: CategoryCuration
    cities: CityCuration
    reference: ReferenceService
    category_rows: CategoryRepository
    city_rows: CityRepository


def build(parts: Runtime) -> Catalog:
    """Wire services to their adapters."""
    categories = SqlCategoryRepository(parts.uow, parts.cursors)
    cities = SqlCityRepository(parts.uow, parts.cursors)
    audit = moderation.audit(parts)
    return Catalog(
        browsing=BrowsingService(categories),
        categories=CategoryCuration(parts.uow, categories, audit, parts.given(CategoryUse)),
        cities=CityCuration(parts.uow, cities, audit),
        reference=ReferenceService(parts.uow, SqlReferenceStore(parts.uow), ShippedData()),
        category_rows=categories,
        city_rows=cities,
    )


def catalog() -> Catalog:
    """The services of the current application."""
    return runtime().get(Catalog)
