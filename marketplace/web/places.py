"""The coordinates of an address: both or neither."""

from typing import Any

import marshmallow as ma

from marketplace.kernel.texts import Text
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema


class Coordinates(Schema):
    """`latitude` and `longitude` in degrees, to be mixed into the schema of an address."""

    latitude = fields.Float(
        min=-90, max=90, description="In degrees, with `longitude`; without both, the city's", example=52.53
    )
    longitude = fields.Float(min=-180, max=180, description="In degrees, with `latitude`", example=13.41)

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_coordinates(self, data: dict[str, Any], **_: Any) -> None:
        for name, other in (("latitude", "longitude"), ("longitude", "latitude")):
            if name in data and other not in data:
                raise ma.ValidationError({other: [Text("Coordinates are both or neither.")]})
