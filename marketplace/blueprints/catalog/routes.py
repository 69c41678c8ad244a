"""The REST entry points of the catalog."""

from typing import Any

from marketplace.blueprints.catalog import schemas
from marketplace.blueprints.catalog.policies import LISTINGS_TOPIC
from marketplace.blueprints.catalog.views import (
    BannerView,
    CategoryNode,
    CityView,
    FoundService,
    OwnServiceView,
    ServiceView,
)
from marketplace.blueprints.catalog.wiring import catalog
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, optional_principal, performer, public, shows_more
from marketplace.web.automation import is_automatic
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.caching import cached, first_page_cached, keep_until, public_for
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.language import preferred_language
from marketplace.web.limits import limit
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint("catalog", description="Categories, cities, banners and services")


@blp.get("/categories")
@public
@cached("categories", seconds=300, client_seconds=60, by_language=True)
@blp.arguments(schemas.CategoryQuery, location="query")
@blp.response(200, schemas.CategoryTree)
def list_categories(query: dict[str, Any]) -> dict[str, Any]:
    """The tree of active categories, named in the caller's language"""
    return {"items": catalog().browsing.category_tree(preferred_language(), query.get("city_id"))}


@blp.get("/categories/<string:slug>")
@public
@cached("categories", seconds=300, client_seconds=60, by_language=True)
@blp.response(200, schemas.CategoryNode)
def get_category(slug: str) -> CategoryNode:
    """One active category with those below it; a slug that it had before leads to it too"""
    return catalog().browsing.get_category(slug, preferred_language())


@blp.get("/cities")
@public
@cached("cities", seconds=300)
@blp.arguments(schemas.CityQuery, location="query")
@blp.paged(schemas.City)
def list_cities(query: dict[str, Any]) -> Page[CityView]:
    """Cities by name, even misspelt, by country, or by distance; the largest first otherwise"""
    return catalog().browsing.list_cities(*split_page(query))


@blp.get("/banners")
@public
@cached("banners", seconds=300, client_seconds=30)
@blp.arguments(schemas.BannerQuery, location="query")
@blp.paged(schemas.Banner)
def list_banners(query: dict[str, Any]) -> Page[BannerView]:
    """The banners shown now, the most important first"""
    found = catalog().browsing.list_banners(*split_page(query))
    keep_until(found.until)
    return found.page


@blp.post("/banners/<int:banner_id>/click")
@public
@limit("30/minute")
@blp.response(204)
def click_banner(banner_id: int) -> None:
    """Count a click on a banner; robots and what is fetched ahead of need are not counted"""
    catalog().counting.count_click(banner_id, automatic=is_automatic())


@blp.post("/banners/views")
@public
@limit("60/minute")
@blp.arguments(schemas.BannerViews)
@blp.response(204)
def view_banners(data: dict[str, Any]) -> None:
    """Count a view of each of the banners; robots and what is fetched ahead of need are not counted"""
    catalog().counting.count_views(data["ids"], automatic=is_automatic())


@blp.get("/services")
@public
@shows_more
@first_page_cached(LISTINGS_TOPIC, seconds=30)
@blp.arguments(schemas.ServiceQuery, location="query")
@blp.paged(schemas.FoundService)
def list_services(query: dict[str, Any]) -> Page[FoundService]:
    """Search what performers offer"""
    return catalog().browsing.list_services(*split_page(query), preferred_language())


@blp.get("/services/<int:service_id>")
@public
@shows_more
@public_for(seconds=30)
@blp.response(200, schemas.Service)
@tagged("service")
def get_service(service_id: int) -> ServiceView:
    """One service; a hidden one is shown to its performer and to staff only"""
    return catalog().browsing.get_service(service_id, optional_principal())


@blp.post("/services")
@performer
@idempotent
@blp.problem(409, "`too_many_services`, `idempotency_in_progress`")
@blp.arguments(schemas.ServiceIn)
@blp.response(201, schemas.OwnService)
@tagged("service")
def create_service(data: dict[str, Any]) -> OwnServiceView:
    """Offer a service"""
    return catalog().offering.create(current_principal(), data)


@blp.patch("/services/<int:service_id>")
@performer
@editable("service")
@blp.arguments(schemas.ServicePatch)
@blp.response(200, schemas.OwnService)
@tagged("service")
def update_service(data: dict[str, Any], service_id: int) -> OwnServiceView:
    """Edit an own service; orders keep what was agreed"""
    return catalog().offering.update(current_principal(), service_id, data, if_match())


@blp.delete("/services/<int:service_id>")
@performer
@editable("service")
@blp.response(204)
def delete_service(service_id: int) -> None:
    """Offer a service no longer; orders keep what was agreed"""
    catalog().offering.delete(current_principal(), service_id, if_match())


@blp.get("/performers/me/services")
@performer
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.OwnService)
def list_own_services(query: dict[str, Any]) -> Page[OwnServiceView]:
    """All own services, those switched off too"""
    page, _ = split_page(query)
    return catalog().offering.list_own(current_principal(), page)
