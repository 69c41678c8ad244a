"""A change request as its owner sees it, wherever an own profile shows what is pending."""

from marketplace.web import fields
from marketplace.web.schema import Schema


class ChangeSubject(Schema):
    type = fields.Str(required=True, max=64, dump_only=True, metadata={"example": "performer"})
    id = fields.Id(required=True, dump_only=True)


class PendingChange(Schema):
    id = fields.Id(required=True, dump_only=True)
    subject = fields.Nested(ChangeSubject, required=True, dump_only=True)
    field_name = fields.Str(required=True, max=64, dump_only=True)
    old_value = fields.Raw()
    new_value = fields.Raw()
    status = fields.Str(
        required=True, max=32, dump_only=True, metadata={"description": "`pending` or `revision_requested`"}
    )
    created_at = fields.DateTime(required=True, dump_only=True)
    decided_at = fields.DateTime(
        required=True,
        allow_none=True,
        dump_only=True,
        metadata={"description": "When staff asked for a revision"},
    )
    reason = fields.Str(
        required=True,
        allow_none=True,
        max=1000,
        dump_only=True,
        metadata={"description": "Why staff asked for a revision"},
    )
