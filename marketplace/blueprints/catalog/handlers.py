"""What the catalog does when something happened: drop the answers that no longer hold, forget who left, take
images away.
"""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.public import UserAnonymised
from marketplace.blueprints.catalog.banners import DELETE_IMAGE_JOB
from marketplace.blueprints.catalog.events import (
    BannerChanged,
    CategoriesReordered,
    CategoryChanged,
    CityChanged,
    ReferenceDataLoaded,
)
from marketplace.blueprints.catalog.wiring import Catalog
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.caching import drop
from marketplace.web.runtime import Runtime

SWEEP_JOB = "catalog.sweep_images"
EVERY_DAY = 24 * 60 * 60.0


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of this domain. Those that drop run after the commit: dropped before it, an answer could
    be made anew from what was there before.
    """
    records = parts.get(Catalog).records

    def forget(event: UserAnonymised) -> None:
        records.forget(event.user_id, parts.clock.now())

    def category_changed(_event: CategoryChanged) -> None:
        drop("categories")

    def categories_reordered(_event: CategoriesReordered) -> None:
        drop("categories")

    def city_changed(_event: CityChanged) -> None:
        drop("cities")

    def banner_changed(_event: BannerChanged) -> None:
        drop("banners")

    def reference_data_loaded(_event: ReferenceDataLoaded) -> None:
        drop("categories")
        drop("cities")

    return [
        Handler(UserAnonymised, forget, key="catalog.forget", after_commit=False),
        Handler(CategoryChanged, category_changed, key="catalog.drop_categories", effect=True, at_once=True),
        Handler(
            CategoriesReordered,
            categories_reordered,
            key="catalog.drop_reordered",
            effect=True,
            at_once=True,
        ),
        Handler(CityChanged, city_changed, key="catalog.drop_cities", effect=True, at_once=True),
        Handler(BannerChanged, banner_changed, key="catalog.drop_banners", effect=True, at_once=True),
        Handler(
            ReferenceDataLoaded, reference_data_loaded, key="catalog.drop_all", effect=True, at_once=True
        ),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """The images that no banner shows any longer go away."""
    images = parts.get(Catalog).images

    def delete_image(payload: dict[str, Any]) -> None:
        images.delete(payload["key"])

    def sweep(_payload: dict[str, Any]) -> None:
        images.sweep()

    return [
        Job(DELETE_IMAGE_JOB, delete_image, effect=True, lane=Lane.BULK),
        Job(SWEEP_JOB, sweep, effect=True, every=EVERY_DAY, lane=Lane.BULK),
    ]
