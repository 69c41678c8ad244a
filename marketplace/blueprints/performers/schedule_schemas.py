"""What goes in and out of schedules."""

from enum import StrEnum
from typing import Any

from marketplace.web import fields
from marketplace.web.schema import Schema

MAX_NOTICE = 30 * 1440
MAX_BUFFER = 1440
"""In minutes."""


class ExceptionKind(StrEnum):
    """Whether time is added or taken away."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


class WorkingHours(Schema):
    weekday = fields.Int(required=True, min=0, max=6, metadata={"description": "0 is Monday"})
    start = fields.MinuteOfDay(required=True)
    end = fields.MinuteOfDay(required=True, until_midnight=True)


def _minutes(most: int, description: str, **more: Any) -> fields.Int:
    return fields.Int(min=0, max=most, metadata={"description": description}, **more)


_NOTICE = (MAX_NOTICE, "How long before its start an order is booked at least")
_BEFORE = (MAX_BUFFER, "Time kept free before each order")
_AFTER = (MAX_BUFFER, "Time kept free after each order")


class ScheduleIn(Schema):
    weekly = fields.List(fields.Nested(WorkingHours), required=True, max=70)
    notice_minutes = _minutes(*_NOTICE)
    buffer_before_minutes = _minutes(*_BEFORE)
    buffer_after_minutes = _minutes(*_AFTER)


class PerformerSchedule(Schema):
    timezone = fields.Str(required=True, dump_only=True, metadata={"description": "Of the profile"})
    weekly = fields.List(fields.Nested(WorkingHours), required=True, dump_only=True)
    notice_minutes = _minutes(*_NOTICE, required=True, dump_only=True)
    buffer_before_minutes = _minutes(*_BEFORE, required=True, dump_only=True)
    buffer_after_minutes = _minutes(*_AFTER, required=True, dump_only=True)


class ScheduleExceptionIn(Schema):
    kind = fields.Enum(ExceptionKind, required=True)
    starts_at = fields.DateTime(required=True)
    ends_at = fields.DateTime(required=True)
    note = fields.Str(max=200, min=0, load_default="", metadata={"description": "For oneself"})


class ScheduleException(Schema):
    id = fields.Id(required=True, dump_only=True)
    kind = fields.Enum(ExceptionKind, required=True, dump_only=True)
    starts_at = fields.DateTime(required=True, dump_only=True)
    ends_at = fields.DateTime(required=True, dump_only=True)
    note = fields.Str(required=True, min=0, dump_only=True)


class VacationIn(Schema):
    starts_on = fields.Date(required=True, metadata={"description": "In the profile's time zone"})
    ends_on = fields.Date(required=True, metadata={"description": "The last day of it"})


class Vacation(Schema):
    id = fields.Id(required=True, dump_only=True)
    starts_on = fields.Date(required=True, dump_only=True)
    ends_on = fields.Date(required=True, dump_only=True)
