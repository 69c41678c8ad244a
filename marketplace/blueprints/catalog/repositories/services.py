"""The SQL of services."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, func, or_, select, true, update

from marketplace.blueprints.catalog import policies
from marketplace.blueprints.catalog.repositories.base import (
    CatalogRepository,
    Cells,
    Columns,
    Filters,
    performer_is_public,
)
from marketplace.blueprints.catalog.views import (
    BookableService,
    FoundService,
    OwnServiceView,
    ServicePerformer,
    ServiceView,
    StaffServiceView,
    own_view,
    price_of,
)
from marketplace.database.folding import contains
from marketplace.database.geography import metres_sql
from marketplace.database.listings import SERVICES, Wanted, fetch_found, find, span, successor
from marketplace.database.many import restore_each
from marketplace.database.patience import search_time
from marketplace.database.reading import reading
from marketplace.database.seeking import Found, cut_page, find_place
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.database.wording import Words, understand
from marketplace.kernel.clock import Clock
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import media_url
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, Service
from marketplace.models.performers import Performer

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
    Service.hidden_at,
    Service.hidden_reason,
)


class SqlServiceRepository(CatalogRepository):
    """Services."""

    def __init__(self, uow: SqlUnitOfWork, cursors: CursorSigner, clock: Clock) -> None:
        super().__init__(uow, cursors)
        self._clock = clock

    def search(self, page: PageRequest, filters: Filters, language: str) -> Page[FoundService]:
        """Active services of performers that the public may see, in active categories; `q` in `language`. One
        query, `q` costs one more.
        """
        place, bound_to = find_place(page, self._cursors, name="services", filters=filters)
        with reading(self.session) as connection:
            q = filters.get("q")
            words = None if q is None else understand(connection, q, language)
            wanted = _wanted(filters, words, self._clock.now())

            def make(some: Wanted) -> Found:
                return _cards_of(find(SERVICES, some, place, page.limit + 1), some.near)

            found, rows = fetch_found(connection, wanted, make, place)
            if not rows and (went := successor(connection, wanted.category_id)) is not None:
                found, rows = fetch_found(connection, replace(wanted, category_id=went), make, place)
        cut = cut_page(rows, found.keys, page, place, self._cursors, bound_to)
        return Page([_found(row) for row in cut.items], cut.next, cut.previous)

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
        """How many services the performer has that are not deleted; the performer is locked, so that two who
        are added at once are counted one after the other.
        """
        owner = select(Performer.id).where(Performer.id == performer_id).with_for_update(key_share=True)
        self.session.execute(owner)
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
            .with_for_update(key_share=True)
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

    def list_all(self, page: PageRequest, filters: Filters) -> Page[StaffServiceView]:
        """All that are not deleted, newest first, for staff."""
        statement = _cards().add_columns(Performer.user_id).where(Service.deleted_at.is_(None))
        if filters.get("performer_id") is not None:
            statement = statement.where(Service.performer_id == filters["performer_id"])
        if filters.get("hidden") is not None:
            shown = Service.hidden_at.is_(None)
            statement = statement.where(~shown if filters["hidden"] else shown)
        if filters.get("q") is not None:
            statement = statement.where(contains(Service.title, filters["q"]))
        statement = statement.order_by(Service.created_at.desc(), Service.id.desc())
        with search_time(self.session, filters.get("q")):
            found = self.page("admin.services", statement, page, filters)
        return Page([_staff_view(row) for row in found.items], found.next, found.previous)

    def lock_for_staff(self, ids: Sequence[int]) -> list[StaffServiceView]:
        """Those of `ids` that are not deleted, locked in the order of their ids."""
        statement = (
            _cards()
            .add_columns(Performer.user_id)
            .where(Service.id.in_(ids), Service.deleted_at.is_(None))
            .order_by(Service.id)
            .with_for_update(of=Service, key_share=True)
        )
        return [_staff_view(row) for row in self.session.execute(statement)]

    def set_hidden(self, ids: Sequence[int], at: datetime | None, reason: str | None) -> None:
        """Hide all of `ids` (`at` says when), or show them again (None), in one UPDATE."""
        statement = (
            update(Service)
            .where(Service.id.in_(ids))
            .values(hidden_at=at, hidden_reason=reason, version=Service.version + 1)
        )
        self.session.execute(statement, execution_options={"synchronize_session": False})

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        """Give each of these, by id, the state that `kernel.bulk.state` wrote, in one UPDATE."""
        restore_each(self.session, Service, states)

    def move_category(self, source_id: int, target_id: int) -> int:
        """Offer all services of the one category in the other, deleted ones too; how many."""
        statement = (
            update(Service)
            .where(Service.category_id == source_id)
            .values(category_id=target_id, version=Service.version + 1, updated_at=Service.updated_at)
        )
        result = self.session.execute(statement, execution_options={"synchronize_session": False})
        assert isinstance(result, CursorResult)
        return result.rowcount

    def add(self, service: Service) -> None:
        """Store a new service."""
        self.insert(service)


def _service_is_public() -> ColumnElement[bool]:
    return and_(
        Service.is_active,
        Service.deleted_at.is_(None),
        Service.hidden_at.is_(None),
        Category.is_active,
        performer_is_public(),
    )


def _cards() -> Columns:
    """The columns of a service with its performer."""
    return (
        select(
            *_OWN_COLUMNS,
            User.first_name,
            User.last_name,
            User.avatar_key,
            Performer.city_id,
            Performer.verified,
            Performer.rating_count,
            Performer.rating_sum,
        )
        .join(Performer, Performer.id == Service.performer_id)
        .join(User, User.id == Performer.user_id)
        .join(Category, Category.id == Service.category_id)
    )


def _found(row: Cells) -> FoundService:
    distance_km = None if row.distance is None else round(row.distance / 1_000, 1)
    return FoundService(**vars(_view(row)), distance_km=distance_km)


def _staff_view(row: Cells) -> StaffServiceView:
    return StaffServiceView(
        **vars(_view(row)),
        performer_user_id=row.user_id,
        hidden_at=row.hidden_at,
        hidden_reason=row.hidden_reason,
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
            avatar_url=media_url(row.avatar_key),
            city_id=row.city_id,
            verified=row.verified,
            rating=policies.average_rating(row.rating_count, row.rating_sum),
            rating_count=row.rating_count,
        ),
    )


def _wanted(filters: Filters, words: Words | None, now: datetime) -> Wanted:
    min_rating = filters.get("min_rating")
    return Wanted(
        sort=filters["sort"],
        city_id=filters.get("city_id"),
        category_id=filters.get("category_id"),
        performer_id=filters.get("performer_id"),
        words=words,
        verified=filters.get("verified"),
        min_rating=None if min_rating is None else round(min_rating * 100),
        min_rating_count=policies.MIN_REVIEWS,
        max_price=filters.get("max_price"),
        currency=filters.get("currency"),
        near=filters.get("near"),
        radius_km=filters.get("radius_km"),
        free=span(filters.get("available_from"), filters.get("available_to"), now),
    )


def _cards_of(found: Found, near: tuple[float, float] | None) -> Found:
    """The columns of `_found` for what `found` gives, in its order."""
    parameters, metres, city = found.parameters, "NULL::bigint", ""
    if near is not None:
        metres, city = metres_sql("c.latitude", "c.longitude"), "JOIN city AS c ON c.id = l.city_id"
        parameters = parameters | {"latitude": near[0], "longitude": near[1]}
    keys = ", ".join(f"found.{key} AS key_{number}" for number, key in enumerate(found.keys))
    order = ", ".join(f"found.{part}" for part in found.order.split(", "))
    sql = f"""
        SELECT s.id, s.version, s.performer_id, s.category_id, s.title, s.description, s.pricing,
               s.price_amount, s.price_currency, s.duration_minutes, s.is_active, s.created_at, s.updated_at,
               u.first_name, u.last_name, u.avatar_key, l.city_id, l.verified, l.rating_count, l.rating_sum,
               {metres} AS distance, {keys}
        FROM ({found.sql}) AS found
        JOIN service_listing AS l ON l.service_id = found.id
        JOIN service AS s ON s.id = found.id
        JOIN performer AS p ON p.id = s.performer_id
        JOIN "user" AS u ON u.id = p.user_id
        {city}
        ORDER BY {order}"""  # noqa: S608 - constants of the code
    columns = tuple(f"key_{number}" for number in range(len(found.keys)))
    return replace(found, sql=sql, parameters=parameters, keys=columns)
