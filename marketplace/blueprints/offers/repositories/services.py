"""The SQL of services."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Row, Select, and_, bindparam, func, or_, select, true, update

from marketplace.blueprints.offers.contracts import BookableService, ServicePerformer, ServiceView
from marketplace.blueprints.offers.ports import (
    OwnServiceView,
    ServiceFilters,
    ServiceRepository,
    StaffServiceView,
    own_view,
    price_of,
)
from marketplace.database.bulk_update import bulk_restore
from marketplace.database.folding import contains
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.timeouts import search_timeout
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.media import media_url
from marketplace.kernel.pages import Page, PageRequest
from marketplace.kernel.ratings import shown_average
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, Service
from marketplace.models.performers import Performer
from marketplace.models.visibility import PERFORMER_IS_PUBLIC, SERVICE_IS_PUBLIC

Columns = Select[*tuple[Any, ...]]
Cells = Row[*tuple[Any, ...]]

_OWN_COLUMNS: tuple[Any, ...] = (
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

_PUBLIC = and_(SERVICE_IS_PUBLIC, PERFORMER_IS_PUBLIC)
_BOOKABLE = (
    select(
        Service.id,
        Service.performer_id,
        Performer.user_id,
        Service.title,
        Service.pricing,
        Service.price_amount,
        Service.price_currency,
        Service.duration_minutes,
    )
    .join(Performer, Performer.id == Service.performer_id)
    .join(User, User.id == Performer.user_id)
    .join(Category, Category.id == Service.category_id)
    .where(Service.id == bindparam("service"), _PUBLIC)
)


class SqlServiceRepository(SqlRepository, ServiceRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def get_view(self, service_id: int, viewer: Principal | None) -> ServiceView:
        visible = _PUBLIC
        if viewer is not None:
            visible = true() if viewer.is_staff else or_(visible, Performer.user_id == viewer.user_id)
        statement = _cards().where(Service.id == service_id, Service.deleted_at.is_(None), visible)
        row = self.session.execute(statement).one_or_none()
        if row is None:
            raise NotFound
        return _view(row)

    def list_of(self, performer_id: int, page: PageRequest) -> Page[OwnServiceView]:
        statement = (
            select(*_OWN_COLUMNS)
            .where(Service.performer_id == performer_id, Service.deleted_at.is_(None))
            .order_by(Service.created_at.desc(), Service.id.desc())
        )
        found = fetch_page(
            self.session,
            statement,
            page,
            self._signer,
            name="performers.me.services",
            filters={"performer_id": performer_id},
        )
        return Page([own_view(row) for row in found.items], found.next, found.previous)

    def count_of(self, performer_id: int) -> int:
        # The performer is locked, so that two concurrent additions are counted one after the other.
        owner = select(Performer.id).where(Performer.id == performer_id).with_for_update(key_share=True)
        self.session.execute(owner)
        statement = select(func.count()).where(
            Service.performer_id == performer_id, Service.deleted_at.is_(None)
        )
        return self.session.execute(statement).scalar_one()

    def get_own(self, service_id: int, performer_id: int) -> Service:
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
        row = self.run(_BOOKABLE, {"service": service_id}).one_or_none()
        if row is None:
            return None
        return BookableService(
            id=row.id,
            performer_id=row.performer_id,
            performer_user_id=row.user_id,
            title=row.title,
            pricing=row.pricing,
            price=price_of(row),
            duration_minutes=row.duration_minutes,
        )

    def get_bookable(self, service_id: int) -> BookableService:
        found = self.find_bookable(service_id)
        if found is None:
            raise NotFound
        return found

    def list_all(self, page: PageRequest, filters: ServiceFilters) -> Page[StaffServiceView]:
        statement = _cards().add_columns(Performer.user_id).where(Service.deleted_at.is_(None))
        if filters.performer_id is not None:
            statement = statement.where(Service.performer_id == filters.performer_id)
        if filters.hidden is not None:
            shown = Service.hidden_at.is_(None)
            statement = statement.where(~shown if filters.hidden else shown)
        if filters.q is not None:
            statement = statement.where(contains(Service.title, filters.q))
        statement = statement.order_by(Service.created_at.desc(), Service.id.desc())
        with search_timeout(self.session, filters.q):
            found = fetch_page(
                self.session, statement, page, self._signer, name="admin.services", filters=vars(filters)
            )
        return Page([_staff_view(row) for row in found.items], found.next, found.previous)

    def lock_for_staff(self, ids: Sequence[int]) -> list[StaffServiceView]:
        statement = (
            _cards()
            .add_columns(Performer.user_id)
            .where(Service.id.in_(ids), Service.deleted_at.is_(None))
            .order_by(Service.id)
            .with_for_update(of=Service, key_share=True)
        )
        return [_staff_view(row) for row in self.session.execute(statement)]

    def set_hidden(self, ids: Sequence[int], at: datetime | None, reason: str | None) -> None:
        statement = (
            update(Service)
            .where(Service.id.in_(ids))
            .values(hidden_at=at, hidden_reason=reason, version=Service.version + 1)
        )
        self.write(statement)

    def restore(self, states: Mapping[int, Mapping[str, Any]]) -> None:
        bulk_restore(self.session, Service, states)

    def move_category(self, source_id: int, target_id: int) -> int:
        statement = (
            update(Service)
            .where(Service.category_id == source_id)
            .values(category_id=target_id, version=Service.version + 1, updated_at=Service.updated_at)
        )
        result = self.write(statement)
        assert isinstance(result, CursorResult)
        return result.rowcount

    def add(self, service: Service) -> None:
        self.session.add(service)
        self.session.flush()


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
            rating=shown_average(row.rating_count, row.rating_sum),
            rating_count=row.rating_count,
        ),
    )
