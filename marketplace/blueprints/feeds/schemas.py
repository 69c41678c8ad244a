"""Schemas of feeds."""

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema


class CalendarFeed(Schema):
    """Whether there is a feed of your orders."""

    created_at = fields.DateTime(
        required=True,
        allow_none=True,
        dump_only=True,
        description="When it was made; null when there is none",
    )


class NewCalendarFeed(Schema):
    """The secret address of a feed, which is shown this once."""

    url = fields.Str(
        required=True,
        dump_only=True,
        description="What you give to a calendar program; only the path where the server does not know the"
        " name that you reach it by. Whoever has it reads your orders, until you delete the feed or make it"
        " anew",
        example="https://market.example.org/feeds/Zk3vE0cX1b2mJ9q7Yw4uT8sR6pN5oLhGfDaSxCvBnMk.ics",
    )
    created_at = fields.DateTime(required=True, dump_only=True, description="When it was made")
