"""Orders in memory; passes the same contract tests as the SQL (tests/orders/test_order_repository.py)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from marketplace.blueprints.orders.errors import AlreadyRequested, SlotTaken
from marketplace.blueprints.orders.ports import HistoryEntry, OrderView, Step
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest

T = TypeVar("T", OrderView, HistoryEntry)

BUSY = {"confirmed", "in_progress"}
ENGAGED = {"confirmed", "in_progress", "delivered", "changes_requested", "disputed", "completed"}


class FakeOrderRepository:
    """`performers` maps performer ids to user ids; `orders` and `steps` may be looked at; users in
    `gone` are deleted or blocked.
    """

    def __init__(self, performers: Mapping[int, int]) -> None:
        self.performers = dict(performers)
        self.orders: dict[int, OrderView] = {}
        self.steps: list[Step] = []
        self.gone: set[int] = set()

    def add(self, values: Mapping[str, Any]) -> int:
        values = dict(values)
        amount, currency = values.pop("price_amount"), values.pop("price_currency")
        defaults: dict[str, Any] = dict.fromkeys(
            ("proposed_starts_at", "proposed_by", "resolution", "resolution_by", "completed_at")
        )
        defaults["notice_minutes"] = 0
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
        return order.id

    def hold_parties(self, user_ids: Collection[int]) -> set[int]:
        return set(user_ids) - self.gone

    def is_taken(
        self, performer_id: int, starts_at: datetime, ends_at: datetime, *, besides: int | None = None
    ) -> bool:
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

    def move(self, order_id: int, from_status: str, values: Mapping[str, Any]) -> bool:
        order = self.orders.get(order_id)
        if order is None or order.status != from_status:
            return False
        self._store(replace(order, version=order.version + 1, **values))
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
        self, page: PageRequest, caller: Principal, role: str | None, filters: Mapping[str, Any]
    ) -> Page[OrderView]:
        def is_mine(order: OrderView) -> bool:
            roles = {"customer": order.customer_id == caller.user_id,
                     "performer": order.performer_id == caller.performer_id}  # fmt: skip
            return roles[role] if role else any(roles.values())

        mine = [order for order in self.orders.values() if is_mine(order)]
        return self._list(mine, page, filters, key=lambda order: (order.created_at, order.id))

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[OrderView]:
        return self._list(list(self.orders.values()), page, filters, key=lambda order: order.id)

    def _list(
        self, orders: list[OrderView], page: PageRequest, filters: Mapping[str, Any], key: Any
    ) -> Page[OrderView]:
        kept = [
            order
            for order in orders
            if (filters.get("status") is None or order.status == filters["status"])
            and (filters.get("from") is None or order.starts_at >= filters["from"])
            and (filters.get("to") is None or order.starts_at < filters["to"])
        ]
        return _cut(sorted(kept, key=key, reverse=True), page)

    def has_engaged(self, customer_id: int, performer_id: int) -> bool:
        return any(
            (order.customer_id, order.performer_id) == (customer_id, performer_id) and order.status in ENGAGED
            for order in self.orders.values()
        )

    def expire_due(self, at: datetime, limit: int) -> list[OrderView]:
        due = [
            order
            for order in self.orders.values()
            if order.status == "pending"
            and min(
                order.created_at + timedelta(hours=24),
                order.starts_at - timedelta(minutes=order.notice_minutes),
            )
            <= at
        ]
        return self._move_due(due[:limit], at, status="expired")

    def complete_due(self, at: datetime, limit: int) -> list[OrderView]:
        due = [
            order
            for order in self.orders.values()
            if order.status == "delivered" and order.state_entered_at + timedelta(days=2) <= at
        ]
        return self._move_due(due[:limit], at, status="completed", completed_at=at)

    def _move_due(self, due: Sequence[OrderView], at: datetime, **values: Any) -> list[OrderView]:
        void = {"proposed_starts_at": None, "proposed_by": None}
        moved = [
            replace(order, version=order.version + 1, state_entered_at=at, updated_at=at, **void, **values)
            for order in due
        ]
        self.orders.update((order.id, order) for order in moved)
        return moved


class RecordedAudit:
    """An audit log that keeps what it is told in `entries`."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def write(
        self,
        action: str,
        subject_type: str,
        subject_id: int | None,
        *,
        actor: Principal | None,
        before: Any = None,
        after: Any = None,
        reason: str | None = None,
    ) -> None:
        self.entries.append(
            {
                "action": action,
                "subject": (subject_type, subject_id),
                "actor": actor and actor.user_id,
                "before": before,
                "after": after,
                "reason": reason,
            }
        )


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
