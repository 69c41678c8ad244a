"""Schemas of what a search asks for."""

from enum import StrEnum
from typing import Any

import marshmallow as ma

from marketplace.kernel.texts import Text
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.pagination import PageQuery
from marketplace.web.searching import PlaceAndTime

MAX_PRICE = fields.Money().amount.maximum


class PerformerSort(StrEnum):
    """The order of a list of performers: the `newest` first, the best `rating`, the lowest `price`, the least
    `distance` to a place, the highest `relevance` to the words of a search.
    """

    NEWEST = "newest"
    RATING = "rating"
    PRICE = "price"
    DISTANCE = "distance"
    RELEVANCE = "relevance"


class ServiceSort(StrEnum):
    """The order of a list of services: the `newest` first, the lowest `price`, the best `rating`, the least
    `distance` to a place, the highest `relevance` to the words of a search.
    """

    NEWEST = "newest"
    PRICE = "price"
    RATING = "rating"
    DISTANCE = "distance"
    RELEVANCE = "relevance"


class SearchFilters(PlaceAndTime):
    """The filters of a search for performers; all of them must hold."""

    city_id = fields.Id(description="Only performers who work in this city")
    category_id = fields.Id(description="Only performers in this category, or in one below it")
    q = fields.Search(
        description="Words in the headline, the text about the performer and the name; words that are typed"
        " almost right count too",
        example="electrician",
    )
    verified = fields.Bool(description="`true`: only verified performers; `false`: only others")
    min_rating = fields.Float(
        min=1,
        max=5,
        description="Only performers whose average is at least this; an average needs 3 reviews",
        example=4.5,
    )
    max_price = fields.Int(
        min=0,
        max=10**15,
        description="Only performers whose cheapest service costs at most this, in minor units; send"
        " `currency` where several are in use",
        example=8000,
    )
    currency = fields.Currency(description="Only performers whose cheapest service has this currency")


class SortedQuery(PageQuery):
    """A page in an order that the field `sort` names."""

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_combination(self, data: dict[str, Any], **_: Any) -> None:
        errors = {}
        if data["sort"] == PerformerSort.DISTANCE and "near" not in data:
            errors["sort"] = [Text("Sorting by distance needs near.")]
        if data["sort"] == PerformerSort.RELEVANCE and "q" not in data:
            errors["sort"] = [Text("Sorting by relevance needs q.")]
        if errors:
            raise ma.ValidationError(errors)


class SearchQuery(SearchFilters, SortedQuery):
    """A search for performers, its order and its page."""

    sort = fields.Enum(
        PerformerSort,
        load_default=PerformerSort.NEWEST,
        description="What comes first. `distance` needs `near`, `relevance` needs `q`; `price` compares"
        " amounts: send `currency` with it where several are in use",
    )


class SuggestQuery(Schema):
    """What somebody has typed so far."""

    q = fields.Search(required=True, description="What has been typed so far", example="elec")
    city_id = fields.Id(description="Only performers and services of this city; categories stay all")


class NumberedSearchQuery(SearchQuery):
    """A search for performers, its order and its page; `page` is retired."""

    page = fields.Int(
        min=1,
        max=1_000,
        metadata={
            "description": "Retired: the number of the page, from 1, within the first 1,000 rows; use"
            " `next` with `after`",
            "deprecated": True,
        },
    )

    @ma.validates_schema(skip_on_field_errors=True)
    def _check_page(self, data: dict[str, Any], **_: Any) -> None:
        if "page" in data and ("after" in data or "before" in data):
            raise ma.ValidationError({"page": ["Send a page number or a cursor, not both."]})


class ServiceQuery(PlaceAndTime, SortedQuery):
    """A search for services, its order and its page."""

    city_id = fields.Id(description="Only services of performers who work in this city")
    category_id = fields.Id(description="Only services in this category, or in one below it")
    performer_id = fields.Id(description="Only services of this performer")
    q = fields.Search(
        description="Words in the title, the description and the category; words that are typed almost right"
        " count too",
        example="lamp",
    )
    max_price = fields.Int(
        min=0,
        max=MAX_PRICE,
        description="Only services that cost at most this, in minor units; services without a price are left"
        " out",
        example=8000,
    )
    currency = fields.Currency(description="Only services that are priced in this currency")
    verified = fields.Bool(description="`true`: only services of verified performers; `false`: only others")
    min_rating = fields.Float(
        min=1,
        max=5,
        description="Only services of performers whose average is at least this; an average needs 3 reviews",
        example=4.5,
    )
    sort = fields.Enum(
        ServiceSort,
        load_default=ServiceSort.NEWEST,
        description="What comes first. `distance` needs `near`, `relevance` needs `q`; `price` compares"
        " amounts: send `currency` with it where several are in use",
    )
