"""Does what happens by itself: steps and reminders at their time, and timers for orders without any."""

from uuid import NAMESPACE_OID, uuid5

from marketplace.blueprints.orders.policies.life import BATCH, TIMERS, OrderRole, Timer
from marketplace.blueprints.orders.ports import OrderRepository, OrderView
from marketplace.blueprints.orders.services.shared import plan_timers, reminder_of
from marketplace.blueprints.orders.services.steps import Steps
from marketplace.kernel.clock import Clock
from marketplace.kernel.lanes import Postponed
from marketplace.kernel.transactions import UnitOfWork

SOONEST_SECONDS = 0.1
"""The shortest time for which a timer is put off: the clocks of two servers differ by so much."""


class TimerService:
    """Runs timers. Late, early, doubled and out of order they do nothing wrong: the order decides."""

    def __init__(self, uow: UnitOfWork, orders: OrderRepository, steps: Steps, clock: Clock) -> None:
        self._uow = uow
        self._orders = orders
        self._steps = steps
        self._clock = clock

    def run(self, order_id: int, entry: int, name: str) -> None:
        """Run the timer `name` that was made for the entry number `entry` of an order into its status. It
        does nothing when the order has moved on.

        Raises Postponed before its time, KeyError for a name that there is not.
        """
        timer = TIMERS[name]
        with self._uow:
            order = self._orders.find(order_id, lock=True)
            if order is None or (order.state_entry, order.status) != (entry, timer.status):
                return
            now = self._clock.now()
            wait = (timer.due(order) - now).total_seconds()
            if wait > 0:
                raise Postponed(
                    "the time of this timer has not come", max(wait, SOONEST_SECONDS), exactly=True
                )
            if timer.step is not None:
                self._steps.enter(None, order, OrderRole.SYSTEM, timer.step)
            else:
                self._remind(order, timer)

    def _remind(self, order: OrderView, timer: Timer) -> None:
        # Named by its timer, so that it is given once, whatever becomes of the job.
        event_id = uuid5(NAMESPACE_OID, f"order:{order.id}:{order.state_entry}:{timer.name}")
        late = timer.until is not None and self._clock.now() >= timer.until(order)
        if not late and not self._orders.is_recorded(event_id):
            self._uow.record(reminder_of(timer, order, event_id))

    def heal(self) -> int:
        """Make the timers of a batch of open orders that code without timers has made or moved: those from
        before timers, and those of a release that runs beside this one. Returns how many there were.
        """
        with self._uow:
            found = self._orders.heal(BATCH)
            plan_timers(self._uow, found, self._clock.now())
            return len(found)
