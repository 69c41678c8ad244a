"""Public routes of banners, and the counting of views and clicks."""

from typing import Any

from marketplace.blueprints.banners import schemas
from marketplace.blueprints.banners.policies import CACHE_TOPIC
from marketplace.blueprints.banners.ports import BannerPlace, BannerView
from marketplace.blueprints.banners.wiring import banners
from marketplace.kernel.pages import Page
from marketplace.web.access import public
from marketplace.web.automation import is_automatic
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.caching.responses import cached, keep_until
from marketplace.web.limits.markers import limit
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "banners", description="The banners to show now, and the counting of views and clicks.", rank=110
)


@blp.get("/banners")
@public
@cached(CACHE_TOPIC, seconds=300, client_seconds=30)
@blp.arguments(schemas.BannerQuery, location="query")
@blp.paged(schemas.Banner)
def list_banners(query: dict[str, Any]) -> Page[BannerView]:
    """List the banners of the moment

    Gives you the banners that are active now, the highest priority first: those shown everywhere and, with
    `city_id`, those of that city. Count what people really saw at `POST /banners/views`.
    """
    page, filters = split_page(query)
    found = banners().curation.list_shown(page, BannerPlace(**filters))
    keep_until(found.until)
    return found.page


@blp.post("/banners/views")
@public
@limit("60/minute")
@blp.arguments(schemas.BannerViews)
@blp.response(204)
def view_banners(data: dict[str, Any]) -> None:
    """Count views of banners

    Send the banners that came into view, up to 50 at once. Ids that are not shown are skipped; robots and
    pages fetched ahead of need are not counted. Nothing about the viewer is stored.
    """
    banners().counting.count_views(data["ids"], automatic=is_automatic())


@blp.post("/banners/<int:banner_id>/click")
@public
@limit("30/minute")
@blp.response(204)
def click_banner(banner_id: int) -> None:
    """Count a click on a banner

    Send it when somebody follows `link_url`. Robots and pages fetched ahead of need are not counted, and
    nothing about the viewer is stored. `not_found` means that the banner is not shown; one that has ended
    still counts for an hour.
    """
    banners().counting.count_click(banner_id, automatic=is_automatic())
