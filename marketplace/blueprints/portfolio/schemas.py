"""Schemas of portfolios."""

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema

MAX_CAPTION = 300


class NewPortfolioImage(Schema):
    """A picture of your work."""

    file = fields.Upload(required=True, description="The picture: JPEG, PNG or WebP, at most 25 megapixels")
    caption = fields.Str(
        min=0, max=MAX_CAPTION, load_default="", description="What it shows", example="A fuse box of 1920"
    )


class PortfolioImagePatch(Schema):
    """Another caption for a picture."""

    caption = fields.Str(
        required=True,
        min=0,
        max=MAX_CAPTION,
        description="What the picture shows; empty to say nothing",
        example="A fuse box of 1920",
    )


class PortfolioOrder(Schema):
    """Another order of your pictures."""

    ids = fields.List(
        fields.Id(),
        required=True,
        max=100,
        description="The ids of all your pictures in the new order, each exactly once",
    )


class PortfolioImage(Schema):
    """A picture of a performer's work."""

    id = fields.Id(required=True, dump_only=True)
    url = fields.Str(
        required=True,
        dump_only=True,
        description="The path of the picture on this server, a WebP of at most 1,600 pixels a side",
    )
    thumbnail_url = fields.Str(
        required=True,
        allow_none=True,
        dump_only=True,
        description="The path of a WebP of at most 400 pixels a side; null for the seconds until it is made",
    )
    width = fields.Int(required=True, dump_only=True, description="The width in pixels")
    height = fields.Int(required=True, dump_only=True, description="The height in pixels")
    caption = fields.Str(required=True, min=0, dump_only=True, description="What it shows; may be empty")


class OwnPortfolioImage(PortfolioImage):
    """A picture of your portfolio."""

    created_at = fields.DateTime(required=True, dump_only=True)


class OwnPortfolio(Schema):
    """Your pictures in the order in which your profile shows them."""

    items = fields.List(
        fields.Nested(OwnPortfolioImage), required=True, dump_only=True, description="All pictures, in order"
    )
