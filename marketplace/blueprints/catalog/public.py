"""Functions of the catalog that other domains may call, within an application context."""

from collections.abc import Collection

from marketplace.blueprints.catalog.wiring import catalog


def city_exists(city_id: int) -> bool:
    """Whether there is an active city with the id."""
    return catalog().city_rows.exists(city_id)


def missing_categories(ids: Collection[int]) -> set[int]:
    """Those of `ids` that are not active categories."""
    return catalog().browsing.missing_categories(ids)
