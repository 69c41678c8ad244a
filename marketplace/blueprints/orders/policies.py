"""The life of an order as data: which step leads where, and whose it is (contract, section 5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    IN_PROGRESS = "in_progress"
    DELIVERED = "delivered"
    CHANGES_REQUESTED = "changes_requested"
    COMPLETED = "completed"
    DISPUTED = "disputed"


class Role(StrEnum):
    """What the caller is to an order. Staff who move orders are admins; moderators read them."""

    CUSTOMER = "customer"
    PERFORMER = "performer"
    STAFF = "staff"
    SYSTEM = "system"


class Outcome(StrEnum):
    """How a dispute may end."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Transition:
    """A step: from any of `sources` to `target`, taken by any of `roles`. Without a target the step
    keeps the status (reschedule) or its outcome says where it leads (resolve).
    """

    name: str
    sources: frozenset[Status]
    target: Status | None
    roles: frozenset[Role]


def _step(name: str, sources: set[Status], target: Status | None, roles: set[Role]) -> Transition:
    return Transition(name, frozenset(sources), target, frozenset(roles))


S, R = Status, Role
TRANSITIONS = {
    step.name: step
    for step in (
        _step("accept", {S.PENDING}, S.CONFIRMED, {R.PERFORMER}),
        _step("decline", {S.PENDING}, S.DECLINED, {R.PERFORMER}),
        _step("expire", {S.PENDING}, S.EXPIRED, {R.SYSTEM}),
        _step("cancel", {S.PENDING, S.CONFIRMED}, S.CANCELLED, {R.CUSTOMER, R.PERFORMER, R.STAFF}),
        _step("start", {S.CONFIRMED}, S.IN_PROGRESS, {R.PERFORMER}),
        _step("deliver", {S.IN_PROGRESS, S.CHANGES_REQUESTED}, S.DELIVERED, {R.PERFORMER}),
        _step("request_changes", {S.DELIVERED}, S.CHANGES_REQUESTED, {R.CUSTOMER}),
        _step("complete", {S.DELIVERED}, S.COMPLETED, {R.CUSTOMER, R.STAFF, R.SYSTEM}),
        _step("dispute", {S.CONFIRMED, S.IN_PROGRESS, S.DELIVERED}, S.DISPUTED, {R.CUSTOMER, R.PERFORMER}),
        _step("resolve", {S.DISPUTED}, None, {R.CUSTOMER, R.PERFORMER, R.STAFF}),
        _step("reschedule", {S.PENDING, S.CONFIRMED}, None, {R.CUSTOMER, R.PERFORMER}),
    )
}
"""Every step by its name; orders are created as pending."""

TIMED = frozenset({"start"})
"""The steps that are not taken long before the agreed time."""
BATCH = 500
"""How many orders one job moves; a full batch calls for another job at once."""
EXPIRE_AFTER = timedelta(hours=24)
COMPLETE_AFTER = timedelta(days=2)
MAX_AHEAD = timedelta(days=365)
FINAL = (S.DECLINED, S.EXPIRED, S.CANCELLED, S.COMPLETED)
"""The statuses that no step leads out of."""
ENGAGED = (S.CONFIRMED, S.IN_PROGRESS, S.DELIVERED, S.CHANGES_REQUESTED, S.DISPUTED, S.COMPLETED)
"""The statuses of an order that the performer accepted and nobody cancelled."""


def has_run_out(created_at: datetime, starts_at: datetime, notice: timedelta, now: datetime) -> bool:
    """Whether nobody answered a pending order in time (contract, section 5)."""
    return now >= min(created_at + EXPIRE_AFTER, starts_at - notice)


def allowed_transitions(status: str, role: Role, *, too_early: bool = False) -> list[str]:
    """The names of the steps that somebody in `role` may take from `status`; when it is `too_early`, without
    those that wait for the agreed time.
    """
    return [
        step.name
        for step in TRANSITIONS.values()
        if status in step.sources and role in step.roles and not (too_early and step.name in TIMED)
    ]
