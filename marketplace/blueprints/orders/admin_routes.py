"""What staff does with orders."""

from typing import Any

from marketplace.blueprints.orders import schemas
from marketplace.blueprints.orders.ports import OrderView
from marketplace.blueprints.orders.wiring import orders
from marketplace.kernel.pages import Page
from marketplace.web.access import admin, current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint("orders_admin", description="Staff: orders", url_prefix="/admin/orders")


@blp.get("")
@staff
@blp.arguments(schemas.StaffOrdersQuery, location="query")
@blp.paged(schemas.Order)
def list_all_orders(query: dict[str, Any]) -> Page[OrderView]:
    """Everybody's orders, newest first"""
    page, filters = split_page(query)
    return orders().booking.list_all(current_principal(), page, filters)


@blp.post("/<int:order_id>/resolve")
@admin
@idempotent
@blp.problem(403, "`wrong_party` (the order is your own), `staff_needed`")
@blp.problem(409, "`transition_not_allowed`: the order is not disputed")
@blp.arguments(schemas.StaffResolve)
@blp.response(200, schemas.Order)
@tagged("order")
def staff_resolve_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Decide how a dispute ends"""
    return orders().transitions.decide(current_principal(), order_id, data["outcome"], data["reason"])
