"""What booking and moving an order share: who the caller is to it, and what is shown of it."""

from dataclasses import replace
from datetime import datetime, timedelta

from marketplace.blueprints.orders import events
from marketplace.blueprints.orders.errors import (
    StartsInPast,
    TooFarAhead,
)
from marketplace.blueprints.orders.policies import (
    MAX_AHEAD,
    Role,
    allowed_transitions,
)
from marketplace.blueprints.orders.ports import (
    OrderView,
)
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal

SOONER = "This is sooner than the performer takes bookings."


def role_of(caller: Principal, order: OrderView) -> Role | None:
    """What the caller is to the order; None for moderators, who only read. Raises NotFound for strangers."""
    if caller.user_id == order.customer_id:
        return Role.CUSTOMER
    if caller.user_id == order.performer_user_id:
        return Role.PERFORMER
    if caller.is_staff:
        return Role.STAFF if caller.is_admin else None
    raise NotFound


def check_start(starts_at: datetime, now: datetime) -> None:
    """Raises StartsInPast or TooFarAhead."""
    if starts_at <= now:
        raise StartsInPast(errors={"json": {"starts_at": ["This must lie in the future."]}})
    if starts_at - now > MAX_AHEAD:
        limit = f"This must be within {MAX_AHEAD.days} days."
        raise TooFarAhead(errors={"json": {"starts_at": [limit]}})


def seen_by(order: OrderView, role: Role | None, startable: datetime) -> OrderView:
    """With what somebody in `role` may do, when what starts by `startable` may be begun."""
    too_early = startable < order.starts_at
    steps = [] if role is None else allowed_transitions(order.status, role, too_early=too_early)
    return replace(order, allowed_transitions=steps)


def notice_of(order: OrderView) -> timedelta:
    return timedelta(minutes=order.notice_minutes)


def event_of(kind: type[events.OrderEvent], order: OrderView, actor_id: int | None) -> events.OrderEvent:
    return kind(
        order_id=order.id,
        customer_id=order.customer_id,
        performer_id=order.performer_id,
        performer_user_id=order.performer_user_id,
        status=order.status,
        actor_id=actor_id,
    )
