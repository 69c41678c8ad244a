"""Routes of services: one service for the public, and a performer's own services."""

from typing import Any

from marketplace.blueprints.offers import schemas
from marketplace.blueprints.offers.contracts import ServiceView
from marketplace.blueprints.offers.ports import OwnServiceView
from marketplace.blueprints.offers.wiring import offers
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, optional_principal, performer, public, shows_more
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.caching.responses import public_for
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint(
    "offers",
    description="The services that a performer offers, each with a price and a duration. Customers search"
    " them by `GET /services`.",
    rank=65,
)


@blp.post("/services")
@performer
@idempotent
@blp.problems("too_many_services", "invalid_service")
@blp.arguments(schemas.ServiceIn)
@blp.response(201, schemas.OwnService)
@tagged("service")
def create_service(data: dict[str, Any]) -> OwnServiceView:
    """Create a service

    Customers find it at once, if your profile is public and `is_active` is true. Every `pricing` but
    `quote` needs a `price`: else, and for an unknown category, the answer is `invalid_service` with the
    fields in `errors`. You have at most 500 services (`too_many_services`).
    """
    return offers().offering.create(current_principal(), data)


@blp.get("/performers/me/services")
@performer
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.OwnService)
def list_own_services(query: dict[str, Any]) -> Page[OwnServiceView]:
    """List your services

    The newest come first, those that are switched off or hidden by staff too.
    """
    page, _ = split_page(query)
    return offers().offering.list_own(current_principal(), page)


@blp.get("/services/<int:service_id>")
@public
@shows_more
@public_for(seconds=30)
@blp.response(200, schemas.Service)
@tagged("service")
def get_service(service_id: int) -> ServiceView:
    """Get a service

    The public sees a service while it is offered. When it is switched off, or hidden by staff, its
    performer and staff still see it; for everybody else it is `not_found`.
    """
    return offers().services.get_view(service_id, optional_principal())


@blp.patch("/services/<int:service_id>")
@performer
@editable("service")
@blp.problems("invalid_service")
@blp.arguments(schemas.ServicePatch)
@blp.response(200, schemas.OwnService)
@tagged("service")
def update_service(data: dict[str, Any], service_id: int) -> OwnServiceView:
    """Update a service

    Orders keep what was agreed when they were made. To stop offering a service for a while, send
    `is_active` false. A price that does not fit the pricing, or an unknown category, is `invalid_service`
    with the fields in `errors`.
    """
    return offers().offering.update(current_principal(), service_id, data, if_match())


@blp.delete("/services/<int:service_id>")
@performer
@editable("service")
@blp.response(204)
def delete_service(service_id: int) -> None:
    """Delete a service

    Nobody can find or book it any more; its orders go on with what was agreed. This cannot be undone: send
    `is_active` false in a `PATCH` to stop offering it for a while.
    """
    offers().offering.delete(current_principal(), service_id, if_match())
