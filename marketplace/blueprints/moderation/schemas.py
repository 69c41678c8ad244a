"""What goes in and out of moderation."""

from marketplace.blueprints.moderation.policies import (
    MAX_STATS_DAYS,
    ChangeStatus,
    Claimed,
    ReportOutcome,
    ReportStatus,
)
from marketplace.web import fields
from marketplace.web.pagination import PageQuery
from marketplace.web.pending import ChangeSubject
from marketplace.web.schema import Schema

MAX_BULK = 1000


class ChangeRequest(Schema):
    id = fields.Id(required=True)
    subject = fields.Nested(ChangeSubject, required=True)
    field_name = fields.Str(required=True, max=64)
    old_value = fields.Raw(metadata={"description": "Of an approved one: what it really replaced"})
    new_value = fields.Raw()
    old_display = fields.Raw(
        metadata={"description": "`old_value` for people: categories as `{id, name}`, avatars by address"}
    )
    new_display = fields.Raw()
    status = fields.Str(required=True, max=32)
    created_at = fields.DateTime(required=True)
    decided_at = fields.DateTime(required=True, allow_none=True)
    reason = fields.Str(required=True, allow_none=True, max=1000)


class Claim(Schema):
    claimed_by = fields.Id(
        required=True, allow_none=True, metadata={"description": "The member of staff who looks at it"}
    )
    claimed_until = fields.DateTime(required=True, allow_none=True)


class QueuedChange(ChangeRequest, Claim):
    requested_by = fields.Id(required=True)
    decided_by = fields.Id(required=True, allow_none=True)


class OwnChangesQuery(PageQuery):
    status = fields.Enum(ChangeStatus)


class NextChangeQuery(Schema):
    field_name = fields.Str(max=64)
    subject_type = fields.Str(max=64)


class ChangesQuery(OwnChangesQuery, NextChangeQuery):
    claimed = fields.Enum(
        Claimed, metadata={"description": "`mine`: those that I look at; `none`: those that nobody does"}
    )


class Reason(Schema):
    reason = fields.Str(required=True, min=1, max=1000)


class BulkStatus(Schema):
    ids = fields.List(fields.Id(), required=True, min=1, max=MAX_BULK, unique=True)
    status = fields.Str(
        required=True,
        max=32,
        metadata={
            "description": "performers: `approved`, `rejected`, `suspended`; users: `active`, `blocked`;"
            " services, reviews: `visible`, `hidden`; changes: `approved`, `rejected`, `revision_requested`",
            "example": "approved",
        },
    )
    reason = fields.Str(
        max=1000, metadata={"description": "Needed for all but `approved`, `active` and `visible`"}
    )


class BulkResult(Schema):
    id = fields.Id(required=True)
    ok = fields.Bool(required=True)
    code = fields.Str(max=64)


class BulkResults(Schema):
    results = fields.List(fields.Nested(BulkResult), required=True, max=MAX_BULK)


class BulkDecided(BulkResults):
    operation_id = fields.Id(
        required=True,
        allow_none=True,
        metadata={"description": "To take it back by; none when nothing was moved"},
    )
    undo_until = fields.DateTime(required=True, allow_none=True)


class AuditQuery(PageQuery):
    actor_id = fields.Id()
    on_behalf_of = fields.Id()
    action = fields.Str(max=64)
    subject_type = fields.Str(max=64)
    subject_id = fields.Id()


class AuditEntry(Schema):
    id = fields.Id(required=True)
    actor_id = fields.Id(required=True, allow_none=True)
    on_behalf_of = fields.Id(
        required=True, allow_none=True, metadata={"description": "The user as whom an admin acted"}
    )
    action = fields.Str(required=True, max=64)
    subject_type = fields.Str(required=True, max=64)
    subject_id = fields.Id(required=True, allow_none=True)
    before = fields.Raw()
    after = fields.Raw()
    reason = fields.Str(required=True, allow_none=True, max=1000)
    request_id = fields.Str(required=True, allow_none=True, max=128)
    ip = fields.Str(required=True, allow_none=True, max=64)
    created_at = fields.DateTime(required=True)


class ReportIn(Schema):
    content_type = fields.Str(
        required=True,
        max=32,
        metadata={"description": "`performer`, `service`, `review`, `message`, `user`", "example": "review"},
    )
    content_id = fields.Id(required=True)
    reason = fields.Text(required=True, min=3, max=1000)


class FiledReport(Schema):
    id = fields.Id(required=True)
    content_type = fields.Str(required=True, max=32)
    content_id = fields.Id(required=True)
    reason = fields.Str(required=True, max=1000)
    status = fields.Enum(ReportStatus, required=True)
    created_at = fields.DateTime(required=True)


class Report(FiledReport, Claim):
    reporter_id = fields.Id(required=True)
    owner_id = fields.Id(required=True, metadata={"description": "Whose it is"})
    outcome = fields.Enum(ReportOutcome, required=True, allow_none=True)
    note = fields.Str(required=True, allow_none=True, max=1000)
    closed_by = fields.Id(required=True, allow_none=True)
    closed_at = fields.DateTime(required=True, allow_none=True)


class NextReportQuery(Schema):
    content_type = fields.Str(max=32)


class ReportsQuery(PageQuery, NextReportQuery):
    status = fields.Enum(ReportStatus)
    claimed = fields.Enum(Claimed)
    owner_id = fields.Id()


class ReportDecision(Schema):
    outcome = fields.Enum(ReportOutcome, required=True)
    note = fields.Str(max=1000, metadata={"description": "For staff; the reporter learns the outcome alone"})


class StatsQuery(Schema):
    first = fields.Date(
        data_key="from", metadata={"description": "The first day (UTC); without it 30 days until the last"}
    )
    last = fields.Date(data_key="to", metadata={"description": "The last day; today without it"})


class DailyCounts(Schema):
    name = fields.Str(required=True, max=64, metadata={"example": "sign_ups"})
    total = fields.Int(required=True, min=0)
    days = fields.List(
        fields.Int(min=0),
        required=True,
        max=MAX_STATS_DAYS,
        metadata={"description": "A number a day, from `from` on"},
    )


class QueueAge(Schema):
    name = fields.Str(required=True, max=64, metadata={"example": "changes"})
    count = fields.Int(required=True, min=0)
    oldest_seconds = fields.Int(
        required=True, allow_none=True, min=0, metadata={"description": "How long the oldest waits"}
    )


class Stats(Schema):
    first = fields.Date(required=True, data_key="from")
    last = fields.Date(required=True, data_key="to")
    counters = fields.List(fields.Nested(DailyCounts), required=True, dump_only=True)
    queues = fields.List(fields.Nested(QueueAge), required=True, dump_only=True)
