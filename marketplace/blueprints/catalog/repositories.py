"""The SQL of the catalog."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Row,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.exc import IntegrityError

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.errors import CategoryInUse, CityInUse
from marketplace.blueprints.catalog.views import (
    BannerView,
    BookableService,
    CategoryRow,
    CityView,
    OwnServiceView,
    ServicePerformer,
    ServiceView,
    own_view,
    price_of,
)
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import AppError, NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.catalog import Banner, Category, City, Service
from marketplace.models.performers import Performer, PerformerCategory

EARTH_DIAMETER_M = 12_742_017.6
"""Twice the mean radius of the IUGG, in metres."""

NO_PRICE = 2**62
"""Where services without a price stand when sorted by it: at the end."""

Filters = Mapping[str, Any]
Columns = Select[*tuple[Any, ...]]
Cells = Row[*tuple[Any, ...]]


def performer_is_public() -> ColumnElement[bool]:
    """Performers that the public may see: approved, switched on, of an active user."""
    return and_(Performer.active, Performer.status == "approved", User.is_active, User.deleted_at.is_(None))


class CatalogRepository(SqlRepository):
    """What the repositories of the catalog share."""

    def __init__(self, uow: SqlUnitOfWork, cursors: CursorSigner) -> None:
        super().__init__(uow)
        self._cursors = cursors

    def page(self, name: str, statement: Columns, page: PageRequest, filters: Filters) -> Page[Cells]:
        """One page; its cursors are bound to the list `name` and the filters."""
        # The helper is typed for one column; any number will do.
        found: Any = statement
        return fetch_page(self.session, found, page, self._cursors, name=name, filters=filters)

    def one(self, kind: type[Any], row_id: int, *, lock: bool) -> Any:
        """The row of `kind`, locked if asked. Raises NotFound."""
        statement = select(kind).where(kind.id == row_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        found = self.session.execute(statement).scalar_one_or_none()
        if found is None:
            raise NotFound
        return found

    def insert(self, row: object) -> None:
        """Store `row`; its id and defaults are set afterwards."""
        self.session.add(row)
        self.session.flush()

    def remove(self, row: object, in_use: type[AppError] | None = None) -> None:
        """Delete `row`; a foreign key that still points at it raises `in_use`."""
        self.session.delete(row)
        try:
            self.session.flush()
        except IntegrityError as error:
            # Asked by deleting: a look beforehand would race with whoever begins to use it.
            if in_use is None:
                raise
            raise in_use from error


def only(page: Page[Cells]) -> Page[Any]:
    """The page of the first column: of entities."""
    return Page(items=[row[0] for row in page.items], next=page.next, previous=page.previous)


class SqlCategoryRepository(CatalogRepository):
    """Categories."""

    def list_active(self) -> list[CategoryRow]:
        """All active ones in the order of the tree's levels."""
        statement = (
            select(Category.id, Category.parent_id, Category.slug, Category.names)
            .where(Category.is_active)
            .order_by(Category.position, Category.id)
        )
        return [CategoryRow(*row) for row in self.session.execute(statement)]

    def ids_in_city(self, city_id: int) -> set[int]:
        """Those that an active approved performer of the city works in."""
        statement = (
            select(PerformerCategory.category_id)
            .join(Performer, Performer.id == PerformerCategory.performer_id)
            .join(User, User.id == Performer.user_id)
            .where(Performer.city_id == city_id, performer_is_public())
            .distinct()
        )
        return set(self.session.scalars(statement))

    def existing(self, ids: Sequence[int]) -> set[int]:
        """Those of `ids` that are active."""
        return set(self.session.scalars(select(Category.id).where(Category.id.in_(ids), Category.is_active)))

    def list_all(self, page: PageRequest, filters: Filters) -> Page[Category]:
        """For staff, inactive ones too."""
        statement = select(Category).order_by(Category.id)
        if filters.get("parent_id") is not None:
            statement = statement.where(Category.parent_id == filters["parent_id"])
        if filters.get("is_active") is not None:
            statement = statement.where(Category.is_active.is_(filters["is_active"]))
        return only(self.page("admin.categories", statement, page, filters))

    def get(self, category_id: int, *, lock: bool = False) -> Category:
        """Raises NotFound."""
        found = self.one(Category, category_id, lock=lock)
        assert isinstance(found, Category)
        return found

    def lock_tree(self) -> None:
        """Two moves at once could make a circle; key_share lets performers and services go on."""
        self.session.execute(select(Category.id).order_by(Category.id).with_for_update(key_share=True))

    def ancestors(self, category_id: int) -> list[int]:
        """`category_id` and those above it, from the bottom up; empty when there is none."""
        chain = (
            select(Category.id, Category.parent_id, literal(0, BigInteger).label("height"))
            .where(Category.id == category_id)
            .cte("chain", recursive=True)
        )
        chain = chain.union_all(
            select(Category.id, Category.parent_id, chain.c.height + 1).join(
                chain, Category.id == chain.c.parent_id
            )
        )
        return list(self.session.scalars(select(chain.c.id).order_by(chain.c.height)))

    def add(self, category: Category) -> None:
        """Raises SlugTaken at the end of the unit of work."""
        self.insert(category)

    def delete(self, category: Category) -> None:
        """Raises CategoryInUse."""
        self.remove(category, CategoryInUse)


class SqlCityRepository(CatalogRepository):
    """Cities."""

    def search(self, page: PageRequest, filters: Filters) -> Page[CityView]:
        """Active cities; the nearest first with `near`, else names that begin with `q`, else the largest."""
        statement = select(
            City.id, City.name, City.country_code, City.latitude, City.longitude, City.timezone
        ).where(City.is_active)
        order: list[ColumnElement[Any]] = [City.population.desc(), City.id.asc()]
        if filters.get("country") is not None:
            statement = statement.where(City.country_code == filters["country"])
        if filters.get("q") is not None:
            text = filters["q"].lower()
            statement = statement.where(City.search_names.contains(text, autoescape=True))
            begins = (literal("\n") + City.search_names).contains("\n" + text, autoescape=True)
            order.insert(0, case((begins, 0), else_=1).asc())
        if filters.get("near") is not None:
            order = [distance_m(*filters["near"]).asc(), City.id.asc()]
        found = self.page("cities", statement.order_by(*order), page, filters)
        return Page([CityView(*row) for row in found.items], found.next, found.previous)

    def find_timezone(self, city_id: int) -> str | None:
        """Of an active city."""
        return self.session.scalar(select(City.timezone).where(City.id == city_id, City.is_active))

    def list_all(self, page: PageRequest, filters: Filters) -> Page[City]:
        """For staff, inactive ones too."""
        statement = select(City).order_by(City.id)
        if filters.get("country") is not None:
            statement = statement.where(City.country_code == filters["country"])
        if filters.get("is_active") is not None:
            statement = statement.where(City.is_active.is_(filters["is_active"]))
        if filters.get("q") is not None:
            statement = statement.where(City.search_names.contains(filters["q"].lower(), autoescape=True))
        return only(self.page("admin.cities", statement, page, filters))

    def get(self, city_id: int, *, lock: bool = False) -> City:
        """Raises NotFound."""
        found = self.one(City, city_id, lock=lock)
        assert isinstance(found, City)
        return found

    def add(self, city: City) -> None:
        """Raises CityExists at the end of the unit of work."""
        self.insert(city)

    def delete(self, city: City) -> None:
        """Raises CityInUse."""
        self.remove(city, CityInUse)


def distance_m(latitude: float, longitude: float) -> ColumnElement[int]:
    """Metres from the point to a city by the haversine formula; whole, so that cursors compare exactly."""
    here = func.radians(literal(latitude, Float))
    there = func.radians(City.latitude)
    half = func.power(func.sin((there - here) / 2), 2) + func.cos(here) * func.cos(there) * func.power(
        func.sin(func.radians(City.longitude - literal(longitude, Float)) / 2), 2
    )
    return cast(func.round(EARTH_DIAMETER_M * func.asin(func.sqrt(func.least(1.0, half)))), BigInteger)


class SqlBannerRepository(CatalogRepository):
    """Banners."""

    def list_shown(self, page: PageRequest, filters: Filters, at: datetime) -> Page[BannerView]:
        """Those shown at the time `at`: everywhere, and in the city that is asked for."""
        statement = (
            select(
                Banner.id, Banner.placement, Banner.title, Banner.image_url, Banner.link_url, Banner.city_id
            )
            .where(
                Banner.is_active,
                or_(Banner.starts_at.is_(None), Banner.starts_at <= at),
                or_(Banner.ends_at.is_(None), Banner.ends_at > at),
                or_(Banner.city_id.is_(None), Banner.city_id == filters.get("city_id")),
            )
            .order_by(Banner.priority.desc(), Banner.id)
        )
        if filters.get("placement") is not None:
            statement = statement.where(Banner.placement == filters["placement"])
        found = self.page("banners", statement, page, filters)
        return Page([BannerView(*row) for row in found.items], found.next, found.previous)

    def list_all(self, page: PageRequest, filters: Filters) -> Page[Banner]:
        """For staff, those of any time."""
        statement = select(Banner).order_by(Banner.id)
        for name in ("placement", "city_id", "is_active"):
            if filters.get(name) is not None:
                statement = statement.where(getattr(Banner, name) == filters[name])
        return only(self.page("admin.banners", statement, page, filters))

    def get(self, banner_id: int, *, lock: bool = False) -> Banner:
        """Raises NotFound."""
        found = self.one(Banner, banner_id, lock=lock)
        assert isinstance(found, Banner)
        return found

    def add(self, banner: Banner) -> None:
        """Store a new banner."""
        self.insert(banner)

    def delete(self, banner: Banner) -> None:
        """Nothing refers to banners."""
        self.remove(banner)


_OWN_COLUMNS = (
    Service.id,
    Service.version,
    Service.performer_id,
    Service.category_id,
    Service.title,
    Service.description,
    Service.pricing,
    Service.price_amount,
    Service.price_currency,
    Service.duration_minutes,
    Service.is_active,
    Service.created_at,
    Service.updated_at,
)


class SqlServiceRepository(CatalogRepository):
    """Services."""

    def search(self, page: PageRequest, filters: Filters) -> Page[ServiceView]:
        """Active services of performers that the public may see, in active categories."""
        statement = _cards().where(_service_is_public(), *_conditions(filters))
        statement = statement.order_by(*_ORDERS[filters["sort"]]())
        found = self.page("services", statement, page, filters)
        return Page([_view(row) for row in found.items], found.next, found.previous)

    def get_view(self, service_id: int, viewer: Principal | None) -> ServiceView:
        """A hidden service is shown to its performer and to staff. Raises NotFound."""
        visible = _service_is_public()
        if viewer is not None:
            visible = true() if viewer.is_staff else or_(visible, Performer.user_id == viewer.user_id)
        statement = _cards().where(Service.id == service_id, Service.deleted_at.is_(None), visible)
        row = self.session.execute(statement).one_or_none()
        if row is None:
            raise NotFound
        return _view(row)

    def list_of(self, performer_id: int, page: PageRequest) -> Page[OwnServiceView]:
        """All that the performer offers or has switched off, newest first."""
        statement = (
            select(*_OWN_COLUMNS)
            .where(Service.performer_id == performer_id, Service.deleted_at.is_(None))
            .order_by(Service.created_at.desc(), Service.id.desc())
        )
        found = self.page("performers.me.services", statement, page, {"performer_id": performer_id})
        return Page([own_view(row) for row in found.items], found.next, found.previous)

    def count_of(self, performer_id: int) -> int:
        """How many services the performer has that are not deleted."""
        statement = select(func.count()).where(
            Service.performer_id == performer_id, Service.deleted_at.is_(None)
        )
        return self.session.execute(statement).scalar_one()

    def get_own(self, service_id: int, performer_id: int) -> Service:
        """Locked. Raises NotFound for a foreign or deleted one."""
        statement = (
            select(Service)
            .where(
                Service.id == service_id, Service.performer_id == performer_id, Service.deleted_at.is_(None)
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found = self.session.execute(statement).scalar_one_or_none()
        if found is None:
            raise NotFound
        return found

    def find_bookable(self, service_id: int) -> BookableService | None:
        """None for what the public may not see."""
        statement = (
            select(
                Service.id,
                Service.performer_id,
                Performer.user_id,
                Performer.timezone,
                Service.category_id,
                Service.title,
                Service.pricing,
                Service.price_amount,
                Service.price_currency,
                Service.duration_minutes,
            )
            .join(Performer, Performer.id == Service.performer_id)
            .join(User, User.id == Performer.user_id)
            .join(Category, Category.id == Service.category_id)
            .where(Service.id == service_id, _service_is_public())
        )
        row = self.session.execute(statement).one_or_none()
        if row is None:
            return None
        return BookableService(
            id=row.id,
            performer_id=row.performer_id,
            performer_user_id=row.user_id,
            performer_timezone=row.timezone,
            category_id=row.category_id,
            title=row.title,
            pricing=row.pricing,
            price=price_of(row),
            duration_minutes=row.duration_minutes,
        )

    def add(self, service: Service) -> None:
        """Store a new service."""
        self.insert(service)


def _service_is_public() -> ColumnElement[bool]:
    return and_(Service.is_active, Service.deleted_at.is_(None), Category.is_active, performer_is_public())


def _cards() -> Columns:
    """The columns of a service with its performer."""
    return (
        select(
            *_OWN_COLUMNS,
            User.first_name,
            User.last_name,
            Performer.city_id,
            Performer.verified,
            Performer.rating_count,
            Performer.rating_sum,
        )
        .join(Performer, Performer.id == Service.performer_id)
        .join(User, User.id == Performer.user_id)
        .join(Category, Category.id == Service.category_id)
    )


def _view(row: Cells) -> ServiceView:
    return ServiceView(
        id=row.id,
        version=row.version,
        category_id=row.category_id,
        title=row.title,
        description=row.description,
        pricing=row.pricing,
        price=price_of(row),
        duration_minutes=row.duration_minutes,
        is_active=row.is_active,
        created_at=row.created_at,
        updated_at=row.updated_at,
        performer=ServicePerformer(
            id=row.performer_id,
            first_name=row.first_name,
            last_name=row.last_name[:1],
            city_id=row.city_id,
            verified=row.verified,
            rating=policies.average_rating(row.rating_count, row.rating_sum),
            rating_count=row.rating_count,
        ),
    )


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.get("city_id") is not None:
        found.append(Performer.city_id == filters["city_id"])
    if filters.get("category_id") is not None:
        found.append(Service.category_id.in_(_with_descendants(filters["category_id"])))
    if filters.get("performer_id") is not None:
        found.append(Service.performer_id == filters["performer_id"])
    if filters.get("q") is not None:
        text = filters["q"]
        found.append(
            or_(
                Service.title.icontains(text, autoescape=True),
                Service.description.icontains(text, autoescape=True),
            )
        )
    if filters.get("max_price") is not None:
        found.append(Service.price_amount <= filters["max_price"])
    if filters.get("currency") is not None:
        found.append(Service.price_currency == filters["currency"])
    if filters.get("verified") is not None:
        found.append(Performer.verified.is_(filters["verified"]))
    if filters.get("min_rating") is not None:
        found += [
            Performer.rating_count >= policies.MIN_REVIEWS,
            Performer.rating_sum >= Performer.rating_count * literal(filters["min_rating"], Float),
        ]
    return found


def _with_descendants(category_id: int) -> Select[Any]:
    below = select(Category.id).where(Category.id == category_id).cte("below", recursive=True)
    # UNION, not UNION ALL: even a circle in the data would end.
    below = below.union(select(Category.id).join(below, Category.parent_id == below.c.id))
    return select(below.c.id)


def ranking() -> ColumnElement[int]:
    """The prior-weighted mean in millionths of a star; whole, so that cursors compare exactly."""
    total = Performer.rating_sum + policies.PRIOR_RATING * policies.PRIOR_REVIEWS
    return total * 1_000_000 // (Performer.rating_count + policies.PRIOR_REVIEWS)


_ORDERS: Mapping[str, Callable[[], tuple[ColumnElement[Any], ...]]] = {
    policies.ServiceSort.NEWEST: lambda: (Service.created_at.desc(), Service.id.desc()),
    policies.ServiceSort.PRICE: lambda: (
        func.coalesce(Service.price_amount, NO_PRICE).asc(),
        Service.id.asc(),
    ),
    policies.ServiceSort.RATING: lambda: (ranking().desc(), Service.id.desc()),
}
