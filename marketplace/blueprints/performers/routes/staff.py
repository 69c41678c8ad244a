"""Routes of staff for performers."""

from typing import Any

from marketplace.blueprints.performers import policies, schemas
from marketplace.blueprints.performers.contracts import FullProfile
from marketplace.blueprints.performers.ports import StaffSearch
from marketplace.blueprints.performers.routes.blueprint import blp
from marketplace.blueprints.performers.wiring import performers
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, staff
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent
from marketplace.web.language import preferred_language
from marketplace.web.pagination import split_page


@blp.get("/admin/performers")
@staff
@blp.problems("search_too_broad")
@blp.arguments(schemas.StaffQuery, location="query")
@blp.paged(schemas.FullPerformer)
def list_all_performers(query: dict[str, Any]) -> Page[FullProfile]:
    """List all performers

    The newest come first, whatever their status. The queue of applications is `?status=pending`. A search
    whose words match too much is `search_too_broad`.
    """
    page, filters = split_page(query)
    return performers().decisions.search(StaffSearch(**filters), page, preferred_language())


@blp.post("/admin/performers/<int:performer_id>/approve")
@staff
@idempotent
@blp.problems("own_performer", "transition_not_allowed")
@blp.arguments(schemas.PerformerNote)
@blp.response(200, schemas.FullPerformer)
@tagged("performer")
def approve_performer(data: dict[str, Any], performer_id: int) -> FullProfile:
    """Approve a performer

    A `pending`, `rejected` or `suspended` performer becomes `approved` and public; the performer is
    notified. Your own profile is left to others (`own_performer`).
    """
    return _decide(performer_id, policies.APPROVED, data["reason"])


@blp.post("/admin/performers/<int:performer_id>/reject")
@staff
@idempotent
@blp.problems("own_performer", "transition_not_allowed")
@blp.arguments(schemas.PerformerReason)
@blp.response(200, schemas.FullPerformer)
@tagged("performer")
def reject_performer(data: dict[str, Any], performer_id: int) -> FullProfile:
    """Reject a performer

    A `pending` performer becomes `rejected`: the profile is not public, and the performer is notified with
    your reason. Your own profile is left to others (`own_performer`).
    """
    return _decide(performer_id, policies.REJECTED, data["reason"])


@blp.post("/admin/performers/<int:performer_id>/suspend")
@staff
@idempotent
@blp.problems("own_performer", "transition_not_allowed")
@blp.arguments(schemas.PerformerReason)
@blp.response(200, schemas.FullPerformer)
@tagged("performer")
def suspend_performer(data: dict[str, Any], performer_id: int) -> FullProfile:
    """Suspend a performer

    An `approved` performer becomes `suspended`: nobody finds or books the performer any more, and open
    orders go on. The performer is notified with your reason. Your own profile is left to others
    (`own_performer`).
    """
    return _decide(performer_id, policies.SUSPENDED, data["reason"])


def _decide(performer_id: int, status: str, reason: str | None) -> FullProfile:
    return performers().decisions.decide(
        current_principal(), performer_id, status, reason, preferred_language()
    )
