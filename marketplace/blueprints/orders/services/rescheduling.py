"""Moves orders to other starts: proposes them, or agrees to what the other party has proposed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from marketplace.blueprints.availability.contracts import Booking, Calendar
from marketplace.blueprints.orders.errors import OnlyPerformer
from marketplace.blueprints.orders.policies.life import OrderRole, OrderStatus
from marketplace.blueprints.orders.ports import OrderView
from marketplace.blueprints.orders.services.shared import booking_of
from marketplace.blueprints.orders.services.steps import Steps
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.kernel.texts import Text

_PERFORMERS_WORD = Text("Only the performer can say this.")


class Rescheduling:
    """Works within the caller's transaction, on orders that are locked for the step `reschedule`."""

    def __init__(self, steps: Steps, calendar: Calendar) -> None:
        self._steps = steps
        self._calendar = calendar

    def refuse(
        self, orders: Sequence[OrderView], starts: Mapping[int, datetime], role: OrderRole, *, despite: bool
    ) -> Mapping[int, AppError | None]:
        """For each order, by its id, what speaks against its new start: StartsInPast, TooFarAhead,
        TooShortNotice (nobody could answer a pending order any longer), SlotTaken, TooClose; else None.

        Raises OnlyPerformer (`despite` of a customer).
        """
        if despite and role is not OrderRole.PERFORMER:
            raise OnlyPerformer(errors={"json": {"despite_conflicts": [_PERFORMERS_WORD]}})
        refusals: dict[int, AppError | None] = {}
        reachable: dict[int, Booking] = {}
        for order in orders:
            booking = booking_of(order, starts[order.id])
            refusals[order.id] = self._out_of_reach(order, booking)
            if refusals[order.id] is None:
                reachable[order.id] = booking
        overlooked = {
            order.id
            for order in orders
            if despite or (_agrees(order, starts[order.id], role) and order.proposed_despite_conflicts)
        }
        room = self._calendar.make_room_for_many(
            reachable, customer_id=orders[0].customer_id, despite_conflicts=overlooked
        )
        return {**refusals, **room}

    def _out_of_reach(self, order: OrderView, booking: Booking) -> AppError | None:
        def refusal(check: Callable[[], None]) -> AppError | None:
            try:
                check()
            except AppError as error:
                return error
            return None

        found = refusal(lambda: self._calendar.check_start(booking.starts_at))
        if found is None and order.status == OrderStatus.PENDING:
            found = refusal(lambda: self._calendar.check_notice(booking))
        return found

    def move(
        self,
        caller: Principal,
        orders: Sequence[OrderView],
        starts: Mapping[int, datetime],
        role: OrderRole,
        *,
        despite: bool,
    ) -> list[OrderView]:
        """Move the orders whose new start the other party has proposed, and propose it for the others; in the
        order of the ids.
        """
        agreed, proposed = [], []
        for order in orders:
            starts_at = starts[order.id]
            data = {"starts_at": starts_at.isoformat()}
            if _agrees(order, starts_at, role):
                booking = booking_of(order, starts_at)
                values = {
                    "starts_at": starts_at,
                    "ends_at": booking.ends_at,
                    "padded": (booking.padded_from, booking.padded_to),
                    "despite_conflicts": despite or order.proposed_despite_conflicts,
                }
                agreed.append((order, values, data))
            else:
                proposal = {
                    "proposed_starts_at": starts_at,
                    "proposed_by": role,
                    "proposed_despite_conflicts": despite,
                }
                proposed.append((order, proposal, data))
        moved = self._steps.agree_many(caller, role, "reschedule", agreed)
        moved += self._steps.propose_many(caller, role, "reschedule", proposed)
        return sorted(moved, key=lambda order: order.id)


def _agrees(order: OrderView, starts_at: datetime, role: OrderRole) -> bool:
    """Whether the other party has proposed this start."""
    return order.proposed_starts_at == starts_at and order.proposed_by != role
