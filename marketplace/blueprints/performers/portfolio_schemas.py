"""What goes in and out of portfolios."""

from marketplace.web import fields
from marketplace.web.schema import Schema

MAX_CAPTION = 300


class NewPortfolioImage(Schema):
    file = fields.Upload(required=True, metadata={"description": "JPEG, PNG or WebP, at most 25 megapixels"})
    caption = fields.Str(min=0, max=MAX_CAPTION, load_default="")


class PortfolioImagePatch(Schema):
    caption = fields.Str(required=True, min=0, max=MAX_CAPTION)


class PortfolioOrder(Schema):
    ids = fields.List(
        fields.Id(), required=True, max=100, metadata={"description": "All pictures, each exactly once"}
    )


class PortfolioImage(Schema):
    id = fields.Id(required=True, dump_only=True)
    url = fields.Str(required=True, dump_only=True)
    thumbnail_url = fields.Str(
        required=True,
        allow_none=True,
        dump_only=True,
        metadata={"description": "At most 400 pixels wide and high; null while it is in the making"},
    )
    width = fields.Int(required=True, dump_only=True, metadata={"description": "Pixels"})
    height = fields.Int(required=True, dump_only=True, metadata={"description": "Pixels"})
    caption = fields.Str(required=True, min=0, dump_only=True)


class OwnPortfolioImage(PortfolioImage):
    created_at = fields.DateTime(required=True, dump_only=True)


class OwnPortfolio(Schema):
    items = fields.List(fields.Nested(OwnPortfolioImage), required=True, dump_only=True)
