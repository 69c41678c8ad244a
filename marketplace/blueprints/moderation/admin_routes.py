"""What staff does: the queue of changes, bulk decisions, the audit log."""

from typing import Any

from marketplace.blueprints.moderation import schemas
from marketplace.blueprints.moderation.policies import ReportOutcome
from marketplace.blueprints.moderation.ports import AuditView, ChangeFilters, ChangeView, ReportView
from marketplace.blueprints.moderation.services import BulkResult, StatisticsReport
from marketplace.blueprints.moderation.wiring import moderation
from marketplace.kernel.pages import Page
from marketplace.web.access import admin, current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.language import preferred_language
from marketplace.web.pagination import split_page

blp = VersionedBlueprint("moderation", description="Staff: decisions and the audit log", url_prefix="/admin")


@blp.get("/changes")
@staff
@blp.arguments(schemas.ChangesQuery, location="query")
@blp.paged(schemas.QueuedChange)
def list_changes(query: dict[str, Any]) -> Page[ChangeView]:
    """The queue of change requests, oldest first"""
    page, filters = split_page(query)
    return moderation().changes.list_queue(
        page, ChangeFilters(**filters), current_principal(), preferred_language()
    )


@blp.post("/changes/claim-next")
@staff
@idempotent
@blp.problem(404, "`nothing_to_claim`")
@blp.arguments(schemas.NextChangeQuery, location="query")
@blp.response(200, schemas.QueuedChange)
def claim_next_change(query: dict[str, Any]) -> ChangeView:
    """Take the oldest pending change that nobody looks at; two moderators get different ones"""
    service = moderation()
    return service.changes.shown(
        service.change_claims.claim_next(current_principal(), query), preferred_language()
    )


@blp.post("/changes/<int:change_id>/claim")
@staff
@idempotent
@blp.problem(403, "`own_change`, `staff_needed`")
@blp.problem(409, "`claimed_by_other`, `change_decided`")
@blp.response(200, schemas.QueuedChange)
def claim_change(change_id: int) -> ChangeView:
    """Keep a change from others for 15 minutes, or for 15 more"""
    service = moderation()
    return service.changes.shown(
        service.change_claims.claim(current_principal(), change_id), preferred_language()
    )


@blp.post("/changes/<int:change_id>/release")
@staff
@idempotent
@blp.problem(409, "`claimed_by_other`")
@blp.response(200, schemas.QueuedChange)
def release_change(change_id: int) -> ChangeView:
    """Leave a change to others; admins release those of others too"""
    service = moderation()
    return service.changes.shown(
        service.change_claims.release(current_principal(), change_id), preferred_language()
    )


@blp.post("/changes/<int:change_id>/approve")
@staff
@idempotent
@blp.problem(
    409,
    "`change_decided`: somebody was faster; `claimed_by_other`; `subject_gone`, `field_not_moderated` or "
    "what else keeps the field from being changed",
)
@blp.response(200, schemas.QueuedChange)
def approve_change(change_id: int) -> ChangeView:
    """Approve a change request: the field is changed"""
    return moderation().changes.approve(current_principal(), change_id, preferred_language())


@blp.post("/changes/<int:change_id>/reject")
@staff
@idempotent
@blp.problem(409, "`change_decided`: somebody was faster; `claimed_by_other`")
@blp.arguments(schemas.Reason)
@blp.response(200, schemas.QueuedChange)
def reject_change(data: dict[str, Any], change_id: int) -> ChangeView:
    """Reject a change request"""
    return moderation().changes.reject(current_principal(), change_id, data["reason"], preferred_language())


@blp.post("/changes/<int:change_id>/request-revision")
@staff
@idempotent
@blp.problem(409, "`change_decided`: somebody was faster; `claimed_by_other`")
@blp.arguments(schemas.Reason)
@blp.response(200, schemas.QueuedChange)
def request_revision(data: dict[str, Any], change_id: int) -> ChangeView:
    """Ask for another version of a change"""
    return moderation().changes.request_revision(
        current_principal(), change_id, data["reason"], preferred_language()
    )


@blp.post("/<string:kind>/status")
@staff
@idempotent
@blp.arguments(schemas.BulkStatus)
@blp.response(200, schemas.BulkDecided)
def bulk_status(data: dict[str, Any], kind: str) -> BulkResult:
    """Move up to 1,000 of a kind to a status; a result for each id"""
    return moderation().bulk.run(current_principal(), kind, data["ids"], data["status"], data.get("reason"))


@blp.post("/bulk/<int:operation_id>/undo")
@staff
@idempotent
@blp.problem(403, "`foreign_operation`: neither yours nor are you an admin; `staff_needed`")
@blp.problem(409, "`already_undone`; `undo_expired`: 10 minutes are over")
@blp.response(200, schemas.BulkResults)
def undo_bulk(operation_id: int) -> BulkResult:
    """Take a bulk decision back; what has changed since stays as it is"""
    return moderation().bulk.undo(current_principal(), operation_id)


@blp.get("/audit")
@admin
@blp.arguments(schemas.AuditQuery, location="query")
@blp.paged(schemas.AuditEntry)
def list_audit(query: dict[str, Any]) -> Page[AuditView]:
    """The audit log, newest first"""
    page, filters = split_page(query)
    return moderation().audit.list_entries(page, filters)


@blp.get("/stats")
@staff
@blp.arguments(schemas.StatsQuery, location="query")
@blp.response(200, schemas.Stats)
def get_stats(query: dict[str, Any]) -> StatisticsReport:
    """What happened day by day (UTC), and how long the queues of staff are"""
    return moderation().statistics.report(query.get("first"), query.get("last"))


@blp.get("/reports")
@staff
@blp.arguments(schemas.ReportsQuery, location="query")
@blp.paged(schemas.Report)
def list_reports(query: dict[str, Any]) -> Page[ReportView]:
    """What users told staff of, oldest first"""
    page, filters = split_page(query)
    return moderation().reports.list_all(page, filters, current_principal())


@blp.post("/reports/claim-next")
@staff
@idempotent
@blp.problem(404, "`nothing_to_claim`")
@blp.arguments(schemas.NextReportQuery, location="query")
@blp.response(200, schemas.Report)
def claim_next_report(query: dict[str, Any]) -> ReportView:
    """Take the oldest open report that nobody looks at; two moderators get different ones"""
    return moderation().report_claims.claim_next(current_principal(), query)


@blp.post("/reports/<int:report_id>/claim")
@staff
@idempotent
@blp.problem(403, "`own_report`, `staff_needed`")
@blp.problem(409, "`claimed_by_other`, `report_closed`")
@blp.response(200, schemas.Report)
def claim_report(report_id: int) -> ReportView:
    """Keep a report from others for 15 minutes, or for 15 more"""
    return moderation().report_claims.claim(current_principal(), report_id)


@blp.post("/reports/<int:report_id>/release")
@staff
@idempotent
@blp.problem(409, "`claimed_by_other`")
@blp.response(200, schemas.Report)
def release_report(report_id: int) -> ReportView:
    """Leave a report to others; admins release those of others too"""
    return moderation().report_claims.release(current_principal(), report_id)


@blp.post("/reports/<int:report_id>/close")
@staff
@idempotent
@blp.problem(403, "`own_report`, `staff_needed`")
@blp.problem(409, "`report_closed`: somebody was faster; `claimed_by_other`")
@blp.arguments(schemas.ReportDecision)
@blp.response(200, schemas.Report)
def close_report(data: dict[str, Any], report_id: int) -> ReportView:
    """Decide on a report; what was reported is hidden or blocked by itself"""
    return moderation().reports.close(
        current_principal(), report_id, ReportOutcome(data["outcome"]), data.get("note")
    )
