"""Builds the services of availability."""

from dataclasses import dataclass

from marketplace.blueprints.availability.repositories.holds import SqlHoldRepository
from marketplace.blueprints.availability.repositories.schedules import SqlScheduleRepository
from marketplace.blueprints.availability.repositories.slots import SqlSlotRepository
from marketplace.blueprints.availability.services.holds import HoldService
from marketplace.blueprints.availability.services.offers import OfferService
from marketplace.blueprints.availability.services.schedules import ScheduleService
from marketplace.blueprints.availability.services.slots import SlotService
from marketplace.blueprints.offers import public as offers
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Availability:
    """The services of availability."""

    schedules: ScheduleService
    slots: SlotService
    holds: HoldService
    offers: OfferService
    rows: SqlScheduleRepository
    held: SqlHoldRepository


def build(parts: Runtime) -> Availability:
    """Wire services to their adapters."""
    hours = parts.settings.market_hours
    rows = SqlScheduleRepository(parts.uow, parts.cursors, hours)
    held = SqlHoldRepository(parts.uow)
    times = SqlSlotRepository(parts.uow, hours)
    slots = SlotService(times, held, parts.clock)
    return Availability(
        schedules=ScheduleService(parts.uow, rows, parts.clock),
        slots=slots,
        holds=HoldService(parts.uow, held, slots, offers.get_service_for_booking, parts.clock),
        offers=OfferService(times, held, slots, parts.clock),
        rows=rows,
        held=held,
    )


def availability() -> Availability:
    """The services of the current application."""
    return runtime().get(Availability)
