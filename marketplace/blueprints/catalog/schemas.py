"""What goes in and out of the catalog."""

from typing import Any

import marshmallow as ma

from marketplace.blueprints.catalog.policies import Pricing, ServiceSort
from marketplace.web import fields
from marketplace.web.pagination import PageQuery
from marketplace.web.schema import PatchSchema, Schema
from marketplace.web.searching import PlaceAndTime

MAX_PRICE = fields.Money().amount.maximum


class CategoryQuery(Schema):
    city_id = fields.Id(metadata={"description": "Keep categories with performers in this city"})


class CategoryNode(Schema):
    id = fields.Id(required=True)
    slug = fields.Slug(required=True)
    name = fields.Str(required=True, dump_only=True)
    children = fields.List(fields.Nested(lambda: CategoryNode()), required=True, dump_only=True)  # noqa: PLW0108 - the name is bound below


class CategoryTree(Schema):
    items = fields.List(fields.Nested(CategoryNode), required=True, dump_only=True)


class CityQuery(PageQuery):
    q = fields.Search(
        letters=2,
        metadata={"description": "Part of any of the city's names; if none has it, much like one"},
    )
    country = fields.Country()
    near = fields.LatLng(metadata={"description": "The nearest first"})


class City(Schema):
    id = fields.Id(required=True)
    name = fields.Str(required=True, dump_only=True)
    country_code = fields.Country(required=True)
    latitude = fields.Float(min=-90, max=90, required=True)
    longitude = fields.Float(min=-180, max=180, required=True)
    timezone = fields.Str(required=True, dump_only=True)


class BannerQuery(PageQuery):
    placement = fields.Slug(max=64)
    city_id = fields.Id(metadata={"description": "Adds the banners of this city to those shown everywhere"})


class Banner(Schema):
    id = fields.Id(required=True)
    placement = fields.Slug(required=True, max=64)
    title = fields.Str(required=True, dump_only=True)
    image_url = fields.Str(required=True, allow_none=True, dump_only=True)
    link_url = fields.Str(required=True, allow_none=True, dump_only=True)
    city_id = fields.Id(required=True, allow_none=True)


class ServiceQuery(PlaceAndTime, PageQuery):
    city_id = fields.Id()
    category_id = fields.Id(metadata={"description": "This category and all below it"})
    performer_id = fields.Id()
    q = fields.Search(
        metadata={"description": "In the title, the description and the category; typing errors count"},
    )
    max_price = fields.Int(
        min=0,
        max=MAX_PRICE,
        metadata={"description": "In minor units; services without a price are left out"},
    )
    currency = fields.Currency(metadata={"description": "Only prices in this currency"})
    verified = fields.Bool()
    min_rating = fields.Float(min=1, max=5, metadata={"description": "Needs at least three reviews"})
    sort = fields.Enum(
        ServiceSort,
        load_default=ServiceSort.NEWEST,
        metadata={
            "description": "`distance` needs `near`, `relevance` needs `q`; `price` compares amounts: send"
            " `currency` with it where several are in use"
        },
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_combination(self, data: dict[str, Any], **_: Any) -> None:
        errors = {}
        if data["sort"] == ServiceSort.DISTANCE and "near" not in data:
            errors["sort"] = ["Sorting by distance needs near."]
        if data["sort"] == ServiceSort.RELEVANCE and "q" not in data:
            errors["sort"] = ["Sorting by relevance needs q."]
        if errors:
            raise ma.ValidationError(errors)


class ServicePerformer(Schema):
    id = fields.Id(required=True)
    first_name = fields.Str(required=True, dump_only=True)
    last_name = fields.Str(required=True, min=0, dump_only=True, metadata={"description": "The initial"})
    avatar_url = fields.Str(required=True, allow_none=True, dump_only=True)
    city_id = fields.Id(required=True)
    verified = fields.Bool(required=True)
    rating = fields.Float(
        min=1, max=5, required=True, allow_none=True, metadata={"description": "null under three reviews"}
    )
    rating_count = fields.Int(min=0, required=True)


class ServiceBase(Schema):
    id = fields.Id(required=True)
    category_id = fields.Id(required=True)
    title = fields.Str(required=True, dump_only=True)
    description = fields.Text(required=True, dump_only=True)
    pricing = fields.Enum(Pricing, required=True)
    price = fields.Money(required=True, allow_none=True)
    duration_minutes = fields.Int(required=True)
    is_active = fields.Bool(required=True)
    created_at = fields.DateTime(required=True)
    updated_at = fields.DateTime(required=True)


class Service(ServiceBase):
    performer = fields.Nested(ServicePerformer, required=True)


class FoundService(Service):
    distance_km = fields.Float(
        min=0,
        max=21_000,
        required=True,
        allow_none=True,
        dump_only=True,
        metadata={"description": "From `near` to the city; null without `near`"},
    )


class OwnService(ServiceBase):
    performer_id = fields.Id(required=True)
    hidden_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When staff took it from public view"}
    )
    hidden_reason = fields.Str(required=True, allow_none=True, max=1000)


class StaffService(Service):
    hidden_at = fields.DateTime(required=True, allow_none=True)
    hidden_reason = fields.Str(required=True, allow_none=True, max=1000)


class StaffServiceQuery(PageQuery):
    performer_id = fields.Id()
    hidden = fields.Bool()
    q = fields.Search()


class ServiceHideReason(Schema):
    reason = fields.Str(required=True, min=1, max=1000)


class ServiceIn(Schema):
    category_id = fields.Id(required=True)
    title = fields.Str(required=True, min=3, max=120)
    description = fields.Text(max=4_000, load_default="")
    pricing = fields.Enum(Pricing, required=True)
    price = fields.Money(allow_none=True, metadata={"description": "Needed unless pricing is quote"})
    duration_minutes = fields.Int(required=True, min=5, max=1440)
    is_active = fields.Bool(load_default=True)


class ServicePatch(PatchSchema):
    category_id = fields.Id()
    title = fields.Str(min=3, max=120)
    description = fields.Text(max=4_000)
    pricing = fields.Enum(Pricing)
    price = fields.Money(allow_none=True)
    duration_minutes = fields.Int(min=5, max=1440)
    is_active = fields.Bool()


def _names(**options: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.Locale(),
        values=fields.Str(max=120),
        max=50,
        metadata={"description": "Names by language; `en` must be there", "example": {"en": "Plumbing"}},
        **options,
    )


class _NamesMixin(Schema):
    @ma.validates("names")
    def _need_english(self, value: dict[str, str], **_: Any) -> None:
        if "en" not in value:
            raise ma.ValidationError("The English name (en) must be there.")


class AdminCategoryQuery(PageQuery):
    parent_id = fields.Id()
    is_root = fields.Bool(metadata={"description": "Those at the top; false: all others"})
    is_active = fields.Bool()


class AdminCategory(Schema):
    id = fields.Id(required=True)
    parent_id = fields.Id(required=True, allow_none=True)
    slug = fields.Slug(required=True)
    names = fields.Raw(required=True, metadata={"type": "object", "additionalProperties": {"type": "string"}})
    position = fields.Int(required=True)
    is_active = fields.Bool(required=True)
    created_at = fields.DateTime(required=True)


class CategoryIn(_NamesMixin):
    parent_id = fields.Id(allow_none=True, load_default=None)
    slug = fields.Slug(required=True)
    names = _names(required=True)
    position = fields.Int(min=0, metadata={"description": "Among its siblings, from 0; without it, the last"})
    is_active = fields.Bool(load_default=True)


class CategoryPatch(PatchSchema, _NamesMixin):
    parent_id = fields.Id(allow_none=True)
    slug = fields.Slug()
    names = _names()
    position = fields.Int(min=0, metadata={"description": "Among its siblings, from 0; they make room"})
    is_active = fields.Bool()


class CategoryOrder(Schema):
    parent_id = fields.Id(required=True, allow_none=True, metadata={"description": "null: the top"})
    ids = fields.List(fields.Id(), required=True, min=1, max=1_000, unique=True)


class CategoryMerge(Schema):
    into_id = fields.Id(required=True)


class MergedCategory(Schema):
    category = fields.Nested(AdminCategory, required=True)
    moved = fields.Raw(
        required=True,
        metadata={
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "description": "How many things of each kind came from the other category",
            "example": {"services": 120, "performers": 14, "change_requests": 1, "children": 2},
        },
    )


class AdminCityQuery(PageQuery):
    q = fields.Search(letters=2)
    country = fields.Country()
    is_active = fields.Bool()


class AdminCity(City):
    ascii_name = fields.Str(required=True, dump_only=True)
    admin1 = fields.Str(required=True, dump_only=True)
    population = fields.Int(required=True, dump_only=True)
    alternate_names = fields.List(fields.Str(), required=True, dump_only=True)
    is_active = fields.Bool(required=True)


class CityIn(Schema):
    id = fields.Id(required=True, metadata={"description": "The id at GeoNames"})
    name = fields.Str(required=True, max=200)
    ascii_name = fields.Str(max=200)
    country_code = fields.Country(required=True)
    admin1 = fields.Str(min=0, max=200, load_default="")
    latitude = fields.Float(min=-90, max=90, required=True)
    longitude = fields.Float(min=-180, max=180, required=True)
    timezone = fields.TimeZone(required=True)
    population = fields.Int(min=0, load_default=0)
    alternate_names = fields.List(fields.Str(max=200), max=200, unique=True, load_default=list)
    is_active = fields.Bool(load_default=True)


class CityPatch(PatchSchema):
    name = fields.Str(max=200)
    ascii_name = fields.Str(max=200)
    country_code = fields.Country()
    admin1 = fields.Str(min=0, max=200)
    latitude = fields.Float(min=-90, max=90)
    longitude = fields.Float(min=-180, max=180)
    timezone = fields.TimeZone()
    population = fields.Int(min=0)
    alternate_names = fields.List(fields.Str(max=200), max=200, unique=True)
    is_active = fields.Bool()


class AdminBannerQuery(PageQuery):
    placement = fields.Slug(max=64)
    city_id = fields.Id()
    is_active = fields.Bool()


class AdminBanner(Banner):
    priority = fields.Int(required=True)
    starts_at = fields.DateTime(required=True, allow_none=True)
    ends_at = fields.DateTime(required=True, allow_none=True)
    is_active = fields.Bool(required=True)
    created_at = fields.DateTime(required=True)


class BannerViews(Schema):
    ids = fields.List(fields.Id(), required=True, min=1, max=50, unique=True)


class BannerImage(Schema):
    file = fields.Upload(required=True, metadata={"description": "JPEG, PNG or WebP, at most 25 megapixels"})


class BannerStatsQuery(Schema):
    first = fields.Date(data_key="from", metadata={"description": "The first day (UTC)"})
    last = fields.Date(data_key="to", metadata={"description": "The last day (UTC), today without it"})


class BannerDay(Schema):
    day = fields.Date(required=True)
    views = fields.Int(min=0, required=True)
    clicks = fields.Int(min=0, required=True)


class BannerStats(Schema):
    views = fields.Int(min=0, required=True)
    clicks = fields.Int(min=0, required=True)
    days = fields.List(fields.Nested(BannerDay), required=True, dump_only=True)


class BannerIn(Schema):
    placement = fields.Slug(required=True, max=64)
    title = fields.Str(required=True, max=200)
    image_url = fields.Url(allow_none=True)
    link_url = fields.Url(allow_none=True)
    city_id = fields.Id(allow_none=True, metadata={"description": "null: everywhere"})
    priority = fields.Int(load_default=0, metadata={"description": "The highest is shown first"})
    starts_at = fields.DateTime(allow_none=True)
    ends_at = fields.DateTime(allow_none=True)
    is_active = fields.Bool(load_default=True)


class BannerPatch(PatchSchema):
    placement = fields.Slug(max=64)
    title = fields.Str(max=200)
    image_url = fields.Url(allow_none=True)
    link_url = fields.Url(allow_none=True)
    city_id = fields.Id(allow_none=True)
    priority = fields.Int()
    starts_at = fields.DateTime(allow_none=True)
    ends_at = fields.DateTime(allow_none=True)
    is_active = fields.Bool()
