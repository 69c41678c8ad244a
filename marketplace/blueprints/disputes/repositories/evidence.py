"""The SQL of evidence."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, or_, select

from marketplace.blueprints.disputes.ports import EvidenceRecord, EvidenceRepository, NewEvidence
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.disputes import DisputeEvidence
from marketplace.models.orders import Order
from marketplace.models.performers import Performer

_COLUMNS: tuple[Any, ...] = (
    DisputeEvidence.id,
    DisputeEvidence.order_id,
    DisputeEvidence.user_id,
    DisputeEvidence.side,
    DisputeEvidence.note,
    DisputeEvidence.file_key,
    DisputeEvidence.content_type,
    DisputeEvidence.size,
    DisputeEvidence.sha256,
    DisputeEvidence.created_at,
)


class SqlEvidenceRepository(SqlRepository, EvidenceRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def count(self, order_id: int, side: str) -> int:
        statement = select(func.count()).where(
            DisputeEvidence.order_id == order_id, DisputeEvidence.side == side
        )
        return self.session.scalar(statement) or 0

    def add(self, order_id: int, user_id: int, side: str, new: NewEvidence, at: datetime) -> EvidenceRecord:
        values = {**asdict(new), "order_id": order_id, "user_id": user_id, "side": side, "created_at": at}
        return _record(
            self.session.execute(insert(DisputeEvidence).values(values).returning(*_COLUMNS)).one()
        )

    def list(self, order_id: int) -> Sequence[EvidenceRecord]:
        return [_record(row) for row in self.session.execute(_of_order(order_id))]

    def list_page(self, order_id: int, page: PageRequest) -> Page[EvidenceRecord]:
        found = fetch_page(
            self.session,
            _of_order(order_id),
            page,
            self._signer,
            name="evidence",
            filters={"order": order_id},
        )
        return Page([_record(row) for row in found.items], found.next, found.previous)

    def remove(self, order_id: int, evidence_id: int, user_id: int) -> str | None:
        statement = (
            delete(DisputeEvidence)
            .where(
                DisputeEvidence.id == evidence_id,
                DisputeEvidence.order_id == order_id,
                DisputeEvidence.user_id == user_id,
            )
            .returning(DisputeEvidence.file_key)
        )
        return self.write(statement).scalar()

    def find_for(self, evidence_id: int, user_id: int) -> EvidenceRecord | None:
        # Staff is who has a role, as `Principal.is_staff` says.
        may_see = or_(
            Order.customer_id == User.id, Performer.user_id == User.id, func.cardinality(User.roles) > 0
        )
        statement = (
            select(*_COLUMNS)
            .join(Order, Order.id == DisputeEvidence.order_id)
            .join(Performer, Performer.id == Order.performer_id)
            .join(User, User.id == user_id)
            .where(DisputeEvidence.id == evidence_id, User.is_active, User.deleted_at.is_(None), may_see)
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _record(row)

    def keys_in_use(self, keys: Sequence[str]) -> set[str]:
        statement = select(DisputeEvidence.file_key).where(DisputeEvidence.file_key.in_(keys))
        return set(self.session.scalars(statement))

    def list_keys(self, user_id: int) -> Sequence[tuple[int, str]]:
        statement = (
            select(DisputeEvidence.id, DisputeEvidence.file_key)
            .where(DisputeEvidence.user_id == user_id)
            .order_by(DisputeEvidence.id)
        )
        return [(evidence_id, key) for evidence_id, key in self.session.execute(statement)]


def _of_order(order_id: int) -> Select[Any]:
    return select(*_COLUMNS).where(DisputeEvidence.order_id == order_id).order_by(DisputeEvidence.id)


def _record(row: Row[Any]) -> EvidenceRecord:
    return EvidenceRecord(**row._mapping)
