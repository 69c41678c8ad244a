"""Schemas of performers."""

from enum import StrEnum

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import PatchSchema, Schema
from marketplace.web.pagination import PageQuery
from marketplace.web.pending import PendingChange
from marketplace.web.places import Coordinates

MAX_CATEGORIES = 20
MAX_LANGUAGES = 10


class PerformerStatus(StrEnum):
    """What staff has decided on a performer: nothing yet (`pending`), `approved`, `rejected`, or `suspended`
    after an approval.
    """

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


class PerformerAddress(Coordinates):
    """The performer's place of work. Staff and the performer see it, the public does not."""

    line1 = fields.Str(required=True, max=200, description="Street and number", example="Torstraße 5")
    line2 = fields.Str(max=200, description="Flat, floor, company")
    postal_code = fields.Str(max=20, description="As it is written in the country", example="10119")
    note = fields.Str(max=500, description="What helps to find the place", example="In the back yard")


class PerformerPatch(PatchSchema):
    """What is to change in a performer profile; what is left out stays."""

    city_id = fields.Id(description="The id of the city, from `GET /cities`; applies at once")
    headline = fields.Str(max=160, description="What you do, in a line; staff approves it first")
    about = fields.Text(min=1, max=4_000, description="What you say of your work; staff approves it first")
    category_ids = fields.List(
        fields.Id(),
        min=1,
        max=MAX_CATEGORIES,
        unique=True,
        description="All your categories, from `GET /categories`, instead of those before; staff approves"
        " them first",
    )
    address = fields.Nested(PerformerAddress, description="Your place of work; staff approves it first")
    timezone = fields.TimeZone(
        description="The IANA time zone of your schedule; applies at once, and your hours stay the same on"
        " the clock",
        example="Europe/Berlin",
    )
    languages = fields.List(
        fields.Locale(),
        max=MAX_LANGUAGES,
        unique=True,
        description="The languages that you speak, as BCP 47 tags; applies at once",
        example=["de", "en"],
    )
    experience_years = fields.Int(
        min=0, max=80, allow_none=True, description="Years in the trade, null to say nothing; applies at once"
    )


class StaffQuery(PageQuery):
    """The filters of staff's list of performers."""

    status = fields.Enum(PerformerStatus, description="Only performers with this status")
    q = fields.Search(description="Words in the headline, the names and the e-mail address", example="nora")
    city_id = fields.Id(description="Only performers who work in this city")
    category_id = fields.Id(
        description="Only performers in this category, or in one below it, hidden ones included"
    )
    verified = fields.Bool(description="`true`: only verified performers; `false`: only others")
    active = fields.Bool(description="`true`: only performers who take orders; `false`: only paused ones")


class PerformerReason(Schema):
    """Why staff decides against a performer."""

    reason = fields.Text(
        required=True,
        min=1,
        max=1_000,
        description="Why; the performer reads it",
        example="The headline names another person",
    )


class PerformerNote(Schema):
    """A note on an approval, if there is something to note."""

    reason = fields.Text(
        load_default=None,
        min=1,
        max=1_000,
        description="A note for the audit log; the performer does not read it",
        example="Checked by phone",
    )


class PerformerOwner(Schema):
    """The user behind a performer profile."""

    id = fields.Id(required=True)
    username = fields.Str(required=True, description="The name that the user logs in with")
    first_name = fields.Str(required=True, description="The first name")
    last_name = fields.Str(required=True, min=0, description="The last name; may be empty")
    avatar_url = fields.Str(
        required=True, allow_none=True, description="The path of the picture on this server; null without one"
    )
    is_active = fields.Bool(required=True, description="False while the account is blocked")


class PerformerCity(Schema):
    """The city where a performer works."""

    id = fields.Id(required=True)
    name = fields.Str(required=True, description="The name of the city")
    country_code = fields.Country(required=True, description="The country, as ISO 3166-1 alpha-2")


class PerformerCategory(Schema):
    """A category with its name in your language."""

    id = fields.Id(required=True)
    slug = fields.Str(required=True, description="The name in addresses, the same in all languages")
    name = fields.Str(required=True, description="The name in your language, else in English")


class FullPerformer(Schema):
    """A performer as staff sees one."""

    id = fields.Id(required=True, dump_only=True)
    user = fields.Nested(
        PerformerOwner, required=True, dump_only=True, description="The user behind the profile"
    )
    status = fields.Enum(
        PerformerStatus,
        required=True,
        dump_only=True,
        description="What staff has decided; only `approved` performers are public",
    )
    status_reason = fields.Str(
        required=True,
        allow_none=True,
        dump_only=True,
        description="Why staff has rejected or suspended the performer; else null",
    )
    active = fields.Bool(
        required=True, dump_only=True, description="The performer's own switch: false while paused"
    )
    verified = fields.Bool(
        required=True, dump_only=True, description="Whether staff has checked a certificate of the performer"
    )
    headline = fields.Str(required=True, dump_only=True, description="What the performer does, in a line")
    about = fields.Text(required=True, dump_only=True, description="What the performer says of the work")
    address = fields.Nested(
        PerformerAddress,
        required=True,
        dump_only=True,
        description="The place of work; staff and the performer see it, the public does not",
    )
    timezone = fields.Str(
        required=True,
        dump_only=True,
        description="The IANA time zone of the performer's schedule and days",
        example="Europe/Berlin",
    )
    city = fields.Nested(
        PerformerCity, required=True, dump_only=True, description="The city where the performer works"
    )
    categories = fields.List(
        fields.Nested(PerformerCategory),
        required=True,
        dump_only=True,
        description="What kinds of services the performer offers",
    )
    languages = fields.List(
        fields.Str(),
        required=True,
        dump_only=True,
        description="The languages that the performer speaks, as BCP 47 tags",
    )
    experience_years = fields.Int(
        required=True,
        allow_none=True,
        dump_only=True,
        description="Years in the trade; null when the performer does not say",
    )
    rating_count = fields.Int(required=True, dump_only=True, description="The number of published reviews")
    created_at = fields.DateTime(required=True, dump_only=True)
    updated_at = fields.DateTime(required=True, dump_only=True)


class OwnPerformer(FullPerformer):
    """Your performer profile, with what waits for staff."""

    pending_changes = fields.List(
        fields.Nested(PendingChange),
        required=True,
        dump_only=True,
        description="Edits that wait for staff: of the profile, and of the name and avatar that it shows",
    )
