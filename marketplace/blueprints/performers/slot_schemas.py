"""What goes in and out of slots."""

from typing import Any

import marshmallow as ma

from marketplace.web import fields
from marketplace.web.schema import Schema
from marketplace.web.searching import MAX_SPAN


class SlotsQuery(Schema):
    service_id = fields.Id(required=True)
    start = fields.DateTime(required=True, data_key="from")
    end = fields.DateTime(
        required=True,
        data_key="to",
        metadata={"description": f"When the service is over; at most {MAX_SPAN.days} days after `from`"},
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_span(self, data: dict[str, Any], **_: Any) -> None:
        if not MAX_SPAN * 0 < data["end"] - data["start"] <= MAX_SPAN:
            raise ma.ValidationError({"to": [f"This must be later, by at most {MAX_SPAN.days} days."]})


class Slot(Schema):
    starts_at = fields.DateTime(required=True, dump_only=True)
    ends_at = fields.DateTime(required=True, dump_only=True)


class PerformerSlots(Schema):
    timezone = fields.Str(required=True, dump_only=True, metadata={"description": "Of the performer"})
    duration_minutes = fields.Int(required=True, dump_only=True)
    items = fields.List(fields.Nested(Slot), required=True, dump_only=True)
