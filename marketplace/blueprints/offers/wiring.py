"""Builds the services of offers."""

from dataclasses import dataclass

from marketplace.blueprints.catalog import public as catalog
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.offers.ports import ServiceRecords, ServiceRepository
from marketplace.blueprints.offers.repositories.privacy import SqlServiceRecords
from marketplace.blueprints.offers.repositories.services import SqlServiceRepository
from marketplace.blueprints.offers.services.moderation import ServiceModeration
from marketplace.blueprints.offers.services.offering import OfferingService
from marketplace.kernel.identity import Principal
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Offers:
    """The services of offers."""

    offering: OfferingService
    moderation: ServiceModeration
    services: ServiceRepository
    records: ServiceRecords


def build(parts: Runtime) -> Offers:
    """Wire services to their adapters."""
    services = SqlServiceRepository(parts.uow, parts.cursors)
    return Offers(
        offering=OfferingService(parts.uow, services, catalog.missing_categories, parts.clock),
        moderation=ServiceModeration(parts.uow, services, moderation.audit(parts), parts.clock),
        services=services,
        records=SqlServiceRecords(parts.uow),
    )


def offers() -> Offers:
    """The services of the current application."""
    return runtime().get(Offers)


def find_provider(_caller: Principal, service_id: int) -> int | None:
    """The user who offers a service; None for one that is not public."""
    found = offers().services.find_bookable(service_id)
    return found.performer_user_id if found else None


def forget_user(user_id: int) -> None:
    """Delete the services, with their texts, of a user who has left."""
    offers().records.forget(user_id, runtime().clock.now())
