"""Functions of availability that other domains may call."""

from marketplace.blueprints.availability.contracts import Calendar
from marketplace.blueprints.availability.wiring import Availability
from marketplace.web.runtime import Runtime


def calendar(parts: Runtime) -> Calendar:
    """The calendars of performers."""
    return parts.get(Availability).slots
