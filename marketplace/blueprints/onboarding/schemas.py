"""Schemas of onboarding."""

from marketplace.blueprints.performers.schemas import MAX_CATEGORIES, MAX_LANGUAGES, PerformerAddress
from marketplace.outside.documents import MAX_BYTES as MAX_DOCUMENT_BYTES
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema

MAX_FILES = 5


class PerformerApplication(Schema):
    """A new performer profile; in multipart, structures are JSON text."""

    city_id = fields.Id(required=True, description="The id of the city where you work, from `GET /cities`")
    headline = fields.Str(
        required=True, max=160, description="What you do, in a line", example="Electrician for old houses"
    )
    about = fields.Text(
        required=True,
        min=1,
        max=4_000,
        description="What you say of your work",
        example="Twenty years of experience with lamps, sockets and fuse boxes.",
    )
    category_ids = fields.List(
        fields.Id(),
        required=True,
        min=1,
        max=MAX_CATEGORIES,
        unique=True,
        description="The ids of your categories, from `GET /categories`",
    )
    address = fields.Nested(
        PerformerAddress,
        required=True,
        description="Your place of work; staff sees it, the public does not. JSON text in multipart",
    )
    timezone = fields.TimeZone(
        required=True, description="The IANA time zone of your schedule", example="Europe/Berlin"
    )
    languages = fields.List(
        fields.Locale(),
        max=MAX_LANGUAGES,
        unique=True,
        description="The languages that you speak, as BCP 47 tags",
        example=["de", "en"],
    )
    experience_years = fields.Int(min=0, max=80, description="Years in the trade", example=20)
    avatar = fields.Upload(
        description="Your picture, in multipart alone: JPEG, PNG or WebP, at most 25 megapixels"
    )
    certificates = fields.List(
        fields.Upload(max_bytes=MAX_DOCUMENT_BYTES),
        max=MAX_FILES,
        description="Your certificates, in multipart alone: PDF, JPEG, PNG or WebP; the names of the files"
        " become their titles",
    )


class PerformerChecklistItem(Schema):
    """A thing that a new performer does."""

    code = fields.Str(
        required=True,
        dump_only=True,
        description="What is to be done: `contact_confirmed`, `about`, `category`, `service`, `approved`,"
        " `schedule`, `avatar`, `portfolio` or `certificate`; more may come",
    )
    done = fields.Bool(required=True, dump_only=True, description="Whether it is done")
    pending = fields.Bool(
        required=True, dump_only=True, description="Whether something of it waits for staff"
    )
    required = fields.Bool(
        required=True,
        dump_only=True,
        description="Without it nobody finds or books you; else it is recommended",
    )


class PerformerChecklist(Schema):
    """What a performer has done of the onboarding, and what is left."""

    items = fields.List(
        fields.Nested(PerformerChecklistItem),
        required=True,
        dump_only=True,
        description="What is required, then what is recommended",
    )
    complete = fields.Bool(required=True, dump_only=True, description="Whether all that is required is done")
