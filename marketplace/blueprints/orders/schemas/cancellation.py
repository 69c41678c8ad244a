"""Schemas of cancellation policies, of what cancelling costs, of arrivals and of the timeline."""

from marketplace.blueprints.orders.policies.cancellation import MAX_HOURS, MAX_TIERS, Fault, PolicyName
from marketplace.blueprints.orders.policies.life import OrderRole, OrderStatus, TransitionName
from marketplace.blueprints.orders.policies.timeline import TimelineKind
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema

MAX_TOTAL = 24 * 10**15
"""The greatest price of an order, in minor units: the greatest hourly one for a day."""


class CancellationTier(Schema):
    """What cancelling costs from a certain time before the start on."""

    hours_before = fields.Int(
        required=True,
        min=0,
        max=MAX_HOURS,
        description="From how many hours before the agreed start on the tier holds; 0 is from the start on",
        example=24,
    )
    percent = fields.Int(
        required=True, min=0, max=100, description="What it costs, in percent of the price", example=50
    )


class CancellationPolicyIn(Schema):
    """The choice of a policy."""

    name = fields.Enum(PolicyName, required=True, description="The policy", example="custom")
    tiers = fields.Nested(
        CancellationTier(many=True),
        max=MAX_TIERS,
        description="With `custom` alone: your tiers, the earliest first. Each begins nearer to the start and"
        " costs more than the one before",
    )


class CancellationPolicy(Schema):
    """A cancellation policy."""

    name = fields.Enum(PolicyName, required=True, description="The policy's name", example="flexible")
    tiers = fields.Nested(
        CancellationTier(many=True),
        required=True,
        description="What cancelling costs, the earliest tier first; before the first one, and without any,"
        " it costs nothing",
    )


class Cancellation(Schema):
    """What the end of a cancelled order cost."""

    fault = fields.Enum(Fault, required=True, description="Whose doing it was")
    percent = fields.Int(
        required=True, description="What the customer pays, in percent of the whole price", example=50
    )
    amount = fields.Money(
        required=True,
        allow_none=True,
        max=MAX_TOTAL,
        description="The same as an amount, rounded half to even; null when the order has no price",
    )
    waived_at = fields.DateTime(
        required=True,
        allow_none=True,
        description="When staff took away fee and fault; null when they did not",
    )


class CancellationCost(Schema):
    """What it costs that one of the parties cancels now."""

    paid_by = fields.Enum(
        OrderRole, required=True, allow_none=True, description="Who pays; null when nobody does"
    )
    percent = fields.Int(required=True, description="In percent of the whole price", example=50)
    amount = fields.Money(
        required=True,
        allow_none=True,
        max=MAX_TOTAL,
        description="The same as an amount, rounded half to even; null when the order has no price",
    )
    fault = fields.Enum(
        Fault,
        required=True,
        description="Whose doing it would be; the performer's counts against the completion rate",
    )


class UpcomingTier(Schema):
    """When cancelling begins to cost the customer more."""

    starts_at = fields.DateTime(required=True, description="From when on the tier holds")
    percent = fields.Int(required=True, description="In percent of the whole price", example=100)
    amount = fields.Money(
        required=True,
        allow_none=True,
        max=MAX_TOTAL,
        description="The same as an amount; null when the order has no price",
    )


class CancellationQuote(Schema):
    """What cancelling an order now would cost whom."""

    policy = fields.Nested(
        CancellationPolicy,
        required=True,
        allow_none=True,
        description="The policy that was copied when the order was created; null for orders from before"
        " policies, which cost nothing",
    )
    by_customer = fields.Nested(CancellationCost, required=True, description="When the customer cancels")
    by_performer = fields.Nested(CancellationCost, required=True, description="When the performer cancels")
    free_until = fields.DateTime(
        required=True,
        allow_none=True,
        description="Until when the customer cancels free of charge; null when that never ends, or has ended",
    )
    next_tier = fields.Nested(
        UpcomingTier,
        required=True,
        allow_none=True,
        description="What comes next for the customer, once the order is confirmed; null after the last tier",
    )


class WaiverReason(Schema):
    """Why staff waives a fee."""

    reason = fields.Text(
        required=True,
        min=1,
        max=1000,
        description="Why; both parties read it in the order's timeline, and the audit log keeps it",
        example="The customer was in hospital",
    )


class Arrive(Schema):
    """The arrival of the performer."""

    code = fields.Str(
        min=4,
        max=4,
        pattern="[0-9]{4}",
        description="The four digits that the customer tells at the door. Without it, it is your word",
        example="0417",
    )


class ShownReview(Schema):
    """A review, as the timeline shows it."""

    id = fields.Id(required=True)
    rating = fields.Rating(required=True, description="1 to 5")
    text = fields.Text(required=True, description="What it says; may be empty")
    published_at = fields.DateTime(
        required=True, allow_none=True, description="Null for your own one that is not published yet"
    )


class TimelineEntry(Schema):
    """Something that happened to an order."""

    kind = fields.Enum(TimelineKind, required=True, description="What it is", example="transition")
    id = fields.Id(required=True, description="Unique among the entries of its kind")
    at = fields.DateTime(required=True, description="When it happened")
    actor_role = fields.Enum(OrderRole, required=True, description="Who did it")
    transition = fields.Enum(
        TransitionName,
        required=True,
        allow_none=True,
        description="The step that was taken or proposed; null where it is no step",
    )
    from_status = fields.Enum(
        OrderStatus, required=True, allow_none=True, description="The status before a step"
    )
    to_status = fields.Enum(
        OrderStatus, required=True, allow_none=True, description="The status after a step"
    )
    reason = fields.Text(required=True, allow_none=True, description="Why; null when nobody said so")
    data = fields.Raw(
        description="What was proposed, agreed or waived, as in the history; a waiver tells `fault`,"
        " `percent` and `amount` of before"
    )
    review = fields.Nested(
        ShownReview, required=True, allow_none=True, description="The review; null for all other kinds"
    )
