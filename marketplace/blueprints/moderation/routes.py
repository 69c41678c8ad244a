"""A user's own change requests, and reports to staff."""

from typing import Any

from marketplace.blueprints.moderation import schemas
from marketplace.blueprints.moderation.ports import ChangeView, ReportView
from marketplace.blueprints.moderation.wiring import moderation
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, signed_in
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.language import preferred_language
from marketplace.web.limits import caller_key, limit
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "changes", description="Own edits that wait for staff", url_prefix="/user/me/changes"
)

reports_blp = VersionedBlueprint("reports", description="Reports to staff")


@reports_blp.post("/reports")
@signed_in
@limit("20/hour", key=caller_key)
@idempotent
@reports_blp.problem(403, "`own_content`, `not_while_acting`")
@reports_blp.problem(404, "`not_found`: nothing that you may know of")
@reports_blp.problem(409, "`already_reported`, `idempotency_in_progress`")
@reports_blp.arguments(schemas.ReportIn)
@reports_blp.response(201, schemas.FiledReport)
def file_report(data: dict[str, Any]) -> ReportView:
    """Tell staff of a performer, service, review, message or user"""
    return moderation().reports.file(
        current_principal(), data["content_type"], data["content_id"], data["reason"]
    )


@blp.get("")
@signed_in
@blp.arguments(schemas.OwnChangesQuery, location="query")
@blp.paged(schemas.ChangeRequest)
def list_own_changes(query: dict[str, Any]) -> Page[ChangeView]:
    """Own change requests, newest first"""
    page, filters = split_page(query)
    return moderation().changes.list_own(current_principal().user_id, page, preferred_language(), **filters)


@blp.delete("/<int:change_id>")
@signed_in
@blp.problem(409, "`change_decided`: it is neither pending nor to be revised")
@blp.response(204)
def withdraw_change(change_id: int) -> None:
    """Withdraw a change request that is pending or to be revised"""
    moderation().changes.withdraw(current_principal().user_id, change_id)
