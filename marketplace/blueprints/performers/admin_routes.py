"""What staff do with performers."""

from typing import Any

from marketplace.blueprints.performers import policies, schemas
from marketplace.blueprints.performers.blueprint import blp
from marketplace.blueprints.performers.ports import FullProfile, StaffSearch
from marketplace.blueprints.performers.wiring import performers
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, staff
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.language import preferred_language
from marketplace.web.pagination import split_page


@blp.get("/admin/performers")
@staff
@blp.arguments(schemas.StaffQuery, location="query")
@blp.paged(schemas.FullPerformer)
def list_all_performers(query: dict[str, Any]) -> Page[FullProfile]:
    """All performers, newest first"""
    page, filters = split_page(query)
    return performers().decisions.search(StaffSearch(**filters), page, preferred_language())


@blp.post("/admin/performers/<int:performer_id>/approve")
@staff
@idempotent
@blp.problem(409, "`transition_not_allowed`")
@blp.arguments(schemas.PerformerNote)
@blp.response(200, schemas.FullPerformer)
@tagged("performer")
def approve_performer(data: dict[str, Any], performer_id: int) -> FullProfile:
    """Let a performer in, or in again"""
    return _decide(performer_id, policies.APPROVED, data["reason"])


@blp.post("/admin/performers/<int:performer_id>/reject")
@staff
@idempotent
@blp.problem(409, "`transition_not_allowed`")
@blp.arguments(schemas.PerformerReason)
@blp.response(200, schemas.FullPerformer)
@tagged("performer")
def reject_performer(data: dict[str, Any], performer_id: int) -> FullProfile:
    """Refuse an application"""
    return _decide(performer_id, policies.REJECTED, data["reason"])


@blp.post("/admin/performers/<int:performer_id>/suspend")
@staff
@idempotent
@blp.problem(409, "`transition_not_allowed`")
@blp.arguments(schemas.PerformerReason)
@blp.response(200, schemas.FullPerformer)
@tagged("performer")
def suspend_performer(data: dict[str, Any], performer_id: int) -> FullProfile:
    """Take an approved performer off the market"""
    return _decide(performer_id, policies.SUSPENDED, data["reason"])


def _decide(performer_id: int, status: str, reason: str | None) -> FullProfile:
    return performers().decisions.decide(
        current_principal(), performer_id, status, reason, preferred_language()
    )
