"""The use cases of staff for cities, each edit audited."""

from collections.abc import Mapping
from typing import Any

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.contracts import CityChanged
from marketplace.blueprints.catalog.ports.cities import CityRepository
from marketplace.blueprints.moderation.contracts import AuditLog
from marketplace.kernel.changes import apply, attributes, before_and_after, check_version, diff, snapshot
from marketplace.kernel.identity import Principal
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import City

FIELDS = attributes(
    "name",
    "ascii_name",
    "country_code",
    "admin1",
    "latitude",
    "longitude",
    "timezone",
    "population",
    "alternate_names",
    "is_active",
)


class CityCuration:
    """Cities: created, changed and deleted by staff."""

    def __init__(self, uow: UnitOfWork, cities: CityRepository, audit: AuditLog) -> None:
        self._uow = uow
        self._cities = cities
        self._audit = audit

    def create(self, actor: Principal, values: Mapping[str, Any]) -> City:
        """Raises CityExists."""
        with self._uow:
            city = City(**_with_plain_name(values))
            _keep_searched(city)
            self._cities.add(city)
            self._tell("city.created", actor, city, after=snapshot(city, FIELDS))
            return city

    def update(self, actor: Principal, city_id: int, values: Mapping[str, Any], expected: int | None) -> City:
        """Edit a city; a new name gets a new plain form unless one is given.

        Raises NotFound, PreconditionFailed.
        """
        with self._uow:
            city = self._cities.get(city_id, lock=True)
            check_version(city.version, expected)
            changes = diff(city, _with_plain_name(values), FIELDS)
            if changes:
                apply(city, changes, FIELDS)
                _keep_searched(city)
                before, after = before_and_after(changes)
                self._tell("city.changed", actor, city, before=before, after=after)
            return city

    def delete(self, actor: Principal, city_id: int, expected: int | None) -> None:
        """Raises NotFound, PreconditionFailed, CityInUse."""
        with self._uow:
            city = self._cities.get(city_id, lock=True)
            check_version(city.version, expected)
            before = snapshot(city, FIELDS)
            self._cities.delete(city)
            self._tell("city.deleted", actor, city, before=before)

    def _tell(
        self, action: str, actor: Principal, city: City, *, before: Any = None, after: Any = None
    ) -> None:
        self._audit.write(action, "city", city.id, actor=actor, before=before, after=after)
        self._uow.record(CityChanged(city_id=city.id))


def _with_plain_name(values: Mapping[str, Any]) -> Mapping[str, Any]:
    if "name" not in values or "ascii_name" in values:
        return values
    return {**values, "ascii_name": policies.plain_name(values["name"])}


def _keep_searched(city: City) -> None:
    """Let the searched names follow the names."""
    city.search_names = policies.search_names(city.name, city.ascii_name, city.alternate_names or ())
