"""The use cases of the catalog; one public method is one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.changes import SERVICE_FIELDS, price_json
from marketplace.blueprints.catalog.errors import InvalidService, TooManyServices
from marketplace.blueprints.catalog.events import (
    ReferenceDataLoaded,
    ServiceChanged,
    ServiceCreated,
    ServiceRemoved,
)
from marketplace.blueprints.catalog.ports import (
    BannerRepository,
    CategoryRepository,
    CityRepository,
    ReferenceSource,
    ReferenceStore,
    ServiceRepository,
)
from marketplace.blueprints.catalog.views import (
    BookableService,
    CategoryNode,
    CategoryRow,
    CityView,
    FoundService,
    OwnServiceView,
    ServiceView,
    ShownBanners,
    own_view,
)
from marketplace.kernel.changes import apply, diff
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound, PreconditionFailed
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.transactions import UnitOfWork
from marketplace.models.catalog import Service


def build_tree(
    rows: Sequence[CategoryRow], language: str, keep: set[int] | None = None
) -> list[CategoryNode]:
    """The tree of `rows`, each level in the order of `rows`; what hangs below a row that is not there
    is left out. With `keep`, only those and their ancestors.
    """
    parents = {row.id: row.parent_id for row in rows}
    if keep is not None:
        wanted: set[int] = set()
        for category_id in keep:
            current: int | None = category_id
            while current in parents and current not in wanted:
                wanted.add(current)
                current = parents[current]
        rows = [row for row in rows if row.id in wanted]
    nodes = {row.id: CategoryNode(row.id, row.slug, policies.local_name(row.names, language)) for row in rows}
    roots = []
    for row in rows:
        if row.parent_id is None:
            roots.append(nodes[row.id])
        elif row.parent_id in nodes:
            nodes[row.parent_id].children.append(nodes[row.id])
    return roots


def _find(nodes: Iterable[CategoryNode], category_id: int) -> CategoryNode | None:
    for node in nodes:
        found = node if node.id == category_id else _find(node.children, category_id)
        if found is not None:
            return found
    return None


class BrowsingService:
    """What anybody may read: the tree, cities, banners, services."""

    def __init__(
        self,
        categories: CategoryRepository,
        cities: CityRepository,
        banners: BannerRepository,
        services: ServiceRepository,
        clock: Clock,
    ) -> None:
        self._categories = categories
        self._cities = cities
        self._banners = banners
        self._services = services
        self._clock = clock

    def category_tree(self, language: str, city_id: int | None) -> list[CategoryNode]:
        """The active categories, named in `language`; with `city_id` those with performers there."""
        keep = None if city_id is None else self._categories.ids_in_city(city_id)
        return build_tree(self._categories.list_active(), language, keep)

    def get_category(self, slug: str, language: str) -> CategoryNode:
        """The active category that has or had the slug, with what is below it. Raises NotFound."""
        category_id = self._categories.find_by_slug(slug) if policies.is_slug(slug) else None
        found = None if category_id is None else _find(self.category_tree(language, None), category_id)
        if found is None:
            raise NotFound
        return found

    def list_cities(self, page: PageRequest, filters: Mapping[str, Any]) -> Page[CityView]:
        """A page of active cities."""
        return self._cities.search(page, filters)

    def list_banners(self, page: PageRequest, filters: Mapping[str, Any]) -> ShownBanners:
        """The banners of this moment, the most important first."""
        now = self._clock.now()
        found = self._banners.list_shown(page, filters, now)
        return ShownBanners(found, self._banners.next_change(filters, now))

    def list_services(
        self, page: PageRequest, filters: Mapping[str, Any], language: str
    ) -> Page[FoundService]:
        """A page of what performers offer; the words of `q` are taken for `language`."""
        return self._services.search(page, filters, language)

    def get_service(self, service_id: int, viewer: Principal | None) -> ServiceView:
        """Raises NotFound for what `viewer` may not see."""
        return self._services.get_view(service_id, viewer)

    def get_city_timezone(self, city_id: int) -> str:
        """The IANA time zone of an active city. Raises NotFound."""
        found = self._cities.find_timezone(city_id)
        if found is None:
            raise NotFound
        return found

    def existing_categories(self, ids: Sequence[int]) -> set[int]:
        """Those of `ids` that are active categories."""
        return self._categories.existing(ids) if ids else set()

    def get_bookable(self, service_id: int) -> BookableService:
        """What an order copies. Raises NotFound for a service that the public cannot see."""
        found = self._services.find_bookable(service_id)
        if found is None:
            raise NotFound
        return found


class OfferingService:
    """A performer's own services."""

    def __init__(
        self, uow: UnitOfWork, services: ServiceRepository, categories: CategoryRepository, clock: Clock
    ) -> None:
        self._uow = uow
        self._services = services
        self._categories = categories
        self._clock = clock

    def list_own(self, caller: Principal, page: PageRequest) -> Page[OwnServiceView]:
        """All of the caller's services that are not deleted."""
        return self._services.list_of(_performer_id(caller), page)

    def create(self, caller: Principal, values: Mapping[str, Any]) -> OwnServiceView:
        """Raises InvalidService, TooManyServices."""
        performer_id = _performer_id(caller)
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
        performer_id = _performer_id(caller)
        with self._uow:
            service = self._own(service_id, performer_id, expected)
            changes = diff(service, _as_json(values), SERVICE_FIELDS)
            if changes:
                new = {change.field: change.new for change in changes}
                price = new["price"] if "price" in new else SERVICE_FIELDS["price"].read(service)
                # Before it is applied: what the database would refuse is told by field.
                self._check(new.get("category_id"), new.get("pricing", service.pricing), price)
                apply(service, changes, SERVICE_FIELDS)
                self._uow.record(ServiceChanged(service_id=service.id, performer_id=performer_id))
            return own_view(service)

    def delete(self, caller: Principal, service_id: int, expected: int | None) -> None:
        """Orders go on referring to it. Raises NotFound, PreconditionFailed."""
        performer_id = _performer_id(caller)
        with self._uow:
            service = self._own(service_id, performer_id, expected)
            service.deleted_at = self._clock.now()
            service.is_active = False
            self._uow.record(ServiceRemoved(service_id=service.id, performer_id=performer_id))

    def _own(self, service_id: int, performer_id: int, expected: int | None) -> Service:
        service = self._services.get_own(service_id, performer_id)
        if expected is not None and service.version != expected:
            raise PreconditionFailed
        return service

    def _check(self, category_id: int | None, pricing: str, price: object) -> None:
        problems: dict[str, list[str]] = {}
        if category_id is not None and not self._categories.existing([category_id]):
            problems["category_id"] = ["There is no such category."]
        if not policies.is_priced(pricing, price):
            problems["price"] = ["A price is needed, unless pricing is quote."]
        if problems:
            raise InvalidService(errors={"json": problems})


def _performer_id(caller: Principal) -> int:
    # The route's marker let in performers only.
    assert caller.performer_id is not None
    return caller.performer_id


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(values)
    if "price" in found:
        found["price"] = price_json(found["price"])
    return found


class ReferenceService:
    """Loads the shipped categories and cities."""

    def __init__(self, uow: UnitOfWork, store: ReferenceStore, source: ReferenceSource) -> None:
        self._uow = uow
        self._store = store
        self._source = source

    def is_loaded(self) -> bool:
        """Whether the shipped version is the loaded one."""
        with self._uow:
            return self._store.loaded_version() == self._source.data_version()

    def load(self, *, if_changed: bool) -> tuple[int, int] | None:
        """How many categories and cities were written, in one transaction; None when `if_changed` and
        the shipped version is the loaded one.

        What staff has touched (version > 1) stays as staff left it; all else follows the shipped data.
        """
        version = self._source.data_version()
        with self._uow:
            self._store.take_turn()
            if if_changed and self._store.loaded_version() == version:
                return None
            written = (
                self._store.load_categories(self._source.read_categories()),
                self._store.load_cities(self._source.read_cities()),
            )
            self._store.remember(version)
            self._uow.record(ReferenceDataLoaded(version=version))
            return written
