"""Routes of staff for orders."""

from typing import Any

from marketplace.blueprints.orders.ports import OrderFilters, OrderView
from marketplace.blueprints.orders.schemas import orders as schemas
from marketplace.blueprints.orders.schemas.cancellation import WaiverReason
from marketplace.blueprints.orders.wiring import orders
from marketplace.kernel.pages import Page
from marketplace.web.access import admin, current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "orders_admin",
    description="Staff: orders",
    url_prefix="/admin/orders",
    staff={"orders": "Everybody's orders; admins decide disputes."},
)


@blp.get("")
@staff
@blp.arguments(schemas.StaffOrdersQuery, location="query")
@blp.paged(schemas.Order)
def list_all_orders(query: dict[str, Any]) -> Page[OrderView]:
    """List all orders

    The newest come first. `allowed_transitions` are those that you may take.
    """
    page, filters = split_page(query)
    return orders().booking.list_all(current_principal(), page, OrderFilters(**filters))


@blp.post("/<int:order_id>/resolve")
@admin
@idempotent
@blp.problems("wrong_party", "transition_not_allowed")
@blp.arguments(schemas.StaffResolve)
@blp.response(200, schemas.Order)
@tagged("order")
def staff_resolve_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Decide a dispute

    The order is `disputed`, and becomes `completed` or `cancelled` as you decide, with the percent of the
    price that goes back to the customer; both parties are told, and the audit log keeps the decision. The
    parties have 72 hours for themselves, unless one of them asks for the decision: before `decision_due_at`
    it is `transition_not_allowed` with `allowed_from`. Your own orders are left to another admin
    (`wrong_party`).
    """
    return orders().transitions.decide(
        current_principal(), order_id, data["outcome"], data["reason"], data.get("refund_percent")
    )


@blp.post("/<int:order_id>/waive")
@admin
@idempotent
@blp.problems("wrong_party", "nothing_to_waive")
@blp.arguments(WaiverReason)
@blp.response(200, schemas.Order)
@tagged("order")
def waive_cancellation(data: dict[str, Any], order_id: int) -> OrderView:
    """Waive what a cancelled order cost

    The fee becomes 0, and nobody's fault remains: the performer's completion rate follows. Both parties are
    told and read your reason in the timeline, and the audit log keeps it. An order without fee and fault, or
    with a waiver, is `nothing_to_waive`. Your own orders are left to another admin (`wrong_party`).
    """
    return orders().cancellation.waive(current_principal(), order_id, data["reason"])
