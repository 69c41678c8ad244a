"""Routes of staff: queues, bulk decisions, statistics, the audit log."""

from typing import Any

from marketplace.blueprints.moderation import schemas
from marketplace.blueprints.moderation.contracts import ChangeView
from marketplace.blueprints.moderation.policies import ReportOutcome
from marketplace.blueprints.moderation.ports import (
    AuditFilters,
    AuditView,
    ChangeFilters,
    ChangeKind,
    ReportFilters,
    ReportKind,
    ReportView,
)
from marketplace.blueprints.moderation.services.bulk import BulkResult
from marketplace.blueprints.moderation.services.statistics import StatisticsReport
from marketplace.blueprints.moderation.wiring import moderation
from marketplace.kernel.pages import Page
from marketplace.web.access import admin, current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.language import preferred_language
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "moderation",
    description="What waits for staff, and what staff did",
    url_prefix="/admin",
    rank=910,
    staff={
        "changes": "The queue of edits that wait for staff: claim one, then approve it, reject it or ask for"
        " another version.",
        "reports": "The queue of what users reported: claim a report, act, and close it.",
        "bulk": "Decisions on up to 1,000 things at once, and taking them back.",
        "audit": "The log of every act of staff, for admins.",
        "stats": "What happened day by day, and how long the queues are.",
    },
)


@blp.get("/changes")
@staff
@blp.arguments(schemas.ChangesQuery, location="query")
@blp.paged(schemas.QueuedChange)
def list_changes(query: dict[str, Any]) -> Page[ChangeView]:
    """List the queue of edits

    The oldest comes first. Choose `status=pending` for those that wait for a decision, and `claimed=none`
    for those that nobody looks at.
    """
    page, filters = split_page(query)
    return moderation().changes.list_queue(
        page, ChangeFilters(**filters), current_principal(), preferred_language()
    )


@blp.post("/changes/claim-next")
@staff
@idempotent
@blp.problems("nothing_to_claim")
@blp.arguments(schemas.NextChangeQuery, location="query")
@blp.response(200, schemas.QueuedChange)
def claim_next_change(query: dict[str, Any]) -> ChangeView:
    """Claim the next edit

    You get the oldest pending edit that nobody looks at, and for 15 minutes nobody else can decide on it.
    Two members of staff who call at once get different ones; your own edits are passed over.
    `nothing_to_claim` means that the queue is empty.
    """
    service = moderation()
    return service.changes.shown(
        service.change_claims.claim_next(current_principal(), ChangeKind(**query)), preferred_language()
    )


@blp.post("/changes/<int:change_id>/claim")
@staff
@idempotent
@blp.problems("own_change", "claimed_by_other", "change_decided")
@blp.response(200, schemas.QueuedChange)
def claim_change(change_id: int) -> ChangeView:
    """Claim an edit

    For 15 minutes nobody else can decide on it; calling again gives you 15 more. `own_change` means that it
    is your own edit, which another member of staff decides on.
    """
    service = moderation()
    return service.changes.shown(
        service.change_claims.claim(current_principal(), change_id), preferred_language()
    )


@blp.post("/changes/<int:change_id>/release")
@staff
@idempotent
@blp.problems("claimed_by_other")
@blp.response(200, schemas.QueuedChange)
def release_change(change_id: int) -> ChangeView:
    """Release an edit

    Others can decide on it again. Admins release the claims of others too; without a claim nothing happens.
    """
    service = moderation()
    return service.changes.shown(
        service.change_claims.release(current_principal(), change_id), preferred_language()
    )


@blp.post("/changes/<int:change_id>/approve")
@staff
@idempotent
@blp.problems(
    "own_change", "change_decided", "claimed_by_other", "subject_gone", "field_not_moderated", "category_gone"
)
@blp.response(200, schemas.QueuedChange)
def approve_change(change_id: int) -> ChangeView:
    """Approve an edit

    The field gets the new value at once, even if it holds another old value by now: `old_value` of the
    answer is what was really replaced. The user gets a notification `change.decided`. `subject_gone`,
    `field_not_moderated` and `category_gone` mean that the edit cannot be applied any more: reject it.
    """
    return moderation().changes.approve(current_principal(), change_id, preferred_language())


@blp.post("/changes/<int:change_id>/reject")
@staff
@idempotent
@blp.problems("own_change", "change_decided", "claimed_by_other")
@blp.arguments(schemas.DecisionReason)
@blp.response(200, schemas.QueuedChange)
def reject_change(data: dict[str, Any], change_id: int) -> ChangeView:
    """Reject an edit

    The field stays as it is. The user gets a notification `change.decided`, and reads the reason with the
    edit.
    """
    return moderation().changes.reject(current_principal(), change_id, data["reason"], preferred_language())


@blp.post("/changes/<int:change_id>/request-revision")
@staff
@idempotent
@blp.problems("own_change", "change_decided", "claimed_by_other")
@blp.arguments(schemas.DecisionReason)
@blp.response(200, schemas.QueuedChange)
def request_revision(data: dict[str, Any], change_id: int) -> ChangeView:
    """Ask for another version of an edit

    The field stays as it is. The user gets a notification `change.decided`, reads the reason, and can send
    the field again; the new edit replaces this one.
    """
    return moderation().changes.request_revision(
        current_principal(), change_id, data["reason"], preferred_language()
    )


@blp.get("/reports")
@staff
@blp.arguments(schemas.ReportsQuery, location="query")
@blp.paged(schemas.Report)
def list_reports(query: dict[str, Any]) -> Page[ReportView]:
    """List the queue of reports

    The oldest comes first. Choose `status=open` for those that wait for a decision, and `owner_id` for all
    that is reported of one user.
    """
    page, filters = split_page(query)
    return moderation().reports.list_all(page, ReportFilters(**filters), current_principal())


@blp.post("/reports/claim-next")
@staff
@idempotent
@blp.problems("nothing_to_claim")
@blp.arguments(schemas.NextReportQuery, location="query")
@blp.response(200, schemas.Report)
def claim_next_report(query: dict[str, Any]) -> ReportView:
    """Claim the next report

    You get the oldest open report that nobody looks at, and for 15 minutes nobody else can close it. Two
    members of staff who call at once get different ones; reports by you or about you are passed over.
    `nothing_to_claim` means that the queue is empty.
    """
    return moderation().report_claims.claim_next(current_principal(), ReportKind(**query))


@blp.post("/reports/<int:report_id>/claim")
@staff
@idempotent
@blp.problems("own_report", "claimed_by_other", "report_closed")
@blp.response(200, schemas.Report)
def claim_report(report_id: int) -> ReportView:
    """Claim a report

    For 15 minutes nobody else can close it; calling again gives you 15 more. `own_report` means that you
    made it or that it concerns you.
    """
    return moderation().report_claims.claim(current_principal(), report_id)


@blp.post("/reports/<int:report_id>/release")
@staff
@idempotent
@blp.problems("claimed_by_other")
@blp.response(200, schemas.Report)
def release_report(report_id: int) -> ReportView:
    """Release a report

    Others can close it again. Admins release the claims of others too; without a claim nothing happens.
    """
    return moderation().report_claims.release(current_principal(), report_id)


@blp.post("/reports/<int:report_id>/close")
@staff
@idempotent
@blp.problems("own_report", "report_closed", "claimed_by_other", "own_review")
@blp.arguments(schemas.ReportDecision)
@blp.response(200, schemas.Report)
def close_report(data: dict[str, Any], report_id: int) -> ReportView:
    """Close a report

    The one who reported gets a notification `report.closed` with the outcome, and not the note. With `hide` a
    reported review is hidden in the same step; one of you or by you is left to others (`own_review`). Without
    it, closing changes nothing about what was reported: hide it or block its owner by the calls for that.
    """
    return moderation().reports.close(
        current_principal(),
        report_id,
        ReportOutcome(data["outcome"]),
        data.get("note"),
        hide=data["hide"],
    )


@blp.post(
    "/<string:kind>/status",
    path={"kind": "What to decide on: `performers`, `users`, `services`, `reviews` or `changes`"},
)
@blp.choices("kind", lambda: {kind: {"status": some} for kind, some in moderation().bulk.statuses.items()})
@staff
@idempotent
@blp.arguments(schemas.BulkStatus)
@blp.response(200, schemas.BulkDecided)
def bulk_status(data: dict[str, Any], kind: str) -> BulkResult:
    """Set the status of many things at once

    Moves up to 1,000 things of one kind, and gives a result for each id in the order sent: `ok`, or the code
    of what prevented it, for example `transition_not_allowed` for an edit that is decided already. A refused
    id does not stop the others. `POST /admin/bulk/{operation_id}/undo` takes the whole back for 10 minutes.
    """
    return moderation().bulk.run(current_principal(), kind, data["ids"], data["status"], data.get("reason"))


@blp.post("/bulk/<int:operation_id>/undo")
@staff
@idempotent
@blp.problems("foreign_operation", "already_undone", "undo_expired")
@blp.response(200, schemas.BulkResults)
def undo_bulk(operation_id: int) -> BulkResult:
    """Undo a bulk decision

    Everything that is still as the decision left it gets its former state back, once, within 10 minutes.
    What somebody has changed since stays, with the code `changed_since`. Only whoever decided, or an admin,
    may do this. Sessions that a block ended stay ended.
    """
    return moderation().bulk.undo(current_principal(), operation_id)


@blp.get("/stats")
@staff
@blp.arguments(schemas.StatsQuery, location="query")
@blp.response(200, schemas.Stats)
def get_stats(query: dict[str, Any]) -> StatisticsReport:
    """Get statistics

    Counts of what happened, day by day (UTC), and what waits for staff now. The period has 92 days at most,
    and is the last 30 days if you name none.
    """
    return moderation().statistics.report(query.get("first"), query.get("last"))


@blp.get("/audit")
@admin
@blp.arguments(schemas.AuditQuery, location="query")
@blp.paged(schemas.AuditEntry)
def list_audit(query: dict[str, Any]) -> Page[AuditView]:
    """List the audit log

    Who did what, the newest first: every act of staff, and what users did to their own security. Entries
    cannot be changed or deleted here.
    """
    page, filters = split_page(query)
    return moderation().audit.list_entries(page, AuditFilters(**filters))
