"""Routes of disputes for the parties of an order."""

from typing import Any

from flask import request

from marketplace.blueprints.disputes import schemas
from marketplace.blueprints.disputes.ports import DisputeView, EvidenceView, NewEvidence
from marketplace.blueprints.disputes.wiring import disputes
from marketplace.blueprints.orders.contracts import OrderRef
from marketplace.blueprints.orders.schemas.orders import Order
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.etag import tagged
from marketplace.web.idempotency import idempotent, idempotent_after
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint(
    "disputes",
    description="A party that is not content opens a dispute: all that would happen to the order by itself"
    " stands still. Both show evidence and propose how to end it; staff decides after 72 hours, or when a"
    " party asks.",
    url_prefix="/orders",
    rank=72,
)


@blp.post("/<int:order_id>/dispute")
@limit("20/hour", key=caller_key)
@verified
@idempotent
@blp.problems("wrong_party", "transition_not_allowed")
@blp.arguments(schemas.DisputeCreate)
@blp.response(200, Order)
@tagged("order")
def dispute_order(data: dict[str, Any], order_id: int) -> OrderRef:
    """Open a dispute about an order

    Either party of an order that is `confirmed`, `in_progress` or `delivered` asks for help; it becomes
    `disputed`, and nothing happens to it by itself any more. Both parties can add evidence and agree on an
    outcome (`/resolve`); the one that opened the dispute can take it back (`/withdraw`), and all goes on
    where it stood. An admin decides from `decision_due_at` on: 72 hours later, or when a party asks
    (`/escalate`). A second dispute of an order has only what the first one has left of these 72 hours.
    """
    return disputes().disputes.open(current_principal(), order_id, data)


@blp.get("/<int:order_id>/dispute")
@verified
@blp.response(200, schemas.Dispute)
def get_dispute(order_id: int) -> DisputeView:
    """Get the dispute of an order

    The open one, or the last one that has ended, with its evidence and what you may do; `not_found` when
    there was none. The order's parties and staff see it.
    """
    return disputes().disputes.get(current_principal(), order_id)


def _prepared(data: dict[str, Any]) -> NewEvidence:
    order_id: int = (request.view_args or {})["order_id"]
    return disputes().evidence.prepare(current_principal(), order_id, data["note"], data["file"].stream)


def _discard(new: NewEvidence) -> None:
    disputes().evidence.discard(new)


@blp.post("/<int:order_id>/evidence")
@verified
@limit("60/hour", key=caller_key)
@blp.problems(
    "only_parties",
    "dispute_not_open",
    "too_much_evidence",
    "not_a_document",
    "document_too_large",
    "picture_too_large",
    "pictures_at_once",
    "pictures_spent",
    "storage_full",
)
@blp.arguments(schemas.NewEvidence, location="form")
@idempotent_after(_prepared, _discard)
@blp.response(201, schemas.Evidence)
def add_evidence(new: NewEvidence, order_id: int) -> EvidenceView:
    """Add evidence to a dispute

    You are a party of a `disputed` order (`dispute_not_open` otherwise), and send a PDF or a picture; a
    picture is encoded anew, without the data that cameras add. The other party, which is notified, and staff
    can open it. Each party has at most 10 files for an order (`too_much_evidence`).
    """
    return disputes().evidence.add(current_principal(), order_id, new)


@blp.get("/<int:order_id>/evidence")
@verified
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.Evidence)
def list_evidence(query: dict[str, Any], order_id: int) -> Page[EvidenceView]:
    """List the evidence of an order

    That of both parties, the oldest first, with fresh links to the files. The order's parties and staff see
    it, also when the dispute has ended.
    """
    page, _ = split_page(query)
    return disputes().evidence.list_page(current_principal(), order_id, page)


@blp.delete("/<int:order_id>/evidence/<int:evidence_id>")
@verified
@blp.problems("only_parties", "dispute_not_open")
@blp.response(204)
def remove_evidence(order_id: int, evidence_id: int) -> None:
    """Delete a piece of your evidence

    The file is deleted too; this cannot be undone. When the dispute has ended, its evidence stays
    (`dispute_not_open`).
    """
    disputes().evidence.remove(current_principal(), order_id, evidence_id)
