"""Schemas of the routes of files."""

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema


class FileLink(Schema):
    """The right to fetch a private file."""

    token = fields.Str(required=True, max=512, description="The token of the link")
