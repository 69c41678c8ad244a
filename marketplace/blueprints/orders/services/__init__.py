"""The use cases of orders: booking, reading, and one transition a call."""

from marketplace.blueprints.orders.services.booking import BookingService as BookingService
from marketplace.blueprints.orders.services.transitions import TransitionService as TransitionService
