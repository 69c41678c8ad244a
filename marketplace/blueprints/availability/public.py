"""Functions of availability that other domains may call."""

from marketplace.blueprints.availability.contracts import Calendar, SlotOffers
from marketplace.blueprints.availability.wiring import Availability
from marketplace.web.runtime import Runtime


def calendar(parts: Runtime) -> Calendar:
    """The calendars of performers."""
    return parts.get(Availability).slots


def slot_offers(parts: Runtime) -> SlotOffers:
    """Keeps time for customers who have waited for it."""
    return parts.get(Availability).offers
