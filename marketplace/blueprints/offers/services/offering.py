"""Performers add, edit and delete their services."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from marketplace.blueprints.offers import policies
from marketplace.blueprints.offers.changes import SERVICE_FIELDS, price_json
from marketplace.blueprints.offers.contracts import ServiceChanged, ServiceCreated, ServiceRemoved
from marketplace.blueprints.offers.errors import InvalidService, TooManyServices
from marketplace.blueprints.offers.ports import OwnServiceView, ServiceRepository, own_view
from marketplace.kernel.changes import apply, check_version, diff
from marketplace.kernel.clock import Clock
from marketplace.kernel.identity import Principal, own_performer_id
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import Service


class OfferingService:
    """A performer's own services."""

    def __init__(
        self,
        uow: UnitOfWork,
        services: ServiceRepository,
        missing_categories: Callable[[Collection[int]], Collection[int]],
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._services = services
        self._missing_categories = missing_categories
        self._clock = clock

    def list_own(self, caller: Principal, page: PageRequest) -> Page[OwnServiceView]:
        """All of the caller's services that are not deleted."""
        return self._services.list_of(own_performer_id(caller), page)

    def create(self, caller: Principal, values: Mapping[str, Any]) -> OwnServiceView:
        """Raises InvalidService, TooManyServices."""
        performer_id = own_performer_id(caller)
        with self._uow:
            if self._services.count_of(performer_id) >= policies.MAX_SERVICES:
                raise TooManyServices
            service, wanted = Service(performer_id=performer_id), _as_json(values)
            self._check(wanted["category_id"], wanted["pricing"], wanted.get("price"))
            for name, value in wanted.items():
                SERVICE_FIELDS[name].apply(service, value)
            self._services.add(service)
            self._uow.record(ServiceCreated(service_id=service.id, performer_id=performer_id))
            return own_view(service)

    def update(
        self, caller: Principal, service_id: int, values: Mapping[str, Any], expected: int | None
    ) -> OwnServiceView:
        """Raises NotFound for a foreign service, PreconditionFailed, InvalidService."""
        performer_id = own_performer_id(caller)
        with self._uow:
            service = self._own(service_id, performer_id, expected)
            changes = diff(service, _as_json(values), SERVICE_FIELDS)
            if changes:
                new = {change.field: change.new for change in changes}
                price = new["price"] if "price" in new else SERVICE_FIELDS["price"].read(service)
                # Checked before it is applied, so that errors name the field instead of coming from the
                # database.
                self._check(new.get("category_id"), new.get("pricing", service.pricing), price)
                apply(service, changes, SERVICE_FIELDS)
                self._uow.record(ServiceChanged(service_id=service.id, performer_id=performer_id))
            return own_view(service)

    def delete(self, caller: Principal, service_id: int, expected: int | None) -> None:
        """Delete a service; orders keep referring to it. Raises NotFound, PreconditionFailed."""
        performer_id = own_performer_id(caller)
        with self._uow:
            service = self._own(service_id, performer_id, expected)
            service.deleted_at = self._clock.now()
            service.is_active = False
            self._uow.record(ServiceRemoved(service_id=service.id, performer_id=performer_id))

    def _own(self, service_id: int, performer_id: int, expected: int | None) -> Service:
        service = self._services.get_own(service_id, performer_id)
        check_version(service.version, expected)
        return service

    def _check(self, category_id: int | None, pricing: str, price: object) -> None:
        problems: dict[str, list[str]] = {}
        if category_id is not None and self._missing_categories([category_id]):
            problems["category_id"] = [Text("There is no such category.")]
        if not policies.is_priced(pricing, price):
            problems["price"] = [Text("A price is needed, unless pricing is quote.")]
        if problems:
            raise InvalidService(errors={"json": problems})


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(values)
    if "price" in found:
        found["price"] = price_json(found["price"])
    return found
