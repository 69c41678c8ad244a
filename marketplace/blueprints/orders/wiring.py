"""Builds the services of orders."""

from dataclasses import dataclass
from datetime import timedelta

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.catalog import public as catalog
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.orders.ports import Bookable
from marketplace.blueprints.orders.privacy import Leaving
from marketplace.blueprints.orders.privacy_repositories import SqlOrderRecords
from marketplace.blueprints.orders.repositories import SqlOrderRepository
from marketplace.blueprints.orders.services import BookingService, TransitionService
from marketplace.blueprints.orders.statistics_repositories import SqlStatistics
from marketplace.blueprints.performers import public as performers
from marketplace.kernel.identity import Principal
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Orders:
    """The services of orders."""

    booking: BookingService
    transitions: TransitionService
    leaving: Leaving


def build(parts: Runtime) -> Orders:
    """Wire services to their adapters, and register what an export holds of orders."""
    repository = SqlOrderRepository(parts.uow, parts.cursors)
    records = SqlOrderRecords(parts.uow)
    accounts.register_export(parts, accounts.ExportSection("orders", records.orders))

    def met(caller: Principal, user_id: int) -> int | None:
        return user_id if user_id == caller.user_id or repository.have_met(caller.user_id, user_id) else None

    moderation.register_reportable(parts, moderation.Reportable("user", met))
    start_early = timedelta(minutes=parts.settings.order_start_early_minutes)
    accounts.register_export(parts, accounts.ExportSection("order_history", records.history))
    moderation.register_counters(parts, SqlStatistics(parts.uow).counters())
    return Orders(
        booking=BookingService(
            parts.uow, repository, _bookable, performers.check_time, parts.clock, start_early
        ),
        transitions=TransitionService(
            parts.uow, repository, moderation.audit(parts), parts.clock, start_early
        ),
        leaving=Leaving(records),
    )


def orders() -> Orders:
    """The services of the current application."""
    return runtime().get(Orders)


def _bookable(service_id: int) -> Bookable:
    found = catalog.get_service_for_booking(service_id)
    return Bookable(
        id=found.id,
        performer_id=found.performer_id,
        performer_user_id=found.performer_user_id,
        title=found.title,
        pricing=found.pricing,
        price=found.price,
        duration_minutes=found.duration_minutes,
    )
