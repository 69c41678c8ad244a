"""Schemas of series."""

from typing import Any

import marshmallow as ma

from marketplace.blueprints.orders.schemas.orders import Order, OrderCreate, Reschedule
from marketplace.blueprints.series.policies import LAST, MAX_COUNT, Repeat, Scope
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.language import translated


class SeriesCreate(OrderCreate):
    """A booking of a service on several dates: from `starts_at`, which is the first one, on."""

    repeat = fields.Enum(
        Repeat,
        required=True,
        description="How often it repeats, by the clock of the performer's time zone: each week, every second"
        " week, or each month on the same weekday, such as the second Tuesday. A fifth one is the last one of"
        " months that have four",
        example="weekly",
    )
    count = fields.Int(
        required=True,
        min=1,
        max=MAX_COUNT,
        description="How many dates the series has, the first one included",
        example=6,
    )
    dates = fields.List(
        fields.DateTime(),
        min=1,
        max=MAX_COUNT,
        description="Only these dates of the series, by their starts. Where the clock leaves a start open,"
        " one of the `choices` of its problem. Left out, all of them",
    )
    preview = fields.Bool(
        load_default=False,
        description="True to learn what speaks against each date; nothing is stored",
        example=True,
    )


class SeriesDateProblem(Schema):
    """What speaks against a date."""

    code = fields.Str(
        required=True,
        description="A code of a problem: `slot_taken`, `outside_schedule`, `too_short_notice`,"
        " `too_far_ahead`, `already_requested`, `time_does_not_exist` or `time_comes_twice`; more may follow",
        example="time_does_not_exist",
    )
    detail = fields.Str(
        required=True,
        description="A sentence for people",
        example="The clock is put forward over this time; choose the time before or after it",
    )
    choices = fields.List(
        fields.Str(),
        required=True,
        description="The starts of which `dates` can name one in place of this date, with the offset of the"
        " performer's clock: both neighbours of a time that does not exist, or both of one that comes twice",
    )

    @ma.post_dump
    def _translate(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data | {"detail": translated(data["detail"])}


class SeriesDate(Schema):
    """A date of a series."""

    position = fields.Int(required=True, description="Its place in the series, from 1", example=1)
    local = fields.Str(
        required=True,
        description="The start by the performer's clock, without an offset",
        example="2030-01-31T09:00:00",
    )
    starts_at = fields.DateTime(
        required=True, allow_none=True, description="The start; null where the clock leaves it open"
    )
    problems = fields.Nested(
        SeriesDateProblem(many=True),
        required=True,
        description="What speaks against it now; empty where nothing does, and for stored dates",
    )
    order = fields.Nested(
        Order, required=True, allow_none=True, description="The order of the date; null in a preview"
    )


class Series(Schema):
    """A series of orders, or the preview of one."""

    id = fields.Id(required=True, allow_none=True, description="Null in a preview")
    customer_id = fields.Id(required=True, description="The id of the user who booked")
    performer_id = fields.Id(required=True, description="The id of the performer profile that was booked")
    service_id = fields.Id(required=True)
    repeat = fields.Enum(Repeat, required=True, description="How often it repeats")
    count = fields.Int(required=True, description="How many dates the rule has", example=6)
    timezone = fields.Str(
        required=True, description="The performer's time zone, whose clock counts", example="Europe/Berlin"
    )
    starts_at = fields.DateTime(required=True, description="The first start, as it was asked for")
    week_of_month = fields.Int(
        required=True,
        allow_none=True,
        min=LAST,
        max=4,
        description="With `monthly`: 1 to 4 for the first to the fourth of the weekday, -1 for the last one."
        " Else null",
        example=2,
    )
    dates = fields.Nested(
        SeriesDate(many=True),
        required=True,
        description="The dates by their places in the series: those that would be stored, or those that are,"
        " wherever their orders have been moved since",
    )
    created_at = fields.DateTime(required=True, allow_none=True, description="Null in a preview")


class ScopeQuery(Schema):
    """Which orders a call is about."""

    scope = fields.Enum(
        Scope,
        load_default=Scope.ONE,
        description="`one` for this order alone, `following` for it and those after it in its series",
    )


class OrderMove(Reschedule):
    """Another start of an order, and with `scope=following` of those after it in its series."""

    dates = fields.List(
        fields.DateTime(),
        max=MAX_COUNT,
        description="With `scope=following`: where the clock skips a new start or shows it twice, one of the"
        " `choices` of its problem",
    )


class SeriesOrders(Schema):
    """The orders that took a step together, by their places in the series."""

    orders = fields.Nested(Order(many=True), required=True, description="The orders as they are now")


class AcceptOutcome(Schema):
    """What became of an order that was to be accepted."""

    order = fields.Nested(Order, required=True, description="The order as it is now")
    refused = fields.Str(
        required=True,
        allow_none=True,
        description="Why it was not accepted, `slot_taken` or `too_close`; null where it was",
        example="slot_taken",
    )


class SeriesAccepted(Schema):
    """What became of the orders of a series that waited for an answer."""

    outcomes = fields.Nested(
        AcceptOutcome(many=True), required=True, description="Each of them, by its place in the series"
    )
