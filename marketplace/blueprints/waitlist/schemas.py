"""Schemas of the waiting list."""

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.places import Coordinates


class WaitlistIn(Coordinates):
    """The day to wait for, for which service, and where the work would be, if that is known already."""

    date = fields.Date(
        required=True,
        description="The day in the performer's time zone: today or later, within 365 days",
        example="2030-01-31",
    )
    service_id = fields.Id(
        description="The id of the performer's service; the shortest one that has a price when left out"
    )


class WaitlistQuery(Schema):
    """The day that is waited for no longer."""

    date = fields.Date(
        required=True, description="The day in the performer's time zone", example="2030-01-31"
    )


class WaitlistOffer(Schema):
    """Time that is kept for you alone: book it with `POST /orders` before `expires_at`."""

    hold_id = fields.Id(
        required=True, dump_only=True, description="Give the time back with `DELETE /holds/{hold_id}`"
    )
    service_id = fields.Id(required=True, dump_only=True, description="The service that fits there")
    starts_at = fields.DateTime(
        required=True, dump_only=True, description="The start: send it as `starts_at` of `POST /orders`"
    )
    ends_at = fields.DateTime(required=True, dump_only=True, description="When the service would be over")
    expires_at = fields.DateTime(required=True, dump_only=True, description="Until when the time is kept")


class WaitlistEntry(Schema):
    """A day of a performer that you wait for."""

    id = fields.Id(required=True, dump_only=True)
    performer_id = fields.Id(required=True, dump_only=True, description="The id of the performer")
    service_id = fields.Id(
        required=True, dump_only=True, description="The id of the service that you wait with"
    )
    date = fields.Date(
        required=True,
        dump_only=True,
        description="The day in the performer's time zone",
        example="2030-01-31",
    )
    created_at = fields.DateTime(required=True, dump_only=True, description="Since when you wait")
    offer = fields.Nested(
        WaitlistOffer,
        required=True,
        dump_only=True,
        allow_none=True,
        description="The time that you are offered now; null while you wait",
    )


class AwaitedDay(Schema):
    """A day of yours that customers wait for."""

    date = fields.Date(
        required=True, dump_only=True, description="The day in your time zone", example="2030-01-31"
    )
    waiting = fields.Int(required=True, dump_only=True, description="How many customers wait for it")
