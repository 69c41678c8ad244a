"""Schemas of external calendars."""

from enum import StrEnum

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema


class CalendarStatus(StrEnum):
    """Not fetched yet (`pending`), fetched (`ok`), or the last fetch failed (`failing`)."""

    PENDING = "pending"
    OK = "ok"
    FAILING = "failing"


class ExternalCalendarIn(Schema):
    """The address of a calendar whose busy times count as taken."""

    url = fields.Str(
        required=True,
        max=2000,
        description="The address of an `.ics` file: `https://`, `http://` or `webcal://`, without a password."
        " It is a secret: only you see it",
        example="https://calendar.example.org/private-7f3a/basic.ics",
    )
    name = fields.Str(min=0, max=100, load_default="", description="Your name for it", example="Private")


class ExternalCalendarError(Schema):
    """Why the last fetch of a calendar failed."""

    code = fields.Str(required=True, dump_only=True, description="A stable word", example="timed_out")
    detail = fields.Str(required=True, dump_only=True, description="What is wrong, for people")


class ExternalCalendar(Schema):
    """A calendar elsewhere whose busy times count as taken."""

    id = fields.Id(required=True, dump_only=True)
    name = fields.Str(required=True, min=0, dump_only=True, description="Your name for it; may be empty")
    url = fields.Str(
        required=True,
        min=0,
        dump_only=True,
        description="The address, which only you see; empty when the server can decipher it no longer",
    )
    status = fields.Enum(
        CalendarStatus, required=True, dump_only=True, description="How the last fetch went; see the schema"
    )
    fetched_at = fields.DateTime(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The last fetch that succeeded; null before",
    )
    error = fields.Nested(
        ExternalCalendarError,
        required=True,
        allow_none=True,
        dump_only=True,
        description="Why the last fetch failed; null when it did not",
    )
    busy_count = fields.Int(
        required=True,
        dump_only=True,
        description="How many spans of time it takes from you, from yesterday to 400 days ahead",
    )
    created_at = fields.DateTime(required=True, dump_only=True, description="When you added it")


class ExternalCalendars(Schema):
    """Your external calendars."""

    items = fields.List(
        fields.Nested(ExternalCalendar),
        required=True,
        dump_only=True,
        description="At most 5, the oldest first",
    )
