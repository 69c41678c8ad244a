"""Schemas of schedules."""

from enum import StrEnum
from typing import Any

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema

MAX_NOTICE = 30 * 1440
MAX_BUFFER = 1440
"""In minutes."""
MAX_KMH = 300


class ExceptionKind(StrEnum):
    """Whether an exception adds working time (`available`) or takes it away (`unavailable`)."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


class WorkingHours(Schema):
    """A span of working time on a weekday, in the performer's time zone."""

    weekday = fields.Int(required=True, min=0, max=6, description="0 is Monday, 6 is Sunday")
    start = fields.MinuteOfDay(required=True, description="When work begins, as `HH:MM`", example="09:00")
    end = fields.MinuteOfDay(
        required=True,
        until_midnight=True,
        description="When work ends, as `HH:MM`; `24:00` is midnight",
        example="18:00",
    )


def _whole(most: int, description: str, **more: Any) -> fields.Int:
    return fields.Int(min=0, max=most, description=description, **more)


_NOTICE = (MAX_NOTICE, "How many minutes before its start an order must be booked at least")
_TRAVEL = (
    MAX_KMH,
    "How many kilometres an hour you travel between the places of two orders; 0 when you do not travel",
)
_BEFORE = (MAX_BUFFER, "How many minutes are kept free before each order")
_AFTER = (MAX_BUFFER, "How many minutes are kept free after each order")


class ScheduleIn(Schema):
    """All working hours of a week. Notice, buffers and travel that are left out stay as they are."""

    weekly = fields.List(
        fields.Nested(WorkingHours),
        required=True,
        max=70,
        description="All working hours, at most 10 spans a day; spans that touch become one",
    )
    notice_minutes = _whole(*_NOTICE)
    buffer_before_minutes = _whole(*_BEFORE)
    buffer_after_minutes = _whole(*_AFTER)
    travel_kmh = _whole(*_TRAVEL)


class PerformerSchedule(Schema):
    """The working hours of a week, with the notice and the buffers of bookings."""

    timezone = fields.Str(
        required=True, dump_only=True, description="The IANA time zone of the profile, which the hours are in"
    )
    weekly = fields.List(
        fields.Nested(WorkingHours),
        required=True,
        dump_only=True,
        description="The working hours, by weekday and start; the marketplace's when none were ever set",
    )
    notice_minutes = _whole(*_NOTICE, required=True, dump_only=True)
    buffer_before_minutes = _whole(*_BEFORE, required=True, dump_only=True)
    buffer_after_minutes = _whole(*_AFTER, required=True, dump_only=True)
    travel_kmh = _whole(*_TRAVEL, required=True, dump_only=True)
    is_default = fields.Bool(
        required=True,
        dump_only=True,
        description="Whether you never set hours, and those of the marketplace hold",
    )


class ScheduleExceptionIn(Schema):
    """Time to add to the weekly hours, or to take away from them."""

    kind = fields.Enum(ExceptionKind, required=True, description="Whether time is added or taken away")
    starts_at = fields.DateTime(required=True, description="When it begins")
    ends_at = fields.DateTime(
        required=True,
        description="When it ends: in the future, at most 366 days after `starts_at`, within two years",
    )
    note = fields.Str(
        max=200, min=0, load_default="", description="What it is for; only you read it", example="Dentist"
    )


class ScheduleException(Schema):
    """Time that is added to the weekly hours or taken away from them."""

    id = fields.Id(required=True, dump_only=True)
    kind = fields.Enum(
        ExceptionKind, required=True, dump_only=True, description="Whether time is added or taken away"
    )
    starts_at = fields.DateTime(required=True, dump_only=True, description="When it begins")
    ends_at = fields.DateTime(required=True, dump_only=True, description="When it ends")
    note = fields.Str(
        required=True, min=0, dump_only=True, description="What it is for; only the performer reads it"
    )


class VacationIn(Schema):
    """Days on which you do not work."""

    starts_on = fields.Date(required=True, description="The first day, in the profile's time zone")
    ends_on = fields.Date(
        required=True, description="The last day: not past, at most 366 days in all, within two years"
    )


class Vacation(Schema):
    """Days on which the performer does not work."""

    id = fields.Id(required=True, dump_only=True)
    starts_on = fields.Date(required=True, dump_only=True, description="The first day")
    ends_on = fields.Date(required=True, dump_only=True, description="The last day")
