"""The SQL of disputes."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, text, update

from marketplace.blueprints.disputes.ports import (
    DisputeFilter,
    DisputeRecord,
    DisputeRepository,
    EvidenceCounts,
)
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.disputes import Dispute, DisputeEvidence
from marketplace.models.orders import Order

# What code of before disputed has no `disputed_*`: the history tells. Whoever is first makes the row.
_OPEN_MISSING = text("""
    INSERT INTO dispute (order_id, opened_role, reason, from_status, opened_at, due_at)
    SELECT o.id, coalesce(o.disputed_by, t.actor_role), coalesce(t.reason, ''),
           coalesce(o.disputed_from, t.from_status), o.state_entered_at,
           coalesce(o.decision_due_at, o.state_entered_at + interval '72 hours')
    FROM "order" o LEFT JOIN LATERAL (
        SELECT actor_role, reason, from_status FROM order_transition
        WHERE order_id = o.id AND transition = 'dispute' ORDER BY id DESC LIMIT 1
    ) t ON true
    WHERE o.status = 'disputed' AND (CAST(:order_id AS bigint) IS NULL OR o.id = :order_id)
      AND coalesce(o.disputed_by, t.actor_role) IS NOT NULL
      AND NOT EXISTS (SELECT FROM dispute d WHERE d.order_id = o.id AND d.ended_at IS NULL)
    ORDER BY o.id LIMIT :limit
    ON CONFLICT (order_id) WHERE ended_at IS NULL DO NOTHING
    RETURNING id""")
_NOTE_ASKED = text("""
    UPDATE dispute d SET asked_role = t.actor_role, asked_at = t.created_at, due_at = o.decision_due_at
    FROM "order" o JOIN order_transition t ON t.order_id = o.id
    WHERE d.order_id = :order_id AND d.ended_at IS NULL AND d.asked_at IS NULL AND o.id = d.order_id
      AND t.id = (SELECT max(id) FROM order_transition WHERE order_id = o.id AND transition = 'escalate')""")
_CLOSE_ENDED = text("""
    UPDATE dispute d SET ended_at = t.created_at, ended_role = t.actor_role, decision = t.reason,
           outcome = CASE t.transition WHEN 'withdraw' THEN 'withdrawn' ELSE t.to_status END
    FROM "order" o JOIN order_transition t ON t.order_id = o.id
    WHERE d.ended_at IS NULL AND (CAST(:order_id AS bigint) IS NULL OR d.order_id = :order_id)
      AND o.id = d.order_id AND o.status <> 'disputed'
      AND t.id = (SELECT max(id) FROM order_transition
                  WHERE order_id = o.id AND from_status = 'disputed' AND to_status <> 'disputed')
    RETURNING d.id""")


def _count(side: str) -> Any:
    return (
        select(func.count())
        .where(DisputeEvidence.order_id == Dispute.order_id, DisputeEvidence.side == side)
        .scalar_subquery()
        .label(f"{side}_evidence")
    )


_COLUMNS: tuple[Any, ...] = (
    Dispute.id,
    Dispute.order_id,
    Order.title.label("order_title"),
    Order.customer_id,
    Order.performer_id,
    Dispute.opened_role.label("opened_by"),
    Dispute.category,
    Dispute.reason,
    Dispute.text,
    Dispute.opened_at,
    Dispute.due_at,
    Dispute.asked_role.label("asked_by"),
    Dispute.asked_at,
    Dispute.ended_at,
    Dispute.ended_role.label("ended_by"),
    Dispute.outcome,
    Dispute.decision,
    _count("customer"),
    _count("performer"),
)


class SqlDisputeRepository(SqlRepository, DisputeRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def open_missing(self, order_id: int | None, limit: int) -> int:
        found = self.session.execute(_OPEN_MISSING, {"order_id": order_id, "limit": limit})
        return len(found.all())

    def note_asked(self, order_id: int) -> None:
        self.session.execute(_NOTE_ASKED, {"order_id": order_id})

    def close_ended(self, order_id: int | None) -> int:
        return len(self.session.execute(_CLOSE_ENDED, {"order_id": order_id}).all())

    def describe(self, order_id: int, category: str, text: str) -> None:
        is_open = (Dispute.order_id == order_id, Dispute.ended_at.is_(None))
        self.write(update(Dispute).where(*is_open).values(category=category, text=text))

    def lock_open(self, order_id: int) -> int | None:
        statement = (
            select(Dispute.id)
            .where(Dispute.order_id == order_id, Dispute.ended_at.is_(None))
            .with_for_update(key_share=True)
        )
        return self.session.scalar(statement)

    def find_latest(self, order_id: int) -> DisputeRecord | None:
        return self._one(_select().where(Dispute.order_id == order_id).order_by(Dispute.id.desc()).limit(1))

    def find(self, dispute_id: int) -> DisputeRecord | None:
        return self._one(_select().where(Dispute.id == dispute_id))

    def _one(self, statement: Select[Any]) -> DisputeRecord | None:
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _record(row)

    def list_open(self, page: PageRequest, wanted: DisputeFilter, now: datetime) -> Page[DisputeRecord]:
        statement = _select().where(Dispute.ended_at.is_(None)).order_by(Dispute.due_at, Dispute.id)
        if wanted.due is not None:
            statement = statement.where(Dispute.due_at <= now if wanted.due else Dispute.due_at > now)
        if wanted.asked is not None:
            asked = Dispute.asked_at.is_not(None)
            statement = statement.where(asked if wanted.asked else ~asked)
        if wanted.category is not None:
            statement = statement.where(Dispute.category == wanted.category)
        filters: Mapping[str, Any] = asdict(wanted)
        found = fetch_page(
            self.session, statement, page, self._signer, name="admin.disputes", filters=filters
        )
        return Page([_record(row) for row in found.items], found.next, found.previous)


def _select() -> Select[Any]:
    return select(*_COLUMNS).join(Order, Order.id == Dispute.order_id)


def _record(row: Row[Any]) -> DisputeRecord:
    values = dict(row._mapping)
    counts = EvidenceCounts(values.pop("customer_evidence"), values.pop("performer_evidence"))
    return DisputeRecord(**values, evidence_counts=counts)
