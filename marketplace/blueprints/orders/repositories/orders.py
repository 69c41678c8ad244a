"""The SQL of orders."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
    values as value_rows,
)
from sqlalchemy.dialects.postgresql import Range

from marketplace.blueprints.orders.policies.cancellation import Fault
from marketplace.blueprints.orders.policies.life import FINAL, OrderRole
from marketplace.blueprints.orders.ports import (
    CustomerRating,
    Ending,
    HistoryEntry,
    Move,
    OrderFilters,
    OrderRepository,
    OrderView,
    Refund,
    Remark,
    Step,
)
from marketplace.blueprints.orders.repositories.policy_copies import policy_now, policy_of
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.tables import DomainEventRow
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.ratings import shown_average
from marketplace.models.accounts import User
from marketplace.models.orders import (
    Order,
    OrderRemark,
    OrderTransition,
)
from marketplace.models.performers import Performer
from marketplace.models.reviews import CustomerRating as CustomerRatingRow

_TABLE: Any = Order.__table__
_OWN_COLUMNS: tuple[Any, ...] = (
    Order.id,
    Order.customer_id,
    Order.performer_id,
    Order.service_id,
    Order.series_id,
    Order.series_position,
    Order.status,
    Order.title,
    Order.pricing,
    Order.price_amount,
    Order.price_currency,
    Order.starts_at,
    Order.ends_at,
    Order.notice_minutes,
    func.lower(Order.padded).label("padded_from"),
    func.upper(Order.padded).label("padded_to"),
    Order.latitude,
    Order.longitude,
    Order.despite_conflicts,
    Order.address,
    Order.note,
    Order.proposed_starts_at,
    Order.proposed_by,
    Order.proposed_despite_conflicts,
    Order.resolution,
    Order.resolution_by,
    Order.resolution_refund_percent,
    Order.disputed_from,
    Order.disputed_by,
    Order.disputed_after,
    Order.decision_due_at,
    Order.refund_percent,
    Order.refund_amount,
    Order.cancellation_policy,
    Order.fault,
    Order.cancellation_percent,
    Order.cancellation_amount,
    Order.waived_at,
    Order.arrival_code,
    Order.arrived_at,
    Order.arrival_proven,
    Order.state_entered_at,
    Order.state_entry,
    Order.completed_at,
    Order.created_at,
    Order.updated_at,
    Order.version,
)
_COLUMNS: tuple[Any, ...] = (
    *_OWN_COLUMNS,
    Performer.user_id.label("performer_user_id"),
    CustomerRatingRow.rating_count,
    CustomerRatingRow.rating_sum,
)


class SqlOrderRepository(SqlRepository, OrderRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def add(self, orders: Sequence[Mapping[str, Any]]) -> Sequence[OrderView]:
        booked = {"booked_performer_id": orders[0]["performer_id"]}
        rows = [_ranged(values) | booked for values in orders]
        # One alone is spared what SQLAlchemy does to number the rows.
        found = self.run(_ADD, rows[0]) if len(rows) == 1 else self.run(_ADD_MANY, rows)
        return [_view(row) for row in found]

    def hold_parties(self, user_ids: Collection[int]) -> set[int]:
        # The rows of these users do not change until the order is stored: deletions wait, and so do edits.
        return set(self.run(_PARTIES, {"user_ids": list(user_ids)}).scalars())

    def find(self, order_id: int, *, lock: bool = False) -> OrderView | None:
        statement = _select().where(Order.id == order_id)
        if lock:
            statement = statement.with_for_update(of=Order, key_share=True)
        row = self.session.execute(statement).one_or_none()
        return None if row is None else _view(row)

    def find_many(self, order_ids: Sequence[int], *, lock: bool = False) -> Sequence[OrderView]:
        statement = _select().where(Order.id.in_(order_ids)).order_by(Order.id)
        if lock:
            statement = statement.with_for_update(of=Order, key_share=True)
        return [_view(row) for row in self.session.execute(statement)]

    def move(self, moves: Sequence[Move]) -> bool:
        alike: dict[frozenset[str], list[Move]] = {}
        for move in moves:
            alike.setdefault(frozenset(move.values), []).append(move)
        return all(self._move(group) for group in alike.values())

    def _move(self, moves: Sequence[Move]) -> bool:
        # The status is checked in the WHERE, whatever was read before.
        if len(moves) == 1:
            [move] = moves
            chosen = and_(Order.id == move.order_id, Order.status == move.from_status)
            changed: Mapping[str, Any] = _ranged(move.values)
        else:
            chosen, changed = _each(moves)
        statement = (
            update(Order).where(chosen).values(version=Order.version + 1, **changed).returning(Order.id)
        )
        return len(self.write(statement).all()) == len(moves)

    def add_steps(self, steps: Sequence[Step]) -> None:
        if steps:
            self.run(_ADD_STEPS, [asdict(step) for step in steps])

    def history(self, order_id: int, page: PageRequest) -> Page[HistoryEntry]:
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
        self, page: PageRequest, caller: Principal, role: str | None, filters: OrderFilters
    ) -> Page[OrderView]:
        # `performer_id` is the caller's own, so each side is found by its index.
        mine = {
            OrderRole.CUSTOMER: Order.customer_id == caller.user_id,
            OrderRole.PERFORMER: Order.performer_id == caller.performer_id,
        }
        statement = (
            _select()
            .where(mine[OrderRole(role)] if role else or_(*mine.values()))
            .order_by(Order.created_at.desc(), Order.id.desc())
        )
        return self._page(statement, page, "orders", filters, user=caller.user_id, role=role)

    def list_all(self, page: PageRequest, filters: OrderFilters) -> Page[OrderView]:
        # Ordered by id, which needs no further index.
        return self._page(_select().order_by(Order.id.desc()), page, "all_orders", filters)

    def _page(
        self,
        statement: Select[Any],
        page: PageRequest,
        name: str,
        filters: OrderFilters,
        **bound: Any,
    ) -> Page[OrderView]:
        if filters.status is not None:
            statement = statement.where(Order.status == filters.status)
        if filters.starts_from is not None:
            statement = statement.where(Order.starts_at >= filters.starts_from)
        if filters.starts_before is not None:
            statement = statement.where(Order.starts_at < filters.starts_before)
        if filters.series_id is not None:
            statement = statement.where(Order.series_id == filters.series_id)
        found = fetch_page(
            self.session, statement, page, self._signer, name=name, filters=vars(filters) | bound
        )
        return Page([_view(row) for row in found.items], found.next, found.previous)

    def have_met(self, one: int, other: int) -> bool:
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

    def waive(self, order_id: int, fault: str, at: datetime) -> bool:
        fee = case((Order.cancellation_amount.is_not(None), 0))
        statement = (
            update(Order)
            .where(Order.id == order_id, Order.fault == fault, Order.waived_at.is_(None))
            .values(
                fault=Fault.NONE,
                cancellation_percent=0,
                cancellation_amount=fee,
                waived_at=at,
                updated_at=at,
                version=Order.version + 1,
            )
            .returning(Order.id)
        )
        return self.write(statement).first() is not None

    def add_remark(self, remark: Remark) -> None:
        self.session.execute(insert(OrderRemark).values(**asdict(remark)))

    def take_arrival_try(self, order_id: int, max_tries: int) -> str | None:
        # The time of the last change stays: a try changes nothing that anybody sees.
        statement = (
            update(Order)
            .where(Order.id == order_id, Order.arrival_tries < max_tries)
            .values(arrival_tries=Order.arrival_tries + 1, updated_at=Order.updated_at)
            .returning(Order.arrival_code)
        )
        return self.write(statement).scalar()

    def heal(self, limit: int) -> list[OrderView]:
        batch = (
            select(Order.id)
            .where(Order.state_entry <= 0, Order.status.not_in(FINAL))
            .order_by(Order.id)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        ids = list(self.session.scalars(batch))
        if not ids:
            return []
        # Nobody sees this number: the version and the time of the last change stay.
        values = {"state_entry": func.abs(Order.state_entry) + 1, "updated_at": Order.updated_at}
        self.write(update(Order).where(Order.id.in_(ids)).values(values))
        found = self.session.execute(_select().where(Order.id.in_(ids)).order_by(Order.id))
        return [_view(row) for row in found]

    def is_recorded(self, event_id: UUID) -> bool:
        statement = select(DomainEventRow.id).where(DomainEventRow.event_id == event_id)
        return self.session.execute(statement).first() is not None


def _select() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(Performer, Performer.id == Order.performer_id)
        .outerjoin(CustomerRatingRow, CustomerRatingRow.user_id == Order.customer_id)
    )


def _view(row: Row[Any]) -> OrderView:
    values = dict(row._mapping)
    amount, currency = values.pop("price_amount"), values.pop("price_currency")
    fault, percent = values.pop("fault"), values.pop("cancellation_percent")
    fee, waived_at = values.pop("cancellation_amount"), values.pop("waived_at")
    cost = None if fee is None or currency is None else Money(fee, currency)
    values["cancellation"] = None if fault is None else Ending(fault, percent, cost, waived_at)
    share, back = values.pop("refund_percent"), values.pop("refund_amount")
    returned = None if back is None or currency is None else Money(back, currency)
    values["refund"] = None if share is None else Refund(share, returned)
    values["cancellation_policy"] = policy_of(values["cancellation_policy"])
    # A customer whom nobody has reviewed has no row; one who has just booked does not see it.
    count, total = values.pop("rating_count", None) or 0, values.pop("rating_sum", None) or 0
    values["customer_rating"] = CustomerRating(count, shown_average(count, total))
    values["has_arrival_code"] = values["arrival_code"] is not None
    return OrderView(**values, price=None if amount is None else Money(amount, currency))


_INSERT = insert(Order).values(
    cancellation_policy=policy_now(bindparam("booked_performer_id", type_=BigInteger))
)
_ADDED = (
    *_OWN_COLUMNS,
    # As text: SQLAlchemy does not let a subquery look at the row that RETURNING returns.
    literal_column('(SELECT p.user_id FROM performer p WHERE p.id = "order".performer_id)', BigInteger).label(
        "performer_user_id"
    ),
)
_ADD = _INSERT.returning(*_ADDED)
_ADD_MANY = _INSERT.returning(*_ADDED, sort_by_parameter_order=True)
_ADD_STEPS = insert(OrderTransition)
_PARTIES = (
    select(User.id)
    .where(User.id.in_(bindparam("user_ids", expanding=True)), User.is_active, User.deleted_at.is_(None))
    .order_by(User.id)
    .with_for_update(read=True)
)


def _each(moves: Sequence[Move]) -> tuple[Any, Mapping[str, Any]]:
    """For an UPDATE of several orders, each to values of its own: which ones, and the columns."""
    rows = [_ranged(move.values) for move in moves]
    names = list(rows[0])
    # The types are named: PostgreSQL takes a column of NULLs for text.
    given = value_rows(
        column("id", BigInteger),
        column("from_status", Text),
        *(column(name, _TABLE.c[name].type) for name in names),
        name="move",
    ).data(
        [
            (move.order_id, move.from_status, *(row[name] for name in names))
            for move, row in zip(moves, rows, strict=True)
        ]
    )
    chosen = and_(Order.id == given.c.id, Order.status == given.c.from_status)
    return chosen, {name: cast(given.c[name], _TABLE.c[name].type) for name in names}


def _ranged(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of columns: `padded` comes as its two ends, an ending and a refund as they are
    shown.
    """
    found = dict(values)
    if found.get("padded") is not None:
        found["padded"] = Range(*found["padded"])
    ending: Ending | None = found.pop("cancellation", None)
    if ending is not None:
        found |= {
            "fault": ending.fault,
            "cancellation_percent": ending.percent,
            "cancellation_amount": None if ending.amount is None else ending.amount.amount,
        }
    refund: Refund | None = found.pop("refund", None)
    if refund is not None:
        found |= {
            "refund_percent": refund.percent,
            "refund_amount": None if refund.amount is None else refund.amount.amount,
        }
    return found
