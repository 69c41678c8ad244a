"""Functions of offers that other domains may call, within an application context."""

from marketplace.blueprints.offers.contracts import BookableService
from marketplace.blueprints.offers.wiring import offers


def get_service_for_booking(service_id: int) -> BookableService:
    """The parts of a service that an order copies. Raises NotFound for one that is not public."""
    return offers().services.get_bookable(service_id)
