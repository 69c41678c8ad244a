"""Orders in memory; passes the same contract tests as the SQL (tests/orders/test_order_repository.py)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from marketplace.blueprints.availability.errors import SlotTaken
from marketplace.blueprints.orders.errors import AlreadyRequested
from marketplace.blueprints.orders.policies.cancellation import FREE
from marketplace.blueprints.orders.ports import (
    CancellationPolicy,
    Ending,
    HistoryEntry,
    Move,
    OrderFilters,
    OrderRepository,
    OrderView,
    Remark,
    Step,
)
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest

T = TypeVar("T", OrderView, HistoryEntry)

BUSY = {"confirmed", "in_progress"}


class FakeOrderRepository(OrderRepository):
    """`performers` maps performer ids to user ids; `orders` and `steps` may be looked at; users in
    `gone` are deleted or blocked; events in `recorded` are in the log.
    """

    def __init__(self, performers: Mapping[int, int]) -> None:
        self.performers = dict(performers)
        self.orders: dict[int, OrderView] = {}
        self.steps: list[Step] = []
        self.gone: set[int] = set()
        self.recorded: set[UUID] = set()
        self.remarks: list[Remark] = []
        self.policies: dict[int, CancellationPolicy] = {}
        self.tries: dict[int, int] = {}

    def add(self, orders: Sequence[Mapping[str, Any]]) -> Sequence[OrderView]:
        return [self._add(values) for values in orders]

    def _add(self, values: Mapping[str, Any]) -> OrderView:
        values = _stored(values)
        amount, currency = values.pop("price_amount"), values.pop("price_currency")
        defaults: dict[str, Any] = dict.fromkeys(
            ("proposed_starts_at", "proposed_by", "resolution", "resolution_by", "completed_at")
        )
        defaults |= {
            "notice_minutes": 0,
            "state_entry": 0,
            "despite_conflicts": False,
            "proposed_despite_conflicts": False,
        }
        defaults |= dict.fromkeys(("padded_from", "padded_to", "latitude", "longitude"))
        defaults |= dict.fromkeys(("cancellation", "arrived_at"))
        defaults["cancellation_policy"] = self.policies.get(values["performer_id"], FREE)
        defaults |= {"arrival_proven": False, "has_arrival_code": values.get("arrival_code") is not None}
        order = OrderView(
            **{
                **defaults,
                "id": len(self.orders) + 1,
                "status": "pending",
                "version": 1,
                "price": None if amount is None else Money(amount, currency),
                "performer_user_id": self.performers[values["performer_id"]],
                **values,
            }
        )
        self._store(order)
        return order

    def hold_parties(self, user_ids: Collection[int]) -> set[int]:
        return set(user_ids) - self.gone

    def is_taken(
        self, performer_id: int, starts_at: datetime, ends_at: datetime, *, besides: int | None = None
    ) -> bool:
        """Whether a confirmed order of the performer, other than `besides`, overlaps."""
        return any(
            order.performer_id == performer_id
            and order.status in BUSY
            and order.starts_at < ends_at
            and starts_at < order.ends_at
            and order.id != besides
            for order in self.orders.values()
        )

    def find(self, order_id: int, *, lock: bool = False) -> OrderView | None:
        return self.orders.get(order_id)

    def find_many(self, order_ids: Sequence[int], *, lock: bool = False) -> Sequence[OrderView]:
        return [self.orders[order_id] for order_id in sorted(order_ids) if order_id in self.orders]

    def move(self, moves: Sequence[Move]) -> bool:
        for move in moves:
            order = self.orders.get(move.order_id)
            if order is None or order.status != move.from_status:
                return False
            self._store(replace(order, version=order.version + 1, **_stored(move.values)))
        return True

    def _store(self, order: OrderView) -> None:
        taken = self.is_taken(order.performer_id, order.starts_at, order.ends_at, besides=order.id)
        if order.status in BUSY and taken:
            raise SlotTaken  # as the exclusion constraint says it
        if order.status == "pending" and any(
            (other.customer_id, other.performer_id, other.starts_at, other.status)
            == (order.customer_id, order.performer_id, order.starts_at, "pending")
            and other.id != order.id
            for other in self.orders.values()
        ):
            raise AlreadyRequested  # as the unique index does
        self.orders[order.id] = order

    def add_steps(self, steps: Sequence[Step]) -> None:
        self.steps += steps

    def history(self, order_id: int, page: PageRequest) -> Page[HistoryEntry]:
        entries = [
            HistoryEntry(
                id=number,
                transition=step.transition,
                from_status=step.from_status,
                to_status=step.to_status,
                actor_role=step.actor_role,
                reason=step.reason,
                data=step.data,
                created_at=step.created_at,
            )
            for number, step in enumerate(self.steps, 1)
            if step.order_id == order_id
        ]
        return _cut(entries, page)

    def list_own(
        self, page: PageRequest, caller: Principal, role: str | None, filters: OrderFilters
    ) -> Page[OrderView]:
        def is_mine(order: OrderView) -> bool:
            roles = {"customer": order.customer_id == caller.user_id,
                     "performer": order.performer_id == caller.performer_id}  # fmt: skip
            return roles[role] if role else any(roles.values())

        mine = [order for order in self.orders.values() if is_mine(order)]
        return self._list(mine, page, filters, key=lambda order: (order.created_at, order.id))

    def list_all(self, page: PageRequest, filters: OrderFilters) -> Page[OrderView]:
        return self._list(list(self.orders.values()), page, filters, key=lambda order: order.id)

    def _list(
        self, orders: list[OrderView], page: PageRequest, filters: OrderFilters, key: Any
    ) -> Page[OrderView]:
        kept = [
            order
            for order in orders
            if filters.status in {None, order.status}
            and (filters.starts_from is None or order.starts_at >= filters.starts_from)
            and (filters.starts_before is None or order.starts_at < filters.starts_before)
            and filters.series_id in {None, order.series_id}
        ]
        return _cut(sorted(kept, key=key, reverse=True), page)

    def have_met(self, one: int, other: int) -> bool:
        return any(
            {order.customer_id, order.performer_user_id} == {one, other} for order in self.orders.values()
        )

    def waive(self, order_id: int, fault: str, at: datetime) -> bool:
        order = self.orders[order_id]
        ending = order.cancellation
        if ending is None or ending.fault != fault or ending.waived_at is not None:
            return False
        amount = None if ending.amount is None else Money(0, ending.amount.currency)
        waived = Ending("none", 0, amount, at)
        self.orders[order_id] = replace(order, cancellation=waived, updated_at=at, version=order.version + 1)
        return True

    def add_remark(self, remark: Remark) -> None:
        self.remarks.append(remark)

    def take_arrival_try(self, order_id: int, max_tries: int) -> str | None:
        if self.tries.get(order_id, 0) >= max_tries:
            return None
        self.tries[order_id] = self.tries.get(order_id, 0) + 1
        return self.orders[order_id].arrival_code

    def heal(self, limit: int) -> list[OrderView]:
        found = [
            order
            for order in self.orders.values()
            if order.state_entry <= 0
            and order.status not in {"declined", "expired", "cancelled", "completed"}
        ]
        healed = [replace(order, state_entry=abs(order.state_entry) + 1) for order in found[:limit]]
        self.orders.update((order.id, order) for order in healed)
        return healed

    def is_recorded(self, event_id: UUID) -> bool:
        return event_id in self.recorded


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of columns as a view shows them."""
    found = dict(values)
    if "padded" in found:
        found["padded_from"], found["padded_to"] = found.pop("padded")
    return found


class BentCursor(AppError):
    """A cursor that this fake did not make."""

    code = "invalid_cursor"
    title = "Bent"


def _cut(items: list[T], page: PageRequest) -> Page[T]:
    """One page; the cursors are ids."""
    ids = [str(item.id) for item in items]
    try:
        start = ids.index(page.after) + 1 if page.after is not None else 0
        end = ids.index(page.before) if page.before is not None else start + page.limit
    except ValueError:
        raise BentCursor from None
    if page.before is not None:
        start = max(0, end - page.limit)
    found = items[start:end]
    return Page(
        items=found,
        next=ids[start + len(found) - 1] if found and start + len(found) < len(items) else None,
        previous=ids[start] if found and start > 0 else None,
    )
