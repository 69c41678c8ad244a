"""Schemas of privacy."""

from marketplace.blueprints.privacy.policies import ExportStatus
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema


class Export(Schema):
    """A copy of a user's data."""

    id = fields.Id(required=True)
    status = fields.Enum(
        ExportStatus, required=True, description="How far it is; after `failed`, ask for another one"
    )
    created_at = fields.DateTime(required=True)
    ready_at = fields.DateTime(
        required=True, allow_none=True, description="When the archive was finished; null until then"
    )
    expires_at = fields.DateTime(
        required=True, allow_none=True, description="When the archive is removed; null until it is finished"
    )
    url = fields.Str(
        required=True,
        allow_none=True,
        max=1024,
        description="The link to the archive, good for 15 minutes, for anybody who has it; null until it"
        " is ready",
    )


class ExportLink(Schema):
    """The right to fetch an archive."""

    token = fields.Str(required=True, max=512, description="The token of the `url` of `GET /user/me/export`")
