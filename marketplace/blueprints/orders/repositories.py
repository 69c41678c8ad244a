"""The SQL of orders."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Row, Select, and_, cast, func, insert, or_, select, text, update

from marketplace.blueprints.orders.policies import COMPLETE_AFTER, ENGAGED, EXPIRE_AFTER, Role, Status
from marketplace.blueprints.orders.ports import HistoryEntry, OrderView, Step
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.orders import Order, OrderTransition
from marketplace.models.performers import Performer

_COLUMNS: tuple[Any, ...] = (
    Order.id,
    Order.customer_id,
    Order.performer_id,
    Performer.user_id.label("performer_user_id"),
    Order.service_id,
    Order.status,
    Order.title,
    Order.pricing,
    Order.price_amount,
    Order.price_currency,
    Order.starts_at,
    Order.ends_at,
    Order.notice_minutes,
    Order.address,
    Order.note,
    Order.proposed_starts_at,
    Order.proposed_by,
    Order.resolution,
    Order.resolution_by,
    Order.state_entered_at,
    Order.completed_at,
    Order.created_at,
    Order.updated_at,
    Order.version,
)
_BUSY = (Status.CONFIRMED, Status.IN_PROGRESS)
_NO_SYNC = {"synchronize_session": False}
# Who changes when a performer is busy does so one after the other.
_CALENDAR = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('performer_calendar:' || performer_id, 0))"
    ' FROM "order" WHERE id = :order_id'
)


class SqlOrderRepository(SqlRepository):
    """Orders and their history."""

    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(self, values: Mapping[str, Any]) -> int:
        """Store a new order; returns its id."""
        return self.session.execute(insert(Order).values(**values).returning(Order.id)).scalar_one()

    def hold_parties(self, user_ids: Collection[int]) -> set[int]:
        """Nothing of them changes until the order is stored: a deletion waits, and so does an edit."""
        statement = (
            select(User.id)
            .where(User.id.in_(user_ids), User.is_active, User.deleted_at.is_(None))
            .order_by(User.id)
            .with_for_update(read=True)
        )
        return set(self.session.scalars(statement))

    def is_taken(
        self, performer_id: int, starts_at: datetime, ends_at: datetime, *, besides: int | None = None
    ) -> bool:
        """A kind answer before the exclusion constraint gives the certain one."""
        statement = select(Order.id).where(
            Order.performer_id == performer_id,
            Order.status.in_(_BUSY),
            func.tstzrange(Order.starts_at, Order.ends_at).op("&&")(func.tstzrange(starts_at, ends_at)),
        )
        if besides is not None:
            statement = statement.where(Order.id != besides)
        return self.session.execute(statement.limit(1)).first() is not None

    def find(self, order_id: int, *, lock: bool = False) -> OrderView | None:
        """One order; `lock` keeps others from moving it until the end of the transaction."""
        statement = _select().where(Order.id == order_id)
        if lock:
            statement = statement.with_for_update(of=Order, key_share=True)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _view(row)

    def move(self, order_id: int, from_status: str, values: Mapping[str, Any]) -> bool:
        """The status is in the WHERE, whatever was read before."""
        if values.get("status") == Status.CONFIRMED or "starts_at" in values:
            # Two that the exclusion constraint makes wait for each other would end in a deadlock.
            self.session.execute(_CALENDAR, {"order_id": order_id})
        statement = (
            update(Order)
            .where(Order.id == order_id, Order.status == from_status)
            .values(version=Order.version + 1, **values)
            .returning(Order.id)
        )
        return self.session.execute(statement, execution_options=_NO_SYNC).first() is not None

    def add_steps(self, steps: Sequence[Step]) -> None:
        """One statement for all."""
        if steps:
            self.session.execute(insert(OrderTransition), [asdict(step) for step in steps])

    def history(self, order_id: int, page: PageRequest) -> Page[HistoryEntry]:
        """Oldest first."""
        statement = (
            select(
                OrderTransition.id,
                OrderTransition.transition,
                OrderTransition.from_status,
                OrderTransition.to_status,
                OrderTransition.actor_role,
                OrderTransition.reason,
                OrderTransition.data,
                OrderTransition.created_at,
            )
            .where(OrderTransition.order_id == order_id)
            .order_by(OrderTransition.id)
        )
        found = fetch_page(
            self.session, statement, page, self._signer, name="order_history", filters={"order": order_id}
        )
        items = [HistoryEntry(**row._mapping) for row in found.items]
        return Page(items, found.next, found.previous)

    def list_own(
        self, page: PageRequest, caller: Principal, role: str | None, filters: Mapping[str, Any]
    ) -> Page[OrderView]:
        """Newest first; `performer_id` is the caller's own, so that each side is found by its index."""
        mine = {
            Role.CUSTOMER: Order.customer_id == caller.user_id,
            Role.PERFORMER: Order.performer_id == caller.performer_id,
        }
        statement = (
            _select()
            .where(mine[Role(role)] if role else or_(*mine.values()))
            .order_by(Order.created_at.desc(), Order.id.desc())
        )
        return self._page(statement, page, "orders", filters, user=caller.user_id, role=role)

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[OrderView]:
        """Newest first, by the order of ids: that needs no index of its own."""
        return self._page(_select().order_by(Order.id.desc()), page, "all_orders", filters)

    def _page(
        self,
        statement: Select[Any],
        page: PageRequest,
        name: str,
        filters: Mapping[str, Any],
        **bound: Any,
    ) -> Page[OrderView]:
        if filters.get("status") is not None:
            statement = statement.where(Order.status == filters["status"])
        if filters.get("from") is not None:
            statement = statement.where(Order.starts_at >= filters["from"])
        if filters.get("to") is not None:
            statement = statement.where(Order.starts_at < filters["to"])
        found = fetch_page(
            self.session, statement, page, self._signer, name=name, filters={**filters, **bound}
        )
        return Page([_view(row) for row in found.items], found.next, found.previous)

    def have_met(self, one: int, other: int) -> bool:
        """Whether two users are the parties of any order."""
        statement = (
            select(Order.id)
            .join(Performer, Performer.id == Order.performer_id)
            .where(
                or_(
                    and_(Order.customer_id == one, Performer.user_id == other),
                    and_(Order.customer_id == other, Performer.user_id == one),
                )
            )
        )
        return self.session.execute(statement.limit(1)).first() is not None

    def has_engaged(self, customer_id: int, performer_id: int) -> bool:
        """Whether the performer works or worked for the customer."""
        statement = select(Order.id).where(
            Order.customer_id == customer_id, Order.performer_id == performer_id, Order.status.in_(ENGAGED)
        )
        return self.session.execute(statement.limit(1)).first() is not None

    def expire_due(self, at: datetime, limit: int) -> list[OrderView]:
        """Nobody answered: 24 hours after creation, or when the performer's notice before the start has begun
        (contract, section 5).
        """
        notice = func.make_interval(0, 0, 0, 0, 0, cast(Order.notice_minutes, Integer))
        ends = func.least(Order.created_at + EXPIRE_AFTER, Order.starts_at - notice)
        return self._move_due(Status.PENDING, ends <= at, limit, {"status": Status.EXPIRED}, at)

    def complete_due(self, at: datetime, limit: int) -> list[OrderView]:
        """Nobody objected within two days after the last delivery (contract, section 5)."""
        values = {"status": Status.COMPLETED, "completed_at": at}
        due = Order.state_entered_at <= at - COMPLETE_AFTER
        return self._move_due(Status.DELIVERED, due, limit, values, at)

    def _move_due(
        self, status: Status, due: Any, limit: int, values: Mapping[str, Any], at: datetime
    ) -> list[OrderView]:
        batch = (
            select(Order.id)
            .where(Order.status == status, due)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        ids = list(self.session.scalars(batch))
        if not ids:
            return []
        statement = (
            update(Order)
            .where(Order.id.in_(ids))
            .values(
                version=Order.version + 1,
                state_entered_at=at,
                updated_at=at,
                proposed_starts_at=None,
                proposed_by=None,
                **values,
            )
        )
        self.session.execute(statement, execution_options=_NO_SYNC)
        return [_view(row) for row in self.session.execute(_select().where(Order.id.in_(ids)))]


def _select() -> Select[Any]:
    return select(*_COLUMNS).join(Performer, Performer.id == Order.performer_id)


def _view(row: Row[Any]) -> OrderView:
    values = dict(row._mapping)
    amount, currency = values.pop("price_amount"), values.pop("price_currency")
    return OrderView(**values, price=None if amount is None else Money(amount, currency))
