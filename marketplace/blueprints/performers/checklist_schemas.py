"""What the onboarding checklist tells."""

from marketplace.web import fields
from marketplace.web.schema import Schema


class PerformerChecklistItem(Schema):
    code = fields.Str(
        required=True,
        dump_only=True,
        metadata={
            "description": "`contact_confirmed`, `about`, `category`, `service`, `approved`, `avatar`, "
            "`portfolio`, `certificate`, `schedule`; more may come"
        },
    )
    done = fields.Bool(required=True, dump_only=True)
    pending = fields.Bool(required=True, dump_only=True, metadata={"description": "It waits for staff"})
    required = fields.Bool(required=True, dump_only=True, metadata={"description": "Else recommended"})


class PerformerChecklist(Schema):
    items = fields.List(fields.Nested(PerformerChecklistItem), required=True, dump_only=True)
    complete = fields.Bool(
        required=True, dump_only=True, metadata={"description": "All that is required is done"}
    )
