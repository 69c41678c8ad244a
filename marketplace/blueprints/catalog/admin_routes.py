"""The REST entry points of staff for the catalog."""

from typing import Any

from marketplace.blueprints.catalog import schemas
from marketplace.blueprints.catalog.views import BannerStats, MergedCategory, StaffServiceView
from marketplace.blueprints.catalog.wiring import catalog
from marketplace.kernel.pages import Page
from marketplace.models.catalog import Banner, Category, City
from marketplace.web.access import current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.limits import caller_key, limit
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "catalog-admin", description="Staff: categories, cities, banners", url_prefix="/admin"
)


@blp.get("/categories")
@staff
@blp.arguments(schemas.AdminCategoryQuery, location="query")
@blp.paged(schemas.AdminCategory)
def admin_list_categories(query: dict[str, Any]) -> Page[Category]:
    """All categories, hidden ones too"""
    return catalog().categories.list_all(*split_page(query))


@blp.get("/categories/<int:category_id>")
@staff
@blp.response(200, schemas.AdminCategory)
@tagged("category")
def admin_get_category(category_id: int) -> Category:
    """One category with its ETag"""
    return catalog().categories.get(category_id)


@blp.post("/categories")
@staff
@idempotent
@blp.problem(409, "`slug_taken`, `idempotency_in_progress`")
@blp.arguments(schemas.CategoryIn)
@blp.response(201, schemas.AdminCategory)
@tagged("category")
def admin_create_category(data: dict[str, Any]) -> Category:
    """Create a category"""
    return catalog().categories.create(current_principal(), data)


@blp.patch("/categories/<int:category_id>")
@staff
@editable("category")
@blp.arguments(schemas.CategoryPatch)
@blp.response(200, schemas.AdminCategory)
@tagged("category")
def admin_update_category(data: dict[str, Any], category_id: int) -> Category:
    """Change a category, or move it with all below it; `position` counts among its siblings"""
    return catalog().categories.update(current_principal(), category_id, data, if_match())


@blp.put("/categories/order")
@staff
@blp.problem(409, "`siblings_changed`: the ids must be all those of the level")
@blp.arguments(schemas.CategoryOrder)
@blp.response(204)
def admin_order_categories(data: dict[str, Any]) -> None:
    """Put the children of a category, or of the top, in order"""
    catalog().categories.set_order(current_principal(), data["parent_id"], data["ids"])


@blp.post("/categories/<int:category_id>/merge")
@staff
@idempotent
@blp.problem(409, "`resource_busy`, `idempotency_in_progress`")
@blp.arguments(schemas.CategoryMerge)
@blp.response(200, schemas.MergedCategory)
def admin_merge_category(data: dict[str, Any], category_id: int) -> MergedCategory:
    """Move all that refers to a category to another one, and delete it; its slug leads to the other"""
    return catalog().categories.merge(current_principal(), category_id, data["into_id"])


@blp.delete("/categories/<int:category_id>")
@staff
@editable("category")
@blp.problem(409, "`category_in_use`: merge it into another one, or deactivate it")
@blp.response(204)
def admin_delete_category(category_id: int) -> None:
    """Delete a category that nothing refers to"""
    catalog().categories.delete(current_principal(), category_id, if_match())


@blp.get("/cities")
@staff
@blp.arguments(schemas.AdminCityQuery, location="query")
@blp.paged(schemas.AdminCity)
def admin_list_cities(query: dict[str, Any]) -> Page[City]:
    """All cities, hidden ones too"""
    return catalog().cities.list_all(*split_page(query))


@blp.get("/cities/<int:city_id>")
@staff
@blp.response(200, schemas.AdminCity)
@tagged("city")
def admin_get_city(city_id: int) -> City:
    """One city with its ETag"""
    return catalog().cities.get(city_id)


@blp.post("/cities")
@staff
@idempotent
@blp.problem(409, "`city_exists`, `idempotency_in_progress`")
@blp.arguments(schemas.CityIn)
@blp.response(201, schemas.AdminCity)
@tagged("city")
def admin_create_city(data: dict[str, Any]) -> City:
    """Create a city"""
    return catalog().cities.create(current_principal(), data)


@blp.patch("/cities/<int:city_id>")
@staff
@editable("city")
@blp.arguments(schemas.CityPatch)
@blp.response(200, schemas.AdminCity)
@tagged("city")
def admin_update_city(data: dict[str, Any], city_id: int) -> City:
    """Change a city"""
    return catalog().cities.update(current_principal(), city_id, data, if_match())


@blp.delete("/cities/<int:city_id>")
@staff
@editable("city")
@blp.problem(409, "`city_in_use`: deactivate it instead")
@blp.response(204)
def admin_delete_city(city_id: int) -> None:
    """Delete a city that nothing refers to"""
    catalog().cities.delete(current_principal(), city_id, if_match())


@blp.get("/banners")
@staff
@blp.arguments(schemas.AdminBannerQuery, location="query")
@blp.paged(schemas.AdminBanner)
def admin_list_banners(query: dict[str, Any]) -> Page[Banner]:
    """All banners, hidden ones too"""
    return catalog().banners.list_all(*split_page(query))


@blp.get("/banners/<int:banner_id>")
@staff
@blp.response(200, schemas.AdminBanner)
@tagged("banner")
def admin_get_banner(banner_id: int) -> Banner:
    """One banner with its ETag"""
    return catalog().banners.get(banner_id)


@blp.post("/banners")
@staff
@idempotent
@blp.problem(409, "`idempotency_in_progress`")
@blp.arguments(schemas.BannerIn)
@blp.response(201, schemas.AdminBanner)
@tagged("banner")
def admin_create_banner(data: dict[str, Any]) -> Banner:
    """Create a banner"""
    return catalog().banners.create(current_principal(), data)


@blp.patch("/banners/<int:banner_id>")
@staff
@editable("banner")
@blp.arguments(schemas.BannerPatch)
@blp.response(200, schemas.AdminBanner)
@tagged("banner")
def admin_update_banner(data: dict[str, Any], banner_id: int) -> Banner:
    """Change a banner"""
    return catalog().banners.update(current_principal(), banner_id, data, if_match())


@blp.put("/banners/<int:banner_id>/image")
@staff
@editable("banner")
@limit("60/hour", key=caller_key)
@blp.problem(422, "`validation_failed`, `not_a_picture`, `picture_too_large`")
@blp.problem(429, "`too_many_requests`, `pictures_at_once`; `pictures_spent` until tomorrow")
@blp.problem(507, "`storage_full`")
@blp.arguments(schemas.BannerImage, location="form")
@blp.response(200, schemas.AdminBanner)
@tagged("banner")
def admin_set_banner_image(data: dict[str, Any], banner_id: int) -> Banner:
    """Show a picture (JPEG, PNG or WebP) as the banner's image; PATCH `image_url` to null removes it"""
    return catalog().banners.set_image(current_principal(), banner_id, data["file"].stream, if_match())


@blp.get("/banners/<int:banner_id>/stats")
@staff
@blp.arguments(schemas.BannerStatsQuery, location="query")
@blp.response(200, schemas.BannerStats)
def admin_banner_stats(query: dict[str, Any], banner_id: int) -> BannerStats:
    """Views and clicks of a banner by day (UTC); the last 30 days unless asked for others"""
    return catalog().counting.stats(banner_id, query.get("first"), query.get("last"))


@blp.delete("/banners/<int:banner_id>")
@staff
@editable("banner")
@blp.problem(409, "`resource_busy`")
@blp.response(204)
def admin_delete_banner(banner_id: int) -> None:
    """Delete a banner that nothing refers to"""
    catalog().banners.delete(current_principal(), banner_id, if_match())


@blp.get("/services")
@staff
@blp.arguments(schemas.StaffServiceQuery, location="query")
@blp.paged(schemas.StaffService)
def admin_list_services(query: dict[str, Any]) -> Page[StaffServiceView]:
    """All services, newest first, hidden ones and those switched off too"""
    return catalog().moderation.list_all(*split_page(query))


@blp.post("/services/<int:service_id>/hide")
@staff
@idempotent
@blp.problem(403, "`own_service`, `staff_needed`")
@blp.problem(409, "`already_hidden`")
@blp.arguments(schemas.ServiceHideReason)
@blp.response(200, schemas.StaffService)
def admin_hide_service(data: dict[str, Any], service_id: int) -> StaffServiceView:
    """Take a service from public view; orders of it go on"""
    return catalog().moderation.hide(current_principal(), service_id, data["reason"])


@blp.post("/services/<int:service_id>/restore")
@staff
@idempotent
@blp.problem(403, "`own_service`, `staff_needed`")
@blp.problem(409, "`not_hidden`")
@blp.response(200, schemas.StaffService)
def admin_restore_service(service_id: int) -> StaffServiceView:
    """Show a hidden service again"""
    return catalog().moderation.restore(current_principal(), service_id)
