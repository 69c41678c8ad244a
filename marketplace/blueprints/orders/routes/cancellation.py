"""Routes of an order's cancellation, arrival and timeline."""

from typing import Any

from flask import request

from marketplace.blueprints.orders.ports import CancellationQuote, OrderView, TimelineEntry
from marketplace.blueprints.orders.routes.own import NOT_ALLOWED, WRONG_PARTY, blp
from marketplace.blueprints.orders.schemas import cancellation as schemas
from marketplace.blueprints.orders.schemas.orders import OptionalReason, Order
from marketplace.blueprints.orders.services.arrival import Arrival
from marketplace.blueprints.orders.wiring import orders
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, verified
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent, idempotent_after
from marketplace.web.pagination import PageQuery, split_page


@blp.get("/<int:order_id>/cancellation")
@verified
@blp.problems(*NOT_ALLOWED)
@blp.response(200, schemas.CancellationQuote)
def get_cancellation(order_id: int) -> CancellationQuote:
    """Tell what cancelling an order would cost

    You learn what it costs now when the customer cancels, and when the performer does: the order's parties
    and staff get the same answer. A `pending` order costs nothing, and what the performer cancels costs the
    customer nothing. An order that nobody can cancel is `transition_not_allowed`.

    The policy is the one that the performer had when the order was created. Amounts are stated, and no money
    is moved.
    """
    return orders().cancellation.quote(current_principal(), order_id)


@blp.post("/<int:order_id>/no-show")
@verified
@idempotent
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED)
@blp.arguments(OptionalReason)
@blp.response(200, Order)
@tagged("order")
def report_no_show(data: dict[str, Any], order_id: int) -> OrderView:
    """Say that the other party did not come

    Either party of a `confirmed` order can say so from 30 minutes after the agreed start, or after a dispute
    was withdrawn, unless the operators set another time; earlier, `transition_not_allowed` says in
    `allowed_from` from when on. The order becomes `cancelled`, which is final, by the fault of the other
    party: a customer pays the last tier of the cancellation policy, a performer's absence costs nothing and
    counts against the completion rate.
    A customer cannot say it once the code of arrival has proven that the performer came.
    """
    return orders().transitions.move(current_principal(), order_id, "no_show", data.get("reason"))


def _prove(data: dict[str, Any]) -> Arrival:
    order_id: int = (request.view_args or {})["order_id"]
    return orders().arrival.prove(current_principal(), order_id, data.get("code"))


@blp.post("/<int:order_id>/arrive")
@verified
@blp.problems(*WRONG_PARTY, *NOT_ALLOWED, "wrong_arrival_code", "too_many_arrival_tries")
@blp.arguments(schemas.Arrive)
@idempotent_after(_prove)
@blp.response(200, Order)
@tagged("order")
def arrive_at_order(arrival: Arrival, order_id: int) -> OrderView:
    """Arrive at an order

    You are the performer, and the order is `confirmed`; it stays so, and tells when you came. This is
    possible from the time when the work can be started. With the four digits that the customer tells you,
    the arrival is proven, and the customer cannot call it a no-show; without them it is your word, and the
    proof can follow. A code allows five tries, right or wrong.
    """
    return orders().arrival.arrive(current_principal(), order_id, arrival)


@blp.get("/<int:order_id>/timeline")
@verified
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.TimelineEntry)
def list_order_timeline(query: dict[str, Any], order_id: int) -> Page[TimelineEntry]:
    """List the timeline of an order

    All that happened, the oldest first: steps, proposals, the arrival, waived fees, evidence in disputes, and
    reviews once they are published. You see your own review before that too. The order's parties and
    staff see the timeline.
    """
    page, _ = split_page(query)
    return orders().timeline.list(current_principal(), order_id, page)
