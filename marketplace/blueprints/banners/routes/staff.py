"""Routes of staff for banners."""

from typing import Any

from marketplace.blueprints.banners import schemas
from marketplace.blueprints.banners.ports import BannerFilters, BannerStats
from marketplace.blueprints.banners.wiring import banners
from marketplace.kernel.pages import Page
from marketplace.models.catalog import Banner
from marketplace.web.access import current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "banners_admin",
    description="The upkeep of banners",
    url_prefix="/admin",
    staff={"banners": "The upkeep of banners: where and when they are shown, and how often they were seen."},
)


@blp.get("/banners")
@staff
@blp.arguments(schemas.AdminBannerQuery, location="query")
@blp.paged(schemas.AdminBanner)
def admin_list_banners(query: dict[str, Any]) -> Page[Banner]:
    """List all banners

    Every banner by id, whether it is shown now or not.
    """
    page, filters = split_page(query)
    return banners().rows.list_all(page, BannerFilters(**filters))


@blp.get("/banners/<int:banner_id>")
@staff
@blp.response(200, schemas.AdminBanner)
@tagged("banner")
def admin_get_banner(banner_id: int) -> Banner:
    """Get a banner as staff

    The banner with its period and priority. Keep the `ETag`: edits send it as `If-Match`.
    """
    return banners().rows.get(banner_id)


@blp.post("/banners")
@staff
@idempotent
@blp.problems("invalid_banner")
@blp.arguments(schemas.BannerIn)
@blp.response(201, schemas.AdminBanner)
@tagged("banner")
def admin_create_banner(data: dict[str, Any]) -> Banner:
    """Create a banner

    It is shown from `starts_at` to `ends_at` while `is_active`; either end may be open. Upload a picture
    with `PUT /admin/banners/{banner_id}/image`, or give the address of one. `invalid_banner` means that the
    period is empty or that there is no such city.
    """
    return banners().curation.create(current_principal(), data)


@blp.patch("/banners/<int:banner_id>")
@staff
@blp.problems("invalid_banner")
@editable("banner")
@blp.arguments(schemas.BannerPatch)
@blp.response(200, schemas.AdminBanner)
@tagged("banner")
def admin_update_banner(data: dict[str, Any], banner_id: int) -> Banner:
    """Edit a banner

    The public list follows at once; browsers may show the former one for half a minute. Null removes a
    picture, a link, a city or an end of the period; an uploaded picture that is no longer shown is deleted.
    """
    return banners().curation.update(current_principal(), banner_id, data, if_match())


@blp.put("/banners/<int:banner_id>/image")
@staff
@editable("banner")
@limit("60/hour", key=caller_key)
@blp.problems("not_a_picture", "picture_too_large", "pictures_at_once", "pictures_spent", "storage_full")
@blp.arguments(schemas.BannerImage, location="form")
@blp.response(200, schemas.AdminBanner)
@tagged("banner")
def admin_set_banner_image(data: dict[str, Any], banner_id: int) -> Banner:
    """Upload the picture of a banner

    Send the picture as the part `file` of a multipart form. It is stripped of its metadata and made 1,920
    pixels at most on its longer side. It replaces the one before; `PATCH` with `image_url` null removes it.
    """
    return banners().curation.set_image(current_principal(), banner_id, data["file"].stream, if_match())


@blp.get("/banners/<int:banner_id>/stats")
@staff
@blp.problems("invalid_period")
@blp.arguments(schemas.BannerStatsQuery, location="query")
@blp.response(200, schemas.BannerStats)
def admin_banner_stats(query: dict[str, Any], banner_id: int) -> BannerStats:
    """Get the views and clicks of a banner

    A number for each day (UTC), days without a view included; the last 30 days if you name none, and 366 at
    most (`invalid_period`).
    """
    return banners().counting.stats(banner_id, query.get("first"), query.get("last"))


@blp.delete("/banners/<int:banner_id>")
@staff
@editable("banner")
@blp.response(204)
def admin_delete_banner(banner_id: int) -> None:
    """Delete a banner

    The banner, its uploaded picture and its counts are gone. To hide it for a while, set `is_active` to
    false.
    """
    banners().curation.delete(current_principal(), banner_id, if_match())
