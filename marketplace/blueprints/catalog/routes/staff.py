"""Routes of staff for categories and cities."""

from typing import Any

from marketplace.blueprints.catalog import schemas
from marketplace.blueprints.catalog.ports.categories import CategoryFilters, MergedCategory
from marketplace.blueprints.catalog.ports.cities import CityFilters
from marketplace.blueprints.catalog.wiring import catalog
from marketplace.kernel.pages import Page
from marketplace.models.catalog import Category, City
from marketplace.web.access import current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "catalog-admin",
    description="The upkeep of categories and cities",
    url_prefix="/admin",
    staff={
        "categories": "The upkeep of the tree of categories: create, move, order, merge.",
        "cities": "The upkeep of the cities that are offered.",
    },
)


@blp.get("/categories")
@staff
@blp.arguments(schemas.AdminCategoryQuery, location="query")
@blp.paged(schemas.AdminCategory)
def admin_list_categories(query: dict[str, Any]) -> Page[Category]:
    """List all categories

    Every category, hidden ones too, ordered by id; the filters narrow the list to a level.
    """
    page, filters = split_page(query)
    return catalog().category_rows.list_all(page, CategoryFilters(**filters))


@blp.get("/categories/<int:category_id>")
@staff
@blp.response(200, schemas.AdminCategory)
@tagged("category")
def admin_get_category(category_id: int) -> Category:
    """Get a category as staff

    The category with its names in every language. Keep the `ETag`: edits send it as `If-Match`.
    """
    return catalog().category_rows.get(category_id)


@blp.post("/categories")
@staff
@idempotent
@blp.problems("slug_taken", "invalid_category")
@blp.arguments(schemas.CategoryIn)
@blp.response(201, schemas.AdminCategory)
@tagged("category")
def admin_create_category(data: dict[str, Any]) -> Category:
    """Create a category

    It stands last among its siblings, unless you give a `position`; then the others make room. `slug_taken`
    means that another category has the slug or had it before, `invalid_category` that the parent does not
    exist or that the tree would be deeper than 8 levels.
    """
    return catalog().categories.create(current_principal(), data)


@blp.patch("/categories/<int:category_id>")
@staff
@blp.problems("slug_taken", "invalid_category")
@editable("category")
@blp.arguments(schemas.CategoryPatch)
@blp.response(200, schemas.AdminCategory)
@tagged("category")
def admin_update_category(data: dict[str, Any], category_id: int) -> Category:
    """Edit or move a category

    A new `parent_id` moves the category with all below it, last among its new siblings unless you give a
    `position`. A former slug goes on leading to the category. The public tree follows at once; browsers may
    show the former one for a minute. `invalid_category` tells in `errors` why it cannot stand there, for
    example below itself.
    """
    return catalog().categories.update(current_principal(), category_id, data, if_match())


@blp.put("/categories/order")
@staff
@blp.problems("siblings_changed", "invalid_category")
@blp.arguments(schemas.CategoryOrder)
@blp.response(204)
def admin_order_categories(data: dict[str, Any]) -> None:
    """Put the categories of a level in order

    Send all ids of the level in the wanted order. `siblings_changed` means that they are not exactly the
    categories of this level, as when somebody has added one: read the level again.
    """
    catalog().categories.set_order(current_principal(), data["parent_id"], data["ids"])


@blp.post("/categories/<int:category_id>/merge")
@staff
@idempotent
@blp.problems("invalid_category")
@blp.arguments(schemas.CategoryMerge)
@blp.response(200, schemas.MergedCategory)
def admin_merge_category(data: dict[str, Any], category_id: int) -> MergedCategory:
    """Merge a category into another

    Services, performers, waiting edits and the categories below move to the category `into_id`; then this
    one is deleted. Its slug leads to the other one from now on. `moved` counts what came along.
    `invalid_category` tells in `errors` why the other one cannot take it, for example because it is hidden.
    This cannot be undone.
    """
    return catalog().categories.merge(current_principal(), category_id, data["into_id"])


@blp.delete("/categories/<int:category_id>")
@staff
@editable("category")
@blp.problems("category_in_use")
@blp.response(204)
def admin_delete_category(category_id: int) -> None:
    """Delete a category

    Only a category that nothing refers to can be deleted: `category_in_use` means that services, performers
    or other categories do. Merge it, or hide it with `is_active`.
    """
    catalog().categories.delete(current_principal(), category_id, if_match())


@blp.get("/cities")
@staff
@blp.arguments(schemas.AdminCityQuery, location="query")
@blp.paged(schemas.AdminCity)
def admin_list_cities(query: dict[str, Any]) -> Page[City]:
    """List all cities

    Every city, hidden ones too, ordered by id.
    """
    page, filters = split_page(query)
    return catalog().city_rows.list_all(page, CityFilters(**filters))


@blp.get("/cities/<int:city_id>")
@staff
@blp.response(200, schemas.AdminCity)
@tagged("city")
def admin_get_city(city_id: int) -> City:
    """Get a city as staff

    The city with all its names. Keep the `ETag`: edits send it as `If-Match`.
    """
    return catalog().city_rows.get(city_id)


@blp.post("/cities")
@staff
@idempotent
@blp.problems("city_exists", "unknown_value")
@blp.arguments(schemas.CityIn)
@blp.response(201, schemas.AdminCity)
@tagged("city")
def admin_create_city(data: dict[str, Any]) -> City:
    """Create a city

    The id is that of GeoNames, so that later imports find the city; `city_exists` means that it is there
    already. Without `ascii_name`, the name without accents is taken.
    """
    return catalog().cities.create(current_principal(), data)


@blp.patch("/cities/<int:city_id>")
@staff
@editable("city")
@blp.problems("unknown_value")
@blp.arguments(schemas.CityPatch)
@blp.response(200, schemas.AdminCity)
@tagged("city")
def admin_update_city(data: dict[str, Any], city_id: int) -> City:
    """Edit a city

    Searches find the new names at once. A new `name` without an `ascii_name` gets a new one made from it.
    `is_active` false hides the city from searches; what refers to it stays.
    """
    return catalog().cities.update(current_principal(), city_id, data, if_match())


@blp.delete("/cities/<int:city_id>")
@staff
@editable("city")
@blp.problems("city_in_use")
@blp.response(204)
def admin_delete_city(city_id: int) -> None:
    """Delete a city

    Only a city that nothing refers to can be deleted: `city_in_use` means that performers, orders or
    banners do. Hide it with `is_active` instead.
    """
    catalog().cities.delete(current_principal(), city_id, if_match())
