"""Schemas of orders."""

from marketplace.blueprints.offers.contracts import Pricing
from marketplace.blueprints.orders.contracts import DisputeOutcome, OrderParty
from marketplace.blueprints.orders.policies.life import (
    OrderRole,
    OrderStatus,
    TransitionName,
)
from marketplace.blueprints.orders.schemas.cancellation import Cancellation, CancellationPolicy
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.pagination import PageQuery
from marketplace.web.places import Coordinates

MAX_REASON = 1000


class OrderAddress(Coordinates):
    """The place where the work is done."""

    line1 = fields.Str(
        required=True, min=1, max=200, description="Street and number", example="Kastanienallee 12"
    )
    line2 = fields.Str(max=200, description="Flat, floor, company", example="2nd floor, left")
    postal_code = fields.Str(max=20, description="As it is written in the country", example="10435")
    note = fields.Str(
        max=500, description="What helps to find the place or to get in", example="Ring at Novak"
    )


class OrderCreate(Schema):
    """A booking of a service: which one, when, and where."""

    service_id = fields.Id(
        required=True, description="The id of the service, from `GET /services` or a public profile"
    )
    starts_at = fields.DateTime(
        required=True,
        description="When the work is to begin: a start of `GET /performers/{performer_id}/slots`, within 365"
        " days. The service's duration says when it ends",
    )
    address = fields.Nested(OrderAddress, required=True, description="The place where the work is done")
    note = fields.Text(
        max=2000,
        description="What the performer should know before the answer",
        example="The old lamp is still hanging; a ladder is there.",
    )
    arrival_code = fields.Bool(
        description="True for a code of four digits, which only you see in the order: the performer who knows"
        " it has been there",
    )


class StaffOrdersQuery(PageQuery):
    """The filters of staff's list of orders."""

    status = fields.Enum(OrderStatus, description="Only orders with this status now")
    starts_from = fields.DateTime(data_key="from", description="Only orders that start at this time or later")
    starts_before = fields.DateTime(data_key="to", description="Only orders that start before this time")


class OrdersQuery(StaffOrdersQuery):
    """The filters of one's own orders."""

    role = fields.Enum(
        OrderParty,
        description="Only orders that you booked (`customer`) or that were booked with you (`performer`);"
        " left out, both",
    )
    series_id = fields.Id(description="Only the orders of this series")


class OptionalReason(Schema):
    """Why a step is taken, if that is to be said."""

    reason = fields.Text(
        max=MAX_REASON,
        description="Why; both parties read it in the order's history",
        example="I am ill that week, sorry",
    )


class RequiredReason(Schema):
    """Why a step is taken."""

    reason = fields.Text(
        required=True,
        min=1,
        max=MAX_REASON,
        description="Why; both parties read it in the order's history",
        example="The second lamp is not connected yet",
    )


_DEFAULT_REFUND = "Left out, nothing for `completed`, and all of it for `cancelled`"


class Refund(Schema):
    """What goes back to the customer. It is stated, and no money is moved."""

    percent = fields.Int(required=True, description="Percent of the price of the whole order", example=30)
    amount = fields.Money(
        required=True,
        allow_none=True,
        description="The same as money, rounded half to even on whole minor units; null without a price",
    )


class Resolve(Schema):
    """A proposal of how a dispute ends, or the agreement to one."""

    outcome = fields.Enum(DisputeOutcome, required=True, description="The status that the order is to end in")
    refund_percent = fields.Int(
        min=0,
        max=100,
        description=f"The percent of the price that goes back to the customer. {_DEFAULT_REFUND}",
        example=30,
    )
    reason = fields.Text(max=MAX_REASON, description="Why; both parties read it in the order's history")


class StaffResolve(Schema):
    """A decision on a dispute."""

    outcome = fields.Enum(DisputeOutcome, required=True, description="The status that the order ends in")
    refund_percent = fields.Int(
        min=0,
        max=100,
        description=f"The percent of the price that goes back to the customer. {_DEFAULT_REFUND}",
        example=50,
    )
    reason = fields.Text(
        required=True,
        min=1,
        max=MAX_REASON,
        description="Why; both parties read it in the order's history, and the audit log keeps it",
    )


class Accept(Schema):
    """The performer's word on an order."""

    despite_conflicts = fields.Bool(
        load_default=False,
        description="Take the order though buffers, or the way between two places, leave too little time"
        " before or after it. Orders never overlap",
    )


class Reschedule(Schema):
    """Another start, proposed or accepted."""

    starts_at = fields.DateTime(
        required=True,
        description="The new start, within 365 days; the duration stays. Send the other party's"
        " `proposed_starts_at` to accept it",
    )
    despite_conflicts = fields.Bool(
        load_default=False,
        description="For the performer: the new start may leave too little time before or after other orders."
        " Orders never overlap",
    )


class CustomerRating(Schema):
    """What performers think of a customer."""

    count = fields.Int(required=True, description="The number of published reviews of the customer")
    average = fields.Float(
        min=1,
        max=5,
        required=True,
        allow_none=True,
        description="Their average in stars; null under 3 reviews",
    )


class Order(Schema):
    """An order as its parties see it."""

    id = fields.Id(required=True)
    customer_id = fields.Id(required=True, description="The id of the user who booked")
    performer_id = fields.Id(required=True, description="The id of the performer profile that was booked")
    service_id = fields.Id(required=True)
    series_id = fields.Id(
        required=True, allow_none=True, description="The series that it was booked with; null without one"
    )
    series_position = fields.Int(
        required=True,
        allow_none=True,
        description="Its place in the series, from 1, wherever it was moved since; null without one",
        example=1,
    )
    status = fields.Enum(OrderStatus, required=True, description="Where the order is now")
    title = fields.Str(required=True, max=200, description="The service's title when it was booked")
    pricing = fields.Enum(Pricing, required=True, description="How the service was priced when it was booked")
    price = fields.Money(
        required=True,
        allow_none=True,
        description="The price when it was booked: for all of it, or with `hourly` for an hour; null when"
        " there was none",
    )
    starts_at = fields.DateTime(required=True, description="When the work begins, as agreed")
    ends_at = fields.DateTime(required=True, description="When the booked time is over, as agreed")
    address = fields.Nested(OrderAddress, required=True, description="The place where the work is done")
    note = fields.Text(required=True, description="What the customer said with the booking; may be empty")
    despite_conflicts = fields.Bool(
        required=True,
        description="Whether the performer took the order though little time is left before or after another",
    )
    proposed_starts_at = fields.DateTime(
        required=True,
        allow_none=True,
        description="Another start that one party proposes and the other one has not accepted; null without"
        " such a proposal",
    )
    proposed_by = fields.Enum(
        OrderRole,
        required=True,
        allow_none=True,
        description="The party that proposes `proposed_starts_at`; null without a proposal",
    )
    resolution = fields.Enum(
        DisputeOutcome,
        required=True,
        allow_none=True,
        description="How one party proposes to end the dispute; null without a proposal",
    )
    resolution_by = fields.Enum(
        OrderRole,
        required=True,
        allow_none=True,
        description="The party that proposes `resolution`; null without a proposal",
    )
    resolution_refund = fields.Nested(
        Refund,
        required=True,
        allow_none=True,
        description="What the proposal gives back to the customer; null without a proposal",
    )
    decision_due_at = fields.DateTime(
        required=True,
        allow_none=True,
        description="From when on staff may decide the dispute; null unless the order is `disputed`",
    )
    refund = fields.Nested(
        Refund,
        required=True,
        allow_none=True,
        description="What the end of a dispute gives back to the customer; null for orders that no dispute"
        " has ended",
    )
    cancellation_policy = fields.Nested(
        CancellationPolicy,
        required=True,
        allow_none=True,
        description="What cancelling costs, as the performer had chosen it when the order was created; null"
        " for orders from before policies, which cost nothing",
    )
    cancellation = fields.Nested(
        Cancellation,
        required=True,
        allow_none=True,
        description="What the end of a cancelled order cost; null for all others, and for those that a"
        " dispute ended",
    )
    has_arrival_code = fields.Bool(
        required=True, description="Whether the performer can prove the arrival by the customer's code"
    )
    arrival_code = fields.Str(
        required=True,
        allow_none=True,
        description="Four digits that the customer tells the performer at the door; null for everybody else,"
        " and without a code",
        example="0417",
    )
    arrived_at = fields.DateTime(
        required=True, allow_none=True, description="When the performer came; null until then"
    )
    arrival_proven = fields.Bool(
        required=True, description="Whether the customer's code proves that; else it is the performer's word"
    )
    customer_rating = fields.Nested(
        CustomerRating,
        required=True,
        allow_none=True,
        description="What performers think of the customer; null for everybody but the order's performer",
    )
    completed_at = fields.DateTime(
        required=True,
        allow_none=True,
        description="When it was completed: reviews can be written for 14 days from then. Null until then",
    )
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)
    allowed_transitions = fields.List(
        fields.Enum(TransitionName),
        required=True,
        description="The steps that you may take now; offer these as buttons. Empty for who only reads",
    )


class HistoryEntry(Schema):
    """A step that an order took."""

    id = fields.Id(required=True)
    transition = fields.Enum(TransitionName, required=True, description="What was done")
    from_status = fields.Enum(
        OrderStatus,
        required=True,
        allow_none=True,
        description="The status before; null for `create`",
    )
    to_status = fields.Enum(
        OrderStatus,
        required=True,
        description="The status after; the same as before for `reschedule` and a proposal to `resolve`",
    )
    actor_role = fields.Enum(OrderRole, required=True, description="Who took the step")
    reason = fields.Text(required=True, allow_none=True, description="Why; null when nobody said so")
    data = fields.Raw(
        description="What was proposed or agreed: `starts_at` of a `reschedule`, `outcome` of a proposal to"
        " `resolve`, with the `refund_percent` of it and of its end; with `proposal` for what is only"
        " proposed. Else empty"
    )
    created_at = fields.DateTime(required=True, description="When the step was taken")


class OrderUpdated(Schema):
    """The new state of an order, for both parties."""

    order_id = fields.Id(required=True)
    status = fields.Enum(OrderStatus, required=True, description="The status after the step")
    event = fields.Str(required=True, description="What happened, such as `order.accepted`")
