"""Routes of orders for their parties."""

from typing import Any

from marketplace.blueprints.orders.ports import HistoryEntry, OrderFilters, OrderView
from marketplace.blueprints.orders.schemas import orders as schemas
from marketplace.blueprints.orders.wiring import orders
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint(
    "orders",
    description="A customer books a performer's service, and both move the order step by step to its end. The"
    " other party is told of each step by a notification, and both by the socket event `order:updated`.",
    url_prefix="/orders",
    rank=70,
)

WRONG_PARTY = ("wrong_party",)
NOT_ALLOWED = ("transition_not_allowed",)


@blp.post("")
@verified
@idempotent
@blp.problems(
    "own_service",
    "not_found",
    "slot_taken",
    "already_requested",
    "price_needed",
    "starts_in_past",
    "too_far_ahead",
    "too_short_notice",
    "outside_schedule",
    "already_requested",
    "price_needed",
)
@blp.arguments(schemas.OrderCreate)
@blp.response(201, schemas.Order)
@tagged("order")
def create_order(data: dict[str, Any]) -> OrderView:
    """Create an order

    You book a service for a start; title, pricing, price, duration and the performer's cancellation policy
    are copied into the order, so later edits change nothing. The order is `pending` until the performer
    accepts or declines it. It expires after 24 hours, or earlier, when the notice that the performer wants
    before the start begins.

    The start must be free in the performer's schedule, as `GET /performers/{performer_id}/slots` shows it:
    else `outside_schedule`, `too_short_notice` or `slot_taken`. `slot_taken` can also come for a slot that
    was free a moment ago: read the slots again. A slot that you hold is free for you, and the order uses the
    hold up. A service that is priced by `quote` cannot be booked without a price (`price_needed`), and a
    service that the public does not see is `not_found`.
    """
    return orders().booking.book(current_principal(), data)


@blp.get("")
@verified
@blp.arguments(schemas.OrdersQuery, location="query")
@blp.paged(schemas.Order)
def list_orders(query: dict[str, Any]) -> Page[OrderView]:
    """List your orders

    The newest come first: those that you booked, and those that were booked with you.
    """
    page, filters = split_page(query)
    role = filters.pop("role", None)
    return orders().booking.list_own(current_principal(), page, role, OrderFilters(**filters))


@blp.get("/<int:order_id>")
@verified
@blp.response(200, schemas.Order)
@tagged("order")
def get_order(order_id: int) -> OrderView:
    """Get an order

    Its parties and staff see it; for everybody else it is `not_found`. Offer the steps in
    `allowed_transitions`: they depend on the status, on the time, and on who you are to the order.
    """
    return orders().booking.get(current_principal(), order_id)


@blp.get("/<int:order_id>/history")
@verified
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.HistoryEntry)
def list_order_history(query: dict[str, Any], order_id: int) -> Page[HistoryEntry]:
    """List the history of an order

    Each step with who took it and why, the oldest first. The order's parties and staff see it.
    """
    page, _ = split_page(query)
    return orders().booking.history(current_principal(), order_id, page)


@blp.post("/<int:order_id>/accept")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, "slot_taken", "too_close", *NOT_ALLOWED)
@blp.arguments(schemas.Accept)
@blp.response(200, schemas.Order)
@tagged("order")
def accept_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Accept an order

    You are the performer and the order is `pending`; it becomes `confirmed`, and its time is booked. Your
    hours and your notice do not bind you here. `slot_taken` means that another confirmed order, an
    appointment of your other calendars or a slot that a customer holds overlaps; decline, or propose another
    start. `too_close` means that your buffers or the way to another order leave too little time; you can
    take the order all the same with `despite_conflicts`.
    """
    return orders().transitions.accept(
        current_principal(), order_id, despite_conflicts=data["despite_conflicts"]
    )


@blp.post("/<int:order_id>/decline")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED)
@blp.arguments(schemas.OptionalReason)
@blp.response(200, schemas.Order)
@tagged("order")
def decline_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Decline an order

    You are the performer and the order is `pending`; it becomes `declined`, which is final.
    """
    return orders().transitions.move(current_principal(), order_id, "decline", data.get("reason"))


@blp.post("/<int:order_id>/cancel")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED)
@blp.arguments(schemas.OptionalReason)
@blp.response(200, schemas.Order)
@tagged("order")
def cancel_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Cancel an order

    Either party, or an admin, cancels an order that is `pending` or `confirmed`; it becomes `cancelled`,
    which is final. `GET /orders/{order_id}/cancellation` tells before what it costs, and the order's
    `cancellation` afterwards. A `confirmed` order that the performer cancels counts against the profile's
    completion rate.
    """
    return orders().transitions.move(current_principal(), order_id, "cancel", data.get("reason"))


@blp.post("/<int:order_id>/start")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED)
@blp.response(200, schemas.Order)
@tagged("order")
def start_order(order_id: int) -> OrderView:
    """Start the work on an order

    You are the performer and the order is `confirmed`; it becomes `in_progress`. This is possible from two
    hours before the agreed start, unless the operators set another time; earlier, `transition_not_allowed`
    says in `allowed_from` from when on.
    """
    return orders().transitions.move(current_principal(), order_id, "start")


@blp.post("/<int:order_id>/deliver")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED)
@blp.response(200, schemas.Order)
@tagged("order")
def deliver_order(order_id: int) -> OrderView:
    """Deliver the work of an order

    You are the performer, and the order is `in_progress` or `changes_requested`; it becomes `delivered`. If
    the customer does nothing for two days, it is completed by itself.
    """
    return orders().transitions.move(current_principal(), order_id, "deliver")


@blp.post("/<int:order_id>/request-changes")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED)
@blp.arguments(schemas.RequiredReason)
@blp.response(200, schemas.Order)
@tagged("order")
def request_order_changes(data: dict[str, Any], order_id: int) -> OrderView:
    """Request changes to delivered work

    You are the customer and the order is `delivered`; it becomes `changes_requested` until the performer
    delivers again. The performer reads your reason.
    """
    return orders().transitions.move(current_principal(), order_id, "request_changes", data["reason"])


@blp.post("/<int:order_id>/complete")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED)
@blp.response(200, schemas.Order)
@tagged("order")
def complete_order(order_id: int) -> OrderView:
    """Complete an order

    The customer, or an admin, confirms delivered work; the order becomes `completed`, which is final. Both
    parties can write a review within 14 days.
    """
    return orders().transitions.move(current_principal(), order_id, "complete")


@blp.post("/<int:order_id>/resolve")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED)
@blp.arguments(schemas.Resolve)
@blp.response(200, schemas.Order)
@tagged("order")
def resolve_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Resolve a dispute

    A party proposes an outcome, and the percent of the price that goes back to the customer: `resolution`,
    `resolution_refund` and `resolution_by` show it, and the order stays `disputed`. When the other party
    sends the same outcome and percent, the order ends so; anything else is a new proposal, which takes the
    place of the one before. An admin who is no party decides, from `decision_due_at` on.
    """
    return orders().transitions.resolve(
        current_principal(), order_id, data["outcome"], data.get("reason"), data.get("refund_percent")
    )


@blp.post("/<int:order_id>/withdraw")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED, "slot_taken", "too_close")
@blp.arguments(schemas.OptionalReason)
@blp.response(200, schemas.Order)
@tagged("order")
def withdraw_dispute(data: dict[str, Any], order_id: int) -> OrderView:
    """Withdraw a dispute

    You have opened the dispute. The order goes back to the status before it, and what happens there by itself
    happens after the time that was left: an order that was delivered a day before the dispute completes a day
    after its end. A `confirmed` or `in_progress` order takes the performer's time again; `slot_taken` and
    `too_close` mean that it was booked meanwhile, and the dispute has to be resolved.
    """
    return orders().transitions.withdraw(current_principal(), order_id, data.get("reason"))


@blp.post("/<int:order_id>/escalate")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED)
@blp.arguments(schemas.OptionalReason)
@blp.response(200, schemas.Order)
@tagged("order")
def escalate_dispute(data: dict[str, Any], order_id: int) -> OrderView:
    """Ask staff to decide a dispute

    Either party of a `disputed` order need not wait for the 72 hours that the parties have for themselves:
    `decision_due_at` is now, and staff finds the dispute in its queue. Proposals stay, and can be agreed on
    until staff has decided. Once the decision is due it is `transition_not_allowed`.
    """
    return orders().transitions.escalate(current_principal(), order_id, data.get("reason"))


@blp.post("/<int:order_id>/reschedule")
@verified
@idempotent
@blp.problems(
    *WRONG_PARTY,
    *NOT_ALLOWED,
    "slot_taken",
    "too_close",
    "only_performer",
    "already_requested",
    "starts_in_past",
    "too_far_ahead",
    "too_short_notice",
)
@blp.arguments(schemas.Reschedule)
@blp.response(200, schemas.Order)
@tagged("order")
def reschedule_order(data: dict[str, Any], order_id: int) -> OrderView:
    """Reschedule an order

    A party of a `pending` or `confirmed` order proposes another start: `proposed_starts_at` and
    `proposed_by` show it, and nothing else changes. When the other party sends the same start, the order
    moves there; a new proposal replaces the one before. `slot_taken` means that something else of the
    performer overlaps, `too_close` that buffers or the way leave too little time, which the performer can
    overlook with `despite_conflicts`; for a `pending` order, `too_short_notice` means that no time would be
    left to answer it.
    """
    return orders().transitions.reschedule(
        current_principal(), order_id, data["starts_at"], despite_conflicts=data["despite_conflicts"]
    )
