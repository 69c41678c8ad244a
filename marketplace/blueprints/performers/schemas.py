"""What goes in and out of performers."""

from enum import StrEnum
from typing import Any

import marshmallow as ma

from marketplace.blueprints.integrations.public import MAX_DOCUMENT_BYTES
from marketplace.blueprints.performers.certificate_schemas import PublicCertificate
from marketplace.blueprints.performers.portfolio_schemas import PortfolioImage
from marketplace.web import fields
from marketplace.web.pagination import PageQuery
from marketplace.web.pending import PendingChange
from marketplace.web.schema import PatchSchema, Schema
from marketplace.web.searching import PlaceAndTime

MAX_CATEGORIES = 20
MAX_LANGUAGES = 10
MAX_FILES = 5


class Sort(StrEnum):
    """The orders of the public list."""

    NEWEST = "newest"
    RATING = "rating"
    PRICE = "price"
    DISTANCE = "distance"
    RELEVANCE = "relevance"


class Status(StrEnum):
    """What staff think of a performer."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


class PerformerAddress(Schema):
    line1 = fields.Str(required=True, max=200)
    line2 = fields.Str(max=200)
    postal_code = fields.Str(max=20)
    note = fields.Str(max=500, metadata={"description": "How to find it"})


class PerformerApplication(Schema):
    city_id = fields.Id(required=True)
    headline = fields.Str(required=True, max=160)
    about = fields.Text(required=True, min=1, max=4_000)
    category_ids = fields.List(fields.Id(), required=True, min=1, max=MAX_CATEGORIES, unique=True)
    address = fields.Nested(PerformerAddress, required=True)
    timezone = fields.TimeZone(required=True)
    languages = fields.List(fields.Locale(), max=MAX_LANGUAGES, unique=True)
    experience_years = fields.Int(min=0, max=80)
    avatar = fields.Upload(metadata={"description": "In multipart: JPEG, PNG or WebP, at most 25 megapixels"})
    certificates = fields.List(
        fields.Upload(max_bytes=MAX_DOCUMENT_BYTES),
        max=MAX_FILES,
        metadata={"description": "In multipart: PDF, JPEG, PNG or WebP; their names become their titles"},
    )


class PerformerPatch(PatchSchema):
    city_id = fields.Id()
    headline = fields.Str(max=160)
    about = fields.Text(min=1, max=4_000)
    category_ids = fields.List(fields.Id(), min=1, max=MAX_CATEGORIES, unique=True)
    address = fields.Nested(PerformerAddress)
    timezone = fields.TimeZone()
    languages = fields.List(fields.Locale(), max=MAX_LANGUAGES, unique=True)
    experience_years = fields.Int(min=0, max=80, allow_none=True)


class SearchFilters(PlaceAndTime):
    city_id = fields.Id()
    category_id = fields.Id(metadata={"description": "With all categories below it"})
    q = fields.Search(metadata={"description": "In the headline, the text and the name"})
    verified = fields.Bool()
    min_rating = fields.Float(
        min=1, max=5, metadata={"description": "Only those with enough reviews to show an average"}
    )
    max_price = fields.Int(
        min=0,
        max=10**15,
        metadata={
            "description": "Of the cheapest service, in minor units; send `currency` where several are in use"
        },
    )
    currency = fields.Currency(
        metadata={"description": "Only whose cheapest service has its price in this currency"}
    )


class SearchQuery(SearchFilters, PageQuery):
    sort = fields.Enum(
        Sort,
        load_default=Sort.NEWEST,
        metadata={
            "description": "`distance` needs `near`, `relevance` needs `q`; `price` compares amounts: send"
            " `currency` with it where several are in use"
        },
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_combination(self, data: dict[str, Any], **_: Any) -> None:
        errors = {}
        if data["sort"] == Sort.DISTANCE and "near" not in data:
            errors["sort"] = ["Sorting by distance needs near."]
        if data["sort"] == Sort.RELEVANCE and "q" not in data:
            errors["sort"] = ["Sorting by relevance needs q."]
        if errors:
            raise ma.ValidationError(errors)


class SuggestQuery(Schema):
    q = fields.Search(required=True, metadata={"description": "What has been typed so far"})
    city_id = fields.Id(metadata={"description": "Performers and services of this city only"})


class NumberedSearchQuery(SearchQuery):
    page = fields.Int(
        min=1,
        max=1_000,
        metadata={
            "description": "Retired: pages by number, within the first 1,000 rows",
            "deprecated": True,
        },
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_page(self, data: dict[str, Any], **_: Any) -> None:
        if "page" in data and ("after" in data or "before" in data):
            raise ma.ValidationError({"page": ["Send a page number or a cursor, not both."]})


class StaffQuery(PageQuery):
    status = fields.Enum(Status)
    q = fields.Search(metadata={"description": "In the headline, the names and the e-mail"})
    city_id = fields.Id()
    category_id = fields.Id(metadata={"description": "With all categories below it, hidden ones too"})
    verified = fields.Bool()
    active = fields.Bool(metadata={"description": "Whether the profile is not paused"})


class PerformerReason(Schema):
    reason = fields.Text(required=True, min=1, max=1_000, metadata={"description": "The performer reads it"})


class PerformerNote(Schema):
    reason = fields.Text(
        load_default=None,
        min=1,
        max=1_000,
        metadata={"description": "For the audit log; nobody else reads it"},
    )


class PerformerPerson(Schema):
    id = fields.Id(required=True)
    first_name = fields.Str(required=True)
    last_name = fields.Str(required=True, min=0, metadata={"description": "The initial"})
    avatar_url = fields.Str(required=True, allow_none=True)


class PerformerOwner(Schema):
    id = fields.Id(required=True)
    username = fields.Str(required=True)
    first_name = fields.Str(required=True)
    last_name = fields.Str(required=True, min=0)
    avatar_url = fields.Str(required=True, allow_none=True)
    is_active = fields.Bool(required=True)


class PerformerCity(Schema):
    id = fields.Id(required=True)
    name = fields.Str(required=True)
    country_code = fields.Country(required=True)


class PerformerCategory(Schema):
    id = fields.Id(required=True)
    slug = fields.Str(required=True)
    name = fields.Str(required=True, metadata={"description": "In the caller's language"})


class PerformerService(Schema):
    id = fields.Id(required=True)
    category_id = fields.Id(required=True)
    title = fields.Str(required=True)
    description = fields.Text(required=True)
    pricing = fields.Str(required=True)
    price = fields.Money(required=True, allow_none=True)
    duration_minutes = fields.Int(required=True)


class PerformerCard(Schema):
    id = fields.Id(required=True, dump_only=True)
    user = fields.Nested(PerformerPerson, required=True, dump_only=True)
    headline = fields.Str(required=True, dump_only=True)
    city = fields.Nested(PerformerCity, required=True, dump_only=True)
    categories = fields.List(fields.Nested(PerformerCategory), required=True, dump_only=True)
    verified = fields.Bool(required=True, dump_only=True)
    rating = fields.Float(
        min=1,
        max=5,
        required=True,
        allow_none=True,
        dump_only=True,
        metadata={"description": "Null under 3 reviews"},
    )
    rating_count = fields.Int(required=True, dump_only=True)
    price_from = fields.Money(required=True, allow_none=True, dump_only=True)
    distance_km = fields.Float(
        min=0,
        max=21_000,
        required=True,
        allow_none=True,
        dump_only=True,
        metadata={"description": "From `near` to the city; null without `near`"},
    )
    created_at = fields.DateTime(required=True, dump_only=True)


class SuggestedService(Schema):
    id = fields.Id(required=True, dump_only=True)
    title = fields.Str(required=True, dump_only=True)
    performer_id = fields.Id(required=True, dump_only=True)


class PerformerSuggestions(Schema):
    categories = fields.List(fields.Nested(PerformerCategory), required=True, dump_only=True)
    performers = fields.List(fields.Nested(PerformerCard), required=True, dump_only=True)
    services = fields.List(fields.Nested(SuggestedService), required=True, dump_only=True)


class CategoryCount(PerformerCategory):
    count = fields.Int(min=1, required=True, dump_only=True)


class CityCount(PerformerCity):
    count = fields.Int(min=1, required=True, dump_only=True)


class PerformerFacets(Schema):
    categories = fields.List(
        fields.Nested(CategoryCount),
        required=True,
        dump_only=True,
        metadata={"description": "With those above them; counted without the filter `category_id`"},
    )
    cities = fields.List(
        fields.Nested(CityCount),
        required=True,
        dump_only=True,
        metadata={"description": "The 50 with the most; counted without the filter `city_id`"},
    )


class PerformerRating(Schema):
    average = fields.Float(
        min=1,
        max=5,
        required=True,
        allow_none=True,
        dump_only=True,
        metadata={"description": "Null under 3 reviews"},
    )
    count = fields.Int(required=True, dump_only=True)
    stars = fields.Dict(
        keys=fields.Str(),
        values=fields.Int(),
        required=True,
        dump_only=True,
        metadata={"description": "How many reviews gave 1 to 5 stars"},
    )


class PerformerResponseTime(Schema):
    p33 = fields.Int(required=True, dump_only=True, metadata={"description": "A third of the answers"})
    p66 = fields.Int(required=True, dump_only=True, metadata={"description": "Two thirds of them"})


class PublicPerformer(Schema):
    id = fields.Id(required=True, dump_only=True)
    user = fields.Nested(PerformerPerson, required=True, dump_only=True)
    headline = fields.Str(required=True, dump_only=True)
    about = fields.Text(required=True, dump_only=True)
    city = fields.Nested(PerformerCity, required=True, dump_only=True)
    timezone = fields.Str(required=True, dump_only=True)
    languages = fields.List(fields.Str(), required=True, dump_only=True)
    experience_years = fields.Int(required=True, allow_none=True, dump_only=True)
    categories = fields.List(fields.Nested(PerformerCategory), required=True, dump_only=True)
    services = fields.List(fields.Nested(PerformerService), required=True, dump_only=True)
    certificates = fields.List(fields.Nested(PublicCertificate), required=True, dump_only=True)
    portfolio = fields.List(fields.Nested(PortfolioImage), required=True, dump_only=True)
    response_rate = fields.Float(
        min=0,
        max=1,
        required=True,
        allow_none=True,
        dump_only=True,
        metadata={"description": "The answered share of 90 days' new orders and chats; null under 5 answers"},
    )
    response_time_minutes = fields.Nested(
        PerformerResponseTime,
        required=True,
        allow_none=True,
        dump_only=True,
        metadata={"description": "Within how many minutes answers came; null under 5 answers"},
    )
    completion_rate = fields.Float(
        min=0,
        max=1,
        required=True,
        allow_none=True,
        dump_only=True,
        metadata={
            "description": "Completed orders of a year, of those and the accepted ones that the performer "
            "cancelled; null under 5"
        },
    )
    verified = fields.Bool(required=True, dump_only=True)
    on_vacation_until = fields.Date(
        required=True, allow_none=True, dump_only=True, metadata={"description": "The last day of it"}
    )
    rating = fields.Nested(PerformerRating, required=True, dump_only=True)
    created_at = fields.DateTime(required=True, dump_only=True)


class FullPerformer(Schema):
    id = fields.Id(required=True, dump_only=True)
    user = fields.Nested(PerformerOwner, required=True, dump_only=True)
    status = fields.Enum(Status, required=True, dump_only=True)
    status_reason = fields.Str(required=True, allow_none=True, dump_only=True)
    active = fields.Bool(required=True, dump_only=True)
    verified = fields.Bool(required=True, dump_only=True)
    headline = fields.Str(required=True, dump_only=True)
    about = fields.Text(required=True, dump_only=True)
    address = fields.Nested(PerformerAddress, required=True, dump_only=True)
    timezone = fields.Str(required=True, dump_only=True)
    city = fields.Nested(PerformerCity, required=True, dump_only=True)
    categories = fields.List(fields.Nested(PerformerCategory), required=True, dump_only=True)
    languages = fields.List(fields.Str(), required=True, dump_only=True)
    experience_years = fields.Int(required=True, allow_none=True, dump_only=True)
    rating_count = fields.Int(required=True, dump_only=True)
    created_at = fields.DateTime(required=True, dump_only=True)
    updated_at = fields.DateTime(required=True, dump_only=True)


class OwnPerformer(FullPerformer):
    pending_changes = fields.List(
        fields.Nested(PendingChange),
        required=True,
        dump_only=True,
        metadata={"description": "Of the profile, and of the name and avatar that it shows"},
    )
