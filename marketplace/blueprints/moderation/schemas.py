"""Schemas of moderation."""

from marketplace.blueprints.moderation.policies import (
    MAX_STATS_DAYS,
    ChangeStatus,
    ClaimFilter,
    ReportOutcome,
    ReportStatus,
)
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.pagination import PageQuery
from marketplace.web.pending import ChangeSubject

MAX_BULK = 1000


class ChangeRequest(Schema):
    """An edit that waits, or waited, for staff."""

    id = fields.Id(required=True)
    subject = fields.Nested(ChangeSubject, required=True, description="What is edited")
    field_name = fields.Str(required=True, max=64, description="The field that is edited", example="headline")
    old_value = fields.Raw(
        description="The value when the edit was made, of the field's own type; of an approved one: what"
        " it really replaced"
    )
    new_value = fields.Raw(description="The wanted value, of the field's own type")
    old_display = fields.Raw(
        description="`old_value` for people: categories as `{id, name}`, avatars by an address that opens"
        " them"
    )
    new_display = fields.Raw(description="`new_value` for people, likewise")
    status = fields.Enum(ChangeStatus, required=True, description="What became of it")
    created_at = fields.DateTime(required=True)
    decided_at = fields.DateTime(
        required=True,
        allow_none=True,
        description="When staff decided, or when it was withdrawn or replaced; null while it is pending",
    )
    reason = fields.Str(
        required=True,
        allow_none=True,
        max=1000,
        description="Why staff rejected it or asked for another version; null otherwise",
    )


class Claim(Schema):
    """Who looks at something of a queue."""

    claimed_by = fields.Id(
        required=True, allow_none=True, description="The member of staff who looks at it; null for nobody"
    )
    claimed_until = fields.DateTime(
        required=True, allow_none=True, description="When that claim ends by itself; null without one"
    )


class QueuedChange(ChangeRequest, Claim):
    """An edit as staff sees it."""

    requested_by = fields.Id(required=True, description="The user who made the edit")
    decided_by = fields.Id(
        required=True,
        allow_none=True,
        description="The user who decided: a member of staff, or the one who withdrew it; null while it"
        " is pending",
    )


class OwnChangesQuery(PageQuery):
    """The edits that the list is narrowed to."""

    status = fields.Enum(ChangeStatus, description="Only edits with this status")


class NextChangeQuery(Schema):
    """The kind of edit to take."""

    field_name = fields.Str(
        max=64, description="Only edits of this field, such as `headline`", example="headline"
    )
    subject_type = fields.Str(
        max=64, description="Only edits of this kind of thing: `user` or `performer`", example="performer"
    )


class ChangesQuery(OwnChangesQuery, NextChangeQuery):
    """The edits that the queue is narrowed to."""

    claimed = fields.Enum(
        ClaimFilter,
        description="`mine`: only those that you look at; `none`: only those that nobody looks at",
    )


class DecisionReason(Schema):
    """Why staff decides so."""

    reason = fields.Str(required=True, min=1, max=1000, description="The reason, which the user reads")


class BulkStatus(Schema):
    """The things to move, and where to."""

    ids = fields.List(
        fields.Id(),
        required=True,
        min=1,
        max=MAX_BULK,
        unique=True,
        description="The things to move, all of the kind in the address",
    )
    status = fields.Str(
        required=True,
        max=32,
        description="For performers `approved`, `rejected`, `suspended`; for users `active`, `blocked`; for"
        " services and reviews `visible`, `hidden`; for changes `approved`, `rejected`, `revision_requested`",
        example="approved",
    )
    reason = fields.Str(max=1000, description="Why; needed for all but `approved`, `active` and `visible`")


class BulkResult(Schema):
    """What became of one id."""

    id = fields.Id(required=True)
    ok = fields.Bool(required=True, description="Whether it has the wanted state now")
    code = fields.Str(
        max=64,
        description="What prevented it; only there when `ok` is false",
        example="transition_not_allowed",
    )


class BulkResults(Schema):
    """What became of each id."""

    results = fields.List(
        fields.Nested(BulkResult),
        required=True,
        max=MAX_BULK,
        description="A result for each id, in their order",
    )


class BulkDecided(BulkResults):
    """What became of each id, and how to take it back."""

    operation_id = fields.Id(
        required=True,
        allow_none=True,
        description="Takes the decision back at `POST /admin/bulk/{operation_id}/undo`; null when nothing"
        " was moved",
    )
    undo_until = fields.DateTime(
        required=True,
        allow_none=True,
        description="Until when it can be taken back; null when nothing was moved",
    )


class AuditQuery(PageQuery):
    """The entries that the log is narrowed to."""

    actor_id = fields.Id(description="Only what this user did")
    on_behalf_of = fields.Id(description="Only what admins did while they acted as this user")
    action = fields.Str(max=64, description="Only this action", example="user.blocked")
    subject_type = fields.Str(max=64, description="Only what was done to this kind of thing", example="user")
    subject_id = fields.Id(
        description="Only what was done to the thing with this id; use it with `subject_type`"
    )


class AuditEntry(Schema):
    """Something that was done, with who did it."""

    id = fields.Id(required=True)
    actor_id = fields.Id(
        required=True,
        allow_none=True,
        description="Who did it; null for the program itself and for acts that need no log-in",
    )
    on_behalf_of = fields.Id(
        required=True, allow_none=True, description="The user as whom an admin acted; null otherwise"
    )
    action = fields.Str(required=True, max=64, description="What was done", example="user.blocked")
    subject_type = fields.Str(
        required=True, max=64, description="The kind of thing that it was done to", example="user"
    )
    subject_id = fields.Id(
        required=True, allow_none=True, description="The thing that it was done to; null where there is none"
    )
    before = fields.Raw(
        description="What it was before, as far as it changed; null where there is nothing to say"
    )
    after = fields.Raw(description="What it is since, likewise")
    reason = fields.Str(
        required=True, allow_none=True, max=1000, description="The reason that was given; null without one"
    )
    request_id = fields.Str(
        required=True,
        allow_none=True,
        max=128,
        description="The `X-Request-ID` of the call; null outside of calls",
    )
    ip = fields.Str(
        required=True,
        allow_none=True,
        max=64,
        description="The network address that the call came from; null outside of calls",
        example="203.0.113.7",
    )
    created_at = fields.DateTime(required=True)


class ReportIn(Schema):
    """What is reported, and why."""

    content_type = fields.Str(
        required=True,
        max=32,
        description="The kind of thing: `performer`, `service`, `review`, `message` or `user`",
        example="review",
    )
    content_id = fields.Id(required=True, description="The id of that thing")
    reason = fields.Text(required=True, min=3, max=1000, description="What is wrong with it, for staff")


class FiledReport(Schema):
    """A report as the one who made it sees it."""

    id = fields.Id(required=True)
    content_type = fields.Str(
        required=True, max=32, description="The kind of thing that is reported", example="review"
    )
    content_id = fields.Id(required=True, description="The id of that thing")
    reason = fields.Str(required=True, max=1000, description="What is wrong with it")
    status = fields.Enum(ReportStatus, required=True, description="Whether staff has decided")
    created_at = fields.DateTime(required=True)


class ReportedContent(Schema):
    """What is reported, to read beside the report."""

    text = fields.Str(required=True, description="Its text; may be empty")
    pictures = fields.List(
        fields.Str(max=2048, description="The path of a picture on this server"),
        required=True,
        description="Its pictures, by paths on this server that open for 10 to 20 minutes",
    )
    hidden = fields.Bool(required=True, description="Whether staff has hidden it")


class Report(FiledReport, Claim):
    """A report as staff sees it."""

    content = fields.Nested(
        ReportedContent,
        required=True,
        allow_none=True,
        description="What is reported, as it is now: of a `review`. Null for other kinds of things, which"
        " staff reads elsewhere",
    )

    reporter_id = fields.Id(required=True, description="The user who reported it")
    owner_id = fields.Id(required=True, description="The user whose content, or who, is reported")
    outcome = fields.Enum(
        ReportOutcome, required=True, allow_none=True, description="What staff decided; null while it is open"
    )
    note = fields.Str(
        required=True,
        allow_none=True,
        max=1000,
        description="What staff noted at the decision, for staff alone; null without one",
    )
    closed_by = fields.Id(
        required=True, allow_none=True, description="The member of staff who closed it; null while it is open"
    )
    closed_at = fields.DateTime(
        required=True, allow_none=True, description="When staff closed it; null while it is open"
    )


class NextReportQuery(Schema):
    """The kind of report to take."""

    content_type = fields.Str(
        max=32, description="Only reports of this kind of thing, such as `review`", example="review"
    )


class ReportsQuery(PageQuery, NextReportQuery):
    """The reports that the queue is narrowed to."""

    status = fields.Enum(ReportStatus, description="Only reports with this status")
    claimed = fields.Enum(
        ClaimFilter,
        description="`mine`: only those that you look at; `none`: only those that nobody looks at",
    )
    owner_id = fields.Id(description="Only what is reported of this user")


class ReportDecision(Schema):
    """What staff decides on a report."""

    outcome = fields.Enum(
        ReportOutcome, required=True, description="`upheld` if the report is right, `dismissed` if not"
    )
    note = fields.Str(max=1000, description="A note for staff; the one who reported learns the outcome alone")
    hide = fields.Bool(
        load_default=False,
        description="Hide the reported `review` too, for the reason in `note`; only with `upheld`",
    )


class StatsQuery(Schema):
    """The days to count."""

    first = fields.Date(
        data_key="from", description="The first day (UTC); 30 days up to the last one if left out"
    )
    last = fields.Date(data_key="to", description="The last day (UTC); today if left out")


class DailyCounts(Schema):
    """How often something happened, day by day."""

    name = fields.Str(required=True, max=64, example="sign_ups", description="What is counted")
    total = fields.Int(required=True, min=0, description="The sum of all days")
    days = fields.List(
        fields.Int(min=0),
        required=True,
        max=MAX_STATS_DAYS,
        description="A number for each day, from `from` on",
    )


class QueueAge(Schema):
    """What waits for staff."""

    name = fields.Str(
        required=True,
        max=64,
        example="changes",
        description="The queue: `changes`, `reports`, `performers` or `certificates`",
    )
    count = fields.Int(required=True, min=0, description="How many wait")
    oldest_seconds = fields.Int(
        required=True,
        allow_none=True,
        min=0,
        description="How long the oldest has waited, in seconds; null when nothing waits",
    )


class Stats(Schema):
    """What happened in a period, and what waits now."""

    first = fields.Date(required=True, data_key="from", description="The first day (UTC)")
    last = fields.Date(required=True, data_key="to", description="The last day (UTC)")
    counters = fields.List(
        fields.Nested(DailyCounts), required=True, dump_only=True, description="What happened, by kind"
    )
    queues = fields.List(
        fields.Nested(QueueAge), required=True, dump_only=True, description="What waits for staff now"
    )
