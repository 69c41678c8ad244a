"""What orders do for the domain of disputes."""

from marketplace.blueprints.orders.contracts import DisputeDesk, OrderRef, SeenOrder, Settlement
from marketplace.blueprints.orders.policies.life import TransitionName
from marketplace.blueprints.orders.services.booking import BookingService
from marketplace.blueprints.orders.services.shared import role_of
from marketplace.blueprints.orders.services.transitions import TransitionService
from marketplace.kernel.identity import Principal


class StepsOfDisputes(DisputeDesk):
    """Hands on to the services of orders."""

    def __init__(self, booking: BookingService, transitions: TransitionService) -> None:
        self._booking = booking
        self._transitions = transitions

    def look(self, caller: Principal, order_id: int) -> SeenOrder:
        order = self._booking.get(caller, order_id)
        proposed, refund = order.resolution_refund, order.refund
        proposal = settlement = None
        if order.resolution is not None and proposed is not None:
            proposal = Settlement(order.resolution, proposed.percent, proposed.amount, order.resolution_by)
        if refund is not None:
            settlement = Settlement(order.status, refund.percent, refund.amount)
        role = role_of(caller, order)
        return SeenOrder(order, role, order.allowed_transitions, proposal, settlement)

    def dispute(self, caller: Principal, order_id: int, reason: str) -> OrderRef:
        return self._transitions.move(caller, order_id, TransitionName.DISPUTE, reason)
