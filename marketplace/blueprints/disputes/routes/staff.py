"""Routes of staff for disputes."""

from typing import Any

from marketplace.blueprints.disputes import schemas
from marketplace.blueprints.disputes.ports import DisputeFilter, DisputeRecord, DisputeView
from marketplace.blueprints.disputes.wiring import disputes
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, staff
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.pagination import split_page

blp = VersionedBlueprint(
    "disputes_admin",
    description="Staff: disputes",
    url_prefix="/admin/disputes",
    staff={
        "disputes": "The queue of open disputes; admins decide at `POST /admin/orders/{order_id}/resolve`."
    },
)


@blp.get("")
@staff
@blp.arguments(schemas.DisputesQuery, location="query")
@blp.paged(schemas.QueuedDispute)
def list_disputes(query: dict[str, Any]) -> Page[DisputeRecord]:
    """List open disputes

    Those whose decision is due first come first; `?due=true` is what staff may decide now.
    """
    page, filters = split_page(query)
    return disputes().disputes.list_open(page, DisputeFilter(**filters))


@blp.get("/<int:dispute_id>")
@staff
@blp.response(200, schemas.Dispute)
def get_dispute_for_staff(dispute_id: int) -> DisputeView:
    """Get a dispute

    With its evidence and what a party proposes; the order's timeline tells the rest.
    """
    return disputes().disputes.get_for_staff(current_principal(), dispute_id)
