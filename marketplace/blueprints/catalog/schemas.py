"""Schemas of the catalog."""

from typing import Any

import marshmallow as ma

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import PatchSchema, Schema
from marketplace.web.pagination import PageQuery


class CategoryQuery(Schema):
    """What the tree is narrowed to."""

    city_id = fields.Id(description="Only categories with performers in this city, and those above them")


class CategoryNode(Schema):
    """A category with those below it."""

    id = fields.Id(required=True)
    slug = fields.Slug(
        required=True, description="The name of the category in addresses", example="electricians"
    )
    name = fields.Str(
        required=True,
        dump_only=True,
        description="The name in the language that was asked for, or in English",
        example="Electricians",
    )
    children = fields.List(
        fields.Nested(lambda: CategoryNode()),  # noqa: PLW0108 - the name is bound below
        required=True,
        dump_only=True,
        description="The categories right below it, in order",
    )


class CategoryTree(Schema):
    """The categories as they are to be shown."""

    items = fields.List(
        fields.Nested(CategoryNode),
        required=True,
        dump_only=True,
        description="The categories at the top, in order",
    )


class CityQuery(PageQuery):
    """What to search for, and where."""

    q = fields.Search(
        letters=2, description="A part of any name of the city, two letters at least", example="münch"
    )
    country = fields.Country(description="Only cities of this country (ISO 3166-1 alpha-2)", example="DE")
    near = fields.LatLng(
        description="A place as `latitude,longitude` in degrees; the nearest come first",
        example="52.52,13.405",
    )


class City(Schema):
    """A city in which services are offered."""

    id = fields.Id(required=True)
    name = fields.Str(
        required=True, dump_only=True, description="The main name, as at GeoNames", example="Berlin"
    )
    country_code = fields.Country(required=True, description="The country (ISO 3166-1 alpha-2)", example="DE")
    latitude = fields.Float(min=-90, max=90, required=True, description="In degrees (WGS 84)")
    longitude = fields.Float(min=-180, max=180, required=True, description="In degrees (WGS 84)")
    timezone = fields.Str(
        required=True, dump_only=True, description="The time zone (IANA)", example="Europe/Berlin"
    )


def _names(**options: Any) -> fields.Dict:
    return fields.Dict(
        keys=fields.Locale(),
        values=fields.Str(max=120),
        max=50,
        description="The names by language (BCP 47); `en` must be there",
        example={"en": "Plumbing"},
        **options,
    )


class _NamesMixin(Schema):
    @ma.validates("names")
    def _need_english(self, value: dict[str, str], **_: Any) -> None:
        if "en" not in value:
            raise ma.ValidationError("The English name (en) must be there.")


class AdminCategoryQuery(PageQuery):
    """The categories that the list is narrowed to."""

    parent_id = fields.Id(description="Only categories right below this one")
    is_root = fields.Bool(description="True: only those at the top; false: only all others")
    is_active = fields.Bool(description="True: only those that the public sees; false: only hidden ones")


class AdminCategory(Schema):
    """A category as staff sees it."""

    id = fields.Id(required=True)
    parent_id = fields.Id(
        required=True, allow_none=True, description="The category above it; null at the top"
    )
    slug = fields.Slug(
        required=True, description="The name of the category in addresses", example="electricians"
    )
    names = fields.Raw(
        required=True,
        description="The names by language; `en` is always there",
        metadata={
            "type": "object",
            "additionalProperties": {"type": "string"},
            "examples": [{"en": "Electricians", "es": "Electricistas"}],
        },
    )
    position = fields.Int(required=True, description="The place among its siblings, from 0")
    is_active = fields.Bool(required=True, description="False hides it, and all below it, from the public")
    created_at = fields.DateTime(required=True)


class CategoryIn(_NamesMixin):
    """A new category."""

    parent_id = fields.Id(
        allow_none=True, load_default=None, description="The category above it; null for the top"
    )
    slug = fields.Slug(
        required=True,
        description="The name of the category in addresses: lower-case letters, digits and single hyphens",
        example="solar-roofs",
    )
    names = _names(required=True)
    position = fields.Int(min=0, description="The place among its siblings, from 0; last if left out")
    is_active = fields.Bool(
        load_default=True, description="False hides it, and all below it, from the public"
    )


class CategoryPatch(PatchSchema, _NamesMixin):
    """The fields of a category to change."""

    parent_id = fields.Id(allow_none=True, description="The category to move it below; null for the top")
    slug = fields.Slug(
        description="The name of the category in addresses; the former one goes on leading to it",
        example="solar-roofs",
    )
    names = _names()
    position = fields.Int(min=0, description="The place among its siblings, from 0; they make room")
    is_active = fields.Bool(description="False hides it, and all below it, from the public")


class CategoryOrder(Schema):
    """The wanted order of a level."""

    parent_id = fields.Id(
        required=True, allow_none=True, description="The category whose level it is; null for the top"
    )
    ids = fields.List(
        fields.Id(),
        required=True,
        min=1,
        max=1_000,
        unique=True,
        description="All categories of the level, in the wanted order",
    )


class CategoryMerge(Schema):
    """Where a category goes."""

    into_id = fields.Id(required=True, description="The category that takes everything")


class MergedCategory(Schema):
    """The category that took the other one in."""

    category = fields.Nested(AdminCategory, required=True, description="The category that is left")
    moved = fields.Raw(
        required=True,
        metadata={
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "description": "How many things of each kind came along",
            "examples": [{"services": 120, "performers": 14, "change_requests": 1, "children": 2}],
        },
    )


class AdminCityQuery(PageQuery):
    """The cities that the list is narrowed to."""

    q = fields.Search(letters=2, description="A part of any name of the city, two letters at least")
    country = fields.Country(description="Only cities of this country (ISO 3166-1 alpha-2)", example="DE")
    is_active = fields.Bool(description="True: only those that are offered; false: only hidden ones")


class AdminCity(City):
    """A city as staff sees it."""

    ascii_name = fields.Str(
        required=True, dump_only=True, description="The name without accents", example="Munich"
    )
    admin1 = fields.Str(
        required=True,
        dump_only=True,
        description="The code of the first-level division at GeoNames, such as a state; may be empty",
        example="02",
    )
    population = fields.Int(
        required=True,
        dump_only=True,
        description="How many people live there; searches show the largest first",
    )
    alternate_names = fields.List(
        fields.Str(), required=True, dump_only=True, description="Other names that searches find"
    )
    is_active = fields.Bool(required=True, description="False hides it from searches")


class CityIn(Schema):
    """A new city."""

    id = fields.Id(required=True, description="The id at GeoNames")
    name = fields.Str(required=True, max=200, description="The main name, as at GeoNames", example="Potsdam")
    ascii_name = fields.Str(max=200, description="The name without accents; made from `name` if left out")
    country_code = fields.Country(required=True, description="The country (ISO 3166-1 alpha-2)", example="DE")
    admin1 = fields.Str(
        min=0,
        max=200,
        load_default="",
        description="The code of the first-level division at GeoNames, such as a state",
    )
    latitude = fields.Float(min=-90, max=90, required=True, description="In degrees (WGS 84)")
    longitude = fields.Float(min=-180, max=180, required=True, description="In degrees (WGS 84)")
    timezone = fields.TimeZone(required=True, description="The time zone (IANA)")
    population = fields.Int(
        min=0, load_default=0, description="How many people live there; searches show the largest first"
    )
    alternate_names = fields.List(
        fields.Str(max=200),
        max=200,
        unique=True,
        load_default=list,
        description="Other names that searches find",
    )
    is_active = fields.Bool(load_default=True, description="False hides it from searches")


class CityPatch(PatchSchema):
    """The fields of a city to change."""

    name = fields.Str(max=200, description="The main name, as at GeoNames")
    ascii_name = fields.Str(
        max=200, description="The name without accents; made from a new `name` if left out"
    )
    country_code = fields.Country(description="The country (ISO 3166-1 alpha-2)")
    admin1 = fields.Str(
        min=0, max=200, description="The code of the first-level division at GeoNames, such as a state"
    )
    latitude = fields.Float(min=-90, max=90, description="In degrees (WGS 84)")
    longitude = fields.Float(min=-180, max=180, description="In degrees (WGS 84)")
    timezone = fields.TimeZone(description="The time zone (IANA)")
    population = fields.Int(min=0, description="How many people live there; searches show the largest first")
    alternate_names = fields.List(
        fields.Str(max=200), max=200, unique=True, description="Other names that searches find, all of them"
    )
    is_active = fields.Bool(description="False hides it from searches")
