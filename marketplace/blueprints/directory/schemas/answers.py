"""Schemas of what the directory shows of performers and services."""

from marketplace.blueprints.certificates.schemas import PublicCertificate
from marketplace.blueprints.offers.contracts import Pricing
from marketplace.blueprints.offers.schemas import Service
from marketplace.blueprints.performers.schemas import PerformerCategory, PerformerCity
from marketplace.blueprints.portfolio.schemas import PortfolioImage
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema


class PerformerPerson(Schema):
    """A user as others see one."""

    id = fields.Id(required=True)
    first_name = fields.Str(required=True, description="The first name")
    last_name = fields.Str(required=True, min=0, description="The first letter of the last name")
    avatar_url = fields.Str(
        required=True, allow_none=True, description="The path of the picture on this server; null without one"
    )


class PerformerService(Schema):
    """A service of a public profile."""

    id = fields.Id(required=True)
    category_id = fields.Id(required=True)
    title = fields.Str(required=True, description="What is offered, in a line")
    description = fields.Text(required=True, description="What is offered, in full; may be empty")
    pricing = fields.Enum(Pricing, required=True, description="How the service is paid for")
    price = fields.Money(
        required=True,
        allow_none=True,
        description="The price of all of it, or with `hourly` of an hour; null only with `quote`",
    )
    duration_minutes = fields.Int(required=True, description="How long the service takes, in minutes")


class PerformerCard(Schema):
    """A performer in a list."""

    id = fields.Id(required=True, dump_only=True)
    user = fields.Nested(
        PerformerPerson, required=True, dump_only=True, description="The user behind the profile"
    )
    headline = fields.Str(required=True, dump_only=True, description="What the performer does, in a line")
    city = fields.Nested(
        PerformerCity, required=True, dump_only=True, description="The city where the performer works"
    )
    categories = fields.List(
        fields.Nested(PerformerCategory),
        required=True,
        dump_only=True,
        description="What kinds of services the performer offers",
    )
    verified = fields.Bool(
        required=True, dump_only=True, description="Whether staff has checked a certificate of the performer"
    )
    rating = fields.Float(
        min=1,
        max=5,
        required=True,
        allow_none=True,
        dump_only=True,
        description="The average of published reviews in stars; null under 3 reviews",
    )
    rating_count = fields.Int(required=True, dump_only=True, description="The number of published reviews")
    price_from = fields.Money(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The price of the cheapest service; null when no service has a price",
    )
    distance_km = fields.Float(
        min=0,
        max=21_000,
        required=True,
        allow_none=True,
        dump_only=True,
        description="Kilometres from `near` to the centre of the city; null without `near`",
    )
    created_at = fields.DateTime(required=True, dump_only=True)


class SuggestedService(Schema):
    """A service, by its title."""

    id = fields.Id(required=True, dump_only=True)
    title = fields.Str(required=True, dump_only=True, description="What is offered, in a line")
    performer_id = fields.Id(required=True, dump_only=True)


class PerformerSuggestions(Schema):
    """What somebody who types may mean: up to 5 of each kind, the most likely first."""

    categories = fields.List(
        fields.Nested(PerformerCategory),
        required=True,
        dump_only=True,
        description="Categories whose name has a word like this, in any language",
    )
    performers = fields.List(
        fields.Nested(PerformerCard), required=True, dump_only=True, description="Performers who fit"
    )
    services = fields.List(
        fields.Nested(SuggestedService), required=True, dump_only=True, description="Services that fit"
    )


class CategoryCount(PerformerCategory):
    """A category with the number of performers in it."""

    count = fields.Int(
        min=1, required=True, dump_only=True, description="How many performers the search would find with it"
    )


class CityCount(PerformerCity):
    """A city with the number of performers in it."""

    count = fields.Int(
        min=1, required=True, dump_only=True, description="How many performers the search would find with it"
    )


class PerformerFacets(Schema):
    """How many performers a search would find with another category or city."""

    categories = fields.List(
        fields.Nested(CategoryCount),
        required=True,
        dump_only=True,
        description="Categories with those above them, the largest count first; counted without the filter"
        " `category_id`",
    )
    cities = fields.List(
        fields.Nested(CityCount),
        required=True,
        dump_only=True,
        description="The 50 cities with the most performers; counted without the filter `city_id`",
    )


class AspectRating(Schema):
    """The published reviews of a performer that rate one aspect."""

    average = fields.Float(
        min=1,
        max=5,
        required=True,
        allow_none=True,
        dump_only=True,
        description="The average in stars; null under 3 reviews that rate it",
    )
    count = fields.Int(
        required=True, dump_only=True, description="The number of published reviews that rate it"
    )


class PerformerAspects(Schema):
    """What published reviews say of a performer by aspect."""

    quality = fields.Nested(AspectRating, required=True, dump_only=True, description="How good the work is")
    punctuality = fields.Nested(
        AspectRating, required=True, dump_only=True, description="How well agreed times are kept"
    )
    communication = fields.Nested(
        AspectRating, required=True, dump_only=True, description="How well the performer answers and explains"
    )


class PerformerRating(Schema):
    """The published reviews of a performer, counted."""

    average = fields.Float(
        min=1,
        max=5,
        required=True,
        allow_none=True,
        dump_only=True,
        description="The average in stars; null under 3 reviews",
    )
    count = fields.Int(required=True, dump_only=True, description="The number of published reviews")
    stars = fields.Dict(
        keys=fields.Str(),
        values=fields.Int(),
        required=True,
        dump_only=True,
        description="The number of reviews by stars, with the keys `1` to `5`",
    )
    aspects = fields.Nested(
        PerformerAspects,
        required=True,
        dump_only=True,
        description="Quality, punctuality and communication, which customers may rate apart",
    )


class PerformerResponseTime(Schema):
    """How fast a performer answers new orders and chats."""

    p33 = fields.Int(
        required=True, dump_only=True, description="Minutes within which a third of the answers came"
    )
    p66 = fields.Int(
        required=True, dump_only=True, description="Minutes within which two thirds of the answers came"
    )


class PublicPerformer(Schema):
    """The public profile of a performer."""

    id = fields.Id(required=True, dump_only=True)
    user = fields.Nested(
        PerformerPerson, required=True, dump_only=True, description="The user behind the profile"
    )
    headline = fields.Str(required=True, dump_only=True, description="What the performer does, in a line")
    about = fields.Text(required=True, dump_only=True, description="What the performer says of the work")
    city = fields.Nested(
        PerformerCity, required=True, dump_only=True, description="The city where the performer works"
    )
    timezone = fields.Str(
        required=True,
        dump_only=True,
        description="The IANA time zone of the performer's schedule and days",
        example="Europe/Berlin",
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
    categories = fields.List(
        fields.Nested(PerformerCategory),
        required=True,
        dump_only=True,
        description="What kinds of services the performer offers",
    )
    services = fields.List(
        fields.Nested(PerformerService),
        required=True,
        dump_only=True,
        description="The services that can be booked, or asked a quote for",
    )
    certificates = fields.List(
        fields.Nested(PublicCertificate),
        required=True,
        dump_only=True,
        description="The certificates that staff has approved and that have not expired",
    )
    portfolio = fields.List(
        fields.Nested(PortfolioImage),
        required=True,
        dump_only=True,
        description="Pictures of finished work, in the performer's order",
    )
    response_rate = fields.Float(
        min=0,
        max=1,
        required=True,
        allow_none=True,
        dump_only=True,
        description="The share of new orders and chats of the last 90 days that the performer answered,"
        " 0 to 1; null under 5 answers",
    )
    response_time_minutes = fields.Nested(
        PerformerResponseTime,
        required=True,
        allow_none=True,
        dump_only=True,
        description="How fast answers came; null under 5 answers",
    )
    completion_rate = fields.Float(
        min=0,
        max=1,
        required=True,
        allow_none=True,
        dump_only=True,
        description="Of a year's orders that were completed, or accepted and then cancelled by the performer,"
        " the share that was completed, 0 to 1; null under 5 of them",
    )
    verified = fields.Bool(
        required=True, dump_only=True, description="Whether staff has checked a certificate of the performer"
    )
    on_vacation_until = fields.Date(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The last day of the vacation that the performer is on today; null without one",
    )
    rating = fields.Nested(
        PerformerRating, required=True, dump_only=True, description="What published reviews say"
    )
    created_at = fields.DateTime(required=True, dump_only=True)


class FoundService(Service):
    """A service in a list, with its performer."""

    distance_km = fields.Float(
        min=0,
        max=21_000,
        required=True,
        allow_none=True,
        dump_only=True,
        description="Kilometres from `near` to the centre of the city; null without `near`",
    )
