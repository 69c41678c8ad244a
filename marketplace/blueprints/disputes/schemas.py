"""Schemas of disputes."""

from marketplace.blueprints.disputes.policies import (
    MAX_EVIDENCE,
    MAX_TEXT,
    DisputeCategory,
    DisputeEnd,
    DisputeEnder,
    DisputeStep,
)
from marketplace.blueprints.orders.contracts import DisputeOutcome, OrderParty
from marketplace.blueprints.orders.schemas.orders import RequiredReason
from marketplace.outside.documents import MAX_BYTES
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema
from marketplace.web.pagination import PageQuery


class DisputeCreate(RequiredReason):
    """Why a party opens a dispute."""

    category = fields.Enum(
        DisputeCategory, description="What it is about; left out, `other`", example="not_done"
    )
    text = fields.Text(
        max=MAX_TEXT,
        description="The whole story; both parties and staff read it in the dispute",
        example="The lamp fell down on Monday and again on Tuesday. I wrote twice, and got no answer.",
    )


class NewEvidence(Schema):
    """A file that shows what a party says."""

    file = fields.Upload(
        required=True,
        max_bytes=MAX_BYTES,
        description="PDF, JPEG, PNG or WebP; a picture of at most 25 megapixels",
    )
    note = fields.Str(
        min=0, max=300, load_default="", description="What it shows", example="The lamp on the floor"
    )


class Evidence(Schema):
    """A piece of evidence in a dispute."""

    id = fields.Id(required=True)
    side = fields.Enum(OrderParty, required=True, description="The party that added it")
    note = fields.Str(required=True, min=0, description="What it shows, as that party says; may be empty")
    content_type = fields.Str(
        required=True,
        description="The media type of the stored file: PDF, or WebP for pictures",
        example="application/pdf",
    )
    size = fields.Int(required=True, description="The size of the stored file in bytes")
    sha256 = fields.Str(
        required=True, description="The SHA-256 of the stored file in hex: equal ones are the same file"
    )
    created_at = fields.DateTime(required=True)
    mine = fields.Bool(required=True, description="Whether it is yours: you may delete those")
    file_url = fields.Str(
        required=True,
        description="A path on this server that opens the file for 10 to 20 minutes, made for you alone. Read"
        " the evidence again for a fresh one",
    )


class EvidenceCounts(Schema):
    """How many files each party has added."""

    customer = fields.Int(required=True, description="Those of the customer")
    performer = fields.Int(required=True, description="Those of the performer")


class Settlement(Schema):
    """How a dispute ends, or is to end as a party proposes it."""

    outcome = fields.Enum(DisputeOutcome, required=True, description="The status of the order")
    refund_percent = fields.Int(
        required=True, description="The percent of the price that goes back to the customer", example=30
    )
    refund = fields.Money(
        required=True,
        allow_none=True,
        description="The same as money, rounded half to even on whole minor units; null without a price",
    )
    by = fields.Enum(
        OrderParty,
        required=True,
        allow_none=True,
        description="The party that proposes it; null for what has been decided",
    )


class QueuedDispute(Schema):
    """An open dispute in the queue of staff."""

    id = fields.Id(required=True)
    order_id = fields.Id(required=True)
    order_title = fields.Str(required=True, description="The order's title")
    customer_id = fields.Id(required=True, description="The id of the user who booked")
    performer_id = fields.Id(required=True, description="The id of the performer profile")
    category = fields.Enum(DisputeCategory, required=True, description="What it is about")
    reason = fields.Text(required=True, description="Why it was opened")
    opened_by = fields.Enum(OrderParty, required=True, description="The party that opened it")
    opened_at = fields.DateTime(required=True, description="When it was opened")
    due_at = fields.DateTime(
        required=True,
        description="From when on staff may decide: 72 hours after the order's first dispute was opened, or"
        " when a party asked for the decision",
    )
    asked_by = fields.Enum(
        OrderParty,
        required=True,
        allow_none=True,
        description="The party that asked staff; null when none did",
    )
    asked_at = fields.DateTime(required=True, allow_none=True, description="When it asked; null likewise")
    evidence_counts = fields.Nested(
        EvidenceCounts, required=True, description="How many files each party has added"
    )


class DisputesQuery(PageQuery):
    """The filters of staff's queue of disputes."""

    due = fields.Bool(description="True: only those that staff may decide now; false: only the others")
    asked = fields.Bool(description="True: only those for which a party asked staff; false: only the others")
    category = fields.Enum(DisputeCategory, description="Only those about this")


class Dispute(Schema):
    """A dispute about an order, as its parties and staff see it."""

    id = fields.Id(required=True)
    order_id = fields.Id(required=True)
    category = fields.Enum(DisputeCategory, required=True, description="What it is about")
    reason = fields.Text(required=True, description="Why it was opened, as in the order's history")
    text = fields.Text(required=True, description="The whole story; may be empty")
    opened_by = fields.Enum(OrderParty, required=True, description="The party that opened it")
    opened_at = fields.DateTime(required=True, description="When it was opened")
    due_at = fields.DateTime(
        required=True,
        description="From when on staff may decide: 72 hours after the order's first dispute was opened, or"
        " when a party asked for the decision",
    )
    asked_by = fields.Enum(
        OrderParty,
        required=True,
        allow_none=True,
        description="The party that asked staff to decide; null when none did",
    )
    asked_at = fields.DateTime(required=True, allow_none=True, description="When; null likewise")
    proposal = fields.Nested(
        Settlement,
        required=True,
        allow_none=True,
        description="What a party proposes; the other one agrees by sending the same to `POST"
        " /orders/{order_id}/resolve`. Null without a proposal",
    )
    evidence = fields.List(
        fields.Nested(Evidence), required=True, description="Of both parties, the oldest first"
    )
    evidence_left = fields.Int(
        required=True, description=f"How many files you may still add, of {MAX_EVIDENCE} for each party"
    )
    allowed_transitions = fields.List(
        fields.Enum(DisputeStep),
        required=True,
        description="The steps that you may take now, as in the order",
    )
    ended_at = fields.DateTime(
        required=True,
        allow_none=True,
        description="When it ended; null while it is open",
    )
    outcome = fields.Enum(
        DisputeEnd,
        required=True,
        allow_none=True,
        description="How it ended; null while it is open",
    )
    ended_by = fields.Enum(
        DisputeEnder,
        required=True,
        allow_none=True,
        description="Who ended it; null while it is open",
    )
    decision = fields.Text(
        required=True,
        allow_none=True,
        description="Why it ended so, as who ended it says; null when nobody said so",
    )
    settlement = fields.Nested(
        Settlement,
        required=True,
        allow_none=True,
        description="What was agreed or decided; null while it is open, and for one that was withdrawn",
    )
