"""The SQL of what disputes hold on a user: the copy for the user, and the deletion."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, case, delete, or_, select, update

from marketplace.blueprints.disputes.ports import DisputeRecords
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.disputes import Dispute, DisputeEvidence
from marketplace.models.orders import Order
from marketplace.models.performers import Performer


class SqlDisputeRecords(SqlRepository, DisputeRecords):
    def disputes(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(
                Dispute.order_id,
                Dispute.opened_role,
                Dispute.category,
                Dispute.reason,
                Dispute.text,
                Dispute.opened_at,
                Dispute.asked_role,
                Dispute.asked_at,
                Dispute.ended_at,
                Dispute.ended_role,
                Dispute.outcome,
                Dispute.decision,
            )
            .where(Dispute.order_id.in_(_orders(user_id)))
            .order_by(Dispute.id),
        )

    def evidence(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(
                DisputeEvidence.id,
                DisputeEvidence.order_id,
                DisputeEvidence.note,
                DisputeEvidence.content_type,
                DisputeEvidence.size,
                DisputeEvidence.sha256,
                DisputeEvidence.created_at,
            )
            .where(DisputeEvidence.user_id == user_id)
            .order_by(DisputeEvidence.id),
        )

    def forget(self, user_id: int) -> Sequence[str]:
        gone = (
            delete(DisputeEvidence)
            .where(DisputeEvidence.user_id == user_id)
            .returning(DisputeEvidence.file_key)
        )
        keys = list(self.write(gone).scalars())
        opened = _wrote(Dispute.opened_role, user_id)
        self.write(
            update(Dispute)
            .where(or_(opened, _wrote(Dispute.ended_role, user_id)))
            .values(
                reason=case((opened, ""), else_=Dispute.reason),
                text=case((opened, ""), else_=Dispute.text),
                decision=case((_wrote(Dispute.ended_role, user_id), None), else_=Dispute.decision),
            )
        )
        return keys


def _performer(user_id: int) -> Any:
    return select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()


def _orders(user_id: int) -> Any:
    """The ids of the orders that the user is a party of."""
    return select(Order.id).where(
        or_(Order.customer_id == user_id, Order.performer_id == _performer(user_id))
    )


def _wrote(role: Any, user_id: int) -> Any:
    """Whether `role` of the dispute is the user's."""
    booked = select(Order.id).where(Order.customer_id == user_id)
    served = select(Order.id).where(Order.performer_id == _performer(user_id))
    return or_(
        and_(role == "customer", Dispute.order_id.in_(booked)),
        and_(role == "performer", Dispute.order_id.in_(served)),
    )
