"""What goes into the routes of files."""

from marketplace.web import fields
from marketplace.web.schema import Schema


class FileLink(Schema):
    token = fields.Str(required=True, max=512)
