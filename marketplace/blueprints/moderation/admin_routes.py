"""What staff does: the queue of changes, bulk decisions, the audit log."""

from typing import Any

from marketplace.blueprints.moderation import schemas
from marketplace.blueprints.moderation.policies import ReportOutcome
from marketplace.blueprints.moderation.ports import AuditView, ChangeView, ReportView
from marketplace.blueprints.moderation.wiring import moderation
from marketplace.kernel.pages import Page
from marketplace.web.access import admin, current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.pagination import split_page

blp = VersionedBlueprint("moderation", description="Staff: decisions and the audit log", url_prefix="/admin")


@blp.get("/changes")
@staff
@blp.arguments(schemas.ChangesQuery, location="query")
@blp.paged(schemas.ChangeRequest)
def list_changes(query: dict[str, Any]) -> Page[ChangeView]:
    """The queue of change requests, oldest first"""
    page, filters = split_page(query)
    return moderation().changes.list_queue(
        page, status=filters.get("status"), field_name=filters.get("field_name")
    )


@blp.post("/changes/<int:change_id>/approve")
@staff
@idempotent
@blp.problem(409, "`change_decided`: somebody was faster; or what keeps the field from being changed")
@blp.response(200, schemas.ChangeRequest)
def approve_change(change_id: int) -> ChangeView:
    """Approve a change request: the field is changed"""
    return moderation().changes.approve(current_principal(), change_id)


@blp.post("/changes/<int:change_id>/reject")
@staff
@idempotent
@blp.problem(409, "`change_decided`: somebody was faster")
@blp.arguments(schemas.Reason)
@blp.response(200, schemas.ChangeRequest)
def reject_change(data: dict[str, Any], change_id: int) -> ChangeView:
    """Reject a change request"""
    return moderation().changes.reject(current_principal(), change_id, data["reason"])


@blp.post("/changes/<int:change_id>/request-revision")
@staff
@idempotent
@blp.problem(409, "`change_decided`: somebody was faster")
@blp.arguments(schemas.Reason)
@blp.response(200, schemas.ChangeRequest)
def request_revision(data: dict[str, Any], change_id: int) -> ChangeView:
    """Ask for another version of a change"""
    return moderation().changes.request_revision(current_principal(), change_id, data["reason"])


@blp.post("/<string:kind>/status")
@staff
@idempotent
@blp.arguments(schemas.BulkStatus)
@blp.response(200, schemas.BulkResults)
def bulk_status(data: dict[str, Any], kind: str) -> dict[str, Any]:
    """Move up to 1,000 of a kind to a status; a result for each id"""
    results = moderation().bulk.run(
        current_principal(), kind, data["ids"], data["status"], data.get("reason")
    )
    return {"results": results}


@blp.get("/audit")
@admin
@blp.arguments(schemas.AuditQuery, location="query")
@blp.paged(schemas.AuditEntry)
def list_audit(query: dict[str, Any]) -> Page[AuditView]:
    """The audit log, newest first"""
    page, filters = split_page(query)
    return moderation().audit.list_entries(page, filters)


@blp.get("/reports")
@staff
@blp.arguments(schemas.ReportsQuery, location="query")
@blp.paged(schemas.Report)
def list_reports(query: dict[str, Any]) -> Page[ReportView]:
    """What users told staff of, oldest first"""
    page, filters = split_page(query)
    return moderation().reports.list_all(page, filters)


@blp.post("/reports/<int:report_id>/close")
@staff
@idempotent
@blp.problem(403, "`own_report`, `staff_needed`")
@blp.problem(409, "`report_closed`: somebody was faster")
@blp.arguments(schemas.ReportDecision)
@blp.response(200, schemas.Report)
def close_report(data: dict[str, Any], report_id: int) -> ReportView:
    """Decide on a report; what was reported is hidden or blocked by itself"""
    return moderation().reports.close(
        current_principal(), report_id, ReportOutcome(data["outcome"]), data.get("note")
    )
