"""What the services of orders need, in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from marketplace.blueprints.orders.policies import COMPLETE_AFTER, ENGAGED, EXPIRE_AFTER, Status
from marketplace.blueprints.orders.ports import HistoryEntry, OrderView, Step
from marketplace.kernel.identity import Principal
from marketplace.kernel.money import Money
from marketplace.kernel.pages import Page, PageRequest


class FakeOrders:
    """OrderRepository; `owners` maps performers to their users."""

    def __init__(self, owners: Mapping[int, int]) -> None:
        self.owners = owners
        self.rows: dict[int, OrderView] = {}
        self.steps: list[Step] = []

    def add(self, values: Mapping[str, Any]) -> int:
        given = dict(values)
        amount, currency = given.pop("price_amount"), given.pop("price_currency")
        order_id = len(self.rows) + 1
        nothing: dict[str, Any] = dict.fromkeys(
            ("proposed_starts_at", "proposed_by", "resolution", "resolution_by", "completed_at")
        )
        self.rows[order_id] = OrderView(
            **{"status": "pending", **nothing, **given},
            id=order_id,
            version=1,
            performer_user_id=self.owners[given["performer_id"]],
            price=None if amount is None else Money(amount, currency),
        )
        return order_id

    def is_taken(
        self, performer_id: int, starts_at: datetime, ends_at: datetime, *, besides: int | None = None
    ) -> bool:
        return any(
            row.performer_id == performer_id
            and row.id != besides
            and row.status in {"confirmed", "in_progress"}
            and row.starts_at < ends_at
            and starts_at < row.ends_at
            for row in self.rows.values()
        )

    def find(self, order_id: int, *, lock: bool = False) -> OrderView | None:
        return self.rows.get(order_id)

    def move(self, order_id: int, from_status: str, values: Mapping[str, Any]) -> bool:
        row = self.rows[order_id]
        if row.status != from_status:
            return False
        self.rows[order_id] = replace(row, version=row.version + 1, **values)
        return True

    def add_steps(self, steps: Sequence[Step]) -> None:
        self.steps += steps

    def history(self, order_id: int, page: PageRequest) -> Page[HistoryEntry]:
        raise NotImplementedError

    def list_own(
        self, page: PageRequest, caller: Principal, role: str | None, filters: Mapping[str, Any]
    ) -> Page[OrderView]:
        raise NotImplementedError

    def list_all(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[OrderView]:
        raise NotImplementedError

    def has_engaged(self, customer_id: int, performer_id: int) -> bool:
        return any(
            (row.customer_id, row.performer_id) == (customer_id, performer_id) and row.status in ENGAGED
            for row in self.rows.values()
        )

    def expire_due(self, at: datetime, limit: int) -> list[OrderView]:
        return self._move_due(
            "pending",
            lambda row: min(row.created_at + EXPIRE_AFTER, row.starts_at) <= at,
            limit,
            {"status": Status.EXPIRED, "state_entered_at": at},
        )

    def complete_due(self, at: datetime, limit: int) -> list[OrderView]:
        return self._move_due(
            "delivered",
            lambda row: row.state_entered_at + COMPLETE_AFTER <= at,
            limit,
            {"status": Status.COMPLETED, "state_entered_at": at, "completed_at": at},
        )

    def _move_due(
        self, status: str, due: Callable[[OrderView], bool], limit: int, values: Mapping[str, Any]
    ) -> list[OrderView]:
        found = [row for row in self.rows.values() if row.status == status and due(row)][:limit]
        for row in found:
            self.move(row.id, status, values)
        return [self.rows[row.id] for row in found]


class FakeAudit:
    """AuditLog that keeps (action, subject id, before, after, reason)."""

    def __init__(self) -> None:
        self.entries: list[tuple[Any, ...]] = []

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
        self.entries.append((action, subject_id, before, after, reason))
