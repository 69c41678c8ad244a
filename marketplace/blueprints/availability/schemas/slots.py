"""Schemas of slots."""

from typing import Any

import marshmallow as ma

from marketplace.kernel.texts import Text
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.places import Coordinates
from marketplace.web.searching import MAX_SPAN


class SlotsQuery(Schema):
    """Which service is to be booked, and when."""

    service_id = fields.Id(required=True, description="The id of the performer's service to be booked")
    near = fields.LatLng(
        description="Where the work would be, as `latitude,longitude` in degrees: the way from and to other"
        " orders counts. The performer's city when left out",
        example="52.53,13.41",
    )
    start = fields.DateTime(
        required=True, data_key="from", description="Only slots that start at this time or later"
    )
    end = fields.DateTime(
        required=True,
        data_key="to",
        description=f"Only slots that end by this time; at most {MAX_SPAN.days} days after `from`",
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_span(self, data: dict[str, Any], **_: Any) -> None:
        if not MAX_SPAN * 0 < data["end"] - data["start"] <= MAX_SPAN:
            raise ma.ValidationError(
                {"to": [Text("This must be later, by at most {days} days.", days=MAX_SPAN.days)]}
            )


class Slot(Schema):
    """A time when the service can be booked."""

    starts_at = fields.DateTime(
        required=True, dump_only=True, description="The start: send it as `starts_at` of `POST /orders`"
    )
    ends_at = fields.DateTime(required=True, dump_only=True, description="When the service would be over")


class PerformerSlots(Schema):
    """The times when a service can be booked."""

    timezone = fields.Str(
        required=True, dump_only=True, description="The performer's IANA time zone, to show times in"
    )
    duration_minutes = fields.Int(
        required=True, dump_only=True, description="How long the service takes, in minutes"
    )
    items = fields.List(
        fields.Nested(Slot),
        required=True,
        dump_only=True,
        description="The free slots by their start, at most one each quarter of an hour",
    )


class HoldIn(Coordinates):
    """The slot to keep: which service, when, and where, if that is known already."""

    service_id = fields.Id(required=True, description="The id of the performer's service to be booked")
    starts_at = fields.DateTime(
        required=True, description="A start of `GET /performers/{performer_id}/slots`"
    )


class Hold(Schema):
    """A slot that is kept for you."""

    id = fields.Id(required=True, dump_only=True)
    performer_id = fields.Id(required=True, dump_only=True, description="The id of the performer")
    service_id = fields.Id(required=True, dump_only=True, description="The id of the service")
    starts_at = fields.DateTime(required=True, dump_only=True, description="When the service would begin")
    ends_at = fields.DateTime(required=True, dump_only=True, description="When it would be over")
    expires_at = fields.DateTime(
        required=True, dump_only=True, description="Until when the slot is kept: book it before"
    )
