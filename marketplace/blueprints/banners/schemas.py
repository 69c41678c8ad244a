"""Schemas of banners."""

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import PatchSchema, Schema
from marketplace.web.pagination import PageQuery


class BannerQuery(PageQuery):
    """The spot and place to show banners in."""

    placement = fields.Slug(max=64, description="Only banners of this spot", example="home")
    city_id = fields.Id(description="Adds the banners of this city to those that are shown everywhere")


class Banner(Schema):
    """A banner to show."""

    id = fields.Id(required=True)
    placement = fields.Slug(
        required=True,
        max=64,
        description="The spot of the page that it is for, as the frontend names it",
        example="home",
    )
    title = fields.Str(
        required=True,
        dump_only=True,
        description="The text, for those who do not see the picture too",
        example="Spring cleaning",
    )
    image_url = fields.Str(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The picture: a path on this server or an absolute address; null without one",
    )
    link_url = fields.Str(
        required=True,
        allow_none=True,
        dump_only=True,
        description="Where a click leads; null without a link",
        example="https://example.org/spring",
    )
    city_id = fields.Id(
        required=True, allow_none=True, description="The city in which it is shown; null for everywhere"
    )


class AdminBannerQuery(PageQuery):
    """The banners that the list is narrowed to."""

    placement = fields.Slug(max=64, description="Only banners of this spot", example="home")
    city_id = fields.Id(description="Only banners of this city, without those that are shown everywhere")
    is_active = fields.Bool(description="True: only those that are switched on; false: only the others")


class AdminBanner(Banner):
    """A banner as staff sees it."""

    priority = fields.Int(required=True, description="The highest is shown first")
    starts_at = fields.DateTime(
        required=True, allow_none=True, description="When it is first shown; null for at once"
    )
    ends_at = fields.DateTime(
        required=True, allow_none=True, description="When it is no longer shown; null for never"
    )
    is_active = fields.Bool(required=True, description="Whether it is switched on")
    created_at = fields.DateTime(required=True)


class BannerViews(Schema):
    """The banners that somebody saw."""

    ids = fields.List(
        fields.Id(), required=True, min=1, max=50, unique=True, description="The banners that came into view"
    )


class BannerImage(Schema):
    """The picture to show."""

    file = fields.Upload(required=True, description="A JPEG, PNG or WebP file of at most 25 megapixels")


class BannerStatsQuery(Schema):
    """The days to count."""

    first = fields.Date(
        data_key="from", description="The first day (UTC); 30 days up to the last one if left out"
    )
    last = fields.Date(data_key="to", description="The last day (UTC); today if left out")


class BannerDay(Schema):
    """The views and clicks of a day."""

    day = fields.Date(required=True, description="The day (UTC)")
    views = fields.Int(min=0, required=True, description="How often it was seen")
    clicks = fields.Int(min=0, required=True, description="How often somebody followed it")


class BannerStats(Schema):
    """The views and clicks of a banner."""

    views = fields.Int(min=0, required=True, description="How often it was seen in the whole period")
    clicks = fields.Int(
        min=0, required=True, description="How often somebody followed it in the whole period"
    )
    days = fields.List(
        fields.Nested(BannerDay), required=True, dump_only=True, description="Each day of the period"
    )


class BannerIn(Schema):
    """A new banner."""

    placement = fields.Slug(
        required=True,
        max=64,
        description="The spot of the page that it is for, as the frontend names it",
        example="home",
    )
    title = fields.Str(
        required=True, max=200, description="The text, for those who do not see the picture too"
    )
    image_url = fields.Url(
        allow_none=True, description="The address of a picture; upload one instead, or leave it out"
    )
    link_url = fields.Url(
        allow_none=True, description="Where a click leads", example="https://example.org/spring"
    )
    city_id = fields.Id(allow_none=True, description="The city in which it is shown; null for everywhere")
    priority = fields.Int(load_default=0, description="The highest is shown first")
    starts_at = fields.DateTime(allow_none=True, description="When it is first shown; null for at once")
    ends_at = fields.DateTime(
        allow_none=True, description="When it is no longer shown, after `starts_at`; null for never"
    )
    is_active = fields.Bool(load_default=True, description="Whether it is switched on")


class BannerPatch(PatchSchema):
    """The fields of a banner to change."""

    placement = fields.Slug(
        max=64, description="The spot of the page that it is for, as the frontend names it", example="home"
    )
    title = fields.Str(max=200, description="The text, for those who do not see the picture too")
    image_url = fields.Url(allow_none=True, description="The address of a picture; null removes it")
    link_url = fields.Url(
        allow_none=True,
        description="Where a click leads; null removes the link",
        example="https://example.org/spring",
    )
    city_id = fields.Id(allow_none=True, description="The city in which it is shown; null for everywhere")
    priority = fields.Int(description="The highest is shown first")
    starts_at = fields.DateTime(allow_none=True, description="When it is first shown; null for at once")
    ends_at = fields.DateTime(
        allow_none=True, description="When it is no longer shown, after `starts_at`; null for never"
    )
    is_active = fields.Bool(description="Whether it is switched on")
