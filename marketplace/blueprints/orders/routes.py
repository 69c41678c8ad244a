"""The REST entry points of orders."""

from typing import Any

from marketplace.blueprints.orders import schemas
from marketplace.blueprints.orders.ports import HistoryEntry, OrderView
from marketplace.blueprints.orders.wiring import orders
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint("orders", description="Bookings and their transitions", url_prefix="/orders")

WRONG_PARTY = "`wrong_party`, `not_verified`"
NOT_ALLOWED = "`transition_not_allowed`; `allowed_transitions` says what is"


@blp.post("")
@verified
@idempotent
@blp.problem(403, "`own_service`, `not_verified`")
@blp.problem(404, "No such service")
@blp.problem(409, "`slot_taken`")
@blp.problem(
    422, "`starts_in_past`, `too_far_ahead`, `too_short_notice`, `outside_schedule`, `validation_failed`"
)
@blp.arguments(schemas.OrderCreate)
@blp.response(201, schemas.Order)
@tagged("order")
def create_order(data: dict[str, Any]) -> OrderView:
    """Book a service"""
    return orders().booking.book(current_principal(), data)


@blp.get("")
@verified
@blp.arguments(schemas.OrdersQuery, location="query")
@blp.paged(schemas.Order)
def list_orders(query: dict[str, Any]) -> Page[OrderView]:
    """Own orders, newest first"""
    page, filters = split_page(query)
    role = filters.pop("role", None)
    return orders().booking.list_own(current_principal(), page, role, filters)


@blp.get("/<int:order_id>")
@verified
@blp.response(200, schemas.Order)
@tagged("order")
def get_order(order_id: int) -> OrderView:
    """An order, with the steps that you may take"""
    return orders().booking.get(current_principal(), order_id)


@blp.get("/<int:order_id>/history")
@verified
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.HistoryEntry)
def list_order_history(query: dict[str, Any], order_id: int) -> Page[HistoryEntry]:
    """The steps that an order took, oldest first"""
    page, _ = split_page(query)
    return orders().booking.history(current_principal(), order_id, page)


@blp.post("/<int:order_id>/accept")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, f"{NOT_ALLOWED}; `slot_taken`")
@blp.response(200, schemas.Order)
@tagged("order")
def accept_order(order_id: int) -> OrderView:
    """The performer accepts"""
    return orders().transitions.move(current_principal(), order_id, "accept")


@blp.post("/<int:order_id>/decline")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, NOT_ALLOWED)
@blp.arguments(schemas.OptionalReason)
@blp.response(200, schemas.Order)
@tagged("order")
def decline_order(data: dict[str, Any], order_id: int) -> OrderView:
    """The performer declines"""
    return orders().transitions.move(current_principal(), order_id, "decline", data.get("reason"))


@blp.post("/<int:order_id>/cancel")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, NOT_ALLOWED)
@blp.arguments(schemas.OptionalReason)
@blp.response(200, schemas.Order)
@tagged("order")
def cancel_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Either party or an admin cancels"""
    return orders().transitions.move(current_principal(), order_id, "cancel", data.get("reason"))


@blp.post("/<int:order_id>/start")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, NOT_ALLOWED)
@blp.response(200, schemas.Order)
@tagged("order")
def start_order(order_id: int) -> OrderView:
    """The performer starts the work"""
    return orders().transitions.move(current_principal(), order_id, "start")


@blp.post("/<int:order_id>/deliver")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, NOT_ALLOWED)
@blp.response(200, schemas.Order)
@tagged("order")
def deliver_order(order_id: int) -> OrderView:
    """The performer has done the work"""
    return orders().transitions.move(current_principal(), order_id, "deliver")


@blp.post("/<int:order_id>/request-changes")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, NOT_ALLOWED)
@blp.arguments(schemas.RequiredReason)
@blp.response(200, schemas.Order)
@tagged("order")
def request_order_changes(data: dict[str, Any], order_id: int) -> OrderView:
    """The customer asks for changes of what was delivered"""
    return orders().transitions.move(current_principal(), order_id, "request_changes", data["reason"])


@blp.post("/<int:order_id>/complete")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, NOT_ALLOWED)
@blp.response(200, schemas.Order)
@tagged("order")
def complete_order(order_id: int) -> OrderView:
    """The customer is content, or an admin closes the order"""
    return orders().transitions.move(current_principal(), order_id, "complete")


@blp.post("/<int:order_id>/dispute")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, NOT_ALLOWED)
@blp.arguments(schemas.RequiredReason)
@blp.response(200, schemas.Order)
@tagged("order")
def dispute_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Either party calls staff for help"""
    return orders().transitions.move(current_principal(), order_id, "dispute", data["reason"])


@blp.post("/<int:order_id>/resolve")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, NOT_ALLOWED)
@blp.arguments(schemas.Resolve)
@blp.response(200, schemas.Order)
@tagged("order")
def resolve_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Propose how a dispute ends, or agree to the other party's proposal"""
    return orders().transitions.resolve(current_principal(), order_id, data["outcome"], data.get("reason"))


@blp.post("/<int:order_id>/reschedule")
@verified
@idempotent
@blp.problem(403, WRONG_PARTY)
@blp.problem(409, f"{NOT_ALLOWED}; `slot_taken`")
@blp.problem(422, "`starts_in_past`, `too_far_ahead`, `validation_failed`")
@blp.arguments(schemas.Reschedule)
@blp.response(200, schemas.Order)
@tagged("order")
def reschedule_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Propose another start, or accept the other party's proposal by sending the same one"""
    return orders().transitions.reschedule(current_principal(), order_id, data["starts_at"])
