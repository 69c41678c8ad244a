"""Routes of series, and of orders that are cancelled together."""

from collections.abc import Mapping, Sequence
from typing import Any

from marketplace.blueprints.orders.contracts import OrderRef
from marketplace.blueprints.orders.schemas.orders import Accept
from marketplace.blueprints.series import schemas
from marketplace.blueprints.series.ports import SeriesView
from marketplace.blueprints.series.wiring import series
from marketplace.web.access import current_principal, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import editable, if_match, tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit

blp = VersionedBlueprint(
    "series",
    description="A customer books a service on several dates by one rule. Each date is an order of its own;"
    " several can be accepted, moved or cancelled together.",
    rank=72,
)


@blp.post("/orders/series")
@verified
@limit("60/hour", key=caller_key)
@idempotent
@blp.problems(
    "own_service",
    "not_found",
    "price_needed",
    "starts_in_past",
    "too_far_ahead",
    "date_not_in_series",
    "series_conflicts",
    "too_many_series",
    "already_requested",
)
@blp.arguments(schemas.SeriesCreate)
@blp.also(200, schemas.Series, "The preview of a series, which is not stored.")
@blp.response(201, schemas.Series)
def create_series(data: dict[str, Any]) -> SeriesView | tuple[SeriesView, int]:
    """Create a series of orders

    You book a service from `starts_at` on, up to 52 times: each week, every second week, or each month on
    the same weekday. The time of day is that of the performer's clock, so a series at 9 stays at 9 when the
    clock is put forward or back.

    With `preview` the answer is 200 and tells what speaks against each date. Without it all dates are
    stored as pending orders, or those that `dates` names; if something speaks against one of them, the
    answer is `series_conflicts` with the same list in `dates`, and nothing is stored. A date that the clock
    skips, or shows twice, is never moved by itself: name one of its `choices` in `dates`. Dates that lie
    more than 365 days ahead are `too_far_ahead`, so leave them out.

    You can have five series with orders ahead with one performer (`too_many_series`).
    """
    caller = current_principal()
    if data["preview"]:
        return series().series.preview(caller, data), 200
    return series().series.book(caller, data)


@blp.get("/series/<int:series_id>")
@verified
@blp.response(200, schemas.Series)
@tagged("series")
def get_series(series_id: int) -> SeriesView:
    """Get a series of orders

    The rule, and the orders that were stored by it, as they are now. The parties and staff see it; for
    everybody else it is `not_found`.
    """
    return series().series.get(current_principal(), series_id)


@blp.post("/series/<int:series_id>/accept")
@verified
@idempotent
@blp.problems("wrong_party", "transition_not_allowed", "slot_taken")
@blp.arguments(Accept)
@blp.response(200, schemas.SeriesAccepted)
def accept_series(data: dict[str, Any], series_id: int) -> Mapping[str, Any]:
    """Accept the orders of a series

    You are the performer. All orders of the series that are `pending` and whose time is free become
    `confirmed`; the answer tells of each whether it was, and if not, why: `slot_taken` or `too_close`, as
    with `POST /orders/{order_id}/accept`. Those stay `pending`. Where none is, the answer is
    `transition_not_allowed`.
    """
    outcomes = series().series.accept(
        current_principal(), series_id, despite_conflicts=data["despite_conflicts"]
    )
    return {
        "outcomes": [
            {"order": one.order, "refused": None if one.refusal is None else one.refusal.code}
            for one in outcomes
        ]
    }


@blp.patch("/orders/<int:order_id>")
@verified
@editable("order")
@blp.problems(
    "wrong_party",
    "transition_not_allowed",
    "slot_taken",
    "too_close",
    "only_performer",
    "starts_in_past",
    "too_far_ahead",
    "too_short_notice",
    "date_not_in_series",
    "series_conflicts",
    "already_requested",
)
@blp.arguments(schemas.ScopeQuery, location="query")
@blp.arguments(schemas.OrderMove)
@blp.response(200, schemas.SeriesOrders)
def move_orders(
    query: dict[str, Any], data: dict[str, Any], order_id: int
) -> Mapping[str, Sequence[OrderRef]]:
    """Move an order, and those after it in its series

    As `POST /orders/{order_id}/reschedule`: you propose another start, or agree to the one that the other
    party has proposed. With `scope=following` the orders with later places in the series that are `pending`
    or `confirmed` go with it, by as many days and hours on the performer's clock. Where something speaks
    against one of them, the answer is `series_conflicts` with what it is in `dates`, and none is moved or
    proposed: move the others one by one. No order comes to be by it. `If-Match` is that of the order in
    the address.
    """
    return {"orders": series().series.move(current_principal(), order_id, query["scope"], data, if_match())}


@blp.delete("/orders/<int:order_id>")
@verified
@editable("order")
@blp.problems("wrong_party", "transition_not_allowed")
@blp.arguments(schemas.ScopeQuery, location="query")
@blp.response(200, schemas.SeriesOrders)
def cancel_orders(query: dict[str, Any], order_id: int) -> Mapping[str, Sequence[OrderRef]]:
    """Cancel an order, and those after it in its series

    As `POST /orders/{order_id}/cancel`: by either party, or an admin. With `scope=following` the orders with
    later places in the series are cancelled with it, as far as you may cancel them; others stay as they are.
    Each is cancelled by its own policy: `cancellation` tells of each what it costs. `If-Match` is that of
    the order in the address.
    """
    return {"orders": series().series.cancel(current_principal(), order_id, query["scope"], if_match())}
