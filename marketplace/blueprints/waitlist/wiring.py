"""Builds the services of the waiting list."""

from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.availability import public as availability
from marketplace.blueprints.offers import public as offers
from marketplace.blueprints.performers import public as performers
from marketplace.blueprints.waitlist.ports import WaitlistRepository
from marketplace.blueprints.waitlist.repositories import SqlWaitlistRepository
from marketplace.blueprints.waitlist.services import OfferingService, OfferMail, WaitlistService
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Waitlist:
    """The services of the waiting list."""

    entries: WaitlistService
    offering: OfferingService
    mail: OfferMail
    rows: WaitlistRepository


def build(parts: Runtime) -> Waitlist:
    """Wire services to their adapters."""
    rows = SqlWaitlistRepository(parts.uow, parts.cursors, parts.settings.market_hours)
    times = availability.slot_offers(parts)
    bookable = offers.get_service_for_booking
    return Waitlist(
        entries=WaitlistService(
            parts.uow, rows, times, bookable, performers.find_visible_performer, parts.clock
        ),
        offering=OfferingService(parts.uow, rows, times, bookable, parts.clock),
        mail=OfferMail(parts.uow, rows, accounts.users(parts), accounts.notifier(parts), parts.clock),
        rows=rows,
    )


def waitlist() -> Waitlist:
    """The services of the current application."""
    return runtime().get(Waitlist)
