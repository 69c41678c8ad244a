"""The performer arrives, and proves it by the customer's code."""

from dataclasses import dataclass
from hmac import compare_digest

from marketplace.blueprints.orders.errors import TooManyArrivalTries, WrongArrivalCode
from marketplace.blueprints.orders.ports import OrderRepository, OrderView
from marketplace.blueprints.orders.services.steps import Steps
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork

ARRIVAL_TRIES = 5
"""The limit of tries for a code of arrival, right or wrong, as for one-time codes (ASVS 6.5)."""


@dataclass(frozen=True)
class Arrival:
    """The code that an arrival is proven by; None is the performer's word alone."""

    proven_by: str | None


class ArrivalService:
    """Checks codes of arrival, and notes arrivals."""

    def __init__(self, uow: UnitOfWork, orders: OrderRepository, steps: Steps, clock: Clock) -> None:
        self._uow = uow
        self._orders = orders
        self._steps = steps
        self._clock = clock

    def prove(self, caller: Principal, order_id: int, code: str | None) -> Arrival:
        """Compare `code` with the order's. The try is counted in a transaction of its own, which is stored
        whatever comes after: call this outside of any other one.

        Raises as the step `arrive` (NotFound, WrongParty, TransitionNotAllowed), WrongArrivalCode,
        TooManyArrivalTries.
        """
        if code is None:
            return Arrival(None)
        with self._uow:
            order, _, _ = self._steps.begin(caller, order_id, "arrive")
            if not order.has_arrival_code:
                raise WrongArrivalCode("This order has no code; send the request without one")
            right = self._orders.take_arrival_try(order_id, ARRIVAL_TRIES)
        if right is None:
            raise TooManyArrivalTries
        if not compare_digest(right.encode(), code.encode()):
            raise WrongArrivalCode
        return Arrival(code)

    def arrive(self, caller: Principal, order_id: int, arrival: Arrival) -> OrderView:
        """Note that the performer has come, once; a proof can follow a mere word.

        Raises NotFound (stranger), WrongParty, TransitionNotAllowed, WrongArrivalCode (the code was replaced
        a moment ago).
        """
        with self._uow:
            order, role, step = self._steps.begin(caller, order_id, "arrive")
            proven = arrival.proven_by is not None
            if proven and arrival.proven_by != order.arrival_code:
                raise WrongArrivalCode
            if not proven and order.arrived_at is not None:
                self._steps.refuse(order, role, step)
            now = self._clock.now()
            values = {"arrived_at": order.arrived_at or now, "arrival_proven": proven}
            return self._steps.keep(caller, order, role, "arrive", values)
