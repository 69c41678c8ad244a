"""Functions of orders that other domains may call, within an application context."""

from marketplace.blueprints.orders.contracts import DisputeDesk, OrderDesk, OrderRef
from marketplace.blueprints.orders.wiring import Orders, orders
from marketplace.web.runtime import Runtime


def find_order(order_id: int) -> OrderRef | None:
    """One order, without a check of rights: the caller checks who may know of it."""
    return orders().rows.find(order_id)


def desk(parts: Runtime) -> OrderDesk:
    """Books and moves several orders at once."""
    return parts.get(Orders).desk


def dispute_desk(parts: Runtime) -> DisputeDesk:
    """Orders for the domain of disputes."""
    return parts.get(Orders).dispute_desk
