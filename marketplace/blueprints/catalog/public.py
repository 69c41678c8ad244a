"""What other domains may know of the catalog; within an application context."""

from collections.abc import Collection

from marketplace.blueprints.catalog.events import (
    CategoriesMerged,
    CategoriesReordered,
    CategoryChanged,
    CategoryMoved,
    CityChanged,
    ServiceChanged,
    ServiceCreated,
    ServiceHidden,
    ServiceRemoved,
    ServiceRestored,
)
from marketplace.blueprints.catalog.policies import LISTINGS_TOPIC
from marketplace.blueprints.catalog.ports import CategoryUse
from marketplace.blueprints.catalog.views import BookableService
from marketplace.blueprints.catalog.wiring import Catalog, catalog
from marketplace.web.runtime import Runtime

__all__ = [
    "LISTINGS_TOPIC",
    "BookableService",
    "CategoriesMerged",
    "CategoriesReordered",
    "CategoryChanged",
    "CategoryMoved",
    "CategoryUse",
    "CityChanged",
    "ServiceChanged",
    "ServiceCreated",
    "ServiceHidden",
    "ServiceRemoved",
    "ServiceRestored",
    "category_ids_exist",
    "get_city_timezone",
    "get_service_for_booking",
    "missing_categories",
    "register_category_use",
]


def get_city_timezone(city_id: int) -> str:
    """The IANA time zone of an active city. Raises NotFound."""
    return catalog().browsing.get_city_timezone(city_id)


def missing_categories(ids: Collection[int]) -> set[int]:
    """Those of `ids` that are no active categories."""
    return set(ids) - catalog().browsing.existing_categories(sorted(set(ids)))


def category_ids_exist(ids: Collection[int]) -> bool:
    """Whether all of `ids` are active categories."""
    return not missing_categories(ids)


def get_service_for_booking(service_id: int) -> BookableService:
    """What an order copies from a service. Raises NotFound for one that the public cannot see."""
    return catalog().browsing.get_bookable(service_id)


def register_category_use(parts: Runtime, use: CategoryUse) -> None:
    """Say what of a domain refers to categories, so that merging them moves it."""
    parts.get(Catalog).categories.register(use)
