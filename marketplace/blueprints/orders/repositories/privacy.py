"""The SQL of one user's orders: the copy for the user, and the deletion of the user's data."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, case, literal, or_, select, update

from marketplace.blueprints.orders.policies.life import FINAL, OrderRole
from marketplace.blueprints.orders.ports import OrderRecords
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.orders import Order, OrderRemark, OrderTransition
from marketplace.models.performers import Performer

NO_ADDRESS = {"line1": "Deleted"}
"""The address for orders of users who have left; readers expect one."""


class SqlOrderRecords(SqlRepository, OrderRecords):
    def list_open(self, user_id: int, limit: int) -> Sequence[int]:
        statement = (
            select(Order.id)
            .where(_is_party(user_id), Order.status.not_in(FINAL))
            .order_by(Order.id)
            .limit(limit)
        )
        return list(self.session.scalars(statement))

    def orders(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        own = Order.customer_id == user_id
        return stream_rows(
            self.session,
            select(
                Order.id,
                case(
                    (own, literal(OrderRole.CUSTOMER.value)), else_=literal(OrderRole.PERFORMER.value)
                ).label("role"),
                Order.performer_id,
                Order.service_id,
                Order.status,
                Order.title,
                Order.pricing,
                Order.price_amount,
                Order.price_currency,
                Order.starts_at,
                Order.ends_at,
                case((own, Order.address)).label("address"),
                case((own, Order.note)).label("note"),
                Order.proposed_starts_at,
                Order.proposed_by,
                Order.resolution,
                Order.resolution_by,
                Order.resolution_refund_percent,
                Order.disputed_from,
                Order.disputed_by,
                Order.decision_due_at,
                Order.refund_percent,
                Order.refund_amount,
                Order.cancellation_policy,
                Order.fault,
                Order.cancellation_percent,
                Order.cancellation_amount,
                Order.waived_at,
                case((own, Order.arrival_code)).label("arrival_code"),
                Order.arrived_at,
                Order.arrival_proven,
                Order.completed_at,
                Order.created_at,
                Order.updated_at,
            )
            .where(_is_party(user_id))
            .order_by(Order.id),
        )

    def history(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(
                OrderTransition.order_id,
                OrderTransition.transition,
                OrderTransition.from_status,
                OrderTransition.to_status,
                OrderTransition.actor_role,
                OrderTransition.reason,
                OrderTransition.data,
                OrderTransition.created_at,
            )
            .join(Order, Order.id == OrderTransition.order_id)
            .where(_is_party(user_id))
            .order_by(OrderTransition.order_id, OrderTransition.id),
        )

    def remarks(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        return stream_rows(
            self.session,
            select(
                OrderRemark.order_id,
                OrderRemark.kind,
                OrderRemark.actor_role,
                OrderRemark.reason,
                OrderRemark.data,
                OrderRemark.created_at,
            )
            .join(Order, Order.id == OrderRemark.order_id)
            .where(_is_party(user_id))
            .order_by(OrderRemark.order_id, OrderRemark.id),
        )

    def forget(self, user_id: int) -> None:
        statement = (
            update(Order)
            .where(and_(Order.customer_id == user_id, Order.status.in_(FINAL)))
            .values(
                address=NO_ADDRESS,
                note="",
                arrival_code=None,
                latitude=None,
                longitude=None,
                version=Order.version + 1,
            )
        )
        self.write(statement)


def _is_party(user_id: int) -> Any:
    performer_id = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
    return or_(Order.customer_id == user_id, Order.performer_id == performer_id)
