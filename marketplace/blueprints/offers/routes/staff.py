"""Routes of staff for services."""

from typing import Any

from marketplace.blueprints.offers import schemas
from marketplace.blueprints.offers.ports import ServiceFilters, StaffServiceView
from marketplace.blueprints.offers.wiring import offers
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "offers_admin",
    description="Staff: services",
    url_prefix="/admin",
    staff={"services": "Staff hides services that break the rules, and shows them again."},
)


@blp.get("/services")
@staff
@blp.problems("search_too_broad")
@blp.arguments(schemas.StaffServiceQuery, location="query")
@blp.paged(schemas.StaffService)
def admin_list_services(query: dict[str, Any]) -> Page[StaffServiceView]:
    """List all services

    The newest come first, those that are switched off or hidden too. A search whose words match too much is
    `search_too_broad`.
    """
    page, filters = split_page(query)
    return offers().services.list_all(page, ServiceFilters(**filters))


@blp.post("/services/<int:service_id>/hide")
@staff
@idempotent
@blp.problems("own_service", "already_hidden")
@blp.arguments(schemas.ServiceHideReason)
@blp.response(200, schemas.StaffService)
def admin_hide_service(data: dict[str, Any], service_id: int) -> StaffServiceView:
    """Hide a service

    The public does not see the service any more, and nobody can book it; its orders go on. The performer is
    notified and reads your reason. Your own services are left to others (`own_service`).
    """
    return offers().moderation.hide(current_principal(), service_id, data["reason"])


@blp.post("/services/<int:service_id>/restore")
@staff
@idempotent
@blp.problems("own_service", "not_hidden")
@blp.response(200, schemas.StaffService)
def admin_restore_service(service_id: int) -> StaffServiceView:
    """Restore a hidden service

    The public sees the service again, and the performer is notified. Your own services are left to others
    (`own_service`).
    """
    return offers().moderation.restore(current_principal(), service_id)
