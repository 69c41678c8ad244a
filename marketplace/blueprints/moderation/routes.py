"""A user's own change requests."""

from typing import Any

from marketplace.blueprints.moderation import schemas
from marketplace.blueprints.moderation.ports import ChangeView
from marketplace.blueprints.moderation.wiring import moderation
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, signed_in
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "changes", description="Own edits that wait for staff", url_prefix="/user/me/changes"
)


@blp.get("")
@signed_in
@blp.arguments(schemas.OwnChangesQuery, location="query")
@blp.paged(schemas.ChangeRequest)
def list_own_changes(query: dict[str, Any]) -> Page[ChangeView]:
    """Own change requests, newest first"""
    page, filters = split_page(query)
    return moderation().changes.list_own(current_principal().user_id, page, **filters)


@blp.delete("/<int:change_id>")
@signed_in
@blp.problem(409, "`change_decided`: it is no longer pending")
@blp.response(204)
def withdraw_change(change_id: int) -> None:
    """Withdraw a pending change request"""
    moderation().changes.withdraw(current_principal().user_id, change_id)
