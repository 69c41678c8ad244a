"""Schemas of offers."""

from marketplace.blueprints.offers.contracts import Pricing
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import PatchSchema, Schema
from marketplace.web.pagination import PageQuery


class ServicePerformer(Schema):
    """The performer of a service, as others see one."""

    id = fields.Id(required=True)
    first_name = fields.Str(required=True, dump_only=True, description="The first name")
    last_name = fields.Str(
        required=True, min=0, dump_only=True, description="The first letter of the last name"
    )
    avatar_url = fields.Str(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The path of the picture on this server; null without one",
    )
    city_id = fields.Id(required=True, description="The id of the city where the performer works")
    verified = fields.Bool(required=True, description="Whether staff has checked a certificate")
    rating = fields.Float(
        min=1,
        max=5,
        required=True,
        allow_none=True,
        description="The average of published reviews in stars; null under 3 reviews",
    )
    rating_count = fields.Int(min=0, required=True, description="The number of published reviews")


class ServiceBase(Schema):
    """What all views of a service show."""

    id = fields.Id(required=True)
    category_id = fields.Id(required=True)
    title = fields.Str(required=True, dump_only=True, description="What is offered, in a line")
    description = fields.Text(
        required=True, dump_only=True, description="What is offered, in full; may be empty"
    )
    pricing = fields.Enum(Pricing, required=True, description="How the service is paid for")
    price = fields.Money(
        required=True,
        allow_none=True,
        description="The price of all of it, or with `hourly` of an hour; null only with `quote`",
    )
    duration_minutes = fields.Int(required=True, description="How long the service takes, in minutes")
    is_active = fields.Bool(required=True, description="The performer's own switch: false while not offered")
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)


class Service(ServiceBase):
    """A service, with its performer."""

    performer = fields.Nested(ServicePerformer, required=True, description="Who offers it")


class OwnService(ServiceBase):
    """A service as its performer sees it."""

    performer_id = fields.Id(required=True)
    hidden_at = fields.DateTime(
        required=True, allow_none=True, description="When staff hid it from the public; null when it did not"
    )
    hidden_reason = fields.Str(
        required=True, allow_none=True, max=1000, description="Why staff hid it; null when it did not"
    )


class StaffService(Service):
    """A service as staff sees it."""

    hidden_at = fields.DateTime(
        required=True, allow_none=True, description="When staff hid it from the public; null when it did not"
    )
    hidden_reason = fields.Str(
        required=True, allow_none=True, max=1000, description="Why staff hid it; null when it did not"
    )


class StaffServiceQuery(PageQuery):
    """The filters of staff's list of services."""

    performer_id = fields.Id(description="Only services of this performer")
    hidden = fields.Bool(description="`true`: only services that staff has hidden; `false`: only others")
    q = fields.Search(description="Text in the title", example="lamp")


class ServiceHideReason(Schema):
    """Why staff hides a service."""

    reason = fields.Str(
        required=True,
        min=1,
        max=1000,
        description="Why; the performer reads it",
        example="The description names a phone number",
    )


class ServiceIn(Schema):
    """A service that you want to offer."""

    category_id = fields.Id(required=True, description="The id of the category, from `GET /categories`")
    title = fields.Str(
        required=True, min=3, max=120, description="What you offer, in a line", example="Install a lamp"
    )
    description = fields.Text(
        max=4_000,
        load_default="",
        description="What you offer, in full",
        example="With all that is needed; bring the lamp yourself.",
    )
    pricing = fields.Enum(Pricing, required=True, description="How the service is paid for")
    price = fields.Money(
        allow_none=True,
        description="The price of all of it, or with `hourly` of an hour; needed unless `pricing` is `quote`",
    )
    duration_minutes = fields.Int(
        required=True,
        min=5,
        max=1440,
        description="How long the service takes, in minutes; an order blocks this time",
        example=60,
    )
    is_active = fields.Bool(load_default=True, description="False to prepare it without offering it yet")


class ServicePatch(PatchSchema):
    """What is to change in a service; what is left out stays."""

    category_id = fields.Id(description="The id of another category, from `GET /categories`")
    title = fields.Str(min=3, max=120, description="What you offer, in a line", example="Install a lamp")
    description = fields.Text(max=4_000, description="What you offer, in full")
    pricing = fields.Enum(Pricing, description="How the service is paid for")
    price = fields.Money(
        allow_none=True,
        description="The price of all of it, or with `hourly` of an hour; null only with `quote`",
    )
    duration_minutes = fields.Int(
        min=5, max=1440, description="How long the service takes, in minutes", example=90
    )
    is_active = fields.Bool(description="False to offer it no longer, true to offer it again")
