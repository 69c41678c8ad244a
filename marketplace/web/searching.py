"""Query parameters of public searches for place and time; all lists refuse the same combinations."""

from datetime import timedelta
from typing import Any

import marshmallow as ma

from marketplace.kernel.texts import Text
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema

MAX_RADIUS_KM = 1_000
MAX_SPAN = timedelta(days=31)
MAX_FREE_RADIUS_KM = 50
"""Who is free is computed for each performer of the place, so the place has to be small."""

_NARROW = {"city_id", "performer_id", "radius_km"}
"""Filters that leave few enough performers to compute who is free."""


class PlaceAndTime(Schema):
    """`near`, `radius_km`, `available_from`, `available_to`, to be mixed into the query of a list."""

    near = fields.LatLng(
        description="A place as `latitude,longitude` in degrees, to measure distances from; it narrows"
        " nothing without `radius_km`",
        example="52.52,13.405",
    )
    radius_km = fields.Float(
        min=0, max=MAX_RADIUS_KM, description="Only those within so many kilometres of `near`", example=10
    )
    available_from = fields.DateTime(
        description="Only those who have a slot between this and `available_to`, as long as the service"
        " takes, or 15 minutes in a search for performers; needs `city_id`, or `near` with `radius_km` up to"
        " 50"
    )
    available_to = fields.DateTime(
        description="The end of the time that `available_from` begins; at most 31 days after it"
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_place_and_time(self, data: dict[str, Any], **_: Any) -> None:
        errors = {}
        if "radius_km" in data and "near" not in data:
            errors["radius_km"] = [Text("This needs near.")]
        start, end = data.get("available_from"), data.get("available_to")
        if start is not None and end is not None:
            narrow = _NARROW & data.keys()
            if not timedelta(0) < end - start <= MAX_SPAN:
                errors["available_to"] = [
                    Text("This must be later, by at most {days} days.", days=MAX_SPAN.days)
                ]
            if not narrow:
                errors["available_from"] = [Text("This needs city_id, or near with radius_km.")]
            elif narrow == {"radius_km"} and data["radius_km"] > MAX_FREE_RADIUS_KM:
                errors["radius_km"] = [
                    Text("With available_from this is at most {limit}.", limit=MAX_FREE_RADIUS_KM)
                ]
        elif start is not None:
            errors["available_from"] = [Text("This needs available_to.")]
        elif end is not None:
            errors["available_to"] = [Text("This needs available_from.")]
        if errors:
            raise ma.ValidationError(errors)
