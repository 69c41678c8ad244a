"""The place and the time that public searches look for: lists that take them refuse the same combinations."""

from datetime import timedelta
from typing import Any

import marshmallow as ma

from marketplace.web import fields
from marketplace.web.schema import Schema

MAX_RADIUS_KM = 1_000
MAX_SPAN = timedelta(days=31)
MAX_FREE_RADIUS_KM = 50
"""Who is free is reckoned for each performer of the place, so the place has to be one."""

_NARROW = {"city_id", "performer_id", "radius_km"}
"""Filters that leave few enough performers to reckon who is free."""


class PlaceAndTime(Schema):
    """`near`, `radius_km`, `available_from`, `available_to`, to be mixed into the query of a list."""

    near = fields.LatLng()
    radius_km = fields.Float(min=0, max=MAX_RADIUS_KM, metadata={"description": "Around `near`"})
    available_from = fields.DateTime(
        metadata={
            "description": "Who has a slot between this and"
            " `available_to`: for a service as long as it takes, else 15 minutes; needs `city_id`, or `near`"
            " with `radius_km` up to 50"
        }
    )
    available_to = fields.DateTime(metadata={"description": "At most 31 days after `available_from`"})

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_place_and_time(self, data: dict[str, Any], **_: Any) -> None:
        errors = {}
        if "radius_km" in data and "near" not in data:
            errors["radius_km"] = ["This needs near."]
        start, end = data.get("available_from"), data.get("available_to")
        if start is not None and end is not None:
            narrow = _NARROW & data.keys()
            if not timedelta(0) < end - start <= MAX_SPAN:
                errors["available_to"] = [f"This must be later, by at most {MAX_SPAN.days} days."]
            if not narrow:
                errors["available_from"] = ["This needs city_id, or near with radius_km."]
            elif narrow == {"radius_km"} and data["radius_km"] > MAX_FREE_RADIUS_KM:
                errors["radius_km"] = [f"With available_from this is at most {MAX_FREE_RADIUS_KM}."]
        elif start is not None:
            errors["available_from"] = ["This needs available_to."]
        elif end is not None:
            errors["available_to"] = ["This needs available_from."]
        if errors:
            raise ma.ValidationError(errors)
