"""The schema of a pending change request, as own profiles show it."""

from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema


class ChangeSubject(Schema):
    """What a change is of."""

    type = fields.Str(
        required=True,
        max=64,
        dump_only=True,
        description="The kind of thing: `user` or `performer`",
        example="performer",
    )
    id = fields.Id(required=True, dump_only=True)


class PendingChange(Schema):
    """An edit of a moderated field that waits for staff."""

    id = fields.Id(required=True, dump_only=True)
    subject = fields.Nested(ChangeSubject, required=True, dump_only=True, description="What is changed")
    field_name = fields.Str(required=True, max=64, dump_only=True, description="The field that is changed")
    old_value = fields.Raw(description="The value when the change was asked for, of the field's own type")
    new_value = fields.Raw(description="The value that is wanted, of the field's own type")
    status = fields.Str(
        required=True, max=32, dump_only=True, description="`pending` or `revision_requested`"
    )
    created_at = fields.DateTime(required=True, dump_only=True)
    decided_at = fields.DateTime(
        required=True,
        allow_none=True,
        dump_only=True,
        description="When staff asked for a revision",
    )
    reason = fields.Str(
        required=True,
        allow_none=True,
        max=1000,
        dump_only=True,
        description="Why staff asked for a revision",
    )
