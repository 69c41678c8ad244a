"""Opens and shows disputes, and keeps their rows in step with the orders."""

from collections.abc import Mapping
from typing import Any

from marketplace.blueprints.disputes.policies import MAX_EVIDENCE, PARTIES, DisputeCategory, DisputeStep
from marketplace.blueprints.disputes.ports import (
    DisputeFilter,
    DisputeRecord,
    DisputeRepository,
    DisputeView,
)
from marketplace.blueprints.disputes.services.evidence import EvidenceService
from marketplace.blueprints.orders.contracts import DisputeDesk, DisputeOutcome, OrderRef, SeenOrder
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork

BATCH = 500
"""The number of missing rows that one run of the sweep makes; a full batch adds another run at once."""


class DisputeService:
    """Disputes of orders. The orders move by their own table; this notes why, and by when staff decides."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: DisputeRepository,
        evidence: EvidenceService,
        desk: DisputeDesk,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._evidence = evidence
        self._desk = desk
        self._clock = clock

    def open(self, caller: Principal, order_id: int, values: Mapping[str, Any]) -> OrderRef:
        """Open a dispute: the step of the order, and the row that its event makes, are one transaction.

        Raises NotFound (stranger), WrongParty, TransitionNotAllowed.
        """
        with self._uow:
            order = self._desk.dispute(caller, order_id, values["reason"])
            category, text = values.get("category", DisputeCategory.OTHER), values.get("text", "")
            if category != DisputeCategory.OTHER or text:
                self._rows.describe(order_id, category, text)
            return order

    def get(self, caller: Principal, order_id: int) -> DisputeView:
        """The open dispute of an order, or the last one. Raises NotFound for strangers, and without any."""
        seen = self._desk.look(caller, order_id)
        dispute = self._rows.find_latest(order_id)
        if dispute is None:
            raise NotFound
        return self._view(caller, dispute, seen)

    def get_for_staff(self, caller: Principal, dispute_id: int) -> DisputeView:
        """A dispute by its id. Raises NotFound."""
        dispute = self._rows.find(dispute_id)
        if dispute is None:
            raise NotFound
        return self._view(caller, dispute, self._desk.look(caller, dispute.order_id))

    def list_open(self, page: PageRequest, wanted: DisputeFilter) -> Page[DisputeRecord]:
        """The queue of staff: open disputes, by when their decision is due. Raises InvalidCursor."""
        return self._rows.list_open(page, wanted, self._clock.now())

    def follow_opening(self, order_id: int) -> None:
        """Make the row of an order that has just become disputed, in the transaction of its step."""
        self._rows.open_missing(order_id, 1)

    def follow_escalation(self, order_id: int) -> None:
        """Note that a party asks staff, likewise."""
        self._rows.open_missing(order_id, 1)
        self._rows.note_asked(order_id)

    def follow_end(self, order_id: int) -> None:
        """End the dispute of an order that is disputed no more, likewise."""
        self._rows.close_ended(order_id)

    def catch_up(self) -> int:
        """Make and end the rows of disputes that code of before has opened or ended. Returns how many were
        made.
        """
        with self._uow:
            self._rows.close_ended(None)
            return self._rows.open_missing(None, BATCH)

    def _view(self, caller: Principal, dispute: DisputeRecord, seen: SeenOrder) -> DisputeView:
        files = self._evidence.list_of(caller, dispute.order_id)
        is_open = dispute.ended_at is None
        left = 0
        if is_open and seen.role in PARTIES:
            left = max(0, MAX_EVIDENCE - sum(one.side == seen.role for one in files))
        steps = seen.allowed_transitions if is_open else ()
        return DisputeView(
            **vars(dispute),
            proposal=seen.proposal if is_open else None,
            settlement=seen.settlement if dispute.outcome in set(DisputeOutcome) else None,
            evidence=files,
            evidence_left=left,
            allowed_transitions=[name for name in steps if name in set(DisputeStep)],
        )
