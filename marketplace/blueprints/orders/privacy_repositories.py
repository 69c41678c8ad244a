"""The SQL of what orders hold on one user."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, case, literal, or_, select, update

from marketplace.blueprints.orders.policies import FINAL, Role
from marketplace.database.repository import SqlRepository
from marketplace.database.streaming import stream_rows
from marketplace.models.orders import Order, OrderTransition
from marketplace.models.performers import Performer

NO_ADDRESS = {"line1": "Deleted"}
"""What stands for the address of who has left; readers expect one."""


class SqlOrderRecords(SqlRepository):
    """A user's orders: as the customer, and as the performer."""

    def list_open(self, user_id: int, limit: int) -> Sequence[int]:
        """The ids of those that have not come to an end, as customer or performer."""
        statement = (
            select(Order.id)
            .where(_is_party(user_id), Order.status.not_in(FINAL))
            .order_by(Order.id)
            .limit(limit)
        )
        return list(self.session.scalars(statement))

    def orders(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """The address and the note are the customer's: the performer's copy is without."""
        own = Order.customer_id == user_id
        return stream_rows(
            self.session,
            select(
                Order.id,
                case((own, literal(Role.CUSTOMER.value)), else_=literal(Role.PERFORMER.value)).label("role"),
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
                Order.completed_at,
                Order.created_at,
                Order.updated_at,
            )
            .where(_is_party(user_id))
            .order_by(Order.id),
        )

    def history(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """Every step of these orders, as both parties see them."""
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

    def forget(self, user_id: int) -> None:
        """Blank what only the customer said: where, and the note."""
        statement = (
            update(Order)
            .where(and_(Order.customer_id == user_id, Order.status.in_(FINAL)))
            .values(address=NO_ADDRESS, note="", version=Order.version + 1)
        )
        self.session.execute(statement, execution_options={"synchronize_session": False})


def _is_party(user_id: int) -> Any:
    performer_id = select(Performer.id).where(Performer.user_id == user_id).scalar_subquery()
    return or_(Order.customer_id == user_id, Order.performer_id == performer_id)
