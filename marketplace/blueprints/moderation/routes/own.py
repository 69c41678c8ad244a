"""Routes for a user's own change requests, and for reports to staff."""

from typing import Any

from marketplace.blueprints.moderation import schemas
from marketplace.blueprints.moderation.contracts import ChangeView
from marketplace.blueprints.moderation.ports import ReportView
from marketplace.blueprints.moderation.wiring import moderation
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, signed_in
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.language import preferred_language
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "changes",
    description="Edits of a performer's name, picture and profile wait for staff before anybody sees them."
    " Here are yours, with the decisions.",
    url_prefix="/user/me/changes",
    rank=90,
)

reports_blp = VersionedBlueprint(
    "reports", description="Tell staff of content and people that break the rules.", rank=100
)


@reports_blp.post("/reports")
@signed_in
@limit("20/hour", key=caller_key)
@idempotent
@reports_blp.problems("own_content", "not_found", "already_reported")
@reports_blp.arguments(schemas.ReportIn)
@reports_blp.response(201, schemas.FiledReport)
def file_report(data: dict[str, Any]) -> ReportView:
    """Report something to staff

    Tell staff of a performer, a service, a review, a message or a user that breaks the rules. Nobody but
    staff learns who reported. Once staff has decided, you get a notification `report.closed`. `not_found`
    is also the answer for what you may not see: a user can be reported by those who had an order together,
    a message by those in its chat. `already_reported` means that your earlier report is still open.
    """
    return moderation().reports.file(
        current_principal(), data["content_type"], data["content_id"], data["reason"]
    )


@blp.get("")
@signed_in
@blp.arguments(schemas.OwnChangesQuery, location="query")
@blp.paged(schemas.ChangeRequest)
def list_own_changes(query: dict[str, Any]) -> Page[ChangeView]:
    """List your edits that wait for staff

    The newest comes first; decided, withdrawn and replaced ones stay in the list. `old_display` and
    `new_display` are the values for people: categories with their names, in the language that you ask for,
    and pictures by an address that opens them.
    """
    page, filters = split_page(query)
    return moderation().changes.list_own(current_principal().user_id, page, preferred_language(), **filters)


@blp.delete("/<int:change_id>")
@signed_in
@blp.problems("change_decided")
@blp.response(204)
def withdraw_change(change_id: int) -> None:
    """Withdraw an edit that waits for staff

    The field stays as it is. `change_decided` means that staff was faster, or that a newer edit of the
    field has replaced this one.
    """
    moderation().changes.withdraw(current_principal().user_id, change_id)
